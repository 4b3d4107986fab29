
#include "ngx_http_autostock_transaction.h"
#include "ngx_http_autostock_id.h"
#include "ngx_http_autostock_status.h"


/* flights that look for keys before they sell, after a replay was seen */
#define NGX_HTTP_AUTOSTOCK_REPLAYS_REMEMBERED  64


static void ngx_http_autostock_transaction_anew(void *data, ngx_int_t rc);
static void ngx_http_autostock_transaction_begin(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_transaction_choose(
    ngx_http_autostock_transaction_t *t, ngx_uint_t peeked);
static ngx_uint_t ngx_http_autostock_transaction_demand(
    ngx_http_autostock_transaction_t *t, ngx_uint_t *plain,
    ngx_uint_t *hopeless);
static void ngx_http_autostock_transaction_plain(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_transaction_plain_done(void *data,
    ngx_int_t rc);
static void ngx_http_autostock_transaction_tell_stock(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_transaction_peek(
    ngx_http_autostock_transaction_t *t, ngx_uint_t lines);
static ngx_int_t ngx_http_autostock_transaction_row(void *data,
    ngx_uint_t statement, ngx_str_t *columns, ngx_uint_t n);
static ngx_int_t ngx_http_autostock_transaction_key_row(
    ngx_http_autostock_transaction_t *t, ngx_str_t *columns, ngx_uint_t n);
static ngx_int_t ngx_http_autostock_transaction_id_row(
    ngx_http_autostock_transaction_t *t, ngx_str_t *columns, ngx_uint_t n);
static ngx_int_t ngx_http_autostock_transaction_line_row(
    ngx_http_autostock_transaction_t *t, ngx_str_t *columns, ngx_uint_t n);
static ngx_http_autostock_line_t *ngx_http_autostock_transaction_line(
    ngx_http_autostock_transaction_t *t, ngx_str_t *id);
static ngx_int_t ngx_http_autostock_transaction_integer(ngx_str_t *column,
    int64_t *value);
static void ngx_http_autostock_transaction_peek_done(void *data,
    ngx_int_t rc);
static void ngx_http_autostock_transaction_settle(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_transaction_lock(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_transaction_lock_done(void *data,
    ngx_int_t rc);
static ngx_uint_t ngx_http_autostock_transaction_allot(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_transaction_write_done(void *data,
    ngx_int_t rc);
static void ngx_http_autostock_transaction_committed(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_transaction_trouble(
    ngx_http_autostock_transaction_t *t, ngx_int_t rc);
static ngx_uint_t ngx_http_autostock_transaction_passing(ngx_uint_t error);
static void ngx_http_autostock_transaction_refused(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_transaction_rollback(
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_done_pt done);
static void ngx_http_autostock_transaction_rolled_back(void *data,
    ngx_int_t rc);
static void ngx_http_autostock_transaction_given_up(void *data,
    ngx_int_t rc);
static void ngx_http_autostock_transaction_land(void *data, ngx_int_t rc);


void
ngx_http_autostock_transaction_depart(ngx_http_autostock_flight_t *flight)
{
    ngx_http_autostock_transaction_t  *t;

    t = (ngx_http_autostock_transaction_t *) flight;

    if (!flight->conn->durable
        && ngx_http_autostock_batch_database(flight->batch)->durability
           == NGX_HTTP_AUTOSTOCK_DURABILITY_REQUIRE)
    {
        ngx_http_autostock_flight_fail(flight, NGX_HTTP_AUTOSTOCK_FAILED);
        return;
    }

    ngx_http_autostock_transaction_begin(t);
}


static void
ngx_http_autostock_transaction_anew(void *data, ngx_int_t rc)
{
    ngx_http_autostock_transaction_t *t = data;

    if (rc == NGX_ERROR) {
        ngx_http_autostock_transaction_trouble(t, rc);
        return;
    }

    ngx_http_autostock_transaction_begin(t);
}


static void
ngx_http_autostock_transaction_begin(ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t                      i;
    ngx_http_autostock_database_t  *db;

    db = ngx_http_autostock_batch_database(t->flight.batch);

    t->dirty = 0;
    t->settled = 0;

    for (i = 0; i < t->nitems; i++) {
        t->items[i].found = 0;

        if (!t->doubt) {
            t->items[i].state = NGX_HTTP_AUTOSTOCK_ITEM_OPEN;
        }
    }

    for (i = 0; i < t->nlines; i++) {
        t->lines[i].seen = 0;
        t->lines[i].order = 0;
    }

    if (t->nkeyed && db->replays) {
        db->replays--;
        t->look = 1;
    }

    if (t->doubt || t->look) {
        ngx_http_autostock_transaction_peek(t, t->doubt);
        return;
    }

    ngx_http_autostock_transaction_choose(t, 0);
}


/* The cheapest way that can be right, as far as is known now. */

static void
ngx_http_autostock_transaction_choose(ngx_http_autostock_transaction_t *t,
    ngx_uint_t peeked)
{
    ngx_uint_t  plain, hopeless, any;

    any = ngx_http_autostock_transaction_demand(t, &plain, &hopeless);

    if (t->doubt) {
        ngx_http_autostock_transaction_lock(t);
        return;
    }

    if (!any) {
        ngx_http_autostock_flight_land(&t->flight);
        return;
    }

    if (hopeless && !peeked) {
        ngx_http_autostock_transaction_peek(t, 1);
        return;
    }

    if (plain && !t->careful) {
        ngx_http_autostock_transaction_plain(t);
        return;
    }

    ngx_http_autostock_transaction_lock(t);
}


/*
 * Adds up what is asked of each product.  plain: each has plenty; hopeless:
 * one seems to have too little for somebody.  0: nothing is asked and no
 * order is due.
 */

static ngx_uint_t
ngx_http_autostock_transaction_demand(ngx_http_autostock_transaction_t *t,
    ngx_uint_t *plain, ngx_uint_t *hopeless)
{
    ngx_uint_t                     i, any;
    ngx_http_autostock_item_t     *item;
    ngx_http_autostock_line_t     *line;
    ngx_http_autostock_product_t  *product;

    for (i = 0; i < t->nlines; i++) {
        t->lines[i].sold = 0;
    }

    any = 0;
    *plain = 1;
    *hopeless = 0;

    for (i = 0; i < t->nitems; i++) {
        item = &t->items[i];

        if (item->state != NGX_HTTP_AUTOSTOCK_ITEM_OPEN || item->gone
            || item->twin)
        {
            continue;
        }

        any = 1;
        line = &t->lines[item->line];
        line->sold += item->quantity;

        if (item->quantity > line->product->stock) {
            *hopeless = 1;
        }
    }

    for (i = 0; i < t->nlines; i++) {
        line = &t->lines[i];
        product = line->product;
        line->open = 0;

        /* whoever finds it at its reorder point sees to the order */
        if (line->seen && product->stock <= product->reorder_point
            && !product->open_order)
        {
            any = 1;
            *plain = 0;
            continue;
        }

        if (line->sold == 0
            || product->stock - line->sold > product->reorder_point)
        {
            continue;
        }

        line->open = product->open_order && product->stock >= line->sold;

        if (!line->open) {
            *plain = 0;
        }
    }

    return any;
}


static void
ngx_http_autostock_transaction_plain(ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t                  i;
    ngx_http_autostock_item_t  *item;

    for (i = 0; i < t->nitems; i++) {
        item = &t->items[i];

        if (item->state == NGX_HTTP_AUTOSTOCK_ITEM_OPEN && !item->gone
            && !item->twin)
        {
            item->state = NGX_HTTP_AUTOSTOCK_ITEM_SOLD;
        }
    }

    ngx_http_autostock_packet_plain(t);

    t->sent = 1;
    ngx_http_autostock_flight_query(&t->flight,
                                    ngx_http_autostock_transaction_row,
                                    ngx_http_autostock_transaction_plain_done);
}


static void
ngx_http_autostock_transaction_plain_done(void *data, ngx_int_t rc)
{
    ngx_http_autostock_line_t         *line;
    ngx_http_autostock_transaction_t  *t = data;

    if (rc != NGX_OK) {
        ngx_http_autostock_transaction_trouble(t, rc);
        return;
    }

    if (t->sorted_n == 1) {
        line = t->sorted[0];
        line->stock = (int64_t) t->flight.query.insert_id;
        line->product->stock = line->stock;
    }

    ngx_http_autostock_transaction_tell_stock(t);
    ngx_http_autostock_transaction_committed(t);
}


/* From what was left after the last buyer back to the first. */

static void
ngx_http_autostock_transaction_tell_stock(ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t                  i;
    ngx_http_autostock_item_t  *item;
    ngx_http_autostock_line_t  *line;

    for (i = t->nitems; i-- > 0; /* void */) {
        item = &t->items[i];

        if (item->state == NGX_HTTP_AUTOSTOCK_ITEM_SOLD) {
            line = &t->lines[item->line];
            item->stock = line->stock;
            line->stock += item->quantity;
        }
    }
}


static void
ngx_http_autostock_transaction_peek(ngx_http_autostock_transaction_t *t,
    ngx_uint_t lines)
{
    ngx_http_autostock_packet_peek(t, t->nkeyed > 0, t->doubt, lines);

    ngx_http_autostock_flight_query(&t->flight,
                                    ngx_http_autostock_transaction_row,
                                    ngx_http_autostock_transaction_peek_done);
}


static ngx_int_t
ngx_http_autostock_transaction_row(void *data, ngx_uint_t statement,
    ngx_str_t *columns, ngx_uint_t n)
{
    ngx_http_autostock_line_t         *line;
    ngx_http_autostock_transaction_t  *t = data;

    if (statement == t->keys_at) {
        return ngx_http_autostock_transaction_key_row(t, columns, n);
    }

    if (statement == t->ids_at) {
        return ngx_http_autostock_transaction_id_row(t, columns, n);
    }

    if (statement == t->lines_at) {
        return ngx_http_autostock_transaction_line_row(t, columns, n);
    }

    if (statement == t->guard_at && n == 1) {
        return NGX_OK;
    }

    if (statement == t->orders_at && n == 1) {
        line = ngx_http_autostock_transaction_line(t, &columns[0]);

        if (line) {
            line->product->open_order = 1;
            return NGX_OK;
        }
    }

    return NGX_ERROR;
}


/* idempotency_key, movement_id, fingerprint, stock */

static ngx_int_t
ngx_http_autostock_transaction_key_row(ngx_http_autostock_transaction_t *t,
    ngx_str_t *columns, ngx_uint_t n)
{
    int64_t                         stock;
    ngx_uint_t                      i;
    ngx_http_autostock_item_t      *item;
    ngx_http_autostock_database_t  *db;

    if (n != 4 || columns[0].len != 16 || columns[1].len != 16) {
        return NGX_ERROR;
    }

    if (columns[3].data == NULL
        || ngx_http_autostock_transaction_integer(&columns[3], &stock)
           != NGX_OK)
    {
        stock = -1;
    }

    db = ngx_http_autostock_batch_database(t->flight.batch);
    db->replays = NGX_HTTP_AUTOSTOCK_REPLAYS_REMEMBERED;

    for (i = 0; i < t->nitems; i++) {
        item = &t->items[i];

        if (!item->keyed || item->twin
            || ngx_memcmp(item->key, columns[0].data, 16) != 0)
        {
            continue;
        }

        if (ngx_memcmp(item->id, columns[1].data, 16) == 0) {
            /* this very sale, which was in doubt */
            return NGX_OK;
        }

        ngx_memcpy(item->first, columns[1].data, 16);
        item->stock = stock;
        item->state = (columns[2].len == 8
                       && ngx_memcmp(item->fingerprint, columns[2].data, 8)
                          == 0)
                      ? NGX_HTTP_AUTOSTOCK_ITEM_REPLAYED
                      : NGX_HTTP_AUTOSTOCK_ITEM_CONFLICT;
        return NGX_OK;
    }

    return NGX_ERROR;
}


/* movement_id, quantity */

static ngx_int_t
ngx_http_autostock_transaction_id_row(ngx_http_autostock_transaction_t *t,
    ngx_str_t *columns, ngx_uint_t n)
{
    int64_t                     quantity;
    ngx_uint_t                  i;

    if (n != 2 || columns[0].len != 16
        || ngx_http_autostock_transaction_integer(&columns[1], &quantity)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < t->nitems; i++) {
        if (ngx_memcmp(t->items[i].id, columns[0].data, 16) == 0) {
            t->settled = 1;
            t->items[i].found = quantity != 0;
            return NGX_OK;
        }
    }

    return NGX_ERROR;
}


/* product_id, sku, stock, reorder_point, reorder_quantity, open order;
 * or, of a plain packet: product_id, stock, 1 */

static ngx_int_t
ngx_http_autostock_transaction_line_row(ngx_http_autostock_transaction_t *t,
    ngx_str_t *columns, ngx_uint_t n)
{
    ngx_http_autostock_line_t     *line;
    ngx_http_autostock_product_t  *product;

    line = ngx_http_autostock_transaction_line(t, &columns[0]);
    if (line == NULL) {
        return NGX_ERROR;
    }

    product = line->product;

    if (n == 2) {
        if (ngx_http_autostock_transaction_integer(&columns[1], &line->stock)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        product->stock = line->stock;
        return NGX_OK;
    }

    if (n != 6
        || ngx_http_autostock_transaction_integer(&columns[2], &line->stock)
           != NGX_OK
        || ngx_http_autostock_transaction_integer(&columns[3],
                                                  &line->reorder_point)
           != NGX_OK
        || ngx_http_autostock_transaction_integer(&columns[4],
                                                  &line->reorder_quantity)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* not seen: another SKU is another product to its buyers */
    line->seen = columns[1].len == product->sku.len
                 && ngx_memcmp(columns[1].data, product->sku.data,
                               product->sku.len) == 0;

    product->stock = line->stock;
    product->reorder_point = line->reorder_point;
    product->open_order = columns[5].len == 1 && columns[5].data[0] == '1';

    return NGX_OK;
}


/* among t->sorted, which the packet was written from */

static ngx_http_autostock_line_t *
ngx_http_autostock_transaction_line(ngx_http_autostock_transaction_t *t,
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


static ngx_int_t
ngx_http_autostock_transaction_integer(ngx_str_t *column, int64_t *value)
{
    off_t       n;
    ngx_uint_t  negative;

    if (column->len == 0) {
        return NGX_ERROR;
    }

    negative = column->data[0] == '-';
    n = ngx_atoof(column->data + negative, column->len - negative);

    if (n == NGX_ERROR) {
        return NGX_ERROR;
    }

    *value = negative ? - (int64_t) n : (int64_t) n;

    return NGX_OK;
}


static void
ngx_http_autostock_transaction_peek_done(void *data, ngx_int_t rc)
{
    ngx_uint_t                         i, lines;
    ngx_http_autostock_item_t         *item;
    ngx_http_autostock_line_t         *line;
    ngx_http_autostock_transaction_t  *t = data;

    if (rc != NGX_OK) {
        ngx_http_autostock_transaction_trouble(t, rc);
        return;
    }

    t->look = 0;

    if (t->settled) {
        ngx_http_autostock_transaction_settle(t);
        return;
    }

    lines = t->lines_at != NGX_CONF_UNSET_UINT;

    for (i = 0; i < t->nitems && lines && !t->doubt; i++) {
        item = &t->items[i];
        line = &t->lines[item->line];

        if (item->state != NGX_HTTP_AUTOSTOCK_ITEM_OPEN) {
            continue;
        }

        if (!line->seen) {
            item->state = NGX_HTTP_AUTOSTOCK_ITEM_STALE;

        } else if (item->quantity > line->stock) {
            item->state = NGX_HTTP_AUTOSTOCK_ITEM_REFUSED;
            item->stock = line->stock;
        }
    }

    ngx_http_autostock_transaction_choose(t, lines);
}


/* The batch that was in doubt is committed: its rows are the truth. */

static void
ngx_http_autostock_transaction_settle(ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t                  i;
    ngx_http_autostock_item_t  *item;

    for (i = 0; i < t->nitems; i++) {
        item = &t->items[i];

        if (item->found) {
            item->state = NGX_HTTP_AUTOSTOCK_ITEM_SOLD;

        } else if (item->state == NGX_HTTP_AUTOSTOCK_ITEM_SOLD
                   || item->state == NGX_HTTP_AUTOSTOCK_ITEM_OPEN)
        {
            item->state = NGX_HTTP_AUTOSTOCK_ITEM_REFUSED;
        }

        if (item->found || item->state == NGX_HTTP_AUTOSTOCK_ITEM_REFUSED) {
            item->stock = t->lines[item->line].seen
                          ? t->lines[item->line].stock : -1;
        }
    }

    t->doubt = 0;
    t->sent = 0;

    ngx_http_autostock_transaction_committed(t);
}


static void
ngx_http_autostock_transaction_lock(ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t  i;

    for (i = 0; i < t->nlines; i++) {
        t->lines[i].seen = 0;
    }

    ngx_http_autostock_packet_lock(t);
    t->dirty = 1;

    ngx_http_autostock_flight_query(&t->flight,
                                    ngx_http_autostock_transaction_row,
                                    ngx_http_autostock_transaction_lock_done);
}


static void
ngx_http_autostock_transaction_lock_done(void *data, ngx_int_t rc)
{
    ngx_http_autostock_transaction_t *t = data;

    if (rc != NGX_OK) {
        ngx_http_autostock_transaction_trouble(t, rc);
        return;
    }

    if (!ngx_http_autostock_transaction_allot(t) && !t->doubt) {
        ngx_http_autostock_transaction_rollback(t,
                                        ngx_http_autostock_transaction_land);
        return;
    }

    /* the transaction goes on: no ROLLBACK before the next packet */
    t->dirty = 0;
    ngx_http_autostock_packet_write(t);
    t->dirty = 1;

    t->sent = 1;
    ngx_http_autostock_flight_query(&t->flight,
                                    ngx_http_autostock_transaction_row,
                                    ngx_http_autostock_transaction_write_done);
}


/*
 * First come, first served; one who wants too many does not keep the next
 * from what still fits.  0: there is nothing to write.
 */

static ngx_uint_t
ngx_http_autostock_transaction_allot(ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t                  i, any;
    ngx_http_autostock_item_t  *item;
    ngx_http_autostock_line_t  *line;

    any = 0;

    for (i = 0; i < t->nlines; i++) {
        t->lines[i].sold = 0;
        t->lines[i].order = 0;
        t->lines[i].demanded = 0;
    }

    for (i = 0; i < t->nitems; i++) {
        item = &t->items[i];
        line = &t->lines[item->line];

        if (item->gone || item->twin
            || item->state == NGX_HTTP_AUTOSTOCK_ITEM_REPLAYED
            || item->state == NGX_HTTP_AUTOSTOCK_ITEM_CONFLICT)
        {
            continue;
        }

        line->demanded += item->quantity;

        if (!line->seen) {
            item->state = NGX_HTTP_AUTOSTOCK_ITEM_STALE;

        } else if (item->quantity > line->stock) {
            item->state = NGX_HTTP_AUTOSTOCK_ITEM_REFUSED;
            item->stock = line->stock;

        } else {
            item->state = NGX_HTTP_AUTOSTOCK_ITEM_SOLD;
            line->stock -= item->quantity;
            line->sold += item->quantity;
            item->stock = line->stock;
            any = 1;
        }
    }

    for (i = 0; i < t->nlines; i++) {
        line = &t->lines[i];

        if (line->seen && line->demanded && line->stock <= line->reorder_point
            && !line->product->open_order)
        {
            line->order = 1;
            ngx_http_autostock_id_next(line->order_id);
            any = 1;
        }
    }

    return any;
}


static void
ngx_http_autostock_transaction_write_done(void *data, ngx_int_t rc)
{
    ngx_uint_t                         i, orders;
    ngx_http_autostock_line_t         *line;
    ngx_http_autostock_transaction_t  *t = data;

    if (rc != NGX_OK) {
        ngx_http_autostock_transaction_trouble(t, rc);
        return;
    }

    orders = 0;

    for (i = 0; i < t->nlines; i++) {
        line = &t->lines[i];

        if (line->seen) {
            line->product->stock = line->stock;
        }

        if (line->order) {
            line->product->open_order = 1;
            orders++;
        }
    }

    ngx_http_autostock_count(ngx_http_autostock_batch_database(
                                                        t->flight.batch),
                             NGX_HTTP_AUTOSTOCK_ORDERS_OPENED, orders);

    ngx_http_autostock_transaction_committed(t);
}


static void
ngx_http_autostock_transaction_committed(ngx_http_autostock_transaction_t *t)
{
    ngx_http_autostock_database_t  *db;

    db = ngx_http_autostock_batch_database(t->flight.batch);

    ngx_http_autostock_count(db, NGX_HTTP_AUTOSTOCK_BATCHES, 1);
    ngx_http_autostock_observe(db, NGX_HTTP_AUTOSTOCK_BATCH_SIZE, t->nitems);
    ngx_http_autostock_observe(db, NGX_HTTP_AUTOSTOCK_BATCH_MSEC,
                               ngx_current_msec - t->flight.began);

    t->dirty = 0;
    t->sent = 0;
    t->doubt = 0;

    ngx_http_autostock_flight_land(&t->flight);
}


/* Whatever was sent did not end well. */

static void
ngx_http_autostock_transaction_trouble(ngx_http_autostock_transaction_t *t,
    ngx_int_t rc)
{
    ngx_uint_t                      i;
    ngx_http_autostock_database_t  *db;

    if (rc == NGX_DECLINED) {
        ngx_http_autostock_transaction_refused(t);
        return;
    }

    if (t->sent && !t->doubt) {
        db = ngx_http_autostock_batch_database(t->flight.batch);
        ngx_http_autostock_count(db, NGX_HTTP_AUTOSTOCK_IN_DOUBT, 1);

        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "autostock: database \"%V\": a transaction of %ui "
                      "sales is in doubt: COMMIT was sent, the answer is "
                      "lost; it is being found out", &db->name, t->nitems);

        for (i = 0; t->items[i].state != NGX_HTTP_AUTOSTOCK_ITEM_SOLD; i++) {
            if (i == t->nitems - 1) {
                break;
            }
        }

        t->doubt = 1;
        t->anchor = i;
    }

    ngx_http_autostock_flight_again(&t->flight, 1,
                                    "it was lost in a transaction");
}


/* Two transactions in each other's way: rolled back, to be run again. */

static ngx_uint_t
ngx_http_autostock_transaction_passing(ngx_uint_t error)
{
    return error == NGX_HTTP_AUTOSTOCK_ER_DEADLOCK
           || error == NGX_HTTP_AUTOSTOCK_ER_LOCK_WAIT
           || error == NGX_HTTP_AUTOSTOCK_ER_CHECKREAD;
}


/* The server said no: nothing of it is committed. */

static void
ngx_http_autostock_transaction_refused(ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t                      error, passing;
    ngx_http_autostock_database_t  *db;

    db = ngx_http_autostock_batch_database(t->flight.batch);
    error = t->flight.query.error;
    t->dirty = 1;

    passing = ngx_http_autostock_transaction_passing(error);

    if (!passing && t->flight.query.statements == t->commit_at) {
        /* a COMMIT that fails for another reason may have been done */
        ngx_http_autostock_transaction_trouble(t, NGX_ERROR);
        return;
    }

    if (!t->doubt) {
        t->sent = 0;
    }

    if (passing || error == 1317 || error == 1969 || error == 3024) {
        /* or the statement was ended: by somebody, or by its time limit */
        ngx_http_autostock_transaction_rollback(t,
                                 ngx_http_autostock_transaction_rolled_back);
        return;
    }

    switch (error) {

    case NGX_HTTP_AUTOSTOCK_ER_DUP_ENTRY:
        t->look = t->nkeyed > 0;

        if (!t->look && !t->doubt) {
            t->careful = 1;
        }

        break;

    case NGX_HTTP_AUTOSTOCK_ER_SUBQUERY_ROWS:
    case 1264:                                    /* out of range */
    case 1690:
    case 4025:                                    /* CHECK, MariaDB */
    case 3819:                                    /* CHECK, MySQL */
        t->careful = 1;
        break;

    default:
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "autostock: database \"%V\" refused a transaction of "
                      "%ui sales, error %ui", &db->name, t->nitems, error);
        t->error = error;
        ngx_http_autostock_transaction_rollback(t,
                                    ngx_http_autostock_transaction_given_up);
        return;
    }

    if (t->flight.retries++ > 20) {
        ngx_http_autostock_transaction_rollback(t,
                                    ngx_http_autostock_transaction_given_up);
        return;
    }

    ngx_http_autostock_count(db, NGX_HTTP_AUTOSTOCK_BATCH_RETRIES, 1);
    ngx_http_autostock_transaction_rollback(t,
                                       ngx_http_autostock_transaction_anew);
}


static void
ngx_http_autostock_transaction_rollback(ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_done_pt done)
{
    ngx_http_autostock_sql_t  *sql;

    sql = &t->flight.sql;
    ngx_http_autostock_sql_reset(sql);
    ngx_http_autostock_sql_text(sql, "ROLLBACK");
    t->dirty = 0;

    ngx_http_autostock_flight_query(&t->flight, NULL, done);
}


static void
ngx_http_autostock_transaction_rolled_back(void *data, ngx_int_t rc)
{
    ngx_http_autostock_transaction_t *t = data;

    ngx_http_autostock_flight_again(&t->flight, rc != NGX_OK,
                                    "its transaction could not be ended");
}


/* The waiters are refused; a server that cannot write is left for another. */

static void
ngx_http_autostock_transaction_given_up(void *data, ngx_int_t rc)
{
    ngx_http_autostock_transaction_t *t = data;

    if (rc != NGX_OK) {
        ngx_http_autostock_transaction_trouble(t, NGX_ERROR);
        return;
    }

    switch (t->error) {

    case 1290:                                    /* --read-only */
    case 1792:                                    /* READ ONLY transaction */
    case 1836:                                    /* read-only mode */
    case 1047:                                    /* node not in cluster */
        ngx_http_autostock_flight_drop(&t->flight,
                                       "its server cannot write");
    }

    ngx_http_autostock_flight_fail(&t->flight, NGX_HTTP_AUTOSTOCK_FAILED);
}


static void
ngx_http_autostock_transaction_land(void *data, ngx_int_t rc)
{
    ngx_http_autostock_transaction_t *t = data;

    if (rc != NGX_OK) {
        ngx_http_autostock_transaction_trouble(t, NGX_ERROR);
        return;
    }

    ngx_http_autostock_flight_land(&t->flight);
}
