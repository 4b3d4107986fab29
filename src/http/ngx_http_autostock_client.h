
/*
 * The client's side of an operation: its body taken over, its leaving seen
 * while the database works, the request ended when the answer was sent.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_CLIENT_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_CLIENT_H_INCLUDED_


#include "ngx_http_autostock_response.h"


/*
 * Reads the body and calls the handler, at once or later, or refuses a body
 * whose announced length is too much.  Returns what a content handler
 * returns.
 */
ngx_int_t ngx_http_autostock_client_read(ngx_http_request_t *r,
    ngx_http_client_body_handler_pt handler);

/*
 * The body in one piece; empty where there is none.  NGX_OK, NGX_DECLINED
 * where it is longer than autostock_max_body_size, or NGX_ERROR.
 */
ngx_int_t ngx_http_autostock_client_body(ngx_http_request_t *r,
    ngx_str_t *body);

/*
 * The operation is under way: where the client leaves before
 * ngx_http_autostock_client_resume(), cancel is called with data.  cleanup
 * comes from ngx_http_cleanup_add(r, 0), so that nothing can fail here.
 */
void ngx_http_autostock_client_wait(ngx_http_request_t *r,
    ngx_http_cleanup_t *cleanup, ngx_http_cleanup_pt cancel, void *data);

/*
 * The operation is done and its handler, which no event of the client has
 * called, is about to answer; finish ends the request with what sending the
 * answer returned, and r is gone then.
 */
void ngx_http_autostock_client_resume(ngx_http_request_t *r,
    ngx_http_cleanup_t *cleanup);
void ngx_http_autostock_client_finish(ngx_http_request_t *r, ngx_int_t rc);

/*
 * A problem found before the body was read: the body is thrown away, so
 * that the connection can go on.
 */
ngx_int_t ngx_http_autostock_client_refuse(ngx_http_request_t *r,
    ngx_http_autostock_problem_e problem);

/* The header of this name (in lower case); NGX_OK, NGX_DECLINED where there
 * is none, NGX_ABORT where there are several. */
ngx_int_t ngx_http_autostock_client_header(ngx_http_request_t *r,
    const char *name, size_t len, ngx_str_t *value);

/*
 * The value of autostock_sku for this request, percent-decoded (RFC 3986,
 * 2.1) where the directive says "encoded"; empty where the location names no
 * product.  In r->pool; not checked.  NGX_DECLINED where a percent sign is not
 * followed by two hexadecimal digits; NGX_ERROR where memory ran out.
 */
ngx_int_t ngx_http_autostock_client_sku(ngx_http_request_t *r,
    ngx_str_t *sku);


#endif /* _NGX_HTTP_AUTOSTOCK_CLIENT_H_INCLUDED_ */
