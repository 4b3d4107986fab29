
/*
 * What a checkout or hold asks for: the location's product, the body's, or the
 * lines of a cart.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_GOODS_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_GOODS_H_INCLUDED_


#include "ngx_http_autostock_cart.h"


/*
 * Sets sale->single or, of a cart, sale->lines.  NGX_DECLINED to continue; any
 * other result ends the request.
 */
ngx_int_t ngx_http_autostock_goods_read(ngx_http_request_t *r,
    ngx_http_autostock_body_t *body, ngx_http_autostock_sale_t *sale);


#endif /* _NGX_HTTP_AUTOSTOCK_GOODS_H_INCLUDED_ */
