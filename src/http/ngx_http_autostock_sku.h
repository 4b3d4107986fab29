
/*
 * A valid SKU: 1 to 200 characters of valid UTF-8, without control characters.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_SKU_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_SKU_H_INCLUDED_


#include "ngx_http_autostock.h"


/* Returns NULL if the SKU is valid, or the error, such as "is empty". */
const char *ngx_http_autostock_sku_check(const u_char *text, size_t len);

/*
 * Decodes percent-encoding (RFC 3986, 2.1); a plus sign is a plus sign.  to has
 * room for as many bytes as text, and may be text.  Returns the end; NULL: a
 * percent sign is not followed by two hexadecimal digits.
 */
u_char *ngx_http_autostock_sku_decode(u_char *to, const u_char *text,
    size_t len);


#endif /* _NGX_HTTP_AUTOSTOCK_SKU_H_INCLUDED_ */
