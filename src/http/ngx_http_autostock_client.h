
/*
 * What a client sent: the body, the headers, and what the location names.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_CLIENT_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_CLIENT_H_INCLUDED_


#include "ngx_http_autostock_response.h"


/*
 * Reads the body and calls the handler, at once or later.  Refuses a body whose
 * Content-Length is too large.  The result is for the content handler to
 * return.
 */
ngx_int_t ngx_http_autostock_client_read(ngx_http_request_t *r,
    ngx_http_client_body_handler_pt handler);

/*
 * Returns the body in one piece; empty if there is none.  NGX_OK; NGX_DECLINED:
 * longer than autostock_max_body_size; or NGX_ERROR.
 */
ngx_int_t ngx_http_autostock_client_body(ngx_http_request_t *r,
    ngx_str_t *body);

/*
 * Reports a problem found before the body was read.  The body is discarded, so
 * that the connection can be reused.
 */
ngx_int_t ngx_http_autostock_client_refuse(ngx_http_request_t *r,
    ngx_http_autostock_problem_e problem);

/*
 * The header of this name (in lower case).  NGX_OK; NGX_DECLINED: there is
 * none; NGX_ABORT: there are several.
 */
ngx_int_t ngx_http_autostock_client_header(ngx_http_request_t *r,
    const char *name, size_t len, ngx_str_t *value);

/*
 * The digest of the Idempotency-Key within autostock_idempotency_scope.
 * NGX_OK; NGX_DECLINED: the request has none; NGX_ABORT: it is invalid;
 * NGX_ERROR, logged.
 */
ngx_int_t ngx_http_autostock_client_key(ngx_http_request_t *r, u_char *key);

/*
 * The value of autostock_sku for this request, percent-decoded (RFC 3986, 2.1)
 * if the directive has "encoded"; empty if the location names no product.  In
 * r->pool; not validated.  NGX_DECLINED: a percent sign is not followed by two
 * hexadecimal digits; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_autostock_client_sku(ngx_http_request_t *r,
    ngx_str_t *sku);


#endif /* _NGX_HTTP_AUTOSTOCK_CLIENT_H_INCLUDED_ */
