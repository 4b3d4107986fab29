
#include "ngx_http_autostock_sku.h"

#include "as_json_text.h"


#define ngx_http_autostock_sku_each(byte)                                     \
    ((uint64_t) 0x0101010101010101 * (byte))


static const char *ngx_http_autostock_sku_check_rest(const u_char *text,
    const u_char *end, ngx_uint_t characters);
static ngx_int_t ngx_http_autostock_sku_digit(u_char c);


const char *
ngx_http_autostock_sku_check(const u_char *text, size_t len)
{
    uint64_t       bytes;
    const u_char  *p, *end;

    if (len == 0) {
        return "is empty";
    }

    p = text;
    end = text + len;

    /* eight characters from 0x20 to 0x7e set none of these bits */

    while (end - p >= 8) {
        ngx_memcpy(&bytes, p, 8);

        if (((bytes - ngx_http_autostock_sku_each(0x20))
             | (bytes + ngx_http_autostock_sku_each(1)) | bytes)
            & ngx_http_autostock_sku_each(0x80))
        {
            break;
        }

        p += 8;
    }

    while (p != end && *p >= 0x20 && *p < 0x7f) {
        p++;
    }

    if (p == end && len <= NGX_HTTP_AUTOSTOCK_SKU_MAX) {
        return NULL;
    }

    return ngx_http_autostock_sku_check_rest(p, end, p - text);
}


static const char *
ngx_http_autostock_sku_check_rest(const u_char *text, const u_char *end,
    ngx_uint_t characters)
{
    size_t    n;
    uint32_t  character;

    for ( /* void */ ; text != end; characters++) {

        n = as_json_text_decode(text, end, &character);

        if (n == 0) {
            return "is not valid UTF-8";
        }

        if (character < 0x20 || (character >= 0x7f && character < 0xa0)) {
            return "contains a control character";
        }

        text += n;
    }

    if (characters > NGX_HTTP_AUTOSTOCK_SKU_MAX) {
        return "is longer than 200 characters";
    }

    return NULL;
}


/* ngx_unescape_uri() is not used: it drops invalid sequences */

u_char *
ngx_http_autostock_sku_decode(u_char *to, const u_char *text, size_t len)
{
    ngx_int_t      high, low;
    const u_char  *end;

    for (end = text + len; text != end; text++) {

        if (*text != '%') {
            *to++ = *text;
            continue;
        }

        if (end - text < 3) {
            return NULL;
        }

        high = ngx_http_autostock_sku_digit(*++text);
        low = ngx_http_autostock_sku_digit(*++text);

        if (high < 0 || low < 0) {
            return NULL;
        }

        *to++ = (u_char) (high << 4 | low);
    }

    return to;
}


static ngx_int_t
ngx_http_autostock_sku_digit(u_char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
