
/*
 * A hold is a checkout whose goods are not sold yet, see
 * ngx_http_autostock_checkout.h.  It has another fingerprint, and its answers
 * always have lines.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_HOLD_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_HOLD_H_INCLUDED_


#include "ngx_http_autostock_cart.h"


/*
 * Sets sale->fingerprint.  seconds: those of the request; 0: it has none.
 * Returns NGX_ERROR if OpenSSL fails, which is logged.
 */
ngx_int_t ngx_http_autostock_hold_fingerprint(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale, uint32_t seconds);

/* Answer a hold that is SOLD or REPLAYED; REFUSED. */
ngx_int_t ngx_http_autostock_hold_held(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale);
ngx_int_t ngx_http_autostock_hold_not_held(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale);


#endif /* _NGX_HTTP_AUTOSTOCK_HOLD_H_INCLUDED_ */
