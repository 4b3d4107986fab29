
/*
 * Parses and checks the bodies that clients and the factory send.  If a name
 * occurs twice, the last value counts, as in the clients' JSON.parse().
 * Unknown names are skipped, but the whole body must be JSON.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_BODY_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_BODY_H_INCLUDED_


#include "ngx_http_autostock.h"


/*
 * The strings point into the parsed text, into buf (if decoded) or to static
 * text; the structure may therefore be on the stack.
 */
typedef struct {
    ngx_str_t                     product;   /* a SKU, in a receipt also a
                                                UUID; empty: not given */
    uint32_t                      quantity;  /* 1 to 1,000,000 */
    ngx_str_t                     detail;    /* why it was refused; not
                                                escaped for JSON yet */
    u_char                        buf[NGX_HTTP_AUTOSTOCK_SKU_BYTES];
} ngx_http_autostock_body_t;


/* Both return 0, or the HTTP status to refuse with: 400 or 422. */

/* {"sku","quantity"}, both optional; an empty text means a quantity of 1. */
ngx_uint_t ngx_http_autostock_body_checkout(ngx_http_autostock_body_t *body,
    const u_char *text, size_t len);

/*
 * The factory's callback: {"MessageAttributeProductId",
 * "MessageAttributeProductCnt"}; the count is a number or a string.
 */
ngx_uint_t ngx_http_autostock_body_receipt(ngx_http_autostock_body_t *body,
    const u_char *text, size_t len);


#endif /* _NGX_HTTP_AUTOSTOCK_BODY_H_INCLUDED_ */
