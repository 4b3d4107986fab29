
/*
 * Sales: what a checkout asks of the database, merged with all that wait.
 *
 * The caller owns the structure (in the request's pool) from submit until
 * its handler was called or cancel returned.  The handler is called exactly
 * once, never from inside submit.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_SALE_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_SALE_H_INCLUDED_


#include "ngx_http_autostock_batch.h"
#include "ngx_http_autostock_lookup.h"


typedef enum {
    NGX_HTTP_AUTOSTOCK_SALE_SOLD = 0,      /* committed */
    NGX_HTTP_AUTOSTOCK_SALE_REPLAYED,      /* sold before, under this key */
    NGX_HTTP_AUTOSTOCK_SALE_REFUSED,       /* not enough; stock tells */
    NGX_HTTP_AUTOSTOCK_SALE_NO_PRODUCT,
    NGX_HTTP_AUTOSTOCK_SALE_KEY_CONFLICT,  /* the key's request was another */
    NGX_HTTP_AUTOSTOCK_SALE_UNAVAILABLE,   /* not sold: no database in time */
    NGX_HTTP_AUTOSTOCK_SALE_UNKNOWN        /* past the deadline, in doubt */
} ngx_http_autostock_sale_outcome_e;


typedef struct ngx_http_autostock_sale_s  ngx_http_autostock_sale_t;

typedef void (*ngx_http_autostock_sale_handler_pt)(
    ngx_http_autostock_sale_t *sale);


struct ngx_http_autostock_sale_s {
    /* asked, by the caller */
    ngx_str_t                            sku;       /* valid UTF-8 */
    uint32_t                             quantity;  /* 1 to 1,000,000 */
    ngx_msec_t                           timeout;   /* from now */
    u_char                               key[16];   /* if keyed */
    u_char                               fingerprint[8];
    unsigned                             keyed:1;
    ngx_http_autostock_sale_handler_pt   handler;
    void                                *data;
    ngx_log_t                           *log;

    /* answered */
    ngx_http_autostock_sale_outcome_e    outcome;
    u_char                               id[16];    /* sale_id; of a replay
                                                       the first one's */
    ngx_str_t                            own_sku;   /* the row's, while the
                                                       handler runs; as asked
                                                       where there is none */
    int64_t                              stock;     /* after this sale, or
                                                       now; -1: not known */
    unsigned                             refused:1; /* UNAVAILABLE: by the
                                                       server */

    /* the room's own */
    ngx_http_autostock_waiter_t          waiter;
    ngx_http_autostock_lookup_t          resolving;
    ngx_http_autostock_database_t       *db;
    void                                *product;
    ngx_uint_t                           resolved;  /* how often */
};


/*
 * NGX_OK: the handler will be called.  NGX_BUSY: the backlog is full; or
 * NGX_DECLINED: the server refused the same a moment ago; nothing was queued
 * (503).
 */
ngx_int_t ngx_http_autostock_sale_submit(ngx_http_autostock_database_t *db,
    ngx_http_autostock_sale_t *sale);

/* How sales are carried; ngx_http_autostock_sale_batch.c. */
extern ngx_http_autostock_batch_ops_t  ngx_http_autostock_sale_ops;

/* Tells the caller; the sale is out of the batch. */
void ngx_http_autostock_sale_finish(ngx_http_autostock_sale_t *sale,
    ngx_http_autostock_sale_outcome_e outcome);

/* What its SKU stands for must be asked again. */
void ngx_http_autostock_sale_stale(ngx_http_autostock_sale_t *sale);

/* The client has left: the handler will not be called.  Any time, also twice
 * or after the handler.  A sale already sent goes on without it. */
void ngx_http_autostock_sale_cancel(ngx_http_autostock_sale_t *sale);


#endif /* _NGX_HTTP_AUTOSTOCK_SALE_H_INCLUDED_ */
