
/*
 * What this worker process knows of the products it sells: the id of each SKU,
 * and the stock when last read.  All of it may be out of date.  Every
 * transaction checks the SKU and the stock again.
 *
 * An absent product is a placeholder for a SKU that no row has.  A keyed sale
 * of such a SKU still runs, since its key may have been used before.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_CATALOG_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_CATALOG_H_INCLUDED_


#include "ngx_http_autostock.h"


typedef struct {
    ngx_str_node_t   node;              /* by SKU; first */
    ngx_queue_t      queue;             /* most recently used first */
    ngx_uint_t       refs;              /* number of references */
    unsigned         known:1;           /* still in the catalog */
    unsigned         absent:1;          /* no row has this SKU */

    u_char           id[16];
    ngx_str_t        sku;
    ngx_str_t        json;              /* the SKU as content of a string */

    /* when last read */
    int64_t          stock;
    int64_t          reorder_point;
    int64_t          held;              /* pieces in open holds, if the reorder
                                           point is judged by them too */
    unsigned         counts_held:1;     /* it is */
    unsigned         open_order:1;

    /* used by ngx_http_autostock_quarantine.h only */
    unsigned         quarantined:1;
    unsigned         locked:1;          /* at the last attempt */
    ngx_uint_t       refusals;          /* consecutive ones */
    ngx_uint_t       error;             /* the last one logged */
    ngx_msec_t       quarantined_until;
    ngx_msec_t       refused_until;
    ngx_msec_t       logged_until;

    /* its line in the flight with this serial */
    ngx_uint_t       flight;
    ngx_uint_t       index;
} ngx_http_autostock_product_t;


/* size: the number of products kept.  NULL: no memory. */
ngx_http_autostock_catalog_t *ngx_http_autostock_catalog_create(
    ngx_uint_t size);
void ngx_http_autostock_catalog_destroy(
    ngx_http_autostock_catalog_t *catalog);

/* NULL, or a reference that the caller must release. */
ngx_http_autostock_product_t *ngx_http_autostock_catalog_find(
    ngx_http_autostock_catalog_t *catalog, ngx_str_t *sku);

/* Adds or updates a row.  Returns a reference, or NULL: no memory. */
ngx_http_autostock_product_t *ngx_http_autostock_catalog_learn(
    ngx_http_autostock_catalog_t *catalog, ngx_str_t *sku, u_char *id);

/* A new absent product.  Returns a reference, or NULL: no memory. */
ngx_http_autostock_product_t *ngx_http_autostock_catalog_absent(void);

/*
 * The product is deleted or has another SKU now.  Existing references stay
 * valid.
 */
void ngx_http_autostock_catalog_forget(ngx_http_autostock_catalog_t *catalog,
    ngx_http_autostock_product_t *product);

void ngx_http_autostock_catalog_release(
    ngx_http_autostock_product_t *product);


#endif /* _NGX_HTTP_AUTOSTOCK_CATALOG_H_INCLUDED_ */
