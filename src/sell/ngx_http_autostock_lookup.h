
/*
 * Look-ups: the row of a product by SKU.  Waiting look-ups of one product share
 * a row.  Each result comes from a SELECT that started after the request
 * arrived.  Ownership and cancel are as in ngx_http_autostock_sale.h.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_LOOKUP_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_LOOKUP_H_INCLUDED_


#include "ngx_http_autostock_batch.h"


typedef enum {
    NGX_HTTP_AUTOSTOCK_LOOKUP_FOUND = 0,
    NGX_HTTP_AUTOSTOCK_LOOKUP_NO_PRODUCT,
    NGX_HTTP_AUTOSTOCK_LOOKUP_UNAVAILABLE
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


typedef struct ngx_http_autostock_lookup_s  ngx_http_autostock_lookup_t;

typedef void (*ngx_http_autostock_lookup_handler_pt)(
    ngx_http_autostock_lookup_t *lookup);


struct ngx_http_autostock_lookup_s {
    /* set by the caller */
    ngx_str_t                              sku;     /* valid UTF-8 */
    ngx_msec_t                             timeout;
    ngx_http_autostock_lookup_handler_pt   handler;
    void                                  *data;
    ngx_log_t                             *log;

    /* the result */
    ngx_http_autostock_lookup_outcome_e    outcome;
    ngx_http_autostock_product_row_t      *row;
    unsigned                               refused:1;   /* UNAVAILABLE: the
                                                           server refused */

    /* private */
    ngx_http_autostock_waiter_t            waiter;
};


extern ngx_http_autostock_batch_ops_t  ngx_http_autostock_lookup_ops;


/* As in ngx_http_autostock_sale.h. */
ngx_int_t ngx_http_autostock_lookup_submit(ngx_http_autostock_database_t *db,
    ngx_http_autostock_lookup_t *lookup);
void ngx_http_autostock_lookup_cancel(ngx_http_autostock_lookup_t *lookup);


#endif /* _NGX_HTTP_AUTOSTOCK_LOOKUP_H_INCLUDED_ */
