
/*
 * Decides settlements in the order of arrival, from the rows that were read and
 * the changes that earlier items have planned.
 */


#include "ngx_http_autostock_settle_flight.h"
#include "ngx_http_autostock_id.h"


/*
 * Maximum growth of the packet that writes, bytes: by an item, and by each of
 * its products.
 */
#define NGX_HTTP_AUTOSTOCK_SETTLE_ITEM_COST  512
#define NGX_HTTP_AUTOSTOCK_SETTLE_PART_COST  704


static ngx_uint_t ngx_http_autostock_settle_decide_has_room(
    ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_subject_t *subject);
static ngx_uint_t ngx_http_autostock_settle_decide_is_locked(
    ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_subject_t *subject);
static void ngx_http_autostock_settle_decide_confirm(
    ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_subject_t *subject);
static ngx_uint_t ngx_http_autostock_settle_decide_in_grace(
    ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_subject_t *subject);
static void ngx_http_autostock_settle_decide_release(
    ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_subject_t *subject);
static ngx_uint_t ngx_http_autostock_settle_decide_overflows(
    ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_subject_t *subject);
static void ngx_http_autostock_settle_decide_change(
    ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_subject_t *subject,
    ngx_http_autostock_hold_state_e state);
static ngx_int_t ngx_http_autostock_settle_decide_results(
    ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_subject_t *subject);
static void ngx_http_autostock_settle_decide_orders(
    ngx_http_autostock_settlement_t *s);
static ngx_int_t ngx_http_autostock_settle_decide_written(
    ngx_http_autostock_settlement_t *s);


ngx_int_t
ngx_http_autostock_settle_decide(ngx_http_autostock_settlement_t *s)
{
    ngx_uint_t                            i, full;
    ngx_http_autostock_settle_item_t     *item;
    ngx_http_autostock_settle_subject_t  *subject;

    s->planned = 0;
    s->writes = 0;
    full = 0;

    for (i = 0; i < s->nitems; i++) {
        item = &s->items[i];
        item->planned = 0;
        item->written = 0;
        item->apart = 0;

        if (item->gone) {
            continue;
        }

        subject = s->subjects.elts;
        subject += item->subject;

        full |= !ngx_http_autostock_settle_decide_has_room(s, subject);

        if (full || ngx_http_autostock_settle_decide_is_locked(s, subject)) {
            item->apart = 1;
            continue;
        }

        if (subject->state != NGX_HTTP_AUTOSTOCK_HOLD_NONE
            && subject->nparts == 0)
        {
            /* the module writes no hold without lines */
            item->outcome = NGX_HTTP_AUTOSTOCK_SETTLE_UNAVAILABLE;

        } else if (item->action == NGX_HTTP_AUTOSTOCK_SETTLE_RETURN) {
            if (ngx_http_autostock_settle_return(s, item, subject) != NGX_OK) {
                return NGX_ERROR;
            }

            continue;

        } else if (item->action == NGX_HTTP_AUTOSTOCK_SETTLE_CONFIRM) {
            ngx_http_autostock_settle_decide_confirm(s, item, subject);

        } else {
            ngx_http_autostock_settle_decide_release(s, item, subject);
        }

        if ((item->outcome == NGX_HTTP_AUTOSTOCK_SETTLE_DONE
             || item->outcome == NGX_HTTP_AUTOSTOCK_SETTLE_REPLAYED)
            && ngx_http_autostock_settle_decide_results(s, item, subject)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    ngx_http_autostock_settle_decide_orders(s);

    return ngx_http_autostock_settle_decide_written(s);
}


/* the first item always has room */

static ngx_uint_t
ngx_http_autostock_settle_decide_has_room(ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_subject_t *subject)
{
    size_t  cost;

    cost = NGX_HTTP_AUTOSTOCK_SETTLE_ITEM_COST
           + subject->nparts * NGX_HTTP_AUTOSTOCK_SETTLE_PART_COST;

    if (!ngx_http_autostock_flight_has_room(&s->flight, s->writes, cost)) {
        return 0;
    }

    s->writes += cost;

    return 1;
}


/* 1 if a product of it was locked in the last seconds: it must wait aside */

static ngx_uint_t
ngx_http_autostock_settle_decide_is_locked(ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_subject_t *subject)
{
    ngx_uint_t                         i;
    ngx_http_autostock_batch_t        *batch;
    ngx_http_autostock_settle_part_t  *part;

    batch = s->flight.batch;

    if (s->flight.aside || batch->refusals.n == 0) {
        return 0;
    }

    part = s->parts.elts;
    part += subject->part;

    for (i = 0; i < subject->nparts; i++) {
        if (ngx_http_autostock_refusals_has(&batch->refusals,
                                            part[i].product_id))
        {
            return 1;
        }
    }

    return 0;
}


/*
 * A hold can be confirmed while its state is held, even after expires_at: it
 * ends only when the transaction that expires it is committed.
 */

static void
ngx_http_autostock_settle_decide_confirm(ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_subject_t *subject)
{
    switch (subject->state) {

    case NGX_HTTP_AUTOSTOCK_HOLD_HELD:
        break;

    case NGX_HTTP_AUTOSTOCK_HOLD_CONFIRMED:
        item->outcome = NGX_HTTP_AUTOSTOCK_SETTLE_REPLAYED;
        s->fresh |= subject->fresh;
        return;

    case NGX_HTTP_AUTOSTOCK_HOLD_RELEASED:
        item->outcome = NGX_HTTP_AUTOSTOCK_SETTLE_RELEASED;
        s->fresh |= subject->fresh;
        return;

    case NGX_HTTP_AUTOSTOCK_HOLD_EXPIRED:
        if (ngx_http_autostock_settle_decide_in_grace(s, item, subject)) {
            break;
        }

        item->outcome = NGX_HTTP_AUTOSTOCK_SETTLE_EXPIRED;
        s->fresh |= subject->fresh;
        return;

    default: /* none */
        item->outcome = NGX_HTTP_AUTOSTOCK_SETTLE_UNKNOWN_ID;
        return;
    }

    ngx_http_autostock_settle_decide_change(s, item, subject,
                                           NGX_HTTP_AUTOSTOCK_HOLD_CONFIRMED);
}


/*
 * 1 if an expired hold can still be confirmed: its grace period has not ended,
 * and the stock suffices to take all its pieces again
 */

static ngx_uint_t
ngx_http_autostock_settle_decide_in_grace(ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_subject_t *subject)
{
    ngx_uint_t                         i;
    ngx_http_autostock_settle_part_t  *part;

    if (subject->over >= (int64_t) item->grace * 1000) {
        return 0;
    }

    part = s->parts.elts;
    part += subject->part;

    for (i = 0; i < subject->nparts; i++) {
        if (part[i].product == NULL
            || part[i].product->stock < (int64_t) part[i].quantity)
        {
            return 0;
        }
    }

    return 1;
}


static void
ngx_http_autostock_settle_decide_release(ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_subject_t *subject)
{
    switch (subject->state) {

    case NGX_HTTP_AUTOSTOCK_HOLD_HELD:
        if (ngx_http_autostock_settle_decide_overflows(s, subject)) {
            item->outcome = NGX_HTTP_AUTOSTOCK_SETTLE_OVERFLOW;
            return;
        }

        ngx_http_autostock_settle_decide_change(s, item, subject,
                                           NGX_HTTP_AUTOSTOCK_HOLD_RELEASED);
        return;

    case NGX_HTTP_AUTOSTOCK_HOLD_RELEASED:
    case NGX_HTTP_AUTOSTOCK_HOLD_EXPIRED:
        item->outcome = NGX_HTTP_AUTOSTOCK_SETTLE_REPLAYED;
        s->fresh |= subject->fresh;
        return;

    case NGX_HTTP_AUTOSTOCK_HOLD_CONFIRMED:
        item->outcome = NGX_HTTP_AUTOSTOCK_SETTLE_CONFIRMED;
        s->fresh |= subject->fresh;
        return;

    default: /* none */
        item->outcome = NGX_HTTP_AUTOSTOCK_SETTLE_UNKNOWN_ID;
    }
}


static ngx_uint_t
ngx_http_autostock_settle_decide_overflows(ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_subject_t *subject)
{
    ngx_uint_t                         i;
    ngx_http_autostock_settle_part_t  *part;

    part = s->parts.elts;
    part += subject->part;

    for (i = 0; i < subject->nparts; i++) {
        if (part[i].product
            && part[i].product->stock + part[i].quantity > NGX_MAX_INT32_VALUE)
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_http_autostock_settle_decide_change(ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_subject_t *subject,
    ngx_http_autostock_hold_state_e state)
{
    int64_t                                quantity;
    ngx_uint_t                             i;
    ngx_http_autostock_settle_part_t      *part;
    ngx_http_autostock_settle_product_t   *product;
    ngx_http_autostock_settle_movement_t  *movement;

    if (ngx_http_autostock_settle_table_is_suspect(s, item, subject)) {
        item->outcome = NGX_HTTP_AUTOSTOCK_SETTLE_UNAVAILABLE;
        return;
    }

    part = s->parts.elts;
    part += subject->part;

    for (i = 0; i < subject->nparts; i++) {
        product = part[i].product;

        if (product == NULL) {
            continue;
        }

        quantity = 0;

        if (state == NGX_HTTP_AUTOSTOCK_HOLD_RELEASED) {
            quantity = part[i].quantity;

        } else if (subject->state == NGX_HTTP_AUTOSTOCK_HOLD_EXPIRED) {
            quantity = - (int64_t) part[i].quantity;
        }

        if (subject->state == NGX_HTTP_AUTOSTOCK_HOLD_HELD) {
            product->freed += part[i].quantity;
        }

        product->stock += quantity;
        product->moved += quantity;

        if (state == NGX_HTTP_AUTOSTOCK_HOLD_CONFIRMED) {
            product->judged = 1;
            product->trace = &item->trace;
        }

        movement = &product->movements[item->action];
        movement->quantity += quantity;
        movement->n++;
    }

    subject->state = state;
    item->outcome = NGX_HTTP_AUTOSTOCK_SETTLE_DONE;
    item->planned = 1;
    s->planned++;
}


static ngx_int_t
ngx_http_autostock_settle_decide_results(ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_subject_t *subject)
{
    ngx_uint_t                            i;
    ngx_http_autostock_settle_part_t     *part;
    ngx_http_autostock_settle_result_t   *result;
    ngx_http_autostock_settle_product_t  *product;

    item->nresults = subject->nparts;
    item->results = ngx_pcalloc(s->pool, subject->nparts * sizeof(*result));
    if (item->results == NULL) {
        return NGX_ERROR;
    }

    part = s->parts.elts;
    part += subject->part;

    for (i = 0; i < subject->nparts; i++) {
        result = &item->results[i];
        product = part[i].product;

        result->product = product;
        result->line.quantity = part[i].quantity;

        if (product) {
            result->line.json_sku = product->json;
            result->line.stock = product->stock;

        } else {
            result->line.stock = -1;
            result->line.absent = 1;
        }
    }

    return NGX_OK;
}


/* opens an order if a confirm brings the stock to its reorder point */

static void
ngx_http_autostock_settle_decide_orders(ngx_http_autostock_settlement_t *s)
{
    int64_t                               judged;
    ngx_uint_t                            i;
    ngx_http_autostock_settle_product_t  *product;

    product = s->products.elts;

    for (i = 0; i < s->products.nelts; i++) {
        if (!product[i].judged) {
            continue;
        }

        judged = product[i].stock;

        if (product[i].reorder_held) {
            judged += product[i].held
                      - ngx_min(product[i].held, product[i].freed);
        }

        if (judged > product[i].reorder_point) {
            product[i].open = 0;

        } else if (!product[i].open) {
            product[i].due = 1;
            ngx_http_autostock_order_open(&product[i].opened,
                                          product[i].trace);
        }
    }
}


/* lists the products whose rows are to be changed, in the order of their ids */

static ngx_int_t
ngx_http_autostock_settle_decide_written(ngx_http_autostock_settlement_t *s)
{
    ngx_uint_t                            i;
    ngx_http_autostock_settle_product_t  *product;

    product = s->products.elts;

    s->nwritten = 0;
    s->written = ngx_palloc(s->pool, s->products.nelts * sizeof(*s->written)
                                     + 1);
    if (s->written == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < s->products.nelts; i++) {
        if (product[i].moved || product[i].freed) {
            s->written[s->nwritten++] = &product[i];
        }
    }

    return NGX_OK;
}
