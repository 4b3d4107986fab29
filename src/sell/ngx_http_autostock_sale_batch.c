
/*
 * Adds sales to a transaction and reports each result.
 */


#include "ngx_http_autostock_sale.h"
#include "ngx_http_autostock_id.h"
#include "ngx_http_autostock_transaction.h"
#include "ngx_http_autostock_quarantine.h"


/*
 * Maximum growth of a transaction's packets: by a sale; by its key; by a
 * product, whose SKU they contain in hexadecimal up to three times (column.c).
 */
#define NGX_HTTP_AUTOSTOCK_SALE_COST      16
#define NGX_HTTP_AUTOSTOCK_KEY_COST       192
#define NGX_HTTP_AUTOSTOCK_LINE_COST(sku) (640 + 6 * (sku)->len)


static ngx_int_t ngx_http_autostock_sale_batch_create(
    ngx_http_autostock_flight_t *flight);
static void ngx_http_autostock_sale_batch_destroy(
    ngx_http_autostock_flight_t *flight);
static void ngx_http_autostock_sale_batch_let_go(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_sale_batch_reset(
    ngx_http_autostock_flight_t *flight);
static ngx_uint_t ngx_http_autostock_sale_batch_is_quarantined(
    ngx_http_autostock_waiter_t *waiter);
static ngx_int_t ngx_http_autostock_sale_batch_add_aside(
    ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_product_t *product);
static ngx_int_t ngx_http_autostock_sale_batch_add(
    ngx_http_autostock_flight_t *flight, ngx_http_autostock_waiter_t *waiter);
static ngx_http_autostock_line_t *ngx_http_autostock_sale_batch_line(
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_product_t *product,
    size_t sale_cost);
static uint32_t ngx_http_autostock_sale_batch_twin(
    ngx_http_autostock_transaction_t *t, u_char *key);
static void ngx_http_autostock_sale_batch_answer(
    ngx_http_autostock_flight_t *flight, ngx_http_autostock_waiter_t *waiter);
static void ngx_http_autostock_sale_batch_answer_twin(
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_item_t *item,
    ngx_http_autostock_sale_t *sale);
static void ngx_http_autostock_sale_batch_refuse(
    ngx_http_autostock_flight_t *flight, ngx_http_autostock_waiter_t *waiter,
    ngx_http_autostock_why_e why);


ngx_http_autostock_batch_ops_t  ngx_http_autostock_sale_ops = {
    "sale",
    NGX_HTTP_AUTOSTOCK_KIND_SALE,
    sizeof(ngx_http_autostock_transaction_t),
    2,
    0,
    ngx_http_autostock_sale_batch_create,
    ngx_http_autostock_sale_batch_destroy,
    ngx_http_autostock_sale_batch_reset,
    ngx_http_autostock_sale_batch_is_quarantined,
    ngx_http_autostock_sale_batch_add,
    ngx_http_autostock_transaction_start,
    ngx_http_autostock_sale_batch_answer,
    ngx_http_autostock_sale_batch_refuse
};


static ngx_int_t
ngx_http_autostock_sale_batch_create(ngx_http_autostock_flight_t *flight)
{
    ngx_uint_t                         size;
    ngx_http_autostock_transaction_t  *t;

    t = (ngx_http_autostock_transaction_t *) flight;

    t->max = ngx_http_autostock_batch_database(flight->batch)->batch_size;

    for (size = 16; size < t->max * 2; size *= 2) { /* void */ }

    t->mask = size - 1;
    t->items = ngx_alloc(t->max * sizeof(*t->items), ngx_cycle->log);
    t->lines = ngx_alloc(t->max * sizeof(*t->lines), ngx_cycle->log);
    t->sorted = ngx_alloc(t->max * sizeof(*t->sorted), ngx_cycle->log);
    t->table = ngx_calloc(size * sizeof(uint32_t), ngx_cycle->log);

    if (t->items == NULL || t->lines == NULL || t->sorted == NULL
        || t->table == NULL)
    {
        ngx_http_autostock_sale_batch_destroy(flight);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_http_autostock_sale_batch_destroy(ngx_http_autostock_flight_t *flight)
{
    ngx_http_autostock_transaction_t  *t;

    t = (ngx_http_autostock_transaction_t *) flight;

    ngx_http_autostock_sale_batch_let_go(t);

    if (t->items) {
        ngx_free(t->items);
    }

    if (t->lines) {
        ngx_free(t->lines);
    }

    if (t->sorted) {
        ngx_free(t->sorted);
    }

    if (t->table) {
        ngx_free(t->table);
    }
}


/* the products of the previous flight */

static void
ngx_http_autostock_sale_batch_let_go(ngx_http_autostock_transaction_t *t)
{
    while (t->nlines) {
        ngx_http_autostock_catalog_release(t->lines[--t->nlines].product);
    }
}


static void
ngx_http_autostock_sale_batch_reset(ngx_http_autostock_flight_t *flight)
{
    static ngx_uint_t                  serial;
    ngx_http_autostock_transaction_t  *t;

    t = (ngx_http_autostock_transaction_t *) flight;

    if (t->nkeyed) {
        ngx_memzero(t->table, (t->mask + 1) * sizeof(uint32_t));
    }

    ngx_http_autostock_sale_batch_let_go(t);

    ngx_http_autostock_id_transaction(t->id);

    t->nitems = 0;
    t->nkeyed = 0;
    t->bytes = 0;
    t->serial = ++serial;
    t->error = 0;
    t->look = 0;
    t->absents = 0;
    t->looks = 0;
    t->state = NGX_HTTP_AUTOSTOCK_TRANSACTION_END;
    t->way = flight->aside ? NGX_HTTP_AUTOSTOCK_WAY_LOCK
                           : NGX_HTTP_AUTOSTOCK_WAY_PLAIN;
    t->commit = NGX_HTTP_AUTOSTOCK_COMMIT_NONE;
}


static ngx_uint_t
ngx_http_autostock_sale_batch_is_quarantined(
    ngx_http_autostock_waiter_t *waiter)
{
    ngx_http_autostock_sale_t  *sale;

    sale = ngx_queue_data(waiter, ngx_http_autostock_sale_t, waiter);

    return ngx_http_autostock_quarantine_has(sale->product);
}


/* Only one waiter tries a product, on behalf of the others. */

static ngx_int_t
ngx_http_autostock_sale_batch_add_aside(ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_product_t *product)
{
    if (ngx_http_autostock_quarantine_refuses(product)) {
        return NGX_ABORT;
    }

    if (product->flight == t->serial
        && ngx_http_autostock_quarantine_probes(product))
    {
        return NGX_AGAIN;
    }

    if (product->locked) {
        t->way = NGX_HTTP_AUTOSTOCK_WAY_LOCK_FREE;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_autostock_sale_batch_add(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter)
{
    ngx_int_t                          rc;
    size_t                             cost;
    ngx_http_autostock_item_t         *item;
    ngx_http_autostock_line_t         *line;
    ngx_http_autostock_sale_t         *sale;
    ngx_http_autostock_transaction_t  *t;

    t = (ngx_http_autostock_transaction_t *) flight;
    sale = ngx_queue_data(waiter, ngx_http_autostock_sale_t, waiter);
    cost = NGX_HTTP_AUTOSTOCK_SALE_COST
           + (sale->keyed ? NGX_HTTP_AUTOSTOCK_KEY_COST : 0);

    if (t->nitems == t->max
        || !ngx_http_autostock_flight_has_room(flight, t->bytes, cost))
    {
        return NGX_DECLINED;
    }

    if (flight->aside) {
        rc = ngx_http_autostock_sale_batch_add_aside(t, sale->product);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    line = ngx_http_autostock_sale_batch_line(t, sale->product, cost);
    if (line == NULL) {
        return NGX_DECLINED;
    }

    waiter->slot = t->nitems;
    item = &t->items[t->nitems++];
    t->bytes += cost;

    if (line->last) {
        t->items[line->last - 1].next = t->nitems;
    } else {
        line->first = t->nitems;
    }

    line->last = t->nitems;

    item->quantity = sale->quantity;
    item->line = line - t->lines;
    item->next = 0;
    item->twin = 0;
    item->stock = -1;
    item->state = NGX_HTTP_AUTOSTOCK_ITEM_OPEN;
    item->gone = 0;
    item->found = 0;
    item->busy = 0;
    item->keyed = sale->keyed;

    if (sale->keyed) {
        t->nkeyed++;
        ngx_memcpy(item->key, sale->key, 16);
        ngx_memcpy(item->fingerprint, sale->fingerprint, 8);
        item->twin = ngx_http_autostock_sale_batch_twin(t, item->key);
    }

    return NGX_OK;
}


static ngx_http_autostock_line_t *
ngx_http_autostock_sale_batch_line(ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_product_t *product, size_t sale_cost)
{
    size_t                      cost;
    ngx_http_autostock_line_t  *line;

    if (product->flight == t->serial) {
        return &t->lines[product->index];
    }

    cost = NGX_HTTP_AUTOSTOCK_LINE_COST(&product->sku);

    if (!ngx_http_autostock_flight_has_room(&t->flight, t->bytes,
                                            cost + sale_cost))
    {
        return NULL;
    }

    t->bytes += cost;

    product->flight = t->serial;
    product->index = t->nlines;
    product->refs++;

    line = &t->lines[t->nlines++];
    line->product = product;
    line->first = 0;
    line->last = 0;
    t->absents |= product->absent;
    line->sold = 0;
    line->seen = 0;
    line->open = 0;
    line->order = 0;

    return line;
}


/*
 * 0: the first item with this key in the batch, which is the last item so far.
 * Others are left out of the transaction; their result follows from the first
 * one's.
 */

static uint32_t
ngx_http_autostock_sale_batch_twin(ngx_http_autostock_transaction_t *t,
    u_char *key)
{
    uint32_t    hash;
    ngx_uint_t  i;

    ngx_memcpy(&hash, key, sizeof(uint32_t));

    for (i = hash & t->mask; t->table[i]; i = (i + 1) & t->mask) {
        if (ngx_memcmp(t->items[t->table[i] - 1].key, key, 16) == 0) {
            return t->table[i];
        }
    }

    t->table[i] = t->nitems;

    return 0;
}


static void
ngx_http_autostock_sale_batch_answer(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter)
{
    ngx_http_autostock_item_t         *item;
    ngx_http_autostock_sale_t         *sale;
    ngx_http_autostock_transaction_t  *t;

    t = (ngx_http_autostock_transaction_t *) flight;
    sale = ngx_queue_data(waiter, ngx_http_autostock_sale_t, waiter);
    item = &t->items[waiter->slot];

    if (item->twin) {
        ngx_http_autostock_sale_batch_answer_twin(t, item, sale);
        return;
    }

    sale->stock = item->stock;

    switch (item->state) {

    case NGX_HTTP_AUTOSTOCK_ITEM_SOLD:
        ngx_http_autostock_id_sale(sale->id, t->id, item - t->items);
        ngx_http_autostock_sale_finish(sale, NGX_HTTP_AUTOSTOCK_SALE_SOLD);
        return;

    case NGX_HTTP_AUTOSTOCK_ITEM_REFUSED:
        ngx_http_autostock_sale_finish(sale, NGX_HTTP_AUTOSTOCK_SALE_REFUSED);
        return;

    case NGX_HTTP_AUTOSTOCK_ITEM_REPLAYED:
        ngx_memcpy(sale->id, item->first, 16);
        ngx_http_autostock_sale_finish(sale,
                                       NGX_HTTP_AUTOSTOCK_SALE_REPLAYED);
        return;

    case NGX_HTTP_AUTOSTOCK_ITEM_CONFLICT:
        ngx_http_autostock_sale_finish(sale,
                                       NGX_HTTP_AUTOSTOCK_SALE_KEY_CONFLICT);
        return;

    case NGX_HTTP_AUTOSTOCK_ITEM_NO_PRODUCT:
        ngx_http_autostock_sale_finish(sale,
                                       NGX_HTTP_AUTOSTOCK_SALE_NO_PRODUCT);
        return;

    case NGX_HTTP_AUTOSTOCK_ITEM_STALE:
        ngx_http_autostock_sale_stale(sale);
        return;

    case NGX_HTTP_AUTOSTOCK_ITEM_LOCKED:
        ngx_http_autostock_waiter_set_aside(flight->batch, waiter);
        return;

    default: /* broken, or without a result */
        sale->refused = item->state == NGX_HTTP_AUTOSTOCK_ITEM_BROKEN;
        ngx_http_autostock_sale_finish(sale,
                                       NGX_HTTP_AUTOSTOCK_SALE_UNAVAILABLE);
    }
}


static void
ngx_http_autostock_sale_batch_answer_twin(ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_item_t *item, ngx_http_autostock_sale_t *sale)
{
    ngx_uint_t                  sold, same;
    ngx_http_autostock_item_t  *first;

    first = &t->items[item->twin - 1];
    sold = first->state == NGX_HTTP_AUTOSTOCK_ITEM_SOLD;
    same = ngx_memcmp(first->fingerprint, item->fingerprint, 8) == 0;

    if (sold || first->state == NGX_HTTP_AUTOSTOCK_ITEM_REPLAYED) {
        ngx_memcpy(sale->id, first->first, 16);

        if (sold) {
            ngx_http_autostock_id_sale(sale->id, t->id, first - t->items);
        }

        sale->stock = first->stock;
        ngx_http_autostock_sale_finish(sale, same
                                     ? NGX_HTTP_AUTOSTOCK_SALE_REPLAYED
                                     : NGX_HTTP_AUTOSTOCK_SALE_KEY_CONFLICT);
        return;
    }

    if (same && first->state == NGX_HTTP_AUTOSTOCK_ITEM_REFUSED
        && !first->gone)
    {
        sale->stock = first->stock;
        ngx_http_autostock_sale_finish(sale, NGX_HTTP_AUTOSTOCK_SALE_REFUSED);
        return;
    }

    if (item->state == NGX_HTTP_AUTOSTOCK_ITEM_NO_PRODUCT) {
        ngx_http_autostock_sale_finish(sale,
                                       NGX_HTTP_AUTOSTOCK_SALE_NO_PRODUCT);
        return;
    }

    if (first->state == NGX_HTTP_AUTOSTOCK_ITEM_LOCKED) {
        ngx_http_autostock_waiter_set_aside(t->flight.batch, &sale->waiter);
        return;
    }

    /* the key is still free: this sale is next */
    ngx_http_autostock_batch_resubmit(t->flight.batch, &sale->waiter);
}


static void
ngx_http_autostock_sale_batch_refuse(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter, ngx_http_autostock_why_e why)
{
    ngx_http_autostock_item_t         *item;
    ngx_http_autostock_sale_t         *sale;
    ngx_http_autostock_transaction_t  *t;

    t = (ngx_http_autostock_transaction_t *) flight;
    sale = ngx_queue_data(waiter, ngx_http_autostock_sale_t, waiter);
    sale->refused = why == NGX_HTTP_AUTOSTOCK_FAILED;

    if (t == NULL) {
        ngx_http_autostock_sale_finish(sale,
                                       NGX_HTTP_AUTOSTOCK_SALE_UNAVAILABLE);
        return;
    }

    item = &t->items[waiter->slot];

    if (item->twin) {
        item = &t->items[item->twin - 1];
    }

    if (t->commit != NGX_HTTP_AUTOSTOCK_COMMIT_NONE) {
        ngx_http_autostock_id_sale(sale->id, t->id, item - t->items);
        ngx_http_autostock_sale_finish(sale, NGX_HTTP_AUTOSTOCK_SALE_UNKNOWN);
        return;
    }

    /* the response says that nothing was sold, so nothing must be */
    t->items[waiter->slot].gone = 1;
    ngx_http_autostock_sale_finish(sale, NGX_HTTP_AUTOSTOCK_SALE_UNAVAILABLE);
}
