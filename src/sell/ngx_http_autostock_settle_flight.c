
#include "ngx_http_autostock_settle_flight.h"
#include "ngx_http_autostock_id.h"
#include "ngx_http_autostock_status.h"

#include "as_sqlerror.h"


static void ngx_http_autostock_settle_flight_read(
    ngx_http_autostock_settlement_t *s);
static void ngx_http_autostock_settle_flight_read_done(void *data,
    ngx_int_t rc);
static ngx_uint_t ngx_http_autostock_settle_flight_must_probe(
    ngx_http_autostock_settlement_t *s);
static void ngx_http_autostock_settle_flight_write_done(void *data,
    ngx_int_t rc);
static void ngx_http_autostock_settle_flight_barrier_done(void *data,
    ngx_int_t rc);
static void ngx_http_autostock_settle_flight_committed(
    ngx_http_autostock_settlement_t *s);
static void ngx_http_autostock_settle_flight_clear(
    ngx_http_autostock_settlement_t *s);
static void ngx_http_autostock_settle_flight_count(
    ngx_http_autostock_settlement_t *s);
static void ngx_http_autostock_settle_flight_anchor_done(void *data,
    ngx_int_t rc);
static void ngx_http_autostock_settle_flight_resolve_done(void *data,
    ngx_int_t rc);
static void ngx_http_autostock_settle_flight_never(
    ngx_http_autostock_settlement_t *s);
static void ngx_http_autostock_settle_flight_failed(
    ngx_http_autostock_settlement_t *s, ngx_int_t rc);
static void ngx_http_autostock_settle_flight_rollback_done(void *data,
    ngx_int_t rc);
static void ngx_http_autostock_settle_flight_probe(
    ngx_http_autostock_settlement_t *s);
static void ngx_http_autostock_settle_flight_probe_done(void *data,
    ngx_int_t rc);
static ngx_uint_t ngx_http_autostock_settle_flight_is_locked(
    ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item);
static ngx_uint_t ngx_http_autostock_settle_flight_set_apart(
    ngx_http_autostock_settlement_t *s);
static void ngx_http_autostock_settle_flight_stuck(
    ngx_http_autostock_settlement_t *s);
static void ngx_http_autostock_settle_flight_refuse(
    ngx_http_autostock_settlement_t *s);
static void ngx_http_autostock_settle_flight_send(
    ngx_http_autostock_settlement_t *s, ngx_http_autostock_done_pt done);


void
ngx_http_autostock_settle_flight_start(ngx_http_autostock_flight_t *flight)
{
    ngx_http_autostock_settlement_t  *s;

    s = (ngx_http_autostock_settlement_t *) flight;

    if (ngx_http_autostock_flight_may_write(flight,
                               s->commit == NGX_HTTP_AUTOSTOCK_SETTLING_DOUBT)
        != NGX_OK)
    {
        return;
    }

    if (s->commit == NGX_HTTP_AUTOSTOCK_SETTLING_DOUBT) {
        ngx_http_autostock_settle_write_anchor(s);
        ngx_http_autostock_settle_flight_send(s,
                                 ngx_http_autostock_settle_flight_anchor_done);
        return;
    }

    ngx_http_autostock_settle_flight_read(s);
}


static void
ngx_http_autostock_settle_flight_read(ngx_http_autostock_settlement_t *s)
{
    if (ngx_http_autostock_settle_read_packet(s) != NGX_OK) {
        ngx_http_autostock_flight_fail(&s->flight, NGX_HTTP_AUTOSTOCK_FAILED);
        return;
    }

    ngx_http_autostock_settle_flight_send(s,
                                   ngx_http_autostock_settle_flight_read_done);
}


static void
ngx_http_autostock_settle_flight_read_done(void *data, ngx_int_t rc)
{
    ngx_http_autostock_settlement_t  *s = data;

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "autostock settle read done: %i, %ui items, %ui products",
                   rc, s->nitems, s->products.nelts);

    if (rc == NGX_OK && ngx_http_autostock_settle_table_link(s) != NGX_OK) {
        rc = NGX_ERROR;
    }

    if (rc != NGX_OK) {
        ngx_http_autostock_settle_flight_failed(s, rc);
        return;
    }

    if (ngx_http_autostock_settle_decide(s) != NGX_OK) {
        ngx_http_autostock_flight_fail(&s->flight, NGX_HTTP_AUTOSTOCK_FAILED);
        return;
    }

    (void) ngx_http_autostock_settle_flight_set_apart(s);

    if (ngx_http_autostock_settle_flight_must_probe(s)) {
        s->after = NGX_HTTP_AUTOSTOCK_SETTLE_AGAIN;
        ngx_http_autostock_settle_flight_probe(s);
        return;
    }

    if (s->planned) {
        ngx_http_autostock_settle_write_packet(s);
        s->commit = NGX_HTTP_AUTOSTOCK_SETTLING_SENT;
        ngx_http_autostock_settle_flight_send(s,
                                  ngx_http_autostock_settle_flight_write_done);
        return;
    }

    if (s->fresh) {
        ngx_http_autostock_settle_write_barrier(s);
        ngx_http_autostock_settle_flight_send(s,
                                ngx_http_autostock_settle_flight_barrier_done);
        return;
    }

    ngx_http_autostock_flight_finish(&s->flight);
}


/* 1 if a flight aside, which must not wait, would write a locked row */

static ngx_uint_t
ngx_http_autostock_settle_flight_must_probe(ngx_http_autostock_settlement_t *s)
{
    ngx_uint_t  i;

    if (!s->flight.aside || s->probed) {
        return 0;
    }

    for (i = 0; i < s->nwritten; i++) {
        if (ngx_http_autostock_refusals_has(&s->flight.batch->refusals,
                                            s->written[i]->id))
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_http_autostock_settle_flight_write_done(void *data, ngx_int_t rc)
{
    ngx_http_autostock_settlement_t  *s = data;

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "autostock settle write done: %i, error %ui after %ui "
                   "statements", rc, s->flight.query.error,
                   s->flight.query.statements);

    if (rc != NGX_OK) {
        ngx_http_autostock_settle_flight_failed(s, rc);
        return;
    }

    ngx_http_autostock_settle_flight_committed(s);
}


/* the rows that were read are on disk, see ngx_http_autostock_barrier.h */

static void
ngx_http_autostock_settle_flight_barrier_done(void *data, ngx_int_t rc)
{
    ngx_http_autostock_settlement_t  *s = data;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "autostock settle barrier done: %i", rc);

    if (rc != NGX_OK) {
        ngx_http_autostock_settle_flight_failed(s, rc);
        return;
    }

    ngx_http_autostock_flight_finish(&s->flight);
}


static void
ngx_http_autostock_settle_flight_committed(ngx_http_autostock_settlement_t *s)
{
    s->commit = NGX_HTTP_AUTOSTOCK_SETTLING_NONE;
    s->flight.batch->refused = 0;

    ngx_http_autostock_settle_flight_clear(s);
    ngx_http_autostock_settle_flight_count(s);
    ngx_http_autostock_flight_finish(&s->flight);
}


/* an action that was committed for a product is no suspect any more */

static void
ngx_http_autostock_settle_flight_clear(ngx_http_autostock_settlement_t *s)
{
    ngx_uint_t                            i, action;
    ngx_http_autostock_batch_t           *batch;
    ngx_http_autostock_settle_product_t  *product;

    batch = s->flight.batch;

    for (i = 0; i < s->nwritten; i++) {
        product = s->written[i];

        for (action = 0; action < NGX_HTTP_AUTOSTOCK_SETTLE_ACTIONS; action++) {
            if (product->movements[action].n) {
                ngx_http_autostock_suspects_note_done(&batch->suspects[action],
                                                      product->id);
            }
        }
    }
}


/* counts items, not answers: a client may have closed the connection */

static void
ngx_http_autostock_settle_flight_count(ngx_http_autostock_settlement_t *s)
{
    ngx_uint_t                            i, orders, pieces;
    ngx_uint_t                            n[NGX_HTTP_AUTOSTOCK_SETTLE_ACTIONS];
    ngx_http_autostock_database_t        *db;
    ngx_http_autostock_settle_return_t   *row;
    ngx_http_autostock_settle_product_t  *product;

    db = s->flight.batch->db;
    ngx_memzero(n, sizeof(n));

    for (i = 0; i < s->nitems; i++) {
        if (s->items[i].planned) {
            n[s->items[i].action]++;
        }
    }

    row = s->returns.elts;

    for (i = 0, pieces = 0; i < s->returns.nelts; i++) {
        pieces += row[i].quantity;
    }

    product = s->products.elts;

    for (i = 0, orders = 0; i < s->products.nelts; i++) {
        orders += product[i].due;
    }

    ngx_http_autostock_status_count(db, NGX_HTTP_AUTOSTOCK_CONFIRMS,
                                    n[NGX_HTTP_AUTOSTOCK_SETTLE_CONFIRM]);
    ngx_http_autostock_status_count(db, NGX_HTTP_AUTOSTOCK_RELEASES,
                                    n[NGX_HTTP_AUTOSTOCK_SETTLE_RELEASE]);
    ngx_http_autostock_status_count(db, NGX_HTTP_AUTOSTOCK_RETURNS,
                                    n[NGX_HTTP_AUTOSTOCK_SETTLE_RETURN]);
    ngx_http_autostock_status_count(db, NGX_HTTP_AUTOSTOCK_RETURNED_PIECES,
                                    pieces);
    ngx_http_autostock_status_count(db, NGX_HTTP_AUTOSTOCK_ORDERS_OPENED,
                                    orders);
    ngx_http_autostock_status_count(db, NGX_HTTP_AUTOSTOCK_BATCHES, 1);
    ngx_http_autostock_status_observe(db, NGX_HTTP_AUTOSTOCK_BATCH_SIZE,
                                      s->nitems);
    ngx_http_autostock_status_observe(db, NGX_HTTP_AUTOSTOCK_BATCH_MSEC,
                                      ngx_current_msec - s->flight.began);
}


/* the batch is in doubt: the anchor was inserted, or it exists already */

static void
ngx_http_autostock_settle_flight_anchor_done(void *data, ngx_int_t rc)
{
    ngx_http_autostock_settlement_t  *s = data;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "autostock settle anchor done: %i, error %ui", rc,
                   s->flight.query.error);

    if (rc == NGX_OK) {
        ngx_http_autostock_settle_flight_never(s);
        return;
    }

    if (rc == NGX_ERROR) {
        ngx_http_autostock_flight_again(&s->flight, 1,
                                        "it was lost in a settlement's doubt");
        return;
    }

    switch (as_sqlerror(s->flight.query.error)) {

    case AS_SQLERROR_DUPLICATE:
        s->found = 0;
        ngx_http_autostock_settle_write_resolve(s);
        ngx_http_autostock_settle_flight_send(s,
                                ngx_http_autostock_settle_flight_resolve_done);
        return;

    case AS_SQLERROR_CONFLICT:
    case AS_SQLERROR_LOCKED:
    case AS_SQLERROR_ENDED:
        /* the lost session still locks the row */
        ngx_http_autostock_flight_again(&s->flight, 0,
                                        "the lost transaction has not ended");
        return;

    default: /* only the deadlines end a batch in doubt */
        ngx_http_autostock_flight_elsewhere(&s->flight,
                                            "it cannot resolve the doubt");
    }
}


static void
ngx_http_autostock_settle_flight_resolve_done(void *data, ngx_int_t rc)
{
    ngx_http_autostock_settlement_t  *s = data;

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "autostock settle resolve done: %i, found:%ui anchored:%ui",
                   rc, (ngx_uint_t) s->found, (ngx_uint_t) s->anchored);

    if (rc != NGX_OK || !s->found) {
        ngx_http_autostock_flight_again(&s->flight, 1,
                                        "it was lost in a settlement's doubt");
        return;
    }

    if (s->anchored) {
        ngx_http_autostock_settle_flight_never(s);
        return;
    }

    ngx_http_autostock_settle_flight_committed(s);
}


/* the lost packet was not committed and never can be */

static void
ngx_http_autostock_settle_flight_never(ngx_http_autostock_settlement_t *s)
{
    s->commit = NGX_HTTP_AUTOSTOCK_SETTLING_NONE;
    s->flight.taker.bound = NULL;

    ngx_http_autostock_id_transaction(s->id);
    ngx_http_autostock_settle_flight_read(s);
}


static void
ngx_http_autostock_settle_flight_failed(ngx_http_autostock_settlement_t *s,
    ngx_int_t rc)
{
    s->after = ngx_http_autostock_settle_failure_judge(s, rc);

    switch (s->after) {

    case NGX_HTTP_AUTOSTOCK_SETTLE_LOST:
        ngx_http_autostock_flight_again(&s->flight, 1,
                                        "it was lost in a settlement");
        return;

    case NGX_HTTP_AUTOSTOCK_SETTLE_ELSEWHERE:
        ngx_http_autostock_flight_elsewhere(&s->flight,
                                            "its server accepts no writes, or "
                                            "the column sku has changed");
        return;

    default:
        ngx_http_autostock_sql_reset(&s->flight.sql);
        ngx_http_autostock_sql_text(&s->flight.sql, "ROLLBACK");
        ngx_http_autostock_settle_flight_send(s,
                               ngx_http_autostock_settle_flight_rollback_done);
    }
}


static void
ngx_http_autostock_settle_flight_rollback_done(void *data, ngx_int_t rc)
{
    ngx_http_autostock_settlement_t  *s = data;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "autostock settle rollback done: %i, after:%d", rc,
                   s->after);

    if (rc != NGX_OK || s->after == NGX_HTTP_AUTOSTOCK_SETTLE_AGAIN) {
        ngx_http_autostock_flight_again(&s->flight, rc != NGX_OK,
                                        "its transaction could not be ended");
        return;
    }

    if (s->after == NGX_HTTP_AUTOSTOCK_SETTLE_LOCKED) {
        ngx_http_autostock_settle_flight_probe(s);
        return;
    }

    ngx_http_autostock_settle_flight_refuse(s);
}


static void
ngx_http_autostock_settle_flight_probe(ngx_http_autostock_settlement_t *s)
{
    ngx_uint_t  i;

    s->probed = 1;

    if (s->nwritten == 0) {
        ngx_http_autostock_settle_flight_stuck(s);
        return;
    }

    for (i = 0; i < s->nwritten; i++) {
        s->written[i]->locked = 1;
    }

    ngx_http_autostock_settle_write_probe(s);
    ngx_http_autostock_settle_flight_send(s,
                                  ngx_http_autostock_settle_flight_probe_done);
}


/*
 * The items of locked products wait aside, and so do later items of these
 * products for some seconds.  A deleted product counts as locked: the next
 * attempt reads that it was deleted.
 */

static void
ngx_http_autostock_settle_flight_probe_done(void *data, ngx_int_t rc)
{
    ngx_uint_t                        i;
    ngx_http_autostock_settlement_t  *s = data;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "autostock settle probe done: %i", rc);

    if (rc != NGX_OK) {
        ngx_http_autostock_settle_flight_failed(s, rc);
        return;
    }

    for (i = 0; i < s->nwritten; i++) {
        if (s->written[i]->locked) {
            ngx_http_autostock_refusals_add(&s->flight.batch->refusals,
                                            s->written[i]->id);
        }
    }

    for (i = 0; i < s->nitems; i++) {
        s->items[i].apart = ngx_http_autostock_settle_flight_is_locked(s,
                                                               &s->items[i]);
    }

    if (!ngx_http_autostock_settle_flight_set_apart(s)
        && s->after == NGX_HTTP_AUTOSTOCK_SETTLE_LOCKED)
    {
        ngx_http_autostock_settle_flight_stuck(s);
        return;
    }

    ngx_http_autostock_settle_flight_read(s);
}


static ngx_uint_t
ngx_http_autostock_settle_flight_is_locked(ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item)
{
    ngx_uint_t                            i;
    ngx_http_autostock_settle_part_t     *part;
    ngx_http_autostock_settle_subject_t  *subject;

    if (!item->planned) {
        return 0;
    }

    subject = s->subjects.elts;
    subject += item->subject;

    part = s->parts.elts;
    part += subject->part;

    for (i = 0; i < subject->nparts; i++) {
        if (part[i].product && part[i].product->locked) {
            return 1;
        }
    }

    return 0;
}


/* moves the marked items aside, and returns their number */

static ngx_uint_t
ngx_http_autostock_settle_flight_set_apart(ngx_http_autostock_settlement_t *s)
{
    ngx_uint_t                         n;
    ngx_queue_t                       *q, *next, apart;
    ngx_http_autostock_waiter_t       *waiter;
    ngx_http_autostock_settle_item_t  *item;

    n = 0;
    ngx_queue_init(&apart);

    for (q = ngx_queue_head(&s->flight.waiters);
         q != ngx_queue_sentinel(&s->flight.waiters);
         q = next)
    {
        next = ngx_queue_next(q);
        waiter = ngx_queue_data(q, ngx_http_autostock_waiter_t, queue);
        item = &s->items[waiter->slot];

        if (item->apart) {
            item->gone = 1;
            ngx_queue_remove(q);
            ngx_queue_insert_tail(&apart, q);
            n++;
        }
    }

    ngx_http_autostock_flight_waiters_set_aside(&s->flight, &apart);

    return n;
}


/* another row than a product's is locked */

static void
ngx_http_autostock_settle_flight_stuck(ngx_http_autostock_settlement_t *s)
{
    if (ngx_http_autostock_flight_split(&s->flight) != NGX_OK) {
        ngx_http_autostock_flight_all_aside(&s->flight);
    }
}


/*
 * Splits the batch until the refused item is alone, and refuses only that item.
 * After an error that concerns every request, all items are refused.
 */

static void
ngx_http_autostock_settle_flight_refuse(ngx_http_autostock_settlement_t *s)
{
    if (!ngx_http_autostock_settle_failure_is_common(s)) {
        if (ngx_http_autostock_flight_split(&s->flight) == NGX_OK) {
            return;
        }

        ngx_http_autostock_settle_failure_note_refusal(s);
    }

    ngx_http_autostock_flight_fail(&s->flight, NGX_HTTP_AUTOSTOCK_FAILED);
}


static void
ngx_http_autostock_settle_flight_send(ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_done_pt done)
{
    ngx_http_autostock_flight_query(&s->flight, ngx_http_autostock_settle_rows,
                                    done);
}
