
#include "ngx_http_autostock_batch.h"
#include "ngx_http_autostock_status.h"


/* A flight older than this does not delay others: another may start. */
#define NGX_HTTP_AUTOSTOCK_BATCH_PATIENCE  20         /* ms */

/*
 * After a flight the batch waits up to this long for clients that send another
 * request, until this many sixteenths of them have.  It does not wait for fewer
 * than BATCH_CROWD.
 */
#define NGX_HTTP_AUTOSTOCK_BATCH_GATHER    3          /* ms */
#define NGX_HTTP_AUTOSTOCK_BATCH_SHARE     12
#define NGX_HTTP_AUTOSTOCK_BATCH_CROWD     4

#define NGX_HTTP_AUTOSTOCK_BATCH_TICK      10         /* minimum, ms */


static void ngx_http_autostock_batch_add(ngx_http_autostock_batch_t *batch,
    ngx_http_autostock_waiter_t *waiter, ngx_uint_t first);
static void ngx_http_autostock_batch_gather(ngx_event_t *ev);
static void ngx_http_autostock_batch_launch(ngx_event_t *ev);
static void ngx_http_autostock_batch_patience(ngx_event_t *ev);
static void ngx_http_autostock_batch_deadline(ngx_event_t *ev);
static void ngx_http_autostock_batch_overdue(ngx_queue_t *from,
    ngx_queue_t *to, ngx_msec_int_t *next);


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
    batch->share = NGX_HTTP_AUTOSTOCK_BATCH_SHARE;

    ngx_queue_init(&batch->waiting);
    ngx_queue_init(&batch->flying);
    ngx_queue_init(&batch->free);

    ngx_http_autostock_aside_init(batch);

    batch->posted.handler = ngx_http_autostock_batch_launch;
    batch->posted.data = batch;
    batch->posted.log = ngx_cycle->log;

    batch->gathering.handler = ngx_http_autostock_batch_gather;
    batch->gathering.data = batch;
    batch->gathering.log = ngx_cycle->log;

    batch->patience.handler = ngx_http_autostock_batch_patience;
    batch->patience.data = batch;
    batch->patience.log = ngx_cycle->log;

    batch->timer.handler = ngx_http_autostock_batch_deadline;
    batch->timer.data = batch;
    batch->timer.log = ngx_cycle->log;

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

    if (batch->gathering.timer_set) {
        ngx_del_timer(&batch->gathering);
    }

    if (batch->patience.timer_set) {
        ngx_del_timer(&batch->patience);
    }

    if (batch->timer.timer_set) {
        ngx_del_timer(&batch->timer);
    }

    ngx_http_autostock_aside_destroy(batch);

    ngx_free(batch);
}


ngx_http_autostock_database_t *
ngx_http_autostock_batch_database(ngx_http_autostock_batch_t *batch)
{
    return batch->db;
}


ngx_int_t
ngx_http_autostock_batch_submit(ngx_http_autostock_batch_t *batch,
    ngx_http_autostock_waiter_t *waiter, ngx_msec_t deadline)
{
    ngx_uint_t  apart;

    apart = batch->ops->goes_aside && batch->ops->goes_aside(waiter);

    /* waiters aside may use half of the backlog */
    if (batch->nwaiting + batch->naside >= batch->db->backlog
        || (apart && batch->naside >= batch->db->backlog / 2))
    {
        return NGX_BUSY;
    }

    waiter->deadline = deadline;
    waiter->serial = ++batch->serial;

    if (apart) {
        ngx_http_autostock_aside_add(batch, waiter);
    } else {
        ngx_http_autostock_batch_add(batch, waiter, 0);
    }

    /* time-outs differ between locations: the nearest deadline counts */
    if (!batch->timer.timer_set
        || (ngx_msec_int_t) (deadline - batch->timer.timer.key) < 0)
    {
        ngx_add_timer(&batch->timer, ngx_max(
                                  (ngx_msec_int_t) (deadline
                                                    - ngx_current_msec),
                                  NGX_HTTP_AUTOSTOCK_BATCH_TICK));
    }

    if (!apart && !batch->posted.posted) {

        if (ngx_http_autostock_batch_may_launch(batch)) {
            ngx_post_event(&batch->posted, &ngx_posted_events);

        } else if (batch->nflying && !batch->patience.timer_set) {
            ngx_add_timer(&batch->patience,
                          NGX_HTTP_AUTOSTOCK_BATCH_PATIENCE + 1);
        }
    }

    return NGX_OK;
}


void
ngx_http_autostock_batch_resubmit(ngx_http_autostock_batch_t *batch,
    ngx_http_autostock_waiter_t *waiter)
{
    ngx_http_autostock_batch_add(batch, waiter, 1);

    ngx_post_event(&batch->posted, &ngx_posted_events);
}


static void
ngx_http_autostock_batch_add(ngx_http_autostock_batch_t *batch,
    ngx_http_autostock_waiter_t *waiter, ngx_uint_t first)
{
    waiter->batch = batch;
    waiter->flight = NULL;
    waiter->counted = 1;
    waiter->aside = 0;

    if (first) {
        ngx_queue_insert_head(&batch->waiting, &waiter->queue);
    } else {
        ngx_queue_insert_tail(&batch->waiting, &waiter->queue);
    }

    batch->nwaiting++;
    ngx_http_autostock_gauge(batch->db, NGX_HTTP_AUTOSTOCK_WAITING, 1);
}


void
ngx_http_autostock_batch_cancel(ngx_http_autostock_waiter_t *waiter)
{
    if (waiter->batch) {
        ngx_http_autostock_batch_unqueue(waiter);
        waiter->batch = NULL;
        waiter->flight = NULL;
    }
}


void
ngx_http_autostock_batch_unqueue(ngx_http_autostock_waiter_t *waiter)
{
    ngx_queue_remove(&waiter->queue);

    if (waiter->counted) {
        waiter->counted = 0;

        if (waiter->aside) {
            waiter->batch->naside--;
        } else {
            waiter->batch->nwaiting--;
        }

        ngx_http_autostock_gauge(waiter->batch->db,
                                 NGX_HTTP_AUTOSTOCK_WAITING, -1);
    }
}


/*
 * A few flights with full batches are faster than many with small ones.  Only a
 * slow flight (waiting for a lock or a lost server) lets another one start.
 */

ngx_uint_t
ngx_http_autostock_batch_may_launch(ngx_http_autostock_batch_t *batch)
{
    ngx_queue_t                  *q;
    ngx_http_autostock_flight_t  *flight;

    if (batch->connecting || batch->nflying >= batch->ops->max_flights) {
        return 0;
    }

    if (batch->nflying == 0) {
        return batch->nwaiting >= batch->wanted;
    }

    q = ngx_queue_last(&batch->flying);
    flight = ngx_queue_data(q, ngx_http_autostock_flight_t, queue);

    return ngx_current_msec - flight->began
           > NGX_HTTP_AUTOSTOCK_BATCH_PATIENCE;
}


void
ngx_http_autostock_batch_gathered(ngx_http_autostock_batch_t *batch)
{
    batch->wanted = 0;

    if (batch->gathering.timer_set) {
        ngx_del_timer(&batch->gathering);
    }
}


/*
 * Fewer requests came than expected: these clients do not send one after
 * another.  The flight starts with those that are there, and the next wait
 * expects fewer.
 */

static void
ngx_http_autostock_batch_gather(ngx_event_t *ev)
{
    ngx_http_autostock_batch_t  *batch = ev->data;

    batch->share /= 2;
    ngx_http_autostock_batch_gathered(batch);

    ngx_http_autostock_batch_flight_ended(batch, 0);
}


static void
ngx_http_autostock_batch_launch(ngx_event_t *ev)
{
    ngx_http_autostock_batch_t   *batch = ev->data;
    ngx_http_autostock_flight_t  *flight;

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, ev->log, 0,
                   "autostock %s launch, %ui waiting, %ui flying",
                   batch->ops->name, batch->nwaiting, batch->nflying);

    if (ngx_queue_empty(&batch->waiting)
        || !ngx_http_autostock_batch_may_launch(batch))
    {
        return;
    }

    flight = ngx_http_autostock_flight_take(batch, 0);
    if (flight == NULL) {
        return;
    }

    ngx_http_autostock_batch_gathered(batch);

    batch->share = ngx_min(batch->share + 1, NGX_HTTP_AUTOSTOCK_BATCH_SHARE);

    batch->connecting = 1;
    ngx_http_autostock_pool_get(batch->db->pool, &flight->taker);
}


/* Early requests need not wait for the end of a slow flight. */

static void
ngx_http_autostock_batch_patience(ngx_event_t *ev)
{
    ngx_http_autostock_batch_t  *batch = ev->data;

    ngx_http_autostock_batch_launch(ev);

    /* with max_flights under way, the end of a flight launches the next */
    if (!ngx_queue_empty(&batch->waiting)
        && batch->nflying < batch->ops->max_flights)
    {
        ngx_add_timer(&batch->patience,
                      NGX_HTTP_AUTOSTOCK_BATCH_PATIENCE + 1);
    }
}


void
ngx_http_autostock_batch_refuse(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter, ngx_http_autostock_why_e why)
{
    ngx_http_autostock_batch_t  *batch;

    batch = waiter->batch;
    ngx_http_autostock_batch_cancel(waiter);

    batch->ops->refuse(flight, waiter, why);
}


static void
ngx_http_autostock_batch_deadline(ngx_event_t *ev)
{
    ngx_queue_t                  *q, overdue;
    ngx_msec_int_t                next;
    ngx_http_autostock_batch_t   *batch = ev->data;
    ngx_http_autostock_flight_t  *flight;
    ngx_http_autostock_waiter_t  *waiter;

    next = 0;
    ngx_queue_init(&overdue);

    ngx_http_autostock_batch_overdue(&batch->waiting, &overdue, &next);
    ngx_http_autostock_batch_overdue(&batch->aside, &overdue, &next);

    if (batch->aside_flight) {
        ngx_http_autostock_batch_overdue(&batch->aside_flight->waiters,
                                         &overdue,
                                         &next);
    }

    for (q = ngx_queue_head(&batch->flying);
         q != ngx_queue_sentinel(&batch->flying);
         q = ngx_queue_next(q))
    {
        flight = ngx_queue_data(q, ngx_http_autostock_flight_t, queue);
        ngx_http_autostock_batch_overdue(&flight->waiters, &overdue, &next);
    }

    if (next) {
        ngx_add_timer(&batch->timer,
                      ngx_max(next, NGX_HTTP_AUTOSTOCK_BATCH_TICK));
    }

    while (!ngx_queue_empty(&overdue)) {
        q = ngx_queue_head(&overdue);
        waiter = ngx_queue_data(q, ngx_http_autostock_waiter_t, queue);
        ngx_http_autostock_batch_refuse(waiter->flight, waiter,
                                        NGX_HTTP_AUTOSTOCK_EXPIRED);
    }
}


/* next: ms to the nearest remaining deadline, 0 if there is none */

static void
ngx_http_autostock_batch_overdue(ngx_queue_t *from, ngx_queue_t *to,
    ngx_msec_int_t *next)
{
    ngx_queue_t                  *q, *following;
    ngx_msec_int_t                left;
    ngx_http_autostock_waiter_t  *waiter;

    for (q = ngx_queue_head(from); q != from; q = following) {
        following = ngx_queue_next(q);
        waiter = ngx_queue_data(q, ngx_http_autostock_waiter_t, queue);
        left = (ngx_msec_int_t) (waiter->deadline - ngx_current_msec);

        if (left <= 0) {
            ngx_http_autostock_batch_unqueue(waiter);
            ngx_queue_insert_tail(to, q);

        } else if (*next == 0 || left < *next) {
            *next = left;
        }
    }
}


void
ngx_http_autostock_batch_flight_ended(ngx_http_autostock_batch_t *batch,
    ngx_uint_t answered)
{
    ngx_uint_t  wanted;

    ngx_http_autostock_batch_gathered(batch);

    wanted = (answered + batch->nwaiting) * batch->share / 16;
    wanted = ngx_min(wanted, batch->db->batch_size);

    if (answered && batch->nflying == 0 && !batch->connecting
        && wanted >= NGX_HTTP_AUTOSTOCK_BATCH_CROWD
        && batch->nwaiting < wanted)
    {
        batch->wanted = wanted;
        ngx_add_timer(&batch->gathering, NGX_HTTP_AUTOSTOCK_BATCH_GATHER);
        return;
    }

    if (!ngx_queue_empty(&batch->waiting)) {
        ngx_post_event(&batch->posted, &ngx_posted_events);
        return;
    }

    ngx_http_autostock_batch_idle(batch);
}


/* a timer without waiters would keep a quitting worker process alive */

void
ngx_http_autostock_batch_idle(ngx_http_autostock_batch_t *batch)
{
    if (batch->nwaiting == 0 && batch->naside == 0 && batch->nflying == 0
        && batch->aside_flight == NULL && batch->timer.timer_set)
    {
        ngx_del_timer(&batch->timer);
    }
}
