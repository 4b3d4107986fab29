
#include "ngx_http_autostock_skus.h"
#include "ngx_http_autostock_sku.h"

#include "as_decimal.h"


#define ngx_http_autostock_skus_put(p, text)                                  \
    ngx_cpymem(p, text, sizeof(text) - 1)


static ngx_uint_t ngx_http_autostock_skus_is_sku(const u_char *arg,
    size_t len);
static ngx_uint_t ngx_http_autostock_skus_occurred(
    const ngx_http_autostock_lookup_sku_t *skus, ngx_uint_t n,
    const ngx_str_t *sku);
static ngx_int_t ngx_http_autostock_skus_none(ngx_str_t *detail);
static ngx_int_t ngx_http_autostock_skus_many(ngx_str_t *detail);
static ngx_int_t ngx_http_autostock_skus_wrong(ngx_str_t *detail,
    ngx_uint_t number, const char *wrong);


ngx_int_t
ngx_http_autostock_skus_parse(const ngx_str_t *args, u_char *text,
    ngx_http_autostock_lookup_sku_t *skus, ngx_uint_t *n, ngx_str_t *detail)
{
    u_char      *p, *last, *end, *value;
    ngx_str_t    sku;
    ngx_uint_t   number;
    const char  *wrong;

    number = 0;
    *n = 0;

    end = args->data + args->len;

    for (p = args->data; p < end; p = last + 1) {

        last = ngx_strlchr(p, end, '&');
        if (last == NULL) {
            last = end;
        }

        if (!ngx_http_autostock_skus_is_sku(p, last - p)) {
            continue;
        }

        if (number++ == NGX_HTTP_AUTOSTOCK_LOOKUP_MAX) {
            return ngx_http_autostock_skus_many(detail);
        }

        value = ngx_min(p + sizeof("sku=") - 1, last);

        sku.data = text;
        text = ngx_http_autostock_sku_decode(text, value, last - value);

        if (text == NULL) {
            return ngx_http_autostock_skus_wrong(detail, number,
                                                 "is not percent-encoded");
        }

        sku.len = text - sku.data;

        wrong = ngx_http_autostock_sku_check(sku.data, sku.len);

        if (wrong) {
            return ngx_http_autostock_skus_wrong(detail, number, wrong);
        }

        if (!ngx_http_autostock_skus_occurred(skus, *n, &sku)) {
            skus[(*n)++].sku = sku;
        }
    }

    return number ? NGX_OK : ngx_http_autostock_skus_none(detail);
}


static ngx_uint_t
ngx_http_autostock_skus_is_sku(const u_char *arg, size_t len)
{
    return len >= 3
           && (arg[0] | 0x20) == 's' && (arg[1] | 0x20) == 'k'
           && (arg[2] | 0x20) == 'u'
           && (len == 3 || arg[3] == '=');
}


static ngx_uint_t
ngx_http_autostock_skus_occurred(const ngx_http_autostock_lookup_sku_t *skus,
    ngx_uint_t n, const ngx_str_t *sku)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        if (skus[i].sku.len == sku->len
            && ngx_memcmp(skus[i].sku.data, sku->data, sku->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_autostock_skus_none(ngx_str_t *detail)
{
    ngx_str_set(detail, "the request's URL must have 1 to 100 arguments sku, "
                "as in ?sku=A&sku=B; it has none");

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_autostock_skus_many(ngx_str_t *detail)
{
    ngx_str_set(detail, "the request's URL must have 1 to 100 arguments sku; "
                "it has more, split the request");

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_autostock_skus_wrong(ngx_str_t *detail, ngx_uint_t number,
    const char *wrong)
{
    u_char  *p;

    p = ngx_http_autostock_skus_put(detail->data,
                                    "the argument sku number ");
    p = as_decimal(p, number);
    *p++ = ' ';
    p = ngx_cpymem(p, wrong, ngx_strlen(wrong));
    p = ngx_http_autostock_skus_put(p, ", it must be 1 to 200 printable "
                                    "characters in UTF-8, percent-encoded");

    detail->len = p - detail->data;

    return NGX_DECLINED;
}
