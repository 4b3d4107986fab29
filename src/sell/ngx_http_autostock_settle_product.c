
/*
 * The products in the rows that settlements are decided by.
 */


#include "ngx_http_autostock_settle_flight.h"


static ngx_uint_t ngx_http_autostock_settle_product_is_known(
    ngx_http_autostock_settlement_t *s, u_char *id);
static ngx_int_t ngx_http_autostock_settle_product_sku(
    ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_product_t *product, ngx_str_t *sku);


ngx_int_t
ngx_http_autostock_settle_product(ngx_http_autostock_settlement_t *s,
    ngx_str_t *columns)
{
    ngx_uint_t                            i;
    ngx_http_autostock_settle_product_t  *product;

    /* deleted: reorder_held is NOT NULL, a shop's own column sku perhaps not */
    if (columns[6].data == NULL
        || ngx_http_autostock_settle_product_is_known(s, columns[0].data))
    {
        return NGX_OK;
    }

    product = ngx_array_push(&s->products);
    if (product == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(product, sizeof(ngx_http_autostock_settle_product_t));
    ngx_memcpy(product->id, columns[0].data, 16);

    if (ngx_http_autostock_settle_product_sku(s, product, &columns[1])
        != NGX_OK
        || ngx_http_autostock_sql_integer(&columns[2], &product->stock)
           != NGX_OK
        || ngx_http_autostock_sql_integer(&columns[3], &product->held) != NGX_OK
        || ngx_http_autostock_sql_integer(&columns[4], &product->reorder_point)
           != NGX_OK
        || ngx_http_autostock_sql_integer(&columns[5],
                                          &product->reorder_quantity)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    product->after = product->stock;
    product->reorder_held = ngx_http_autostock_settle_column_true(&columns[6]);
    product->open = ngx_http_autostock_settle_column_true(&columns[7]);

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_SETTLE_PRODUCT_COLUMNS; i++) {
        ngx_http_autostock_settle_table_sum(s, &columns[i]);
    }

    return NGX_OK;
}


/* 0 also for a product whose place another one has taken since */

static ngx_uint_t
ngx_http_autostock_settle_product_is_known(ngx_http_autostock_settlement_t *s,
    u_char *id)
{
    uint32_t                             *known;
    ngx_http_autostock_settle_product_t  *product;

    product = s->products.elts;
    known = &s->known[ngx_crc32_long(id, 16)
                      % NGX_HTTP_AUTOSTOCK_SETTLE_KNOWN];

    if (*known && ngx_memcmp(product[*known - 1].id, id, 16) == 0) {
        return 1;
    }

    *known = (uint32_t) s->products.nelts + 1;

    return 0;
}


static ngx_int_t
ngx_http_autostock_settle_product_sku(ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_product_t *product, ngx_str_t *sku)
{
    if (sku->data == NULL) {
        return NGX_OK;
    }

    product->sku.len = sku->len;
    product->sku.data = ngx_pstrdup(s->pool, sku);
    if (product->sku.data == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_autostock_settle_column_json(s->pool, sku, &product->json);
}
