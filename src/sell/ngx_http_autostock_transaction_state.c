
/*
 * The states of a transaction, and those that may follow each of them.
 * ARCHITECTURE.md has the diagram; t/docs.t compares it with this table.
 */


#include "ngx_http_autostock_transaction.h"


#define NGX_HTTP_AUTOSTOCK_TO(state)                                          \
    (1 << NGX_HTTP_AUTOSTOCK_TRANSACTION_##state)


typedef struct {
    const char  *name;
    ngx_uint_t   next;                    /* a bit for each next state */
} ngx_http_autostock_transaction_row_t;


/* in the order of ngx_http_autostock_transaction_state_e */

static ngx_http_autostock_transaction_row_t
    ngx_http_autostock_transaction_states[] = {

    { "end",      NGX_HTTP_AUTOSTOCK_TO(CHOOSE) },

    { "choose",   NGX_HTTP_AUTOSTOCK_TO(PEEK)
                  | NGX_HTTP_AUTOSTOCK_TO(PLAIN)
                  | NGX_HTTP_AUTOSTOCK_TO(LOCK)
                  | NGX_HTTP_AUTOSTOCK_TO(BARRIER)
                  | NGX_HTTP_AUTOSTOCK_TO(END) },

    { "peek",     NGX_HTTP_AUTOSTOCK_TO(CHOOSE)
                  | NGX_HTTP_AUTOSTOCK_TO(BARRIER)
                  | NGX_HTTP_AUTOSTOCK_TO(ROLLBACK)
                  | NGX_HTTP_AUTOSTOCK_TO(PAUSE) },

    { "plain",    NGX_HTTP_AUTOSTOCK_TO(STOCK)
                  | NGX_HTTP_AUTOSTOCK_TO(ROLLBACK)
                  | NGX_HTTP_AUTOSTOCK_TO(PAUSE)
                  | NGX_HTTP_AUTOSTOCK_TO(END) },

    { "stock",    NGX_HTTP_AUTOSTOCK_TO(END) },

    { "lock",     NGX_HTTP_AUTOSTOCK_TO(WRITE)
                  | NGX_HTTP_AUTOSTOCK_TO(ROLLBACK)
                  | NGX_HTTP_AUTOSTOCK_TO(PAUSE) },

    { "write",    NGX_HTTP_AUTOSTOCK_TO(ROLLBACK)
                  | NGX_HTTP_AUTOSTOCK_TO(PAUSE)
                  | NGX_HTTP_AUTOSTOCK_TO(END) },

    { "rollback", NGX_HTTP_AUTOSTOCK_TO(CHOOSE)
                  | NGX_HTTP_AUTOSTOCK_TO(BARRIER)
                  | NGX_HTTP_AUTOSTOCK_TO(PAUSE)
                  | NGX_HTTP_AUTOSTOCK_TO(END) },

    { "barrier",  NGX_HTTP_AUTOSTOCK_TO(ROLLBACK)
                  | NGX_HTTP_AUTOSTOCK_TO(PAUSE)
                  | NGX_HTTP_AUTOSTOCK_TO(END) },

    { "pause",    NGX_HTTP_AUTOSTOCK_TO(CHOOSE)
                  | NGX_HTTP_AUTOSTOCK_TO(END) }
};


const char *
ngx_http_autostock_transaction_state_name(
    ngx_http_autostock_transaction_state_e state)
{
    return ngx_http_autostock_transaction_states[state].name;
}


void
ngx_http_autostock_transaction_state_enter(ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_transaction_state_e state)
{
    ngx_http_autostock_transaction_row_t  *from, *to;

    from = &ngx_http_autostock_transaction_states[t->state];
    to = &ngx_http_autostock_transaction_states[state];

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "autostock sale %s -> %s", from->name, to->name);

    if (!(from->next & (1 << state))) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "autostock: a transaction of sales went from \"%s\" to "
                      "\"%s\", which its table does not have", from->name,
                      to->name);
    }

    t->state = state;
}
