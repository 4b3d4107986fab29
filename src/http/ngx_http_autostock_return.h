
/*
 * Returns of sold goods: the request, and its answers.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_RETURN_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_RETURN_H_INCLUDED_


#include "ngx_http_autostock_cart.h"


/*
 * Sets the members of settle from the request.  Returns NGX_DECLINED to
 * continue; any other result ends the request.
 */
ngx_int_t ngx_http_autostock_return_read(ngx_http_request_t *r,
    ngx_str_t *text, ngx_http_autostock_settle_t *settle);

/*
 * Answer a return that is: DONE or REPLAYED; RETURNED, NO_LINE, NO_PRODUCT or
 * MANY_LINES; UNKNOWN.
 */
ngx_int_t ngx_http_autostock_return_done(ngx_http_request_t *r,
    ngx_http_autostock_settle_t *settle);
ngx_int_t ngx_http_autostock_return_refused(ngx_http_request_t *r,
    ngx_http_autostock_settle_t *settle);
ngx_int_t ngx_http_autostock_return_unknown(ngx_http_request_t *r,
    ngx_http_autostock_settle_t *settle);


#endif /* _NGX_HTTP_AUTOSTOCK_RETURN_H_INCLUDED_ */
