
/*
 * The content handler of settlements, POST: confirmations and releases of
 * holds, returns of sold goods.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_SETTLEMENT_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_SETTLEMENT_H_INCLUDED_


#include "ngx_http_autostock.h"


ngx_int_t ngx_http_autostock_settlement_handler(ngx_http_request_t *r);


#endif /* _NGX_HTTP_AUTOSTOCK_SETTLEMENT_H_INCLUDED_ */
