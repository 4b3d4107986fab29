
/*
 * What follows a hold or a sale: a hold is confirmed, and thereby sold, or
 * released; goods of a sale are returned.  Waiting requests are merged, as
 * sales are.  Ownership and cancel are as in ngx_http_autostock_sale.h.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_SETTLE_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_SETTLE_H_INCLUDED_


#include "ngx_http_autostock_batch.h"
#include "ngx_http_autostock_sale.h"


typedef enum {
    NGX_HTTP_AUTOSTOCK_SETTLE_CONFIRM = 0,
    NGX_HTTP_AUTOSTOCK_SETTLE_RELEASE,
    NGX_HTTP_AUTOSTOCK_SETTLE_RETURN
} ngx_http_autostock_settle_action_e;


typedef enum {
    NGX_HTTP_AUTOSTOCK_SETTLE_DONE = 0,      /* committed */
    NGX_HTTP_AUTOSTOCK_SETTLE_REPLAYED,      /* done before */
    NGX_HTTP_AUTOSTOCK_SETTLE_UNKNOWN_ID,    /* no such hold or sale */
    NGX_HTTP_AUTOSTOCK_SETTLE_RELEASED,      /* cannot be confirmed */
    NGX_HTTP_AUTOSTOCK_SETTLE_EXPIRED,       /* cannot be confirmed */
    NGX_HTTP_AUTOSTOCK_SETTLE_CONFIRMED,     /* cannot be released */
    NGX_HTTP_AUTOSTOCK_SETTLE_RETURNED,      /* more than is left of the sale;
                                                see the lines' left */
    NGX_HTTP_AUTOSTOCK_SETTLE_NO_LINE,       /* the sale has not this SKU; see
                                                the lines' absent */
    NGX_HTTP_AUTOSTOCK_SETTLE_NO_PRODUCT,    /* its product was deleted */
    NGX_HTTP_AUTOSTOCK_SETTLE_MANY_LINES,    /* quantity alone, and the sale
                                                has several lines */
    NGX_HTTP_AUTOSTOCK_SETTLE_OVERFLOW,      /* of the stock column */
    NGX_HTTP_AUTOSTOCK_SETTLE_KEY_CONFLICT,  /* the key belongs to another
                                                request */
    NGX_HTTP_AUTOSTOCK_SETTLE_UNAVAILABLE,   /* not done: no database in time */
    NGX_HTTP_AUTOSTOCK_SETTLE_UNKNOWN        /* in doubt at the deadline */
} ngx_http_autostock_settle_outcome_e;


typedef struct {
    ngx_str_t     json_sku;             /* as content of a JSON string */
    uint32_t      quantity;             /* pieces of the hold, or returned, or
                                           asked for if they were too many */
    int64_t       stock;                /* now; -1: unknown */
    int64_t       left;                 /* RETURNED: what may be returned */
    unsigned      absent:1;
} ngx_http_autostock_settled_line_t;


typedef struct ngx_http_autostock_settle_s  ngx_http_autostock_settle_t;

typedef void (*ngx_http_autostock_settle_handler_pt)(
    ngx_http_autostock_settle_t *settle);


struct ngx_http_autostock_settle_s {
    /* set by the caller */
    ngx_http_autostock_settle_action_e    action;
    u_char                                id[16];    /* of the hold or sale */
    ngx_msec_t                            grace;     /* of a confirm */
    ngx_http_autostock_sale_line_t       *lines;     /* of a return: sku and
                                                        quantity; NULL: none */
    ngx_uint_t                            nlines;
    uint32_t                              quantity;  /* of a return without
                                                        lines; 0: all that is
                                                        left */
    ngx_msec_t                            timeout;   /* from now */
    u_char                                key[16];   /* of a return, if keyed */
    u_char                                fingerprint[8];
    ngx_pool_t                           *pool;      /* lives as long */
    ngx_log_t                            *log;
    ngx_http_autostock_settle_handler_pt  handler;
    as_trace_t                           *trace;     /* the request's; NULL:
                                                        none */
    unsigned                              restock:1; /* of a return */
    unsigned                              keyed:1;

    /* the result; the lines are in the pool */
    ngx_http_autostock_settle_outcome_e   outcome;
    unsigned                              refused:1; /* UNAVAILABLE: the server
                                                        refused */
    u_char                                return_id[16];
    ngx_http_autostock_settled_line_t    *settled;
    ngx_uint_t                            nsettled;

    /* private */
    ngx_http_autostock_waiter_t           waiter;
};


extern ngx_http_autostock_batch_ops_t  ngx_http_autostock_settle_ops;


/*
 * NGX_OK: the handler will be called, exactly once, never from within submit.
 * Otherwise nothing was queued (503); NGX_BUSY: the backlog is full.
 * NGX_DECLINED: the server refused the same a moment ago.
 */
ngx_int_t ngx_http_autostock_settle_submit(ngx_http_autostock_database_t *db,
    ngx_http_autostock_settle_t *settle);

/* As ngx_http_autostock_sale_cancel(). */
void ngx_http_autostock_settle_cancel(ngx_http_autostock_settle_t *settle);


#endif /* _NGX_HTTP_AUTOSTOCK_SETTLE_H_INCLUDED_ */
