
/*
 * The value of an Idempotency-Key header: a string of RFC 8941, 3.3.3
 * (draft-ietf-httpapi-idempotency-key-header), or unquoted visible characters,
 * which most clients send.  Both forms of a key are the same key.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_KEY_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_KEY_H_INCLUDED_


#include "ngx_http_autostock.h"


#define NGX_HTTP_AUTOSTOCK_KEY_MAX  255               /* characters */


/*
 * NGX_OK: key points into text or, if escapes were decoded, into buf.
 * NGX_DECLINED: empty, longer than 255 characters, or neither form.
 */
ngx_int_t ngx_http_autostock_key_parse(const ngx_str_t *text, ngx_str_t *key,
    u_char buf[NGX_HTTP_AUTOSTOCK_KEY_MAX]);


#endif /* _NGX_HTTP_AUTOSTOCK_KEY_H_INCLUDED_ */
