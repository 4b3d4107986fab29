
/*
 * Sales and holds.  Each is one checkout of one product or of a cart; those
 * that wait are merged.  A cart or hold is sold as a whole or not at all.
 *
 * The caller zeroes the structure and sets the members marked so.  The
 * structure must exist (in the request's pool) from submit until the handler
 * was called or cancel has returned.  The handler is called exactly once, never
 * from within submit.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_SALE_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_SALE_H_INCLUDED_


#include "ngx_http_autostock_batch.h"
#include "ngx_http_autostock_catalog.h"
#include "ngx_http_autostock_lookup.h"

#include "as_trace.h"


typedef enum {
    NGX_HTTP_AUTOSTOCK_SALE_SOLD = 0,      /* committed */
    NGX_HTTP_AUTOSTOCK_SALE_REPLAYED,      /* sold before with this key */
    NGX_HTTP_AUTOSTOCK_SALE_REFUSED,       /* not enough stock; see stock */
    NGX_HTTP_AUTOSTOCK_SALE_NO_PRODUCT,
    NGX_HTTP_AUTOSTOCK_SALE_TOO_MANY,      /* lines of one product are more
                                              than 1,000,000 pieces */
    NGX_HTTP_AUTOSTOCK_SALE_KEY_CONFLICT,  /* the key belongs to another
                                              request */
    NGX_HTTP_AUTOSTOCK_SALE_UNAVAILABLE,   /* not sold: no database in time */
    NGX_HTTP_AUTOSTOCK_SALE_UNKNOWN        /* in doubt at the deadline */
} ngx_http_autostock_sale_outcome_e;


#define NGX_HTTP_AUTOSTOCK_LINES_MAX  50


typedef struct ngx_http_autostock_sale_s  ngx_http_autostock_sale_t;

typedef void (*ngx_http_autostock_sale_handler_pt)(
    ngx_http_autostock_sale_t *sale);


/* one product of a sale or hold */
typedef struct {
    /* set by the caller */
    ngx_str_t                            sku;       /* valid UTF-8 */
    uint32_t                             quantity;  /* 1 to 1,000,000 */

    /* the result, valid while the handler runs */
    unsigned                             refused:1; /* REFUSED: not enough of
                                                       this product */
    unsigned                             absent:1;  /* NO_PRODUCT: no row has
                                                       this SKU */
    ngx_str_t                            json_sku;  /* the row's SKU, escaped
                                                       for a JSON string;
                                                       empty: no row */
    int64_t                              stock;     /* after this sale, or
                                                       now; -1: not known */

    /* private */
    ngx_http_autostock_product_t        *product;
    ngx_http_autostock_lookup_t         *lookup;    /* NULL: not needed */
    ngx_http_autostock_sale_t           *sale;
} ngx_http_autostock_sale_line_t;


/*
 * The members from handler on are read when the result is reported.  By then
 * they are no longer in the processor's cache, so they are kept together.
 */
struct ngx_http_autostock_sale_s {
    /* set by the caller */
    ngx_pool_t                          *pool;      /* of this structure */
    u_char                               key[16];   /* if keyed */
    u_char                               fingerprint[8];
    as_trace_t                          *trace;     /* the request's; NULL:
                                                       none */

    /* private */
    ngx_http_autostock_database_t       *db;
    unsigned                             looking:8; /* running look-ups */
    unsigned                             resolved:8;  /* repeated look-ups */
    unsigned                             failed:1;  /* a look-up has failed */

    /* set by the caller */
    unsigned                             keyed:1;
    unsigned                             cart:1;    /* lines and nlines are
                                                       set */

    /* the result */
    unsigned                             refused:1; /* UNAVAILABLE: the
                                                       server refused */
    ngx_http_autostock_sale_outcome_e    outcome;

    /* set by the caller */
    ngx_http_autostock_sale_handler_pt   handler;
    ngx_http_autostock_sale_line_t      *lines;     /* of a cart, in the pool;
                                                       else submit sets it to
                                                       single */
    uint32_t                             nlines;    /* 1 to 50; afterwards less
                                                       if two SKUs were one
                                                       product */
    uint32_t                             hold;      /* seconds; 0: a sale */

    /* the result */
    u_char                               id[16];    /* sale_id or hold_id; of a
                                                       replay, the first
                                                       sale's */
    u_char                              *expires_at;
                                                    /* of a hold, ISO 8601;
                                                       valid while the handler
                                                       runs */

    ngx_http_autostock_sale_line_t       single;    /* set by the caller if it
                                                       is no cart */
    ngx_http_autostock_waiter_t          waiter;    /* private */
};


/*
 * Queues the sale; timeout is from now.  Returns NGX_OK: the handler will be
 * called.  Otherwise nothing was queued: NGX_BUSY: the backlog is full;
 * NGX_DECLINED: the server has just refused the same sale; NGX_ERROR: no
 * memory.  TOO_MANY is found after a look-up only: the lines differ in their
 * SKUs, and the catalog has an entry per SKU.
 */
ngx_int_t ngx_http_autostock_sale_submit(ngx_http_autostock_database_t *db,
    ngx_http_autostock_sale_t *sale, ngx_msec_t timeout);

/* The batch operations of sales; ngx_http_autostock_sale_batch.c. */
extern ngx_http_autostock_batch_ops_t  ngx_http_autostock_sale_ops;

/* answer and refuse of these operations. */
void ngx_http_autostock_sale_answer(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter);
void ngx_http_autostock_sale_answer_refuse(
    ngx_http_autostock_flight_t *flight, ngx_http_autostock_waiter_t *waiter,
    ngx_http_autostock_why_e why);

/* Reports the outcome to the caller; the sale is no longer in the batch. */
void ngx_http_autostock_sale_finish(ngx_http_autostock_sale_t *sale,
    ngx_http_autostock_sale_outcome_e outcome);

/*
 * forget: removes the line's product from the catalog, since its row was not
 * found.  stale: looks the removed products up again, and queues the sale
 * again.
 */
void ngx_http_autostock_sale_forget(ngx_http_autostock_sale_line_t *part);
void ngx_http_autostock_sale_stale(ngx_http_autostock_sale_t *sale);

/*
 * The client has closed the connection: the handler will not be called.  May be
 * called at any time, repeatedly, also after the handler.  A sale that is in a
 * flight may still be sold.
 */
void ngx_http_autostock_sale_cancel(ngx_http_autostock_sale_t *sale);


#endif /* _NGX_HTTP_AUTOSTOCK_SALE_H_INCLUDED_ */
