
/*
 * Products that must not share a transaction with others for a while: the row
 * of one is locked by others, or the server refused one when it was alone.
 * Kept with the product, so as many as the catalog has at the most.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_APART_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_APART_H_INCLUDED_


#include "ngx_http_autostock_catalog.h"


/* It goes in the flight of those set aside. */
ngx_uint_t ngx_http_autostock_apart(ngx_http_autostock_product_t *product);

/* Of those one at a time: the first finds out for the others. */
ngx_uint_t ngx_http_autostock_apart_probes(
    ngx_http_autostock_product_t *product);

/* Refused so often that it is not asked for now. */
ngx_uint_t ngx_http_autostock_apart_refused(
    ngx_http_autostock_product_t *product);

/* Its row was locked by others; was had; was sold from. */
void ngx_http_autostock_apart_locked(ngx_http_autostock_product_t *product);
void ngx_http_autostock_apart_had(ngx_http_autostock_product_t *product);
void ngx_http_autostock_apart_sold(ngx_http_autostock_product_t *product);

/* The server refused it, alone.  1 where the log is to be told. */
ngx_uint_t ngx_http_autostock_apart_struck(
    ngx_http_autostock_product_t *product, ngx_uint_t error);


#endif /* _NGX_HTTP_AUTOSTOCK_APART_H_INCLUDED_ */
