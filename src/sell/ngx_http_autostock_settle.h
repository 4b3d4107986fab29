
/*
 * Settlements: a confirm makes a hold a sale, a release ends a hold, a return
 * brings goods of a sale back.  Waiting requests are merged, as sales are.
 * Ownership and cancel are as in ngx_http_autostock_sale.h.
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
    NGX_HTTP_AUTOSTOCK_SETTLE_RETURNED,      /* more than may still be returned;
                                                see the lines' left */
    NGX_HTTP_AUTOSTOCK_SETTLE_NO_LINE,       /* a SKU is not in the sale; see
                                                the lines' absent */
    NGX_HTTP_AUTOSTOCK_SETTLE_NO_PRODUCT,    /* its product was deleted */
    NGX_HTTP_AUTOSTOCK_SETTLE_MANY_LINES,    /* a quantity without SKU, and the
                                                sale has several lines */
    NGX_HTTP_AUTOSTOCK_SETTLE_OVERFLOW,      /* of the stock column */
    NGX_HTTP_AUTOSTOCK_SETTLE_KEY_CONFLICT,  /* the key belongs to another
                                                request */
    NGX_HTTP_AUTOSTOCK_SETTLE_UNAVAILABLE,   /* not done: no database in time */
    NGX_HTTP_AUTOSTOCK_SETTLE_UNKNOWN        /* in doubt at the deadline */
} ngx_http_autostock_settle_outcome_e;


typedef struct {
    ngx_str_t     json_sku;             /* escaped for a JSON string */
    uint32_t      quantity;             /* of the hold; of the return; or
                                           requested, if it was too much */
    int64_t       stock;                /* now; -1: not known */
    int64_t       left;                 /* if RETURNED: pieces that may still be
                                           returned */
    unsigned      absent:1;             /* no product, or not in the sale */
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
                                                        quantity are set; NULL:
                                                        no lines */
    ngx_uint_t                            nlines;
    uint32_t                              quantity;  /* of a return without
                                                        lines; 0: all pieces
                                                        that are left */
    ngx_msec_t                            timeout;   /* from now */
    u_char                                key[16];   /* of a return, if keyed */
    u_char                                fingerprint[8];
    ngx_pool_t                           *pool;      /* of this structure */
    ngx_log_t                            *log;
    ngx_http_autostock_settle_handler_pt  handler;
    as_trace_t                           *trace;     /* the request's; NULL:
                                                        none */
    unsigned                              restock:1; /* of a return: the goods
                                                        return to the stock */
    unsigned                              keyed:1;

    /* the result; settled is in the pool */
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
 * Queues the settlement.  Returns NGX_OK: the handler will be called, exactly
 * once, never from within submit.  Otherwise nothing was queued: NGX_BUSY: the
 * backlog is full; NGX_DECLINED: the server has just refused a settlement of
 * the same hold or sale.
 */
ngx_int_t ngx_http_autostock_settle_submit(ngx_http_autostock_database_t *db,
    ngx_http_autostock_settle_t *settle);

/* As ngx_http_autostock_sale_cancel(). */
void ngx_http_autostock_settle_cancel(ngx_http_autostock_settle_t *settle);


#endif /* _NGX_HTTP_AUTOSTOCK_SETTLE_H_INCLUDED_ */
