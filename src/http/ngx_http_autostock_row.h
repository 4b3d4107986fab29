
/*
 * A product's row as JSON.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_ROW_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_ROW_H_INCLUDED_


#include "ngx_http_autostock_lookup.h"


/*
 * NGX_ERROR, logged: text that is written without escapes is not of its type.
 * To be called before the next two.
 */
ngx_int_t ngx_http_autostock_row_check(ngx_http_request_t *r,
    ngx_http_autostock_product_row_t *row);

/* The maximum length of its JSON. */
size_t ngx_http_autostock_row_len(ngx_http_autostock_product_row_t *row);

/* Writes it, without "held" if compat; returns the end. */
u_char *ngx_http_autostock_row_json(u_char *p,
    ngx_http_autostock_product_row_t *row, ngx_uint_t compat);


#endif /* _NGX_HTTP_AUTOSTOCK_ROW_H_INCLUDED_ */
