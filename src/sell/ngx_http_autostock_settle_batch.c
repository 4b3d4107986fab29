
/*
 * Adds settlements to a flight and reports each result.
 */


#include "ngx_http_autostock_settle_flight.h"
#include "ngx_http_autostock_id.h"


/*
 * Maximum growth of the packet that reads, bytes: by an item; by a line, whose
 * SKU the packet contains in hexadecimal up to three times (column.c).
 */
#define NGX_HTTP_AUTOSTOCK_SETTLE_COST            512
#define NGX_HTTP_AUTOSTOCK_SETTLE_LINE_COST(sku)  (256 + 6 * (sku)->len)

/*
 * Maximum number of lines of the returns in a flight.  Each SKU is a SELECT of
 * its own, which opens the table once more, and all sessions share the server's
 * cache of open tables.
 */
#define NGX_HTTP_AUTOSTOCK_SETTLE_LINES           256


static ngx_int_t ngx_http_autostock_settle_batch_create(
    ngx_http_autostock_flight_t *flight);
static void ngx_http_autostock_settle_batch_destroy(
    ngx_http_autostock_flight_t *flight);
static void ngx_http_autostock_settle_batch_reset(
    ngx_http_autostock_flight_t *flight);
static ngx_int_t ngx_http_autostock_settle_batch_add(
    ngx_http_autostock_flight_t *flight, ngx_http_autostock_waiter_t *waiter);
static ngx_int_t ngx_http_autostock_settle_batch_lines(
    ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_t *settle);
static void ngx_http_autostock_settle_batch_answer(
    ngx_http_autostock_flight_t *flight, ngx_http_autostock_waiter_t *waiter);
static ngx_int_t ngx_http_autostock_settle_batch_results(
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_t *settle);
static void ngx_http_autostock_settle_batch_refuse(
    ngx_http_autostock_flight_t *flight, ngx_http_autostock_waiter_t *waiter,
    ngx_http_autostock_why_e why);
static void ngx_http_autostock_settle_batch_finish(
    ngx_http_autostock_settle_t *settle,
    ngx_http_autostock_settle_outcome_e outcome);


ngx_http_autostock_batch_ops_t  ngx_http_autostock_settle_ops = {
    "settle",
    NGX_HTTP_AUTOSTOCK_KIND_SALE,
    sizeof(ngx_http_autostock_settlement_t),
    2,
    0,
    ngx_http_autostock_settle_batch_create,
    ngx_http_autostock_settle_batch_destroy,
    ngx_http_autostock_settle_batch_reset,
    NULL,
    ngx_http_autostock_settle_batch_add,
    ngx_http_autostock_settle_flight_start,
    ngx_http_autostock_settle_batch_answer,
    ngx_http_autostock_settle_batch_refuse
};


static ngx_int_t
ngx_http_autostock_settle_batch_create(ngx_http_autostock_flight_t *flight)
{
    ngx_http_autostock_settlement_t  *s;

    s = (ngx_http_autostock_settlement_t *) flight;

    s->max = ngx_min(flight->batch->db->batch_size,
                     NGX_HTTP_AUTOSTOCK_SETTLE_MAX);
    s->items = ngx_alloc(s->max * sizeof(*s->items), ngx_cycle->log);
    s->pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, ngx_cycle->log);
    s->asked = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, ngx_cycle->log);

    if (s->items == NULL || s->pool == NULL || s->asked == NULL) {
        ngx_http_autostock_settle_batch_destroy(flight);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_http_autostock_settle_batch_destroy(ngx_http_autostock_flight_t *flight)
{
    ngx_http_autostock_settlement_t  *s;

    s = (ngx_http_autostock_settlement_t *) flight;

    if (s->items) {
        ngx_free(s->items);
    }

    if (s->pool) {
        ngx_destroy_pool(s->pool);
    }

    if (s->asked) {
        ngx_destroy_pool(s->asked);
    }
}


static void
ngx_http_autostock_settle_batch_reset(ngx_http_autostock_flight_t *flight)
{
    ngx_http_autostock_settlement_t  *s;

    s = (ngx_http_autostock_settlement_t *) flight;

    ngx_http_autostock_id_transaction(s->id);
    ngx_reset_pool(s->asked);

    s->nitems = 0;
    s->nlines = 0;
    s->bytes = 0;
    s->failed = 0;
    s->error = 0;
    s->probed = 0;
    s->commit = NGX_HTTP_AUTOSTOCK_SETTLING_NONE;
}


static ngx_int_t
ngx_http_autostock_settle_batch_add(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter)
{
    size_t                             cost;
    ngx_uint_t                         i;
    ngx_http_autostock_settle_t       *settle;
    ngx_http_autostock_settlement_t   *s;
    ngx_http_autostock_settle_item_t  *item;

    s = (ngx_http_autostock_settlement_t *) flight;
    settle = ngx_queue_data(waiter, ngx_http_autostock_settle_t, waiter);

    cost = NGX_HTTP_AUTOSTOCK_SETTLE_COST;

    for (i = 0; i < settle->nlines; i++) {
        cost += NGX_HTTP_AUTOSTOCK_SETTLE_LINE_COST(&settle->lines[i].sku);
    }

    if (s->nitems == s->max
        || (s->nlines && s->nlines + settle->nlines
                         > NGX_HTTP_AUTOSTOCK_SETTLE_LINES)
        || !ngx_http_autostock_flight_has_room(flight, s->bytes, cost))
    {
        return NGX_DECLINED;
    }

    s->bytes += cost;
    s->nlines += settle->nlines;

    waiter->slot = s->nitems;
    item = &s->items[s->nitems++];

    ngx_memzero(item, sizeof(ngx_http_autostock_settle_item_t));

    item->action = settle->action;
    item->grace = settle->grace;
    item->quantity = settle->quantity;
    item->restock = settle->restock;
    item->keyed = settle->keyed;
    ngx_memcpy(item->id, settle->id, 16);
    ngx_memcpy(item->key, settle->key, 16);
    ngx_memcpy(item->fingerprint, settle->fingerprint, 8);

    if (settle->trace) {
        item->trace = *settle->trace;
    }

    if (ngx_http_autostock_settle_batch_lines(s, item, settle) != NGX_OK) {
        s->nitems--;
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* the lines are copied: the request may end before the item is decided */

static ngx_int_t
ngx_http_autostock_settle_batch_lines(ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_t *settle)
{
    ngx_str_t   *sku;
    ngx_uint_t   i;

    if (settle->nlines == 0) {
        return NGX_OK;
    }

    item->nlines = settle->nlines;
    item->lines = ngx_palloc(s->asked, settle->nlines * sizeof(*item->lines));
    if (item->lines == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < settle->nlines; i++) {
        sku = &item->lines[i].sku;
        sku->len = settle->lines[i].sku.len;
        sku->data = ngx_pstrdup(s->asked, &settle->lines[i].sku);
        if (sku->data == NULL) {
            return NGX_ERROR;
        }

        item->lines[i].quantity = settle->lines[i].quantity;
    }

    return NGX_OK;
}


static void
ngx_http_autostock_settle_batch_answer(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter)
{
    ngx_http_autostock_settle_t       *settle;
    ngx_http_autostock_settlement_t   *s;
    ngx_http_autostock_settle_item_t  *item;

    s = (ngx_http_autostock_settlement_t *) flight;
    settle = ngx_queue_data(waiter, ngx_http_autostock_settle_t, waiter);
    item = &s->items[waiter->slot];

    if (ngx_http_autostock_settle_batch_results(item, settle) != NGX_OK) {
        /* no memory for the result: the client may send the request again */
        ngx_http_autostock_settle_batch_finish(settle,
                                            NGX_HTTP_AUTOSTOCK_SETTLE_UNKNOWN);
        return;
    }

    ngx_memcpy(settle->return_id, item->return_id, 16);
    settle->refused = item->outcome == NGX_HTTP_AUTOSTOCK_SETTLE_UNAVAILABLE;
    ngx_http_autostock_settle_batch_finish(settle, item->outcome);
}


/*
 * a line's stock is the planned one after this item, plus the difference of the
 * product's stock after the batch from the planned one
 */

static ngx_int_t
ngx_http_autostock_settle_batch_results(ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_t *settle)
{
    size_t                               size;
    u_char                              *p;
    ngx_uint_t                           i;
    ngx_http_autostock_settled_line_t   *line;
    ngx_http_autostock_settle_result_t  *result;

    size = item->nresults * sizeof(ngx_http_autostock_settled_line_t);

    for (i = 0; i < item->nresults; i++) {
        size += item->results[i].line.json_sku.len;
    }

    if (size == 0) {
        return NGX_OK;
    }

    settle->settled = ngx_palloc(settle->pool, size);
    if (settle->settled == NULL) {
        return NGX_ERROR;
    }

    settle->nsettled = item->nresults;
    p = (u_char *) &settle->settled[item->nresults];

    for (i = 0; i < item->nresults; i++) {
        result = &item->results[i];
        line = &settle->settled[i];

        *line = result->line;
        line->json_sku.data = p;
        p = ngx_cpymem(p, result->line.json_sku.data, line->json_sku.len);

        if (result->product) {
            line->stock += result->product->after - result->product->stock;
        }
    }

    return NGX_OK;
}


static void
ngx_http_autostock_settle_batch_refuse(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter, ngx_http_autostock_why_e why)
{
    ngx_http_autostock_settle_t      *settle;
    ngx_http_autostock_settlement_t  *s;

    s = (ngx_http_autostock_settlement_t *) flight;
    settle = ngx_queue_data(waiter, ngx_http_autostock_settle_t, waiter);

    if (s) {
        /* the request is answered now: the item must not be decided later */
        s->items[waiter->slot].gone = 1;

        if (s->commit != NGX_HTTP_AUTOSTOCK_SETTLING_NONE) {
            ngx_memcpy(settle->return_id, s->items[waiter->slot].return_id,
                       16);
            ngx_http_autostock_settle_batch_finish(settle,
                                           NGX_HTTP_AUTOSTOCK_SETTLE_UNKNOWN);
            return;
        }
    }

    settle->refused = why == NGX_HTTP_AUTOSTOCK_FAILED;
    ngx_http_autostock_settle_batch_finish(settle,
                                        NGX_HTTP_AUTOSTOCK_SETTLE_UNAVAILABLE);
}


static void
ngx_http_autostock_settle_batch_finish(ngx_http_autostock_settle_t *settle,
    ngx_http_autostock_settle_outcome_e outcome)
{
    settle->outcome = outcome;
    settle->handler(settle);
}
