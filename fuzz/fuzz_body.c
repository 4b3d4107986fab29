/*
 * The bodies of checkout, hold, settlement, return and callback, and the
 * Idempotency-Key header.
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


/* SKUs are valid and differ; each quantity is in its range. */
static void
fuzz_lines(ngx_http_autostock_body_t *body, ngx_uint_t max)
{
    size_t                           len;
    u_char                          *buf;
    ngx_uint_t                       i, k, n, status;
    ngx_http_autostock_sale_line_t  *lines;

    len = body->end - body->lines.text;
    buf = memchr(body->lines.text, '\\', len) ? malloc(len) : NULL;
    lines = malloc(max * sizeof(*lines));
    FUZZ_MUST(lines != NULL);

    status = ngx_http_autostock_body_lines(body, max, lines, &n, buf);
    FUZZ_MUST(status == 0 || status == 400);
    FUZZ_MUST((status == 0) == (body->detail.len == 0));
    FUZZ_MUST(n <= max && (status || n >= 1));

    for (i = 0; status == 0 && i < n; i++) {
        FUZZ_MUST(lines[i].quantity >= 1
                  && lines[i].quantity <= NGX_HTTP_AUTOSTOCK_QUANTITY_MAX);
        FUZZ_MUST(ngx_http_autostock_sku_check(lines[i].sku.data,
                                               lines[i].sku.len) == NULL);

        for (k = 0; k < i; k++) {
            FUZZ_MUST(lines[k].sku.len != lines[i].sku.len
                      || memcmp(lines[k].sku.data, lines[i].sku.data,
                                lines[i].sku.len) != 0);
        }
    }

    free(lines);
    free(buf);
}


typedef enum {
    FUZZ_CHECKOUT = 0,
    FUZZ_RECEIPT,
    FUZZ_KEY,
    FUZZ_HOLD,
    FUZZ_SETTLEMENT,
    FUZZ_RETURN,
    FUZZ_KINDS
} fuzz_kind_e;


static ngx_uint_t
fuzz_parse(ngx_http_autostock_body_t *body, fuzz_kind_e kind,
    const uint8_t *text, size_t len)
{
    switch (kind) {

    case FUZZ_CHECKOUT:
        return ngx_http_autostock_body_checkout(body, text, len);

    case FUZZ_RECEIPT:
        return ngx_http_autostock_body_receipt(body, text, len);

    case FUZZ_HOLD:
        return ngx_http_autostock_body_hold(body, 3600, text, len);

    case FUZZ_SETTLEMENT:
        return ngx_http_autostock_body_settlement(body, text, len);

    default:
        return ngx_http_autostock_body_return(body, text, len);
    }
}


static void
fuzz_body(const uint8_t *text, size_t len, fuzz_kind_e kind)
{
    ngx_uint_t                 status;
    ngx_http_autostock_body_t  body;

    memset(&body, 0xa5, sizeof(body));
    status = fuzz_parse(&body, kind, text, len);

    FUZZ_MUST(status == 0 || status == 400
              || (status == 422 && kind == FUZZ_RECEIPT));

    if (status) {
        FUZZ_MUST(body.detail.len > 0 && body.detail.data != NULL);
        FUZZ_MUST(as_json_text_escaped_len(body.detail.data, body.detail.len)
                  >= body.detail.len);
        return;
    }

    FUZZ_MUST(body.quantity >= 1 || kind == FUZZ_SETTLEMENT
              || kind == FUZZ_RETURN);
    FUZZ_MUST(body.quantity <= NGX_HTTP_AUTOSTOCK_QUANTITY_MAX);
    FUZZ_MUST(body.seconds <= 3600 && (body.seconds == 0 || kind == FUZZ_HOLD));
    FUZZ_MUST(body.product.len <= NGX_HTTP_AUTOSTOCK_SKU_BYTES);
    fuzz_is_utf8(body.product.data, body.product.len);

    if (body.lines.type != AS_JSON_END) {
        FUZZ_MUST(body.product.len == 0);
        fuzz_lines(&body, 1 + len % NGX_HTTP_AUTOSTOCK_LINES_MAX);
    }
}


/* A key is the same with and without quotes. */
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

    if (data[0] % FUZZ_KINDS == FUZZ_KEY) {
        fuzz_key(text, size - 1);

    } else {
        fuzz_body(text, size - 1, data[0] % FUZZ_KINDS);
    }

    free(text);
    return 0;
}
