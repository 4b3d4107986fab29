
/*
 * The bodies that buyers and the factory send, read and judged.  Of a name
 * that comes twice the last counts, as in the clients' JSON.parse(); names
 * that are not ours are skipped, but all must be JSON.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_BODY_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_BODY_H_INCLUDED_


#include "ngx_http_autostock.h"


/*
 * The strings are in the text that was read, in buf (where they were
 * decoded) or static; so the structure may live on the stack.
 */
typedef struct {
    ngx_str_t                     product;   /* SKU, of a receipt also UUID;
                                                empty: not named */
    uint32_t                      quantity;  /* 1 to 1,000,000 */
    ngx_str_t                     detail;    /* why it was refused; to be
                                                escaped for JSON */
    u_char                        buf[NGX_HTTP_AUTOSTOCK_SKU_BYTES];
} ngx_http_autostock_body_t;


/* Both return 0, or the HTTP status to refuse with: 400 or 422. */

/* {"sku","quantity"}, both optional; an empty text means one piece. */
ngx_uint_t ngx_http_autostock_body_checkout(ngx_http_autostock_body_t *body,
    const u_char *text, size_t len);

/* What the factory echoes: {"MessageAttributeProductId",
   "MessageAttributeProductCnt"}, the count as a number or as a string. */
ngx_uint_t ngx_http_autostock_body_receipt(ngx_http_autostock_body_t *body,
    const u_char *text, size_t len);


#endif /* _NGX_HTTP_AUTOSTOCK_BODY_H_INCLUDED_ */
