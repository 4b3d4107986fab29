
/*
 * Reports the results of a transaction to its sales.
 */


#include "ngx_http_autostock_sale.h"
#include "ngx_http_autostock_id.h"
#include "ngx_http_autostock_transaction.h"


static void ngx_http_autostock_sale_answer_lines(
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_item_t *head,
    ngx_http_autostock_sale_t *sale);
static void ngx_http_autostock_sale_answer_forget(
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_item_t *head,
    ngx_http_autostock_sale_t *sale);
static void ngx_http_autostock_sale_answer_twin(
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_item_t *item,
    ngx_http_autostock_sale_t *sale);
static void ngx_http_autostock_sale_answer_twin_lines(
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_item_t *item,
    ngx_http_autostock_sale_t *sale);


void
ngx_http_autostock_sale_answer(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter)
{
    ngx_http_autostock_item_t         *item;
    ngx_http_autostock_sale_t         *sale;
    ngx_http_autostock_transaction_t  *t;

    t = (ngx_http_autostock_transaction_t *) flight;
    sale = ngx_queue_data(waiter, ngx_http_autostock_sale_t, waiter);
    item = &t->items[waiter->slot];

    if (item->twin) {
        ngx_http_autostock_sale_answer_twin(t, item, sale);
        return;
    }

    sale->lines->stock = item->stock;
    sale->expires_at = t->expires[item->number];

    if (sale->nlines > 1) {
        ngx_http_autostock_sale_answer_lines(t, item, sale);
    }

    switch (item->state) {

    case NGX_HTTP_AUTOSTOCK_ITEM_SOLD:
        ngx_http_autostock_item_id(sale->id, t, item);
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
        ngx_http_autostock_sale_answer_forget(t, item, sale);
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


/* the lines of a cart, whose items are in the same order */

static void
ngx_http_autostock_sale_answer_lines(ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_item_t *head, ngx_http_autostock_sale_t *sale)
{
    ngx_uint_t                       i;
    ngx_http_autostock_line_t       *line;
    ngx_http_autostock_sale_line_t  *part;

    for (i = 0; i < sale->nlines; i++) {
        part = &sale->lines[i];
        line = &t->lines[head[i].line];

        part->stock = head[i].stock;
        part->refused = head[i].lacking;

        if (head->state == NGX_HTTP_AUTOSTOCK_ITEM_REPLAYED) {
            part->stock = line->seen ? line->product->stock : -1;
        }
    }
}


/* removes the products whose rows were not found from the catalog */

static void
ngx_http_autostock_sale_answer_forget(ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_item_t *head, ngx_http_autostock_sale_t *sale)
{
    ngx_uint_t  i;

    for (i = 0; i < sale->nlines; i++) {
        if (!t->lines[head[i].line].seen) {
            ngx_http_autostock_sale_forget(&sale->lines[i]);
        }
    }
}


static void
ngx_http_autostock_sale_answer_twin(ngx_http_autostock_transaction_t *t,
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
            ngx_http_autostock_item_id(sale->id, t, first);
        }

        sale->expires_at = t->expires[first->number];
        ngx_http_autostock_sale_answer_twin_lines(t, item, sale);

        ngx_http_autostock_sale_finish(sale, same
                                     ? NGX_HTTP_AUTOSTOCK_SALE_REPLAYED
                                     : NGX_HTTP_AUTOSTOCK_SALE_KEY_CONFLICT);
        return;
    }

    if (same && first->state == NGX_HTTP_AUTOSTOCK_ITEM_REFUSED
        && !first->gone)
    {
        ngx_http_autostock_sale_answer_twin_lines(t, item, sale);
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

    /* the key was not used: this sale is tried itself */
    ngx_http_autostock_batch_resubmit(t->flight.batch, &sale->waiter);
}


/* the twin of a cart may have the same products in another order */

static void
ngx_http_autostock_sale_answer_twin_lines(ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_item_t *item, ngx_http_autostock_sale_t *sale)
{
    ngx_uint_t                  i, k;
    ngx_http_autostock_item_t  *first;

    first = &t->items[item->twin - 1];

    sale->lines->stock = first->stock;

    if (sale->nlines == 1) {
        return;
    }

    for (i = 0; i < sale->nlines; i++) {
        for (k = 0; k < first->parts; k++) {
            if (first[k].line == item[i].line) {
                sale->lines[i].stock = first[k].stock;
                sale->lines[i].refused = first[k].lacking;
            }
        }
    }
}


void
ngx_http_autostock_sale_answer_refuse(ngx_http_autostock_flight_t *flight,
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
        ngx_http_autostock_item_id(sale->id, t, item);
        ngx_http_autostock_sale_finish(sale, NGX_HTTP_AUTOSTOCK_SALE_UNKNOWN);
        return;
    }

    /* the response says that nothing was sold: the item must not be sold */
    t->items[waiter->slot].gone = 1;
    ngx_http_autostock_sale_finish(sale, NGX_HTTP_AUTOSTOCK_SALE_UNAVAILABLE);
}
