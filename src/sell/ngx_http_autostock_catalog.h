
/*
 * This worker process's cache of products: the id of each SKU, and the stock
 * when it was last read.  All of it may be out of date.  Every transaction
 * checks the SKU and the stock again.
 *
 * An absent product is a placeholder for a SKU that no row has.  A sale of such
 * a SKU with an Idempotency-Key still runs, since its key may have been used
 * before.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_CATALOG_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_CATALOG_H_INCLUDED_


#include "ngx_http_autostock.h"


typedef struct {
    ngx_str_node_t   node;              /* by SKU; must be the first member */
    ngx_queue_t      queue;             /* most recently used first */
    ngx_uint_t       refs;              /* number of references */
    unsigned         known:1;           /* still in the catalog */
    unsigned         absent:1;          /* no row has this SKU */

    u_char           id[16];
    ngx_str_t        sku;
    ngx_str_t        json;              /* the SKU, escaped for a JSON string */

    /* the row when it was last read */
    int64_t          stock;             /* -1: not known */
    int64_t          reorder_point;
    int64_t          held;              /* pieces in open holds, if counts_held
                                           is set */
    unsigned         counts_held:1;     /* they count for the reorder point */
    unsigned         open_order:1;

    /* used only by ngx_http_autostock_quarantine.h */
    unsigned         quarantined:1;
    unsigned         locked:1;          /* at the last attempt */
    ngx_uint_t       refusals;          /* number of consecutive ones */
    ngx_uint_t       error;             /* the last one logged */
    ngx_msec_t       quarantined_until;
    ngx_msec_t       refused_until;
    ngx_msec_t       logged_until;

    /* the flight with this serial has the product in the line at index */
    ngx_uint_t       flight;
    ngx_uint_t       index;
} ngx_http_autostock_product_t;


/* size: the maximum number of products.  Returns NULL if there is no memory. */
ngx_http_autostock_catalog_t *ngx_http_autostock_catalog_create(
    ngx_uint_t size);
void ngx_http_autostock_catalog_destroy(
    ngx_http_autostock_catalog_t *catalog);

/* Returns a reference that the caller must release; NULL: not found. */
ngx_http_autostock_product_t *ngx_http_autostock_catalog_find(
    ngx_http_autostock_catalog_t *catalog, ngx_str_t *sku);

/* Adds the product, or finds it.  Returns a reference; NULL: no memory. */
ngx_http_autostock_product_t *ngx_http_autostock_catalog_learn(
    ngx_http_autostock_catalog_t *catalog, ngx_str_t *sku, u_char *id);

/* A new absent product.  Returns a reference; NULL: no memory. */
ngx_http_autostock_product_t *ngx_http_autostock_catalog_absent(void);

/*
 * Removes the product from the catalog: it was deleted, or has another SKU now.
 * References remain valid.
 */
void ngx_http_autostock_catalog_forget(ngx_http_autostock_catalog_t *catalog,
    ngx_http_autostock_product_t *product);

/* Ends a reference. */
void ngx_http_autostock_catalog_release(
    ngx_http_autostock_product_t *product);


#endif /* _NGX_HTTP_AUTOSTOCK_CATALOG_H_INCLUDED_ */
