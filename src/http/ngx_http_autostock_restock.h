
/*
 * The content handler of the factory's callback, POST, which books the goods of
 * an order.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_RESTOCK_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_RESTOCK_H_INCLUDED_


#include "ngx_http_autostock.h"


ngx_int_t ngx_http_autostock_restock_handler(ngx_http_request_t *r);


#endif /* _NGX_HTTP_AUTOSTOCK_RESTOCK_H_INCLUDED_ */
