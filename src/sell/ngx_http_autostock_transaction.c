
#include "ngx_http_autostock_transaction.h"
#include "ngx_http_autostock_quarantine.h"
#include "ngx_http_autostock_status.h"


static void ngx_http_autostock_transaction_begin(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_transaction_choose(
    ngx_http_autostock_transaction_t *t, ngx_uint_t peeked);
static void ngx_http_autostock_transaction_plain(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_transaction_plain_done(void *data, ngx_int_t rc);
static void ngx_http_autostock_transaction_stock_done(void *data, ngx_int_t rc);
static void ngx_http_autostock_transaction_peek(
    ngx_http_autostock_transaction_t *t, ngx_uint_t lines);
static void ngx_http_autostock_transaction_peek_done(void *data, ngx_int_t rc);
static void ngx_http_autostock_transaction_settle(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_transaction_lock(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_transaction_lock_done(void *data, ngx_int_t rc);
static void ngx_http_autostock_transaction_write_done(void *data, ngx_int_t rc);
static void ngx_http_autostock_transaction_count(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_transaction_finish(void *data, ngx_int_t rc);


void
ngx_http_autostock_transaction_start(ngx_http_autostock_flight_t *flight)
{
    ngx_http_autostock_transaction_t  *t;

    t = (ngx_http_autostock_transaction_t *) flight;

    if (ngx_http_autostock_session_refusal(flight->conn)
        || (!flight->conn->durable
            && ngx_http_autostock_batch_database(flight->batch)->durability
               == NGX_HTTP_AUTOSTOCK_DURABILITY_REQUIRE))
    {
        /* another connection asks the server again */
        ngx_http_autostock_flight_drop(flight, "its server is not set up for "
                                       "sales");
        ngx_http_autostock_flight_fail(flight, NGX_HTTP_AUTOSTOCK_FAILED);
        return;
    }

    ngx_http_autostock_transaction_begin(t);
}


void
ngx_http_autostock_transaction_restart(void *data, ngx_int_t rc)
{
    ngx_http_autostock_transaction_t *t = data;

    if (rc == NGX_ERROR) {
        ngx_http_autostock_transaction_failed(t, rc);
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
    t->fresh = 0;

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

    /* nothing is known of an absent product, but its key may have been used */
    if (t->doubt || t->look || t->absents) {
        ngx_http_autostock_transaction_peek(t, t->doubt);
        return;
    }

    ngx_http_autostock_transaction_choose(t, 0);
}


/* Chooses the cheapest way that can succeed, by what is known now. */

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
        ngx_http_autostock_transaction_barrier(t);
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
    ngx_http_autostock_database_t     *db;
    ngx_http_autostock_transaction_t  *t = data;

    if (rc != NGX_OK) {
        ngx_http_autostock_transaction_failed(t, rc);
        return;
    }

    line = t->sorted[0];
    db = ngx_http_autostock_batch_database(t->flight.batch);

    if (t->sorted_n > 1) {
        /* the packet has read them */

    } else if (t->lines_at != NGX_CONF_UNSET_UINT) {
        db->reads_stock = line->stock != (int64_t) t->flight.query.insert_id;

    } else if (t->flight.query.insert_id) {
        line->stock = (int64_t) t->flight.query.insert_id;
        line->product->stock = line->stock;

    } else {
        line->stock = -1;
        ngx_http_autostock_packet_stock(t);
        ngx_http_autostock_flight_query(&t->flight,
                                    ngx_http_autostock_transaction_row,
                                    ngx_http_autostock_transaction_stock_done);
        return;
    }

    ngx_http_autostock_transaction_set_stock(t);
    ngx_http_autostock_transaction_committed(t);
}


/*
 * Either the stock is 0 or the server did not report it: a trigger on the table
 * that runs a statement resets LAST_INSERT_ID() (MariaDB 10.11, measured).  In
 * that case later packets read the stock themselves.  The sales are committed,
 * whatever this query returns.
 */

static void
ngx_http_autostock_transaction_stock_done(void *data, ngx_int_t rc)
{
    ngx_http_autostock_transaction_t *t = data;

    if (rc != NGX_OK) {
        ngx_http_autostock_flight_drop(&t->flight,
                                       "it did not tell what is left");
    }

    if (rc == NGX_OK && t->sorted[0]->stock >= 0) {
        ngx_http_autostock_batch_database(t->flight.batch)->reads_stock =
                                                   t->sorted[0]->stock != 0;
        ngx_http_autostock_transaction_set_stock(t);
    }

    ngx_http_autostock_transaction_committed(t);
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


static void
ngx_http_autostock_transaction_peek_done(void *data, ngx_int_t rc)
{
    ngx_uint_t                         i, lines;
    ngx_http_autostock_item_t         *item;
    ngx_http_autostock_line_t         *line;
    ngx_http_autostock_transaction_t  *t = data;

    if (rc != NGX_OK) {
        ngx_http_autostock_transaction_failed(t, rc);
        return;
    }

    t->look = 0;

    if (t->settled) {
        ngx_http_autostock_transaction_settle(t);
        return;
    }

    lines = t->lines_at != NGX_CONF_UNSET_UINT;

    for (i = 0; i < t->nitems; i++) {
        item = &t->items[i];
        line = &t->lines[item->line];

        if (line->product->absent
            && item->state != NGX_HTTP_AUTOSTOCK_ITEM_REPLAYED
            && item->state != NGX_HTTP_AUTOSTOCK_ITEM_CONFLICT)
        {
            item->state = NGX_HTTP_AUTOSTOCK_ITEM_NO_PRODUCT;
        }

        if (item->state != NGX_HTTP_AUTOSTOCK_ITEM_OPEN || !lines
            || t->doubt)
        {
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


/* The batch in doubt is committed: its rows are the results. */

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
            /* its row may have been locked: it is tried again */
            item->state = NGX_HTTP_AUTOSTOCK_ITEM_LOCKED;
        }

        if (item->found || item->state == NGX_HTTP_AUTOSTOCK_ITEM_REFUSED) {
            item->stock = t->lines[item->line].seen
                          ? t->lines[item->line].stock : -1;
        }
    }

    t->fresh = 1;
    ngx_http_autostock_transaction_barrier(t);
}


static void
ngx_http_autostock_transaction_lock(ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t  i;

    for (i = 0; i < t->nlines; i++) {
        t->lines[i].seen = 0;
        t->lines[i].there = 0;
        t->lines[i].had = 0;
    }

    for (i = 0; i < t->nitems; i++) {
        t->items[i].busy = 0;
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
        ngx_http_autostock_transaction_failed(t, rc);
        return;
    }

    ngx_http_autostock_transaction_set_locked_aside(t);

    if (!ngx_http_autostock_transaction_allot(t) && !t->doubt) {
        ngx_http_autostock_transaction_rollback(t,
                                        ngx_http_autostock_transaction_finish);
        return;
    }

    /* the transaction continues: no ROLLBACK before the next packet */
    t->dirty = 0;
    ngx_http_autostock_packet_write(t);
    t->dirty = 1;

    /* if it only opens orders, a retry finds them open */
    t->sent = t->sorted_n || t->doubt;
    ngx_http_autostock_flight_query(&t->flight,
                                    ngx_http_autostock_transaction_row,
                                    ngx_http_autostock_transaction_write_done);
}


static void
ngx_http_autostock_transaction_write_done(void *data, ngx_int_t rc)
{
    ngx_uint_t                         i, orders;
    ngx_http_autostock_line_t         *line;
    ngx_http_autostock_transaction_t  *t = data;

    if (rc != NGX_OK) {
        ngx_http_autostock_transaction_failed(t, rc);
        return;
    }

    orders = 0;

    for (i = 0; i < t->nlines; i++) {
        line = &t->lines[i];

        if (line->seen) {
            line->product->stock = line->stock;
        }

        if (line->sold) {
            ngx_http_autostock_quarantine_note_sold(line->product);
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


void
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

    ngx_http_autostock_transaction_count(t);

    ngx_http_autostock_flight_finish(&t->flight);
}


/* counted here, since a sale whose client has left is not answered */

static void
ngx_http_autostock_transaction_count(ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t                      i, sales, pieces;
    ngx_http_autostock_database_t  *db;

    sales = 0;
    pieces = 0;

    for (i = 0; i < t->nitems; i++) {
        if (t->items[i].state == NGX_HTTP_AUTOSTOCK_ITEM_SOLD) {
            sales++;
            pieces += t->items[i].quantity;
        }
    }

    db = ngx_http_autostock_batch_database(t->flight.batch);

    ngx_http_autostock_count(db, NGX_HTTP_AUTOSTOCK_SALES, sales);
    ngx_http_autostock_count(db, NGX_HTTP_AUTOSTOCK_SOLD_PIECES, pieces);
}


static void
ngx_http_autostock_transaction_finish(void *data, ngx_int_t rc)
{
    ngx_http_autostock_transaction_t *t = data;

    if (rc != NGX_OK) {
        ngx_http_autostock_transaction_failed(t, NGX_ERROR);
        return;
    }

    ngx_http_autostock_transaction_barrier(t);
}
