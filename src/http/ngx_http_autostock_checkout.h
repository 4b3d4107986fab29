
/*
 * The content handler of checkouts and holds: POST.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_CHECKOUT_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_CHECKOUT_H_INCLUDED_


#include "ngx_http_autostock.h"


ngx_int_t ngx_http_autostock_checkout_handler(ngx_http_request_t *r);


#endif /* _NGX_HTTP_AUTOSTOCK_CHECKOUT_H_INCLUDED_ */
