
/*
 * The value of an Idempotency-Key header: a string of RFC 8941, 3.3.3
 * (draft-ietf-httpapi-idempotency-key-header), or unquoted visible characters,
 * which most clients send.  Both forms of a key mean the same key.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_KEY_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_KEY_H_INCLUDED_


#include "ngx_http_autostock.h"


#define NGX_HTTP_AUTOSTOCK_KEY_MAX  255               /* characters */


/*
 * Returns NGX_OK: key points into text or, if it was quoted, into buf; or
 * NGX_DECLINED: text is empty, has neither form, or the key is longer than 255
 * characters.
 */
ngx_int_t ngx_http_autostock_key_parse(const ngx_str_t *text, ngx_str_t *key,
    u_char buf[NGX_HTTP_AUTOSTOCK_KEY_MAX]);


#endif /* _NGX_HTTP_AUTOSTOCK_KEY_H_INCLUDED_ */
