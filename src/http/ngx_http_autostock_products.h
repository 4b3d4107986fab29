
/*
 * The SKUs and the answer of a look-up of several products.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_PRODUCTS_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_PRODUCTS_H_INCLUDED_


#include "ngx_http_autostock_lookup.h"


/*
 * Sets the SKUs of the look-up to those of the request's arguments, in its
 * pool.  Returns NGX_OK; NGX_DECLINED: detail describes the error; NGX_ERROR:
 * no memory.
 */
ngx_int_t ngx_http_autostock_products_skus(ngx_http_request_t *r,
    ngx_http_autostock_lookup_t *lookup, ngx_str_t *detail);

/* Answers a look-up that is done. */
ngx_int_t ngx_http_autostock_products_answer(ngx_http_request_t *r,
    ngx_http_autostock_lookup_t *lookup);


#endif /* _NGX_HTTP_AUTOSTOCK_PRODUCTS_H_INCLUDED_ */
