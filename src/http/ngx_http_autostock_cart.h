
/*
 * Carts: the lines of a checkout, hold or return that names several products,
 * and the answers to a checkout of a cart.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_CART_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_CART_H_INCLUDED_


#include "ngx_http_autostock_body.h"
#include "ngx_http_autostock_lines.h"


/*
 * Reads the lines of the body into the request's pool; their SKUs may point
 * into the body.  Returns NGX_DECLINED to continue; any other result ends the
 * request.
 */
ngx_int_t ngx_http_autostock_cart_read(ngx_http_request_t *r,
    ngx_http_autostock_body_t *body, ngx_uint_t max,
    ngx_http_autostock_sale_line_t **lines, ngx_uint_t *nlines);

/*
 * The fingerprint of a request with these lines.  Returns NGX_ERROR if OpenSSL
 * fails, which is logged.
 */
ngx_int_t ngx_http_autostock_cart_fingerprint(ngx_http_request_t *r,
    const ngx_str_t *prefix, const ngx_http_autostock_sale_line_t *lines,
    ngx_uint_t nlines, u_char *fingerprint);

/*
 * The result of each line of a sale or hold, which may have only one.  refused:
 * only the lines without enough stock.  Returns NGX_ERROR if there is no
 * memory.
 */
ngx_int_t ngx_http_autostock_cart_lines(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale, ngx_uint_t refused,
    ngx_http_autostock_lines_t *lines);

/*
 * Sets line->json_sku to the requested SKU if the product has no row.  Returns
 * NGX_ERROR if there is no memory.
 */
ngx_int_t ngx_http_autostock_cart_json_sku(ngx_http_request_t *r,
    ngx_http_autostock_sale_line_t *line);

/* Answer a cart that is SOLD or REPLAYED; REFUSED; NO_PRODUCT. */
ngx_int_t ngx_http_autostock_cart_sold(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale);
ngx_int_t ngx_http_autostock_cart_not_sold(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale);
ngx_int_t ngx_http_autostock_cart_no_product(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale);


#endif /* _NGX_HTTP_AUTOSTOCK_CART_H_INCLUDED_ */
