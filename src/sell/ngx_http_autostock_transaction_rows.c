
/*
 * Stores the rows in the results of a transaction's packets.
 */


#include "ngx_http_autostock_transaction.h"
#include "ngx_http_autostock_id.h"

#include "as_sqlerror.h"


/* number of flights that read the keys first, after a replay */
#define NGX_HTTP_AUTOSTOCK_REPLAYS_REMEMBERED  64


static ngx_int_t ngx_http_autostock_transaction_rows_busy_row(
    ngx_http_autostock_transaction_t *t, ngx_str_t *columns, ngx_uint_t n);
static ngx_http_autostock_item_t *ngx_http_autostock_transaction_rows_keyed(
    ngx_http_autostock_transaction_t *t, ngx_str_t *key);
static void ngx_http_autostock_transaction_rows_broken(
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_item_t *item);
static ngx_int_t ngx_http_autostock_transaction_rows_key_row(
    ngx_http_autostock_transaction_t *t, ngx_str_t *columns, ngx_uint_t n);
static ngx_int_t ngx_http_autostock_transaction_rows_id_row(
    ngx_http_autostock_transaction_t *t, ngx_str_t *columns, ngx_uint_t n);
static ngx_int_t ngx_http_autostock_transaction_rows_found(
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_line_t *line,
    ngx_uint_t number);
static ngx_int_t ngx_http_autostock_transaction_rows_hold_row(
    ngx_http_autostock_transaction_t *t, ngx_str_t *columns, ngx_uint_t n);
static ngx_int_t ngx_http_autostock_transaction_rows_expiry(
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_item_t *head,
    ngx_str_t *text);
static ngx_int_t ngx_http_autostock_transaction_rows_line_row(
    ngx_http_autostock_transaction_t *t, ngx_str_t *columns, ngx_uint_t n);
static ngx_http_autostock_line_t *ngx_http_autostock_transaction_rows_line(
    ngx_http_autostock_transaction_t *t, ngx_str_t *id);


ngx_int_t
ngx_http_autostock_transaction_rows_read(void *data, ngx_uint_t statement,
    ngx_str_t *columns, ngx_uint_t n)
{
    ngx_http_autostock_line_t         *line;
    ngx_http_autostock_transaction_t  *t = data;

    if (statement == t->busy_at) {
        return ngx_http_autostock_transaction_rows_busy_row(t, columns, n);
    }

    if (statement == t->there_at && n == 1) {
        line = ngx_http_autostock_transaction_rows_line(t, &columns[0]);

        if (line) {
            line->there = 1;
            return NGX_OK;
        }
    }

    if (statement == t->keys_at) {
        return ngx_http_autostock_transaction_rows_key_row(t, columns, n);
    }

    if (statement == t->ids_at) {
        return ngx_http_autostock_transaction_rows_id_row(t, columns, n);
    }

    if (statement == t->holds_at) {
        return ngx_http_autostock_transaction_rows_hold_row(t, columns, n);
    }

    if (statement == t->lines_at) {
        return ngx_http_autostock_transaction_rows_line_row(t, columns, n);
    }

    if (statement == t->orders_at && n == 1) {
        line = ngx_http_autostock_transaction_rows_line(t, &columns[0]);

        if (line) {
            line->product->open_order = 1;
            return NGX_OK;
        }
    }

    return NGX_ERROR;
}


/* idempotency_key of another transaction, which has not ended */

static ngx_int_t
ngx_http_autostock_transaction_rows_busy_row(
    ngx_http_autostock_transaction_t *t, ngx_str_t *columns, ngx_uint_t n)
{
    ngx_http_autostock_item_t  *item;

    item = n == 1 ? ngx_http_autostock_transaction_rows_keyed(t, &columns[0])
                  : NULL;
    if (item == NULL) {
        return NGX_ERROR;
    }

    item->busy = 1;

    return NGX_OK;
}


static ngx_http_autostock_item_t *
ngx_http_autostock_transaction_rows_keyed(ngx_http_autostock_transaction_t *t,
    ngx_str_t *key)
{
    ngx_uint_t                  i;
    ngx_http_autostock_item_t  *item;

    if (key->len != 16) {
        return NULL;
    }

    for (i = 0; i < t->nitems; i++) {
        item = &t->items[i];

        if (item->keyed && !item->twin
            && ngx_memcmp(item->key, key->data, 16) == 0)
        {
            return item;
        }
    }

    return NULL;
}


/*
 * idempotency_key, the sale's id, fingerprint, stock, 1 if it is fresh by the
 * server's clock; if there are holds: expires_at
 */

static ngx_int_t
ngx_http_autostock_transaction_rows_key_row(ngx_http_autostock_transaction_t *t,
    ngx_str_t *columns, ngx_uint_t n)
{
    u_char                          id[16];
    int64_t                         stock;
    ngx_http_autostock_item_t      *item;
    ngx_http_autostock_database_t  *db;

    item = n == (t->nholds ? 6 : 5)
           ? ngx_http_autostock_transaction_rows_keyed(t, &columns[0]) : NULL;

    if (item == NULL || (columns[1].len != 16 && columns[1].data)) {
        return NGX_ERROR;
    }

    item->busy = 0;

    if (columns[1].data == NULL) {
        ngx_http_autostock_transaction_rows_broken(t, item);
        return NGX_OK;
    }

    if (columns[3].data == NULL
        || ngx_http_autostock_sql_integer(&columns[3], &stock)
           != NGX_OK)
    {
        stock = -1;
    }

    db = t->flight.batch->db;
    db->replays = NGX_HTTP_AUTOSTOCK_REPLAYS_REMEMBERED;

    ngx_http_autostock_item_id(id, t, item);

    if (ngx_memcmp(id, columns[1].data, 16) == 0) {
        /* the key's row is of this sale, which was in doubt */
        return NGX_OK;
    }

    ngx_memcpy(item->first, columns[1].data, 16);
    t->fresh |= ngx_http_autostock_id_is_fresh(item->first)
                || (columns[4].len == 1 && columns[4].data[0] == '1');
    item->stock = stock;
    item->state = (columns[2].len == 8
                   && ngx_memcmp(item->fingerprint, columns[2].data, 8) == 0)
                  ? NGX_HTTP_AUTOSTOCK_ITEM_REPLAYED
                  : NGX_HTTP_AUTOSTOCK_ITEM_CONFLICT;

    if (item->hold && item->state == NGX_HTTP_AUTOSTOCK_ITEM_REPLAYED
        && ngx_http_autostock_transaction_rows_expiry(t, item, &columns[5])
           != NGX_OK)
    {
        ngx_http_autostock_transaction_rows_broken(t, item);
    }

    return NGX_OK;
}


ngx_uint_t
ngx_http_autostock_transaction_rows_has_key(ngx_http_autostock_item_t *item)
{
    return item->state == NGX_HTTP_AUTOSTOCK_ITEM_REPLAYED
           || item->state == NGX_HTTP_AUTOSTOCK_ITEM_CONFLICT
           || item->state == NGX_HTTP_AUTOSTOCK_ITEM_BROKEN;
}


/* the key was used, but the movement of its sale does not exist */

static void
ngx_http_autostock_transaction_rows_broken(ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_item_t *item)
{
    ngx_http_autostock_batch_t  *batch;

    batch = t->flight.batch;

    if (!ngx_http_autostock_refusals_has(&batch->refusals, item->key)) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "autostock: database \"%V\": a sale is refused: its "
                      "Idempotency-Key has a row in stock_movement_key (error "
                      "%d) whose movement is not in stock_movement; delete "
                      "such rows", &batch->db->name, AS_ER_DUP_ENTRY);
    }

    ngx_http_autostock_refusals_add(&batch->refusals, item->key);
    item->state = NGX_HTTP_AUTOSTOCK_ITEM_BROKEN;
}


/* product_id, sales, sale_list of a row of this transaction: it is committed */

static ngx_int_t
ngx_http_autostock_transaction_rows_id_row(ngx_http_autostock_transaction_t *t,
    ngx_str_t *columns, ngx_uint_t n)
{
    u_char                     *p, *last;
    int64_t                     sales;
    ngx_uint_t                  i;
    ngx_http_autostock_line_t  *line;

    line = n == 3 ? ngx_http_autostock_transaction_rows_line(t, &columns[0])
           : NULL;

    if (line == NULL
        || ngx_http_autostock_sql_integer(&columns[1], &sales)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    t->commit = NGX_HTTP_AUTOSTOCK_COMMIT_FOUND;

    if (columns[2].data == NULL) {
        for (i = 0; i < (ngx_uint_t) sales; i++) {
            if (ngx_http_autostock_transaction_rows_found(t, line, i)
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }

        return NGX_OK;
    }

    p = columns[2].data;
    last = p + columns[2].len;

    if (columns[2].len
        != (size_t) sales * NGX_HTTP_AUTOSTOCK_LIST_ENTRY)
    {
        return NGX_ERROR;
    }

    for ( /* void */ ; p < last; p += NGX_HTTP_AUTOSTOCK_LIST_ENTRY) {
        if (ngx_http_autostock_transaction_rows_found(t, line, p[0] << 8 | p[1])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_autostock_transaction_rows_found(ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_line_t *line, ngx_uint_t number)
{
    ngx_http_autostock_item_t     *head, *item;
    ngx_http_autostock_product_t  *product;

    if (number >= t->nitems) {
        return NGX_ERROR;
    }

    head = &t->items[number];

    for (item = head; item < ngx_http_autostock_item_next(head); item++) {
        product = t->lines[item->line].product;

        /* compares ids: a product whose SKU has changed may have two lines */
        if (ngx_memcmp(product->id, line->product->id, 16) == 0) {
            head->found = 1;
            return NGX_OK;
        }
    }

    return NGX_ERROR;
}


/* hold_id, expires_at */

static ngx_int_t
ngx_http_autostock_transaction_rows_hold_row(
    ngx_http_autostock_transaction_t *t, ngx_str_t *columns, ngx_uint_t n)
{
    u_char                     *id;
    ngx_uint_t                  number;
    ngx_http_autostock_item_t  *head;

    id = columns[0].data;

    if (n != 2 || columns[0].len != 16 || ngx_memcmp(id, t->id, 14) != 0) {
        return NGX_ERROR;
    }

    number = (id[14] << 8 | id[15]) - AS_MOVEMENT_HOLD;

    if (number >= t->nitems) {
        return NGX_ERROR;
    }

    head = &t->items[number];

    if (head->number != number || head->hold == 0) {
        return NGX_ERROR;
    }

    return ngx_http_autostock_transaction_rows_expiry(t, head, &columns[1]);
}


/* "2026-11-28 18:00:00.123456", UTC */

static ngx_int_t
ngx_http_autostock_transaction_rows_expiry(ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_item_t *head, ngx_str_t *text)
{
    u_char  *expires;

    if (text->len < NGX_HTTP_AUTOSTOCK_TIME_LEN - 1) {
        return NGX_ERROR;
    }

    expires = t->expires[head->number];

    ngx_memcpy(expires, text->data, NGX_HTTP_AUTOSTOCK_TIME_LEN - 1);
    expires[sizeof("2026-11-28") - 1] = 'T';
    expires[NGX_HTTP_AUTOSTOCK_TIME_LEN - 1] = 'Z';

    return NGX_OK;
}


/*
 * product_id, sku, stock, held, reorder_point, reorder_quantity, open order;
 * after a plain packet: product_id, stock
 */

static ngx_int_t
ngx_http_autostock_transaction_rows_line_row(
    ngx_http_autostock_transaction_t *t, ngx_str_t *columns, ngx_uint_t n)
{
    ngx_http_autostock_line_t     *line;
    ngx_http_autostock_product_t  *product;

    line = ngx_http_autostock_transaction_rows_line(t, &columns[0]);
    if (line == NULL) {
        return NGX_ERROR;
    }

    product = line->product;

    if (n == 2) {
        if (ngx_http_autostock_sql_integer(&columns[1], &line->stock)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        product->stock = line->stock;
        return NGX_OK;
    }

    if (n != 7
        || ngx_http_autostock_sql_integer(&columns[2], &line->stock) != NGX_OK
        || ngx_http_autostock_sql_integer(&columns[4], &line->reorder_point)
           != NGX_OK
        || ngx_http_autostock_sql_integer(&columns[5], &line->reorder_quantity)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    line->held = 0;
    product->counts_held = columns[3].data != NULL;

    if (product->counts_held
        && ngx_http_autostock_sql_integer(&columns[3], &line->held) != NGX_OK)
    {
        return NGX_ERROR;
    }

    line->had = 1;

    /* with another SKU it is not the product that the client requested */
    line->seen = columns[1].len == product->sku.len
                 && ngx_memcmp(columns[1].data, product->sku.data,
                               product->sku.len) == 0;

    product->stock = line->stock;
    product->held = line->held;
    product->reorder_point = line->reorder_point;
    product->open_order = columns[6].len == 1 && columns[6].data[0] == '1';

    return NGX_OK;
}


/* the line with this id in t->sorted, from which the packet was written */

static ngx_http_autostock_line_t *
ngx_http_autostock_transaction_rows_line(ngx_http_autostock_transaction_t *t,
    ngx_str_t *id)
{
    ngx_int_t   rc;
    ngx_uint_t  low, high, middle;

    if (id->len != 16) {
        return NULL;
    }

    low = 0;
    high = t->sorted_n;

    while (low < high) {
        middle = (low + high) / 2;
        rc = ngx_memcmp(id->data, t->sorted[middle]->product->id, 16);

        if (rc == 0) {
            return t->sorted[middle];
        }

        if (rc < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }

    return NULL;
}
