
/*
 * The content handler of look-ups, GET and HEAD, of one or several products.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_PRODUCT_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_PRODUCT_H_INCLUDED_


#include "ngx_http_autostock.h"


ngx_int_t ngx_http_autostock_product_handler(ngx_http_request_t *r);


#endif /* _NGX_HTTP_AUTOSTOCK_PRODUCT_H_INCLUDED_ */
