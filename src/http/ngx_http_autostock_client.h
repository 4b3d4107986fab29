
/*
 * Reads the request: the body, the headers, and the location's SKU.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_CLIENT_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_CLIENT_H_INCLUDED_


#include "ngx_http_autostock_response.h"


/*
 * Reads the body and calls the handler, at once or later.  Refuses a body whose
 * Content-Length is too large.  The content handler must return the result.
 */
ngx_int_t ngx_http_autostock_client_read(ngx_http_request_t *r,
    ngx_http_client_body_handler_pt handler);

/*
 * Sets body to the body in one piece; empty if there is none.  Returns NGX_OK;
 * NGX_DECLINED: it is longer than autostock_max_body_size; or NGX_ERROR, also
 * if the body was discarded.
 */
ngx_int_t ngx_http_autostock_client_body(ngx_http_request_t *r,
    ngx_str_t *body);

/*
 * Responds with a problem before the body is read.  Discards the body, so that
 * the connection can be reused.
 */
ngx_int_t ngx_http_autostock_client_refuse(ngx_http_request_t *r,
    ngx_http_autostock_problem_e problem);

/*
 * Finds the header with this name, which is in lower case.  Returns NGX_OK;
 * NGX_DECLINED: there is none; NGX_ABORT: there are several.
 */
ngx_int_t ngx_http_autostock_client_header(ngx_http_request_t *r,
    const char *name, size_t len, ngx_str_t *value);

/*
 * If the request has an Idempotency-Key, sets keyed to 1, and key to the digest
 * of it and of autostock_idempotency_scope.  Returns NGX_DECLINED to continue;
 * any other result ends the request: it has answered an invalid key, or an
 * error is logged.
 */
ngx_int_t ngx_http_autostock_client_key(ngx_http_request_t *r, u_char *key,
    ngx_uint_t *keyed);

/*
 * Sets sku to the value of autostock_sku for this request, percent-decoded (RFC
 * 3986, 2.1) if the directive has "encoded"; empty if the location names no
 * product.  The text is in r->pool and is not validated.  Returns NGX_OK;
 * NGX_DECLINED: a percent sign is not followed by two hexadecimal digits; or
 * NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_autostock_client_sku(ngx_http_request_t *r,
    ngx_str_t *sku);


#endif /* _NGX_HTTP_AUTOSTOCK_CLIENT_H_INCLUDED_ */
