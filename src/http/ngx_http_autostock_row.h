
/*
 * A product's row as JSON.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_ROW_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_ROW_H_INCLUDED_


#include "ngx_http_autostock_lookup.h"


/*
 * Checks the members that are written without escapes; to be called before the
 * next two.  Returns NGX_OK; NGX_ERROR, logged: one is not of its type.
 */
ngx_int_t ngx_http_autostock_row_check(ngx_http_request_t *r,
    ngx_http_autostock_product_row_t *row);

/* Returns the maximum length of the row's JSON, in bytes. */
size_t ngx_http_autostock_row_len(ngx_http_autostock_product_row_t *row);

/* Writes the row's JSON, without "held" if compat; returns its end. */
u_char *ngx_http_autostock_row_json(u_char *p,
    ngx_http_autostock_product_row_t *row, ngx_uint_t compat);


#endif /* _NGX_HTTP_AUTOSTOCK_ROW_H_INCLUDED_ */
