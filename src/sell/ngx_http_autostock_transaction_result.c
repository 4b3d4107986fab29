
/*
 * Sets the items and products of a transaction from a packet's results.
 */


#include "ngx_http_autostock_transaction.h"
#include "ngx_http_autostock_quarantine.h"
#include "ngx_http_autostock_status.h"


static void ngx_http_autostock_transaction_result_peek_item(
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_item_t *head);
static ngx_uint_t ngx_http_autostock_transaction_result_has_absent(
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_item_t *head);


void
ngx_http_autostock_transaction_result_peeked(
    ngx_http_autostock_transaction_t *t)
{
    ngx_http_autostock_item_t  *head, *last;

    last = t->items + t->nitems;

    for (head = t->items; head < last;
         head = ngx_http_autostock_item_next(head))
    {
        ngx_http_autostock_transaction_result_peek_item(t, head);
    }
}


static void
ngx_http_autostock_transaction_result_peek_item(
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_item_t *head)
{
    if (t->absents && head->state != NGX_HTTP_AUTOSTOCK_ITEM_REPLAYED
        && head->state != NGX_HTTP_AUTOSTOCK_ITEM_CONFLICT
        && ngx_http_autostock_transaction_result_has_absent(t, head))
    {
        head->state = NGX_HTTP_AUTOSTOCK_ITEM_NO_PRODUCT;
    }

    if (head->state != NGX_HTTP_AUTOSTOCK_ITEM_OPEN || !t->peeks_products
        || t->commit == NGX_HTTP_AUTOSTOCK_COMMIT_DOUBT)
    {
        return;
    }

    head->state = ngx_http_autostock_transaction_allot_judge(t, head);
}


static ngx_uint_t
ngx_http_autostock_transaction_result_has_absent(
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_item_t *head)
{
    ngx_http_autostock_item_t  *item;

    for (item = head; item < ngx_http_autostock_item_next(head); item++) {
        if (t->lines[item->line].product->absent) {
            return 1;
        }
    }

    return 0;
}


void
ngx_http_autostock_transaction_result_found(ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t                  i;
    ngx_http_autostock_item_t  *head, *item;
    ngx_http_autostock_line_t  *line;

    for (i = 0; i < t->nitems; i++) {
        item = &t->items[i];
        head = &t->items[item->number];

        if (head->found) {
            head->state = NGX_HTTP_AUTOSTOCK_ITEM_SOLD;

        } else if (head->state == NGX_HTTP_AUTOSTOCK_ITEM_SOLD
                   || head->state == NGX_HTTP_AUTOSTOCK_ITEM_OPEN)
        {
            /* its row may have been locked: it is tried again */
            head->state = NGX_HTTP_AUTOSTOCK_ITEM_LOCKED;
        }

        if (head->found || head->state == NGX_HTTP_AUTOSTOCK_ITEM_REFUSED) {
            line = &t->lines[item->line];
            item->stock = line->seen ? line->stock : -1;
        }
    }

    t->fresh = 1;
}


ngx_uint_t
ngx_http_autostock_transaction_result_has_expiry(
    ngx_http_autostock_transaction_t *t)
{
    ngx_http_autostock_item_t  *head, *last;

    if (t->nholds == 0) {
        return 1;
    }

    last = t->items + t->nitems;

    for (head = t->items; head < last;
         head = ngx_http_autostock_item_next(head))
    {
        if (head->hold && head->state == NGX_HTTP_AUTOSTOCK_ITEM_SOLD
            && t->expires[head->number][0] == '\0')
        {
            return 0;
        }
    }

    return 1;
}


void
ngx_http_autostock_transaction_result_written(
    ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t                  i, orders;
    ngx_http_autostock_line_t  *line;

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

    ngx_http_autostock_status_count(t->flight.batch->db,
                                    NGX_HTTP_AUTOSTOCK_ORDERS_OPENED, orders);
}


void
ngx_http_autostock_transaction_result_count(ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t                      i, sales, holds, pieces;
    ngx_http_autostock_item_t      *item, *head;
    ngx_http_autostock_line_t      *line;
    ngx_http_autostock_database_t  *db;

    sales = 0;
    holds = 0;
    pieces = 0;

    for (i = 0; i < t->nitems; i++) {
        item = &t->items[i];
        head = &t->items[item->number];

        if (head->state != NGX_HTTP_AUTOSTOCK_ITEM_SOLD) {
            continue;
        }

        if (head->hold) {
            holds += head == item;
            continue;
        }

        sales += head == item;
        pieces += item->quantity;
    }

    if (sales || holds) {
        t->flight.batch->refused = 0;
    }

    for (i = 0; i < t->nlines; i++) {
        line = &t->lines[i];

        if (line->sold) {
            ngx_http_autostock_quarantine_note_sold(line->product);
            ngx_http_autostock_suspects_note_done(
                                  t->flight.batch->suspects,
                                  line->product->id);

            if (line->product->counts_held) {
                line->product->held += line->holding;
            }
        }
    }

    db = t->flight.batch->db;

    ngx_http_autostock_status_count(db, NGX_HTTP_AUTOSTOCK_BATCHES, 1);
    ngx_http_autostock_status_observe(db, NGX_HTTP_AUTOSTOCK_BATCH_SIZE,
                                      t->nsales);
    ngx_http_autostock_status_observe(db, NGX_HTTP_AUTOSTOCK_BATCH_MSEC,
                                      ngx_current_msec - t->flight.began);

    ngx_http_autostock_status_count(db, NGX_HTTP_AUTOSTOCK_SALES, sales);
    ngx_http_autostock_status_count(db, NGX_HTTP_AUTOSTOCK_HOLDS, holds);
    ngx_http_autostock_status_count(db, NGX_HTTP_AUTOSTOCK_SOLD_PIECES, pieces);
}
