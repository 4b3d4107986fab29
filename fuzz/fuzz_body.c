/*
 * The bodies of checkout and callback, and the Idempotency-Key header.
 */

#include "../src/http/ngx_http_autostock_body.c"
#include "../src/http/ngx_http_autostock_body_field.c"
#include "../src/http/ngx_http_autostock_body_lines.c"
#include "../src/http/ngx_http_autostock_key.c"
#include "../src/http/ngx_http_autostock_sku.c"

#include "as_json_text.h"
#include "fuzz.h"


static void
fuzz_is_utf8(const u_char *p, size_t len)
{
    size_t        n;
    uint32_t      character;
    const u_char *end;

    for (end = p + len; p < end; p += n) {
        n = as_json_text_decode(p, end, &character);
        FUZZ_MUST(n > 0);
    }
}


static void
fuzz_body(const uint8_t *text, size_t len, int receipt)
{
    ngx_uint_t                 status;
    ngx_http_autostock_body_t  body;

    memset(&body, 0xa5, sizeof(body));
    status = receipt ? ngx_http_autostock_body_receipt(&body, text, len)
                     : ngx_http_autostock_body_checkout(&body, text, len);

    FUZZ_MUST(status == 0 || status == 400 || status == 422);

    if (status) {
        FUZZ_MUST(body.detail.len > 0 && body.detail.data != NULL);
        FUZZ_MUST(as_json_text_escaped_len(body.detail.data, body.detail.len)
                  >= body.detail.len);
        return;
    }

    if (!receipt) {
        FUZZ_MUST(body.quantity >= 1);
    }

    FUZZ_MUST(body.quantity <= NGX_HTTP_AUTOSTOCK_QUANTITY_MAX);
    FUZZ_MUST(body.product.len <= NGX_HTTP_AUTOSTOCK_SKU_BYTES);
    fuzz_is_utf8(body.product.data, body.product.len);
}


/* Quoted or bare, the same key is the same key. */
static void
fuzz_key(uint8_t *text, size_t len)
{
    size_t     i, n;
    u_char     buf[NGX_HTTP_AUTOSTOCK_KEY_MAX];
    u_char     again[NGX_HTTP_AUTOSTOCK_KEY_MAX];
    u_char     quoted[2 * NGX_HTTP_AUTOSTOCK_KEY_MAX + 2];
    ngx_str_t  value, key, other;

    value.data = text;
    value.len = len;

    if (ngx_http_autostock_key_parse(&value, &key, buf) != NGX_OK) {
        return;
    }

    FUZZ_MUST(key.len >= 1 && key.len <= NGX_HTTP_AUTOSTOCK_KEY_MAX);

    n = 0;
    quoted[n++] = '"';

    for (i = 0; i < key.len; i++) {
        FUZZ_MUST(key.data[i] >= 0x20 && key.data[i] < 0x7f);

        if (key.data[i] == '"' || key.data[i] == '\\') {
            quoted[n++] = '\\';
        }

        quoted[n++] = key.data[i];
    }

    quoted[n++] = '"';
    value.data = quoted;
    value.len = n;

    FUZZ_MUST(ngx_http_autostock_key_parse(&value, &other, again) == NGX_OK);
    FUZZ_MUST(other.len == key.len
              && memcmp(other.data, key.data, key.len) == 0);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t  *text;

    if (size == 0) {
        return 0;
    }

    text = fuzz_copy(data + 1, size - 1);

    switch (data[0] % 3) {

    case 0:
        fuzz_body(text, size - 1, 0);
        break;

    case 1:
        fuzz_body(text, size - 1, 1);
        break;

    default:
        fuzz_key(text, size - 1);
        break;
    }

    free(text);
    return 0;
}
