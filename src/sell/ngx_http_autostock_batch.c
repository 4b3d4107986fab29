
#include "ngx_http_autostock_batch.h"
#include "ngx_http_autostock_status.h"


/*
 * A flight is slow after this time, and after this many times the usual
 * duration of a flight.  During a slow flight another one may start.
 */
#define NGX_HTTP_AUTOSTOCK_BATCH_PATIENCE  20         /* ms */
#define NGX_HTTP_AUTOSTOCK_BATCH_SLOW     4

/* maximum number of flights in doubt on other servers, besides max_flights */
#define NGX_HTTP_AUTOSTOCK_BATCH_APART    8


static ngx_uint_t ngx_http_autostock_batch_may_launch(
    ngx_http_autostock_batch_t *batch);
static ngx_uint_t ngx_http_autostock_batch_flights(
    ngx_http_autostock_batch_t *batch, ngx_http_autostock_flight_t **last);
static ngx_msec_t ngx_http_autostock_batch_slow(
    ngx_http_autostock_batch_t *batch);
static void ngx_http_autostock_batch_launch(ngx_event_t *ev);
static void ngx_http_autostock_batch_patience(ngx_event_t *ev);
static void ngx_http_autostock_batch_ended(
    ngx_http_autostock_flight_t *flight);


ngx_http_autostock_batch_t *
ngx_http_autostock_batch_create(ngx_http_autostock_database_t *db,
    ngx_http_autostock_batch_ops_t *ops)
{
    ngx_http_autostock_batch_t  *batch;

    batch = ngx_calloc(sizeof(ngx_http_autostock_batch_t), ngx_cycle->log);
    if (batch == NULL) {
        return NULL;
    }

    batch->db = db;
    batch->ops = ops;

    ngx_queue_init(&batch->waiting);
    ngx_queue_init(&batch->flying);
    ngx_queue_init(&batch->free);

    ngx_http_autostock_aside_init(batch);

    batch->posted.handler = ngx_http_autostock_batch_launch;
    batch->posted.data = batch;
    batch->posted.log = ngx_cycle->log;

    batch->patience.handler = ngx_http_autostock_batch_patience;
    batch->patience.data = batch;
    batch->patience.log = ngx_cycle->log;

    ngx_http_autostock_gather_init(&batch->gather, &batch->posted);
    ngx_http_autostock_deadline_init(batch);

    return batch;
}


void
ngx_http_autostock_batch_destroy(ngx_http_autostock_batch_t *batch)
{
    ngx_queue_t                  *q;
    ngx_http_autostock_flight_t  *flight;

    while (!ngx_queue_empty(&batch->free)) {
        q = ngx_queue_head(&batch->free);
        flight = ngx_queue_data(q, ngx_http_autostock_flight_t, queue);

        ngx_queue_remove(q);
        batch->ops->destroy(flight);
        ngx_http_autostock_sql_free(&flight->sql);
        ngx_free(flight);
    }

    if (batch->posted.posted) {
        ngx_delete_posted_event(&batch->posted);
    }

    if (batch->patience.timer_set) {
        ngx_del_timer(&batch->patience);
    }

    ngx_http_autostock_gather_destroy(&batch->gather);
    ngx_http_autostock_deadline_destroy(batch);
    ngx_http_autostock_aside_destroy(batch);

    ngx_free(batch);
}


ngx_int_t
ngx_http_autostock_batch_submit(ngx_http_autostock_batch_t *batch,
    ngx_http_autostock_waiter_t *waiter, ngx_msec_t deadline)
{
    ngx_uint_t                    apart;
    ngx_http_autostock_flight_t  *last;

    apart = batch->ops->goes_aside && batch->ops->goes_aside(waiter);

    /* waiters aside may use half of the backlog */
    if (batch->nwaiting + batch->naside >= batch->db->backlog
        || (apart && batch->naside >= batch->db->backlog / 2))
    {
        return NGX_BUSY;
    }

    waiter->deadline = deadline;
    waiter->serial = ++batch->serial;

    if (!waiter->has_arrived) {
        waiter->has_arrived = 1;
        waiter->arrived = ngx_http_autostock_clock_recent();
    }

    ngx_http_autostock_deadline_add(batch, deadline);

    if (apart) {
        ngx_http_autostock_waiter_set_aside(batch, waiter);
        return NGX_OK;
    }

    ngx_http_autostock_waiter_enqueue(batch, waiter, 0);
    ngx_http_autostock_gather_arrived(&batch->gather);

    if (batch->posted.posted) {
        return NGX_OK;
    }

    /* if no flight runs, the event decides once for many requests */
    if (ngx_http_autostock_batch_flights(batch, &last) == 0
        || ngx_http_autostock_batch_may_launch(batch))
    {
        ngx_post_event(&batch->posted, &ngx_posted_events);

    } else if (!batch->patience.timer_set) {
        ngx_add_timer(&batch->patience,
                      ngx_http_autostock_batch_slow(batch) + 1);
    }

    return NGX_OK;
}


void
ngx_http_autostock_batch_resubmit(ngx_http_autostock_batch_t *batch,
    ngx_http_autostock_waiter_t *waiter)
{
    ngx_http_autostock_waiter_enqueue(batch, waiter, 1);

    ngx_post_event(&batch->posted, &ngx_posted_events);
}


/*
 * A few flights with full batches are faster than many with small ones.  So
 * another flight starts only while the last one is slow, for example waits for
 * a lock or a lost server.
 */

static ngx_uint_t
ngx_http_autostock_batch_may_launch(ngx_http_autostock_batch_t *batch)
{
    ngx_uint_t                    n;
    ngx_http_autostock_flight_t  *last;

    if (ngx_queue_empty(&batch->waiting) || batch->connecting) {
        return 0;
    }

    n = ngx_http_autostock_batch_flights(batch, &last);

    if (n >= batch->ops->max_flights) {
        return 0;
    }

    if (n == 0) {
        return !ngx_http_autostock_gather_waits(&batch->gather,
                                                batch->nwaiting);
    }

    return ngx_current_msec - last->began
           > ngx_http_autostock_batch_slow(batch);
}


/*
 * The number of running flights, and the last one of them.  Flights in doubt
 * that wait for a server that sales no longer use do not count: they use no
 * connection of the server that is used now, and may wait until their
 * deadlines.
 */

static ngx_uint_t
ngx_http_autostock_batch_flights(ngx_http_autostock_batch_t *batch,
    ngx_http_autostock_flight_t **last)
{
    ngx_uint_t                    n, apart;
    ngx_queue_t                  *q;
    ngx_http_autostock_flight_t  *flight;

    n = 0;
    apart = 0;
    *last = NULL;

    for (q = ngx_queue_head(&batch->flying);
         q != ngx_queue_sentinel(&batch->flying);
         q = ngx_queue_next(q))
    {
        flight = ngx_queue_data(q, ngx_http_autostock_flight_t, queue);

        if (apart < NGX_HTTP_AUTOSTOCK_BATCH_APART
            && ngx_http_autostock_pools_elsewhere(batch->db->pools,
                                                  &flight->taker))
        {
            apart++;
            continue;
        }

        n++;
        *last = flight;
    }

    return n;
}


/* the duration after which a flight is slow, ms */

static ngx_msec_t
ngx_http_autostock_batch_slow(ngx_http_autostock_batch_t *batch)
{
    ngx_msec_t  usual;

    usual = (ngx_msec_t) (batch->gather.flight_ns / 1000000)
            * NGX_HTTP_AUTOSTOCK_BATCH_SLOW;

    return ngx_max(usual, NGX_HTTP_AUTOSTOCK_BATCH_PATIENCE);
}


static void
ngx_http_autostock_batch_launch(ngx_event_t *ev)
{
    ngx_http_autostock_batch_t   *batch = ev->data;
    ngx_http_autostock_flight_t  *flight;

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, ev->log, 0,
                   "autostock %s launch, %ui waiting, %ui flying",
                   batch->ops->name, batch->nwaiting, batch->nflying);

    if (!ngx_http_autostock_batch_may_launch(batch)) {
        ngx_http_autostock_deadline_idle(batch);
        return;
    }

    flight = ngx_http_autostock_flight_take(batch, 0,
                                            ngx_http_autostock_batch_ended);
    if (flight == NULL) {
        return;
    }

    ngx_queue_insert_tail(&batch->flying, &flight->queue);
    batch->nflying++;

    ngx_http_autostock_gather_launched(&batch->gather);

    batch->connecting = 1;
    ngx_http_autostock_pools_get(batch->db->pools, &flight->taker);
}


/* requests that wait do not have to wait for the end of a slow flight */

static void
ngx_http_autostock_batch_patience(ngx_event_t *ev)
{
    ngx_http_autostock_batch_t   *batch = ev->data;
    ngx_http_autostock_flight_t  *last;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ev->log, 0,
                   "autostock %s patience", batch->ops->name);

    ngx_http_autostock_batch_launch(ev);

    /* while max_flights run, the end of a flight launches the next one */
    if (!ngx_queue_empty(&batch->waiting)
        && ngx_http_autostock_batch_flights(batch, &last)
           < batch->ops->max_flights)
    {
        ngx_add_timer(&batch->patience,
                      ngx_http_autostock_batch_slow(batch) + 1);
    }
}


static void
ngx_http_autostock_batch_ended(ngx_http_autostock_flight_t *flight)
{
    ngx_http_autostock_batch_t   *batch;
    ngx_http_autostock_flight_t  *last;

    batch = flight->batch;

    ngx_queue_remove(&flight->queue);
    ngx_queue_insert_head(&batch->free, &flight->queue);
    batch->nflying--;

    if (flight->n) {
        ngx_http_autostock_gather_ended(&batch->gather, flight->began_ns,
                                        flight->n);

        if (ngx_http_autostock_batch_flights(batch, &last) == 0
            && ngx_http_autostock_gather_start(&batch->gather, batch->nwaiting,
                                               batch->db->batch_size))
        {
            return;
        }
    }

    if (!ngx_queue_empty(&batch->waiting)) {
        ngx_post_event(&batch->posted, &ngx_posted_events);
        return;
    }

    ngx_http_autostock_deadline_idle(batch);
}
