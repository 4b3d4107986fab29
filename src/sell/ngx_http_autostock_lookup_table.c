
#include "ngx_http_autostock_lookup_flight.h"
#include "ngx_http_autostock_repeat.h"


/* maximum SQL of a SKU, bytes; it contains the SKU up to 3 times (column.c) */
#define NGX_HTTP_AUTOSTOCK_LOOKUP_TABLE_COST(sku)  (512 + 6 * (sku)->len)


static ngx_int_t ngx_http_autostock_lookup_table_too_large(
    ngx_http_autostock_lookup_flight_t *lf, size_t cost);
static ngx_int_t ngx_http_autostock_lookup_table_add_item(
    ngx_http_autostock_lookup_flight_t *lf,
    ngx_http_autostock_lookup_sku_t *sku);
static ngx_uint_t *ngx_http_autostock_lookup_table_place(
    ngx_http_autostock_lookup_flight_t *lf, ngx_str_t *sku, uint32_t hash);


ngx_int_t
ngx_http_autostock_lookup_table_create(ngx_http_autostock_flight_t *flight)
{
    ngx_uint_t                           size;
    ngx_http_autostock_lookup_flight_t  *lf;

    lf = (ngx_http_autostock_lookup_flight_t *) flight;

    lf->max = ngx_max(NGX_HTTP_AUTOSTOCK_LOOKUP_MAX,
                      flight->batch->db->batch_size);

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
    ngx_http_autostock_lookup_sku_t *skus, ngx_uint_t n)
{
    size_t       cost;
    ngx_uint_t   i, more, *place;

    more = 0;
    cost = 0;

    for (i = 0; i < n; i++) {
        skus[i].hash = ngx_crc32_short(skus[i].sku.data, skus[i].sku.len);
        place = ngx_http_autostock_lookup_table_place(lf, &skus[i].sku,
                                                      skus[i].hash);

        if (*place) {
            skus[i].item = *place - 1;
            continue;
        }

        skus[i].item = lf->max;
        cost += NGX_HTTP_AUTOSTOCK_LOOKUP_TABLE_COST(&skus[i].sku);
        more++;
    }

    if (more == 0) {
        return NGX_OK;
    }

    if (!ngx_http_autostock_flight_has_room(&lf->flight, 1, cost)) {
        return ngx_http_autostock_lookup_table_too_large(lf, cost);
    }

    if (lf->nitems + more > lf->max || lf->pool == NULL
        || !ngx_http_autostock_flight_has_room(&lf->flight, lf->bytes, cost))
    {
        return NGX_DECLINED;
    }

    for (i = 0; i < n; i++) {
        if (skus[i].item == lf->max
            && ngx_http_autostock_lookup_table_add_item(lf, &skus[i])
               != NGX_OK)
        {
            return NGX_DECLINED;
        }
    }

    lf->bytes += cost;

    return NGX_OK;
}


static ngx_int_t
ngx_http_autostock_lookup_table_too_large(
    ngx_http_autostock_lookup_flight_t *lf, size_t cost)
{
    const char                     *note;
    ngx_http_autostock_database_t  *db;

    if (lf->nitems) {
        /* decided again by the next flight, while that is empty */
        return NGX_DECLINED;
    }

    db = lf->flight.batch->db;

    note = ngx_http_autostock_repeat(
                             &db->repeats[NGX_HTTP_AUTOSTOCK_REPEAT_LOOKUP]);

    if (note) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "autostock: database \"%V\": a look-up is refused: its "
                      "SQL may have %uz bytes, and max_allowed_packet is %uz%s",
                      &db->name, cost, lf->flight.conn->packet, note);
    }

    return NGX_ABORT;
}


static ngx_int_t
ngx_http_autostock_lookup_table_add_item(
    ngx_http_autostock_lookup_flight_t *lf,
    ngx_http_autostock_lookup_sku_t *sku)
{
    ngx_uint_t                        *place;
    ngx_http_autostock_lookup_item_t  *item;

    place = ngx_http_autostock_lookup_table_place(lf, &sku->sku, sku->hash);

    if (*place == 0) {
        item = &lf->items[lf->nitems];
        item->hash = sku->hash;
        item->sku.len = sku->sku.len;
        item->sku.data = ngx_pstrdup(lf->pool, &sku->sku);

        if (item->sku.data == NULL) {
            return NGX_ERROR;
        }

        *place = ++lf->nitems;
    }

    sku->item = *place - 1;

    return NGX_OK;
}


/* the slot that has the number of the SKU's item, or the free slot for it */

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

    /* the members of a row are in the order of the columns */

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


ngx_http_autostock_product_row_t *
ngx_http_autostock_lookup_table_row(ngx_http_autostock_lookup_flight_t *lf,
    ngx_uint_t number)
{
    ngx_uint_t  found;

    found = lf->items[number].found;

    return found ? &lf->rows[found - 1] : NULL;
}
