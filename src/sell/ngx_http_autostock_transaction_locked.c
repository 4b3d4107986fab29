
/*
 * Sets aside the sales that would wait for other transactions: because of
 * product rows that were skipped as locked, and of keys that are written but
 * not committed.  The other sales continue.
 */


#include "ngx_http_autostock_transaction.h"
#include "ngx_http_autostock_quarantine.h"


static ngx_uint_t ngx_http_autostock_transaction_locked_has(
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_item_t *head);
static void ngx_http_autostock_transaction_locked_remove(
    ngx_http_autostock_transaction_t *t);


void
ngx_http_autostock_transaction_locked_forget(
    ngx_http_autostock_transaction_t *t)
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
}


void
ngx_http_autostock_transaction_locked_set_aside(
    ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t                  i, any;
    ngx_http_autostock_line_t  *line;
    ngx_http_autostock_item_t  *item, *last;

    any = 0;

    for (i = 0; i < t->nlines; i++) {
        line = &t->lines[i];

        if (line->had) {
            ngx_http_autostock_quarantine_note_lock_had(line->product);

        } else if (line->there) {
            ngx_http_autostock_quarantine_note_locked(line->product);
        }
    }

    last = t->items + t->nitems;

    for (item = t->items; item < last;
         item = ngx_http_autostock_item_next(item))
    {
        if (ngx_http_autostock_transaction_locked_has(t, item)) {
            item->state = NGX_HTTP_AUTOSTOCK_ITEM_LOCKED;
            any = 1;

        } else if (item->state == NGX_HTTP_AUTOSTOCK_ITEM_LOCKED) {
            /* in doubt: it was locked at an earlier attempt */
            item->state = NGX_HTTP_AUTOSTOCK_ITEM_OPEN;
        }
    }

    /* a sale in doubt may be committed: the anchor must be committed first */
    if (any && t->commit != NGX_HTTP_AUTOSTOCK_COMMIT_DOUBT) {
        ngx_http_autostock_transaction_locked_remove(t);
    }
}


static ngx_uint_t
ngx_http_autostock_transaction_locked_has(ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_item_t *head)
{
    ngx_http_autostock_item_t  *item;
    ngx_http_autostock_line_t  *line;

    if (head->gone || head->twin
        || ngx_http_autostock_transaction_rows_has_key(head)
        || head->state == NGX_HTTP_AUTOSTOCK_ITEM_NO_PRODUCT)
    {
        return 0;
    }

    for (item = head; item < ngx_http_autostock_item_next(head); item++) {
        line = &t->lines[item->line];

        if (line->there && !line->had) {
            return 1;
        }
    }

    return head->busy;
}


/* removes the locked items from this transaction, which must not sell them */

static void
ngx_http_autostock_transaction_locked_remove(
    ngx_http_autostock_transaction_t *t)
{
    ngx_queue_t                  *q, *next, locked;
    ngx_http_autostock_item_t    *item, *first;
    ngx_http_autostock_waiter_t  *waiter;

    ngx_queue_init(&locked);

    for (q = ngx_queue_head(&t->flight.waiters);
         q != ngx_queue_sentinel(&t->flight.waiters);
         q = next)
    {
        next = ngx_queue_next(q);
        waiter = ngx_queue_data(q, ngx_http_autostock_waiter_t, queue);
        item = &t->items[waiter->slot];
        first = item->twin ? &t->items[item->twin - 1] : item;

        if (first->state == NGX_HTTP_AUTOSTOCK_ITEM_LOCKED) {
            ngx_queue_remove(q);
            ngx_queue_insert_tail(&locked, q);
            item->gone = 1;
        }
    }

    ngx_http_autostock_flight_waiters_set_aside(&t->flight, &locked);
}
