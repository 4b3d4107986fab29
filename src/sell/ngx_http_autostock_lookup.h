
/*
 * Look-ups: the rows of products by one or more SKUs.  Waiting look-ups of one
 * product share a row.  Each result comes from a SELECT that started after the
 * request arrived; the results of several SKUs come from one batch.  Ownership
 * and cancel are as in ngx_http_autostock_sale.h.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_LOOKUP_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_LOOKUP_H_INCLUDED_


#include "ngx_http_autostock_batch.h"


#define NGX_HTTP_AUTOSTOCK_LOOKUP_MAX  100            /* SKUs */


typedef enum {
    NGX_HTTP_AUTOSTOCK_LOOKUP_DONE = 0,         /* the rows are known */
    NGX_HTTP_AUTOSTOCK_LOOKUP_UNAVAILABLE,
    NGX_HTTP_AUTOSTOCK_LOOKUP_REFUSED           /* by the server */
} ngx_http_autostock_lookup_outcome_e;


/*
 * A row as the database returned it, valid only while the handler runs.
 * Numbers are decimal text.  Ids are 16 bytes; an id of length 0 is NULL.  The
 * members are in the order of the columns.
 */
typedef struct {
    ngx_str_t                            product_id;
    ngx_str_t                            sku;
    ngx_str_t                            name;
    ngx_str_t                            price;
    ngx_str_t                            stock;
    ngx_str_t                            factory_id;
    ngx_str_t                            ad_id;
    ngx_str_t                            reorder_point;
    ngx_str_t                            held;
} ngx_http_autostock_product_row_t;


typedef struct {
    ngx_str_t                            sku;   /* set by the caller; valid
                                                   UTF-8 */
    ngx_http_autostock_product_row_t    *row;   /* the result; NULL: none */

    /* private */
    uint32_t                             hash;
    uint32_t                             item;
} ngx_http_autostock_lookup_sku_t;


typedef struct ngx_http_autostock_lookup_s  ngx_http_autostock_lookup_t;

typedef void (*ngx_http_autostock_lookup_handler_pt)(
    ngx_http_autostock_lookup_t *lookup);


struct ngx_http_autostock_lookup_s {
    /* set by the caller */
    ngx_http_autostock_lookup_sku_t       *skus;
    ngx_uint_t                             n;       /* number of skus, 1 to
                                                       LOOKUP_MAX */
    ngx_http_autostock_lookup_sku_t        one;     /* skus may point to it */
    ngx_msec_t                             timeout;
    unsigned                               reads:1; /* a replica may answer */
    ngx_http_autostock_lookup_handler_pt   handler;
    void                                  *data;
    ngx_log_t                             *log;

    /* the result */
    ngx_http_autostock_lookup_outcome_e    outcome;
    unsigned                               standby:1; /* from a server that is
                                                       a standby: it may not
                                                       have the newest rows */

    /* private */
    ngx_http_autostock_waiter_t            waiter;
};


extern ngx_http_autostock_batch_ops_t  ngx_http_autostock_lookup_ops;


/* As in ngx_http_autostock_sale.h. */
ngx_int_t ngx_http_autostock_lookup_submit(ngx_http_autostock_database_t *db,
    ngx_http_autostock_lookup_t *lookup);
void ngx_http_autostock_lookup_cancel(ngx_http_autostock_lookup_t *lookup);


#endif /* _NGX_HTTP_AUTOSTOCK_LOOKUP_H_INCLUDED_ */
