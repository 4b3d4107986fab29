/*
 * The arguments of a look-up of several products, and the lists of entity tags
 * in its conditions.
 */

#include "../src/http/ngx_http_autostock_etag.c"
#include "../src/http/ngx_http_autostock_sku.c"
#include "../src/http/ngx_http_autostock_skus.c"

#include "fuzz.h"


/* The largest number of arguments, as the module counts them. */
static ngx_uint_t
fuzz_count(const uint8_t *args, size_t len)
{
    size_t      i;
    ngx_uint_t  n;

    n = 1;

    for (i = 0; i < len && n < NGX_HTTP_AUTOSTOCK_LOOKUP_MAX; i++) {
        n += args[i] == '&';
    }

    return n;
}


/* Each SKU is valid and differs from the others; encoded, it is found again. */
static void
fuzz_skus(ngx_http_autostock_lookup_sku_t *skus, ngx_uint_t n)
{
    size_t                            i;
    u_char                            text[4 * NGX_HTTP_AUTOSTOCK_SKU_BYTES];
    u_char                            encoded[4 * NGX_HTTP_AUTOSTOCK_SKU_BYTES];
    u_char                            buf[NGX_HTTP_AUTOSTOCK_SKUS_DETAIL_LEN];
    ngx_str_t                         args, detail;
    ngx_uint_t                        k, one;
    ngx_http_autostock_lookup_sku_t   again;

    for (k = 0; k < n; k++) {
        FUZZ_MUST(ngx_http_autostock_sku_check(skus[k].sku.data,
                                               skus[k].sku.len) == NULL);
        FUZZ_MUST(!ngx_http_autostock_skus_occurred(skus, k, &skus[k].sku));

        args.data = encoded;
        args.len = sprintf((char *) encoded, "x&sku=");

        for (i = 0; i < skus[k].sku.len; i++) {
            args.len += sprintf((char *) encoded + args.len, "%%%02X",
                                skus[k].sku.data[i]);
        }

        detail.data = buf;
        FUZZ_MUST(ngx_http_autostock_skus_parse(&args, text, &again, &one,
                                                &detail) == NGX_OK);
        FUZZ_MUST(one == 1);
        FUZZ_MUST(ngx_http_autostock_skus_occurred(&again, 1, &skus[k].sku));
    }
}


static void
fuzz_args(uint8_t *text, size_t len)
{
    u_char                           *decoded, *buf;
    ngx_int_t                         rc;
    ngx_str_t                         args, detail;
    ngx_uint_t                        n;
    ngx_http_autostock_lookup_sku_t  *skus;

    args.data = text;
    args.len = len;

    skus = malloc(fuzz_count(text, len) * sizeof(*skus));
    decoded = malloc(len ? len : 1);
    buf = malloc(NGX_HTTP_AUTOSTOCK_SKUS_DETAIL_LEN);
    FUZZ_MUST(skus != NULL && decoded != NULL && buf != NULL);

    detail.data = buf;
    detail.len = 0;
    rc = ngx_http_autostock_skus_parse(&args, decoded, skus, &n, &detail);

    FUZZ_MUST(rc == NGX_OK || rc == NGX_DECLINED);
    FUZZ_MUST((rc == NGX_OK) == (detail.len == 0));
    FUZZ_MUST(n <= fuzz_count(text, len) && (n > 0 || rc != NGX_OK));

    if (rc == NGX_OK) {
        fuzz_skus(skus, n);
    }

    free(buf);
    free(decoded);
    free(skus);
}


/* Tags that are equal compare equal weakly, and also behind another tag. */
static void
fuzz_tags(uint8_t *text, size_t len)
{
    u_char      tag[NGX_HTTP_AUTOSTOCK_ETAG_LEN];
    u_char      more[8192 + 64];
    ngx_str_t   list;
    ngx_uint_t  strong, weak;

    ngx_http_autostock_etag_make(tag, (const u_char *) "{\"stock\":3}", 11);

    list.data = text;
    list.len = len;
    strong = ngx_http_autostock_etag_matches(&list, tag, 0);
    weak = ngx_http_autostock_etag_matches(&list, tag, 1);
    FUZZ_MUST(strong <= weak && weak <= 1);

    if (len > 8192 || memchr(text, '*', len)) {
        return;
    }

    list.data = more;
    list.len = sprintf((char *) more, "\"a\", W/\"b\" ,");
    memcpy(more + list.len, text, len);
    list.len += len;
    FUZZ_MUST(ngx_http_autostock_etag_matches(&list, tag, 0) == strong);
    FUZZ_MUST(ngx_http_autostock_etag_matches(&list, tag, 1) == weak);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t  *text;

    if (size == 0) {
        return 0;
    }

    text = fuzz_copy(data + 1, size - 1);

    if (data[0] & 1) {
        fuzz_args(text, size - 1);

    } else {
        fuzz_tags(text, size - 1);
    }

    free(text);

    return 0;
}
