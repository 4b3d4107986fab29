
/*
 * The content handler: selects the operation of a request.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_REQUEST_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_REQUEST_H_INCLUDED_


#include "ngx_http_autostock.h"


/* The content handler of all operations but the status. */
ngx_int_t ngx_http_autostock_request_handler(ngx_http_request_t *r);


#endif /* _NGX_HTTP_AUTOSTOCK_REQUEST_H_INCLUDED_ */
