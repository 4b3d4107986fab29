
/*
 * What this worker process has learned of the products it sells: which id a
 * SKU stands for, and how its stock stood when last seen.  All of it may be
 * out of date; every transaction checks the SKU and the stock again.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_CATALOG_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_CATALOG_H_INCLUDED_


#include "ngx_http_autostock.h"


typedef struct {
    ngx_str_node_t   node;              /* by SKU; first */
    ngx_queue_t      queue;             /* the last used first */
    ngx_uint_t       refs;              /* who holds it */
    unsigned         known:1;           /* in the catalog still */
    unsigned         ghost:1;           /* no row has it */

    u_char           id[16];
    ngx_str_t        sku;

    /* last seen */
    int64_t          stock;
    int64_t          reorder_point;
    unsigned         open_order:1;

    /* ngx_http_autostock_apart.h; its own */
    unsigned         apart:1;
    unsigned         locked:1;          /* when last asked for */
    ngx_uint_t       strikes;           /* refusals in a row */
    ngx_uint_t       error;             /* the last, as told */
    ngx_msec_t       apart_until;
    ngx_msec_t       refused_until;
    ngx_msec_t       told_until;

    /* where it stands in the flight that boards now */
    ngx_uint_t       flight;
    ngx_uint_t       index;
} ngx_http_autostock_product_t;


/* NULL where memory ran out.  size: the products kept. */
ngx_http_autostock_catalog_t *ngx_http_autostock_catalog_create(
    ngx_uint_t size);
void ngx_http_autostock_catalog_destroy(
    ngx_http_autostock_catalog_t *catalog);

/* NULL, or a reference that must be released. */
ngx_http_autostock_product_t *ngx_http_autostock_catalog_find(
    ngx_http_autostock_catalog_t *catalog, ngx_str_t *sku);

/* Learns a row; a reference, or NULL where memory ran out. */
ngx_http_autostock_product_t *ngx_http_autostock_catalog_learn(
    ngx_http_autostock_catalog_t *catalog, ngx_str_t *sku, u_char *id);

/* A product that is not there; a reference, or NULL. */
ngx_http_autostock_product_t *ngx_http_autostock_catalog_ghost(void);

/* It is gone, or has another SKU now: who holds it may go on holding it. */
void ngx_http_autostock_catalog_forget(ngx_http_autostock_catalog_t *catalog,
    ngx_http_autostock_product_t *product);

void ngx_http_autostock_catalog_release(
    ngx_http_autostock_product_t *product);


#endif /* _NGX_HTTP_AUTOSTOCK_CATALOG_H_INCLUDED_ */
