
/*
 * Allots the stock of a batch: computes the demand for each product, the sales
 * that are done, and the stock that each of them reports.
 */


#include "ngx_http_autostock_transaction.h"


static ngx_uint_t ngx_http_autostock_transaction_allot_demand(
    ngx_http_autostock_transaction_t *t, ngx_uint_t *plain,
    ngx_uint_t *hopeless);
static void ngx_http_autostock_transaction_allot_low(
    ngx_http_autostock_line_t *line);
static void ngx_http_autostock_transaction_allot_take(
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_item_t *head);
static as_trace_t *ngx_http_autostock_transaction_allot_trace(
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_line_t *line);


ngx_http_autostock_transaction_way_e
ngx_http_autostock_transaction_allot_way(ngx_http_autostock_transaction_t *t,
    ngx_uint_t peeked)
{
    ngx_uint_t                            plain, hopeless, any;
    ngx_http_autostock_transaction_way_e  lock;

    any = ngx_http_autostock_transaction_allot_demand(t, &plain, &hopeless);
    lock = ngx_max(t->way, NGX_HTTP_AUTOSTOCK_WAY_LOCK);

    if (t->commit == NGX_HTTP_AUTOSTOCK_COMMIT_DOUBT) {
        return lock;
    }

    if (!any) {
        return NGX_HTTP_AUTOSTOCK_WAY_NONE;
    }

    if (hopeless && !peeked) {
        return NGX_HTTP_AUTOSTOCK_WAY_PEEK;
    }

    if (plain && t->way <= NGX_HTTP_AUTOSTOCK_WAY_PLAIN) {
        return NGX_HTTP_AUTOSTOCK_WAY_PLAIN;
    }

    return lock;
}


/*
 * Adds up the demand for each product.  plain: every product allows the plain
 * way.  hopeless: at least one item exceeds the stock, as far as is known.
 * Returns 0 if there is no demand and no order is due.
 */

static ngx_uint_t
ngx_http_autostock_transaction_allot_demand(ngx_http_autostock_transaction_t *t,
    ngx_uint_t *plain, ngx_uint_t *hopeless)
{
    ngx_uint_t                     i, any;
    ngx_http_autostock_item_t     *head, *item, *next, *last;
    ngx_http_autostock_line_t     *line;
    ngx_http_autostock_product_t  *product;

    for (i = 0; i < t->nlines; i++) {
        t->lines[i].demanded = 0;
        t->lines[i].demanded_hold = 0;
    }

    any = 0;
    *plain = 1;
    *hopeless = 0;

    last = t->items + t->nitems;

    for (head = t->items; head < last; head = next) {
        next = ngx_http_autostock_item_next(head);

        if (head->state != NGX_HTTP_AUTOSTOCK_ITEM_OPEN || head->gone
            || head->twin)
        {
            continue;
        }

        any = 1;

        for (item = head; item < next; item++) {
            line = &t->lines[item->line];
            line->demanded += item->quantity;
            line->demanded_hold += head->hold ? item->quantity : 0;

            if (item->quantity > line->product->stock) {
                *hopeless = 1;
            }
        }
    }

    for (i = 0; i < t->nlines; i++) {
        line = &t->lines[i];
        product = line->product;
        line->open = 0;
        line->judged = 0;

        /* a batch that finds the stock at its reorder point opens the order */
        if (line->seen && !product->open_order
            && product->stock + product->held <= product->reorder_point)
        {
            any = 1;
            *plain = 0;
            continue;
        }

        if (line->demanded == 0
            || product->stock - line->demanded > product->reorder_point)
        {
            continue;
        }

        ngx_http_autostock_transaction_allot_low(line);

        if (!line->open && !line->judged) {
            *plain = 0;
        }
    }

    return any;
}


/*
 * The product's stock alone would reach the reorder point.  The plain way is
 * still possible if an order is open, or if held pieces count, too.
 */

static void
ngx_http_autostock_transaction_allot_low(ngx_http_autostock_line_t *line)
{
    ngx_http_autostock_product_t  *product;

    product = line->product;

    if (product->stock >= line->demanded) {
        line->open = product->open_order;
        line->judged = !line->open
                       && product->stock - line->demanded + product->held
                          + (product->counts_held ? line->demanded_hold : 0)
                          > product->reorder_point;
    }
}


void
ngx_http_autostock_transaction_allot_plan(ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t                  i;
    ngx_http_autostock_item_t  *head, *last;

    for (i = 0; i < t->nlines; i++) {
        t->lines[i].sold = t->lines[i].demanded;
        t->lines[i].holding = t->lines[i].demanded_hold;
    }

    last = t->items + t->nitems;

    for (head = t->items; head < last;
         head = ngx_http_autostock_item_next(head))
    {
        if (head->state == NGX_HTTP_AUTOSTOCK_ITEM_OPEN && !head->gone
            && !head->twin)
        {
            head->state = NGX_HTTP_AUTOSTOCK_ITEM_SOLD;
        }
    }
}


ngx_uint_t
ngx_http_autostock_transaction_allot(ngx_http_autostock_transaction_t *t)
{
    int64_t                     held;
    ngx_uint_t                  i, any;
    ngx_http_autostock_item_t  *head, *last;
    ngx_http_autostock_line_t  *line;

    any = 0;

    for (i = 0; i < t->nlines; i++) {
        t->lines[i].sold = 0;
        t->lines[i].holding = 0;
        t->lines[i].order = 0;
        t->lines[i].demanded = 0;
    }

    last = t->items + t->nitems;

    for (head = t->items; head < last;
         head = ngx_http_autostock_item_next(head))
    {
        if (head->gone || head->twin
            || ngx_http_autostock_transaction_rows_has_key(head)
            || head->state == NGX_HTTP_AUTOSTOCK_ITEM_NO_PRODUCT
            || head->state == NGX_HTTP_AUTOSTOCK_ITEM_LOCKED)
        {
            continue;
        }

        head->state = ngx_http_autostock_transaction_allot_judge(t, head);

        if (head->state == NGX_HTTP_AUTOSTOCK_ITEM_OPEN) {
            ngx_http_autostock_transaction_allot_take(t, head);
            any |= NGX_HTTP_AUTOSTOCK_ALLOT_SALES;
        }
    }

    for (i = 0; i < t->nlines; i++) {
        line = &t->lines[i];

        held = line->held;

        if (line->product->counts_held) {
            held += line->holding;
        }

        if (line->seen && line->demanded && !line->product->open_order
            && line->stock + held <= line->reorder_point)
        {
            line->order = 1;
            ngx_http_autostock_order_open(&line->opened, t->traced
                         ? ngx_http_autostock_transaction_allot_trace(t, line)
                         : NULL);
            any |= NGX_HTTP_AUTOSTOCK_ALLOT_ORDERS;
        }
    }

    return any;
}


ngx_http_autostock_item_state_e
ngx_http_autostock_transaction_allot_judge(ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_item_t *head)
{
    ngx_uint_t                  stale, lacking;
    ngx_http_autostock_item_t  *item;
    ngx_http_autostock_line_t  *line;

    stale = 0;
    lacking = 0;

    for (item = head; item < ngx_http_autostock_item_next(head); item++) {
        line = &t->lines[item->line];
        line->demanded += item->quantity;

        item->stock = line->stock;
        item->lacking = item->quantity > line->stock;

        stale |= !line->seen;
        lacking |= item->lacking;
    }

    if (stale) {
        return NGX_HTTP_AUTOSTOCK_ITEM_STALE;
    }

    return lacking ? NGX_HTTP_AUTOSTOCK_ITEM_REFUSED
                   : NGX_HTTP_AUTOSTOCK_ITEM_OPEN;
}


static void
ngx_http_autostock_transaction_allot_take(ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_item_t *head)
{
    ngx_http_autostock_item_t  *item;
    ngx_http_autostock_line_t  *line;

    head->state = NGX_HTTP_AUTOSTOCK_ITEM_SOLD;

    for (item = head; item < ngx_http_autostock_item_next(head); item++) {
        line = &t->lines[item->line];

        line->stock -= item->quantity;
        line->sold += item->quantity;
        line->holding += head->hold ? item->quantity : 0;
        item->stock = line->stock;
    }
}


/*
 * The trace of the first request that brought the stock to the reorder point,
 * or found it there; NULL: it has none.
 */

static as_trace_t *
ngx_http_autostock_transaction_allot_trace(ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_line_t *line)
{
    int64_t                     held;
    ngx_uint_t                  sale, hold, i;
    ngx_http_autostock_item_t  *item, *head;

    held = line->held;
    sale = line->sales.first;
    hold = line->holds.first;

    while (sale || hold) {
        i = hold == 0 || (sale && sale < hold) ? sale : hold;
        item = &t->items[i - 1];
        head = &t->items[item->number];

        if (i == sale) {
            sale = item->next;

        } else {
            hold = item->next;
        }

        if (head->gone || head->twin) {
            continue;
        }

        if (head->state == NGX_HTTP_AUTOSTOCK_ITEM_SOLD) {
            held += head->hold && line->product->counts_held ? item->quantity
                                                             : 0;

        } else if (head->state != NGX_HTTP_AUTOSTOCK_ITEM_REFUSED) {
            continue;
        }

        if (item->stock + held <= line->reorder_point) {
            return head->traced ? &t->traces[item->number] : NULL;
        }
    }

    return NULL;
}


void
ngx_http_autostock_transaction_allot_set_stock(
    ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t                  i;
    ngx_http_autostock_item_t  *item;
    ngx_http_autostock_line_t  *line;

    for (i = t->nitems; i-- > 0; /* void */) {
        item = &t->items[i];

        if (t->items[item->number].state == NGX_HTTP_AUTOSTOCK_ITEM_SOLD) {
            line = &t->lines[item->line];
            item->stock = line->stock;
            line->stock += item->quantity;
        }
    }
}
