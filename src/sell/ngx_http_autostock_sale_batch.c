
/*
 * Adds sales to a transaction.
 */


#include "ngx_http_autostock_sale.h"
#include "ngx_http_autostock_id.h"
#include "ngx_http_autostock_repeat.h"
#include "ngx_http_autostock_status.h"
#include "ngx_http_autostock_transaction.h"
#include "ngx_http_autostock_quarantine.h"


/*
 * Maximum growth of a packet of the transaction, bytes: by a sale; by its key;
 * by a hold, and by each of its products; by a product, whose SKU the packet
 * contains in hexadecimal up to three times (column.c).
 */
#define NGX_HTTP_AUTOSTOCK_SALE_COST      16
#define NGX_HTTP_AUTOSTOCK_KEY_COST       192
#define NGX_HTTP_AUTOSTOCK_HOLD_COST      128
#define NGX_HTTP_AUTOSTOCK_HELD_COST      384
#define NGX_HTTP_AUTOSTOCK_LINE_COST(sku) (704 + 6 * (sku)->len)


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
static ngx_uint_t ngx_http_autostock_sale_batch_has_quarantined(
    ngx_http_autostock_sale_t *sale);
static ngx_uint_t ngx_http_autostock_sale_batch_is_suspect(
    ngx_http_autostock_sale_t *sale);
static void ngx_http_autostock_sale_batch_list(
    ngx_http_autostock_sale_t *sale, ngx_http_autostock_suspects_list_t *list);
static ngx_int_t ngx_http_autostock_sale_batch_add(
    ngx_http_autostock_flight_t *flight, ngx_http_autostock_waiter_t *waiter);
static ngx_int_t ngx_http_autostock_sale_batch_add_aside(
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_sale_t *sale);
static size_t ngx_http_autostock_sale_batch_cost(
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_sale_t *sale);
static ngx_uint_t ngx_http_autostock_sale_batch_fits(
    ngx_http_autostock_flight_t *flight, size_t cost);
static void ngx_http_autostock_sale_batch_add_item(
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_sale_line_t *part,
    ngx_uint_t number, ngx_uint_t hold);
static ngx_http_autostock_line_t *ngx_http_autostock_sale_batch_line(
    ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_product_t *product);
static uint32_t ngx_http_autostock_sale_batch_twin(
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_item_t *head);


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
    ngx_http_autostock_sale_answer,
    ngx_http_autostock_sale_answer_refuse
};


static ngx_int_t
ngx_http_autostock_sale_batch_create(ngx_http_autostock_flight_t *flight)
{
    ngx_uint_t                         n, size;
    ngx_http_autostock_transaction_t  *t;

    t = (ngx_http_autostock_transaction_t *) flight;

    t->max = flight->batch->db->batch_size;

    for (size = 16; size < t->max * 2; size *= 2) { /* void */ }

    t->mask = size - 1;
    /* the last sale may be a cart */
    n = t->max + NGX_HTTP_AUTOSTOCK_LINES_MAX;

    t->items = ngx_alloc(n * sizeof(*t->items), ngx_cycle->log);
    t->lines = ngx_alloc(n * sizeof(*t->lines), ngx_cycle->log);
    t->sorted = ngx_alloc(n * sizeof(*t->sorted), ngx_cycle->log);
    t->expires = ngx_alloc(n * sizeof(*t->expires), ngx_cycle->log);
    t->traces = ngx_alloc(n * sizeof(*t->traces), ngx_cycle->log);
    t->table = ngx_calloc(size * sizeof(uint32_t), ngx_cycle->log);

    if (t->items == NULL || t->lines == NULL || t->sorted == NULL
        || t->expires == NULL || t->traces == NULL || t->table == NULL)
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

    if (t->expires) {
        ngx_free(t->expires);
    }

    if (t->traces) {
        ngx_free(t->traces);
    }

    if (t->table) {
        ngx_free(t->table);
    }
}


/* releases the products of the previous use of the flight */

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
    t->nsales = 0;
    t->nkeyed = 0;
    t->nholds = 0;
    t->bytes = 0;
    t->serial = ++serial;
    t->error = 0;
    t->look = 0;
    t->uncalled = 0;
    t->absents = 0;
    t->carts = 0;
    t->traced = 0;
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

    if (!ngx_http_autostock_quarantine_is_empty()
        && ngx_http_autostock_sale_batch_has_quarantined(sale))
    {
        return 1;
    }

    return sale->nlines > 1 && ngx_http_autostock_sale_batch_is_suspect(sale);
}


static ngx_uint_t
ngx_http_autostock_sale_batch_has_quarantined(ngx_http_autostock_sale_t *sale)
{
    ngx_uint_t  i;

    for (i = 0; i < sale->nlines; i++) {
        if (ngx_http_autostock_quarantine_has(sale->lines[i].product)) {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_http_autostock_sale_batch_is_suspect(ngx_http_autostock_sale_t *sale)
{
    ngx_http_autostock_suspects_t       *suspects;
    ngx_http_autostock_suspects_list_t   list;

    suspects = sale->db->sales->suspects;

    if (suspects->n == 0) {
        return 0;
    }

    ngx_http_autostock_sale_batch_list(sale, &list);

    return ngx_http_autostock_suspects_has(suspects, &list);
}


static void
ngx_http_autostock_sale_batch_list(ngx_http_autostock_sale_t *sale,
    ngx_http_autostock_suspects_list_t *list)
{
    ngx_uint_t                     i;
    ngx_http_autostock_product_t  *product;

    list->n = 0;

    for (i = 0; i < sale->nlines; i++) {
        product = sale->lines[i].product;
        ngx_http_autostock_suspects_list_add(list, product->id);
    }
}


static ngx_int_t
ngx_http_autostock_sale_batch_add(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter)
{
    ngx_int_t                          rc;
    size_t                             cost;
    ngx_uint_t                         i;
    ngx_http_autostock_item_t         *head;
    ngx_http_autostock_sale_t         *sale;
    ngx_http_autostock_transaction_t  *t;

    t = (ngx_http_autostock_transaction_t *) flight;
    sale = ngx_queue_data(waiter, ngx_http_autostock_sale_t, waiter);

    if (t->nitems >= t->max) {
        return NGX_DECLINED;
    }

    if (flight->aside) {
        rc = ngx_http_autostock_sale_batch_add_aside(t, sale);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    cost = ngx_http_autostock_sale_batch_cost(t, sale);

    if (!ngx_http_autostock_flight_has_room(flight, t->bytes, cost)) {
        return NGX_DECLINED;
    }

    if (sale->nlines > 1 && t->bytes == 0
        && !ngx_http_autostock_sale_batch_fits(flight, cost))
    {
        return NGX_ABORT;
    }

    t->bytes += cost;
    waiter->slot = t->nitems;
    head = &t->items[t->nitems];

    for (i = 0; i < sale->nlines; i++) {
        ngx_http_autostock_sale_batch_add_item(t, &sale->lines[i],
                                               waiter->slot, sale->hold);
    }

    head->parts = sale->nlines;
    head->hold = sale->hold;
    head->twin = 0;
    head->state = NGX_HTTP_AUTOSTOCK_ITEM_OPEN;
    head->gone = 0;
    head->found = 0;
    head->busy = 0;
    head->keyed = sale->keyed;
    head->traced = sale->trace != NULL;

    t->nsales++;
    t->carts |= sale->nlines > 1;

    if (sale->trace) {
        t->traced = 1;
        t->traces[head->number] = *sale->trace;
    }

    if (sale->hold) {
        t->nholds++;
        t->expires[head->number][0] = '\0';
    }

    if (sale->keyed) {
        t->nkeyed++;
        ngx_memcpy(head->key, sale->key, 16);
        ngx_memcpy(head->fingerprint, sale->fingerprint, 8);
        head->twin = ngx_http_autostock_sale_batch_twin(t, head);
    }

    return NGX_OK;
}


/* a flight aside takes only one waiter of a product, to try the product */

static ngx_int_t
ngx_http_autostock_sale_batch_add_aside(ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_sale_t *sale)
{
    ngx_uint_t                           i;
    ngx_http_autostock_product_t        *product;
    ngx_http_autostock_suspects_list_t   list;

    if (sale->nlines > 1 && t->flight.batch->suspects->n) {
        ngx_http_autostock_sale_batch_list(sale, &list);

        if (ngx_http_autostock_suspects_refuses(t->flight.batch->suspects,
                                                &list))
        {
            return NGX_ABORT;
        }
    }

    for (i = 0; i < sale->nlines; i++) {
        product = sale->lines[i].product;

        if (ngx_http_autostock_quarantine_refuses(product)) {
            return NGX_ABORT;
        }

        if (ngx_http_autostock_quarantine_probes(product)
            && product->flight == t->serial)
        {
            return NGX_AGAIN;
        }
    }

    for (i = 0; i < sale->nlines; i++) {
        product = sale->lines[i].product;

        if (product->locked) {
            t->way = NGX_HTTP_AUTOSTOCK_WAY_LOCK_FREE;
        }
    }

    return NGX_OK;
}


static size_t
ngx_http_autostock_sale_batch_cost(ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_sale_t *sale)
{
    size_t                         cost;
    ngx_uint_t                     i;
    ngx_http_autostock_product_t  *product;

    cost = sale->keyed ? NGX_HTTP_AUTOSTOCK_KEY_COST : 0;

    for (i = 0; i < sale->nlines; i++) {
        product = sale->lines[i].product;
        cost += NGX_HTTP_AUTOSTOCK_SALE_COST;

        if (product->flight != t->serial) {
            cost += NGX_HTTP_AUTOSTOCK_LINE_COST(&product->sku);
        }
    }

    if (sale->hold) {
        cost += NGX_HTTP_AUTOSTOCK_HOLD_COST
                + sale->nlines * NGX_HTTP_AUTOSTOCK_HELD_COST;
    }

    return cost;
}


/* a packet above max_allowed_packet would end the connection */

static ngx_uint_t
ngx_http_autostock_sale_batch_fits(ngx_http_autostock_flight_t *flight,
    size_t cost)
{
    const char                     *note;
    ngx_http_autostock_database_t  *db;

    if (ngx_http_autostock_flight_has_room(flight, 1, cost)) {
        return 1;
    }

    db = flight->batch->db;
    note = ngx_http_autostock_repeat(
                               &db->repeats[NGX_HTTP_AUTOSTOCK_REPEAT_SALE]);

    if (note) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "autostock: database \"%V\": a cart is refused: its SQL "
                      "may have %uz bytes, and max_allowed_packet is %uz%s",
                      &db->name, cost, flight->conn->packet, note);
    }

    return 0;
}


static void
ngx_http_autostock_sale_batch_add_item(ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_sale_line_t *part, ngx_uint_t number, ngx_uint_t hold)
{
    ngx_http_autostock_item_t   *item;
    ngx_http_autostock_line_t   *line;
    ngx_http_autostock_chain_t  *chain;

    line = ngx_http_autostock_sale_batch_line(t, part->product);
    chain = hold ? &line->holds : &line->sales;

    item = &t->items[t->nitems++];

    if (chain->last) {
        t->items[chain->last - 1].next = t->nitems;
    } else {
        chain->first = t->nitems;
    }

    chain->last = t->nitems;

    item->quantity = part->quantity;
    item->line = part->product->index;
    item->next = 0;
    item->number = number;
    item->stock = -1;
    item->keyed = 0;
    item->lacking = 0;
}


static ngx_http_autostock_line_t *
ngx_http_autostock_sale_batch_line(ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_product_t *product)
{
    ngx_http_autostock_line_t  *line;

    if (product->flight == t->serial) {
        return &t->lines[product->index];
    }

    product->flight = t->serial;
    product->index = t->nlines;
    product->refs++;

    line = &t->lines[t->nlines++];
    line->product = product;
    line->sales.first = 0;
    line->sales.last = 0;
    line->holds.first = 0;
    line->holds.last = 0;
    t->absents |= product->absent;
    line->sold = 0;
    line->holding = 0;
    line->seen = 0;
    line->open = 0;
    line->order = 0;

    return line;
}


/*
 * The number of the earlier item with the same key, from 1; 0: this is the
 * first one.  Twins are not part of the transaction: their results follow from
 * that of the first.
 */

static uint32_t
ngx_http_autostock_sale_batch_twin(ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_item_t *head)
{
    uint32_t    hash;
    ngx_uint_t  i;

    ngx_memcpy(&hash, head->key, sizeof(uint32_t));

    for (i = hash & t->mask; t->table[i]; i = (i + 1) & t->mask) {
        if (ngx_memcmp(t->items[t->table[i] - 1].key, head->key, 16) == 0) {
            return t->table[i];
        }
    }

    t->table[i] = head - t->items + 1;

    return 0;
}
