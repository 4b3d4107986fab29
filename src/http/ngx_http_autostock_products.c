
#include "ngx_http_autostock_products.h"
#include "ngx_http_autostock_response.h"
#include "ngx_http_autostock_row.h"
#include "ngx_http_autostock_skus.h"

#include "as_json_text.h"


static ngx_uint_t ngx_http_autostock_products_count(const ngx_str_t *args);
static ngx_int_t ngx_http_autostock_products_size(ngx_http_request_t *r,
    ngx_http_autostock_lookup_t *lookup, size_t *size);
static ngx_uint_t ngx_http_autostock_products_shown(
    ngx_http_autostock_lookup_t *lookup, ngx_uint_t number);
static u_char *ngx_http_autostock_products_found(u_char *p,
    ngx_http_autostock_lookup_t *lookup);
static u_char *ngx_http_autostock_products_missing(u_char *p,
    ngx_http_autostock_lookup_t *lookup);


ngx_int_t
ngx_http_autostock_products_skus(ngx_http_request_t *r,
    ngx_http_autostock_lookup_t *lookup, ngx_str_t *detail)
{
    u_char  *text;

    lookup->skus = ngx_palloc(r->pool,
                              ngx_http_autostock_products_count(&r->args)
                              * sizeof(ngx_http_autostock_lookup_sku_t));
    text = ngx_pnalloc(r->pool, r->args.len + 1);
    detail->data = ngx_pnalloc(r->pool, NGX_HTTP_AUTOSTOCK_SKUS_DETAIL_LEN);

    if (lookup->skus == NULL || text == NULL || detail->data == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_autostock_skus_parse(&r->args, text, lookup->skus,
                                         &lookup->n, detail);
}


/* the maximum number of SKUs in the arguments */

static ngx_uint_t
ngx_http_autostock_products_count(const ngx_str_t *args)
{
    size_t      i;
    ngx_uint_t  n;

    n = 1;

    for (i = 0; i < args->len && n < NGX_HTTP_AUTOSTOCK_LOOKUP_MAX; i++) {
        n += args->data[i] == '&';
    }

    return n;
}


ngx_int_t
ngx_http_autostock_products_answer(ngx_http_request_t *r,
    ngx_http_autostock_lookup_t *lookup)
{
    size_t      size;
    u_char     *p;
    ngx_buf_t  *b;

    if (ngx_http_autostock_products_size(r, lookup, &size) != NGX_OK) {
        return ngx_http_autostock_response_problem(r,
                    NGX_HTTP_AUTOSTOCK_PROBLEM_UNAVAILABLE, NULL, NULL, NULL);
    }

    b = ngx_http_autostock_response_buf(r, size);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_http_autostock_response_put(b->last, "{\"products\":[");
    p = ngx_http_autostock_products_found(p, lookup);
    p = ngx_http_autostock_response_put(p, "],\"missing\":[");
    p = ngx_http_autostock_products_missing(p, lookup);
    p = ngx_http_autostock_response_put(p, "]}");

    b->last = p;

    return ngx_http_autostock_response_view(r, -1, b);
}


static ngx_int_t
ngx_http_autostock_products_size(ngx_http_request_t *r,
    ngx_http_autostock_lookup_t *lookup, size_t *size)
{
    ngx_uint_t                        i;
    ngx_http_autostock_lookup_sku_t  *sku;

    *size = sizeof("{\"products\":[],\"missing\":[]}");

    for (i = 0; i < lookup->n; i++) {
        sku = &lookup->skus[i];

        if (sku->row == NULL) {
            *size += sizeof("\"\",")
                     + as_json_text_escaped_len(sku->sku.data, sku->sku.len);
            continue;
        }

        if (ngx_http_autostock_row_check(r, sku->row) != NGX_OK) {
            return NGX_ERROR;
        }

        *size += sizeof(",") + ngx_http_autostock_row_len(sku->row);
    }

    return NGX_OK;
}


/*
 * 1: an earlier SKU has the same product.  The collation may find it by several
 * spellings.
 */

static ngx_uint_t
ngx_http_autostock_products_shown(ngx_http_autostock_lookup_t *lookup,
    ngx_uint_t number)
{
    ngx_uint_t                         i;
    ngx_http_autostock_product_row_t  *row;

    for (i = 0; i < number; i++) {
        row = lookup->skus[i].row;

        if (row && ngx_memcmp(row->product_id.data,
                              lookup->skus[number].row->product_id.data,
                              NGX_HTTP_AUTOSTOCK_UUID_LEN)
                   == 0)
        {
            return 1;
        }
    }

    return 0;
}


static u_char *
ngx_http_autostock_products_found(u_char *p,
    ngx_http_autostock_lookup_t *lookup)
{
    ngx_uint_t  i, n;

    for (i = 0, n = 0; i < lookup->n; i++) {

        if (lookup->skus[i].row == NULL
            || ngx_http_autostock_products_shown(lookup, i))
        {
            continue;
        }

        if (n++) {
            *p++ = ',';
        }

        p = ngx_http_autostock_row_json(p, lookup->skus[i].row, 0);
    }

    return p;
}


static u_char *
ngx_http_autostock_products_missing(u_char *p,
    ngx_http_autostock_lookup_t *lookup)
{
    ngx_str_t   *sku;
    ngx_uint_t   i, n;

    for (i = 0, n = 0; i < lookup->n; i++) {

        if (lookup->skus[i].row) {
            continue;
        }

        if (n++) {
            *p++ = ',';
        }

        sku = &lookup->skus[i].sku;

        *p++ = '"';
        p = as_json_text_escape(p, sku->data, sku->len);
        *p++ = '"';
    }

    return p;
}
