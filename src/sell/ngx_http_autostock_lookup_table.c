
#include "ngx_http_autostock_lookup_flight.h"


/* maximum growth of the packet; the SKU is in it up to 3 times (column.c) */
#define NGX_HTTP_AUTOSTOCK_LOOKUP_TABLE_COST(sku)  (512 + 6 * (sku)->len)


static ngx_uint_t *ngx_http_autostock_lookup_table_place(
    ngx_http_autostock_lookup_flight_t *lf, ngx_str_t *sku, uint32_t hash);


ngx_int_t
ngx_http_autostock_lookup_table_create(ngx_http_autostock_flight_t *flight)
{
    ngx_uint_t                           size;
    ngx_http_autostock_lookup_flight_t  *lf;

    lf = (ngx_http_autostock_lookup_flight_t *) flight;

    lf->max = ngx_http_autostock_batch_database(flight->batch)->batch_size;

    for (size = 16; size < lf->max * 2; size *= 2) { /* void */ }

    lf->mask = size - 1;
    lf->items = ngx_alloc(lf->max * sizeof(*lf->items), ngx_cycle->log);
    lf->rows = ngx_alloc(lf->max * sizeof(*lf->rows), ngx_cycle->log);
    lf->table = ngx_calloc(size * sizeof(ngx_uint_t), ngx_cycle->log);

    if (lf->items == NULL || lf->rows == NULL || lf->table == NULL) {
        ngx_http_autostock_lookup_table_destroy(flight);
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_http_autostock_lookup_table_destroy(ngx_http_autostock_flight_t *flight)
{
    ngx_http_autostock_lookup_flight_t  *lf;

    lf = (ngx_http_autostock_lookup_flight_t *) flight;

    if (lf->items) {
        ngx_free(lf->items);
    }

    if (lf->rows) {
        ngx_free(lf->rows);
    }

    if (lf->table) {
        ngx_free(lf->table);
    }

    if (lf->pool) {
        ngx_destroy_pool(lf->pool);
    }
}


void
ngx_http_autostock_lookup_table_reset(ngx_http_autostock_flight_t *flight)
{
    ngx_http_autostock_lookup_flight_t  *lf;

    lf = (ngx_http_autostock_lookup_flight_t *) flight;

    ngx_memzero(lf->table, (lf->mask + 1) * sizeof(ngx_uint_t));
    lf->nitems = 0;
    lf->bytes = 0;

    if (lf->pool) {
        ngx_reset_pool(lf->pool);
    } else {
        lf->pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, ngx_cycle->log);
    }
}


ngx_int_t
ngx_http_autostock_lookup_table_add(ngx_http_autostock_lookup_flight_t *lf,
    ngx_str_t *sku)
{
    size_t                             cost;
    uint32_t                           hash;
    ngx_uint_t                        *place;
    ngx_http_autostock_lookup_item_t  *item;

    hash = ngx_crc32_short(sku->data, sku->len);
    place = ngx_http_autostock_lookup_table_place(lf, sku, hash);

    if (*place) {
        return *place - 1;
    }

    cost = NGX_HTTP_AUTOSTOCK_LOOKUP_TABLE_COST(sku);

    if (lf->nitems == lf->max || lf->pool == NULL
        || !ngx_http_autostock_flight_has_room(&lf->flight, lf->bytes, cost))
    {
        return NGX_DECLINED;
    }

    item = &lf->items[lf->nitems];
    item->hash = hash;
    item->sku.len = sku->len;
    item->sku.data = ngx_pstrdup(lf->pool, sku);

    if (item->sku.data == NULL) {
        return NGX_DECLINED;
    }

    lf->bytes += cost;
    *place = ++lf->nitems;

    return *place - 1;
}


/* The slot that has the SKU's number, or the free slot for it. */

static ngx_uint_t *
ngx_http_autostock_lookup_table_place(ngx_http_autostock_lookup_flight_t *lf,
    ngx_str_t *sku, uint32_t hash)
{
    ngx_uint_t                         i;
    ngx_http_autostock_lookup_item_t  *item;

    for (i = hash & lf->mask; lf->table[i]; i = (i + 1) & lf->mask) {
        item = &lf->items[lf->table[i] - 1];

        if (item->hash == hash && item->sku.len == sku->len
            && ngx_memcmp(item->sku.data, sku->data, sku->len) == 0)
        {
            break;
        }
    }

    return &lf->table[i];
}


void
ngx_http_autostock_lookup_table_forget(ngx_http_autostock_lookup_flight_t *lf)
{
    ngx_uint_t  i;

    for (i = 0; i < lf->nitems; i++) {
        lf->items[i].found = 0;
    }

    lf->matched = 0;
}


ngx_http_autostock_lookup_item_t *
ngx_http_autostock_lookup_table_find(ngx_http_autostock_lookup_flight_t *lf,
    ngx_str_t *sku)
{
    ngx_uint_t  *place;

    place = ngx_http_autostock_lookup_table_place(lf, sku,
                                            ngx_crc32_short(sku->data,
                                                            sku->len));

    return *place ? &lf->items[*place - 1] : NULL;
}


ngx_int_t
ngx_http_autostock_lookup_table_keep(ngx_http_autostock_lookup_flight_t *lf,
    ngx_http_autostock_lookup_item_t *item, ngx_str_t *columns)
{
    ngx_str_t   *field;
    ngx_uint_t   i;

    if (lf->matched == lf->max) {
        return NGX_ERROR;
    }

    /* the members in the order of the columns */

    field = (ngx_str_t *) &lf->rows[lf->matched++];
    item->found = lf->matched;

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_LOOKUP_NCOLUMNS; i++) {
        field[i].len = columns[i].len;
        field[i].data = ngx_pstrdup(lf->pool, &columns[i]);

        if (field[i].data == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}
