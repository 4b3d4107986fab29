
/*
 * Reads the goods of a checkout or hold: the product of the location or of the
 * body, or the lines of a cart.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_GOODS_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_GOODS_H_INCLUDED_


#include "ngx_http_autostock_cart.h"


/*
 * Sets sale->single; or, for a cart, lines, nlines and cart.  Returns
 * NGX_DECLINED to continue; any other result ends the request.
 */
ngx_int_t ngx_http_autostock_goods_read(ngx_http_request_t *r,
    ngx_http_autostock_body_t *body, ngx_http_autostock_sale_t *sale);


#endif /* _NGX_HTTP_AUTOSTOCK_GOODS_H_INCLUDED_ */
