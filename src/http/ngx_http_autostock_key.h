
/*
 * The value of an Idempotency-Key header: a string of RFC 8941, 3.3.3
 * (draft-ietf-httpapi-idempotency-key-header), or bare visible characters as
 * most clients send it.  Both forms of one key are the same key.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_KEY_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_KEY_H_INCLUDED_


#include "ngx_http_autostock.h"


#define NGX_HTTP_AUTOSTOCK_KEY_MAX  255               /* characters */


/*
 * NGX_OK: key is in text or, where escapes were decoded, in buf.
 * NGX_DECLINED: empty, longer than 255 characters, or neither form.
 */
ngx_int_t ngx_http_autostock_key_parse(const ngx_str_t *text, ngx_str_t *key,
    u_char buf[NGX_HTTP_AUTOSTOCK_KEY_MAX]);


#endif /* _NGX_HTTP_AUTOSTOCK_KEY_H_INCLUDED_ */
