
#include "ngx_http_autostock_key.h"


static ngx_int_t ngx_http_autostock_key_parse_quoted(const ngx_str_t *text,
    ngx_str_t *key, u_char *buf);


ngx_int_t
ngx_http_autostock_key_parse(const ngx_str_t *text, ngx_str_t *key,
    u_char buf[NGX_HTTP_AUTOSTOCK_KEY_MAX])
{
    size_t  i;
    u_char  ch;

    if (text->len == 0) {
        return NGX_DECLINED;
    }

    if (text->data[0] == '"') {
        return ngx_http_autostock_key_parse_quoted(text, key, buf);
    }

    if (text->len > NGX_HTTP_AUTOSTOCK_KEY_MAX) {
        return NGX_DECLINED;
    }

    for (i = 0; i < text->len; i++) {
        ch = text->data[i];

        if (ch <= 0x20 || ch >= 0x7f || ch == '"') {
            return NGX_DECLINED;
        }
    }

    *key = *text;

    return NGX_OK;
}


static ngx_int_t
ngx_http_autostock_key_parse_quoted(const ngx_str_t *text, ngx_str_t *key,
    u_char *buf)
{
    size_t         n;
    u_char         ch;
    const u_char  *p, *end;

    if (text->len < 3 || text->data[text->len - 1] != '"') {
        return NGX_DECLINED;
    }

    n = 0;
    p = text->data + 1;
    end = text->data + text->len - 1;

    while (p != end) {
        ch = *p++;

        if (ch < 0x20 || ch >= 0x7f || ch == '"'
            || n == NGX_HTTP_AUTOSTOCK_KEY_MAX)
        {
            return NGX_DECLINED;
        }

        if (ch == '\\') {
            if (p == end || (*p != '"' && *p != '\\')) {
                return NGX_DECLINED;
            }

            ch = *p++;
        }

        buf[n++] = ch;
    }

    key->data = buf;
    key->len = n;

    return NGX_OK;
}
