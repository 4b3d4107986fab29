
/*
 * Waiters that must not share a flight with the others wait aside.  A flight of
 * their own takes them, one at a time for each database.  Whatever delays it or
 * makes it fail costs the other waiters no flight, and only this one
 * connection.
 *
 * The flight does not wait for locks.  Waiters whose rows or keys are locked
 * return to the queue and are tried again after a pause, without a connection.
 */


#include "ngx_http_autostock_batch.h"
#include "ngx_http_autostock_status.h"


/* after a flight without any result, ms, with jitter */
#define NGX_HTTP_AUTOSTOCK_ASIDE_PAUSE   10
#define NGX_HTTP_AUTOSTOCK_ASIDE_JITTER  30


static ngx_queue_t *ngx_http_autostock_aside_before(
    ngx_http_autostock_batch_t *batch, ngx_http_autostock_waiter_t *waiter);
static ngx_uint_t ngx_http_autostock_aside_serial(ngx_queue_t *q);
static void ngx_http_autostock_aside_launch(ngx_event_t *ev);


void
ngx_http_autostock_aside_init(ngx_http_autostock_batch_t *batch)
{
    ngx_queue_init(&batch->aside);

    batch->aside_launch.handler = ngx_http_autostock_aside_launch;
    batch->aside_launch.data = batch;
    batch->aside_launch.log = ngx_cycle->log;
}


void
ngx_http_autostock_aside_destroy(ngx_http_autostock_batch_t *batch)
{
    if (batch->aside_launch.posted) {
        ngx_delete_posted_event(&batch->aside_launch);
    }

    if (batch->aside_launch.timer_set) {
        ngx_del_timer(&batch->aside_launch);
    }
}


void
ngx_http_autostock_aside_add(ngx_http_autostock_batch_t *batch,
    ngx_http_autostock_waiter_t *waiter)
{
    ngx_queue_t  *q;

    waiter->batch = batch;
    waiter->flight = NULL;
    waiter->counted = 1;
    waiter->aside = 1;

    /* after the waiter it follows, or at the head */
    q = ngx_http_autostock_aside_before(batch, waiter);
    ngx_queue_insert_head(q, &waiter->queue);

    batch->naside++;
    ngx_http_autostock_gauge(batch->db, NGX_HTTP_AUTOSTOCK_WAITING, 1);

    if (batch->aside_flight == NULL && !batch->aside_launch.timer_set
        && !batch->aside_launch.posted)
    {
        ngx_post_event(&batch->aside_launch, &ngx_posted_events);
    }
}


/*
 * Sorted by arrival, not by the time of being set aside.  A waiter that returns
 * from an attempt is old, so the search starts at the nearer end.
 */

static ngx_queue_t *
ngx_http_autostock_aside_before(ngx_http_autostock_batch_t *batch,
    ngx_http_autostock_waiter_t *waiter)
{
    ngx_uint_t    first, last;
    ngx_queue_t  *q;

    if (ngx_queue_empty(&batch->aside)) {
        return &batch->aside;
    }

    first = ngx_http_autostock_aside_serial(ngx_queue_head(&batch->aside));
    last = ngx_http_autostock_aside_serial(ngx_queue_last(&batch->aside));

    if ((ngx_int_t) (waiter->serial - first)
        < (ngx_int_t) (last - waiter->serial))
    {

        for (q = ngx_queue_head(&batch->aside);
             q != ngx_queue_sentinel(&batch->aside)
             && ngx_http_autostock_aside_serial(q) < waiter->serial;
             q = ngx_queue_next(q))
        {
            /* void */
        }

        return ngx_queue_prev(q);
    }

    for (q = ngx_queue_last(&batch->aside);
         q != ngx_queue_sentinel(&batch->aside)
         && ngx_http_autostock_aside_serial(q) > waiter->serial;
         q = ngx_queue_prev(q))
    {
        /* void */
    }

    return q;
}


static ngx_uint_t
ngx_http_autostock_aside_serial(ngx_queue_t *q)
{
    ngx_http_autostock_waiter_t  *waiter;

    waiter = ngx_queue_data(q, ngx_http_autostock_waiter_t, queue);

    return waiter->serial;
}


static void
ngx_http_autostock_aside_launch(ngx_event_t *ev)
{
    ngx_http_autostock_batch_t   *batch = ev->data;
    ngx_http_autostock_flight_t  *flight;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ev->log, 0,
                   "autostock %s aside, %ui waiting", batch->ops->name,
                   batch->naside);

    if (ngx_queue_empty(&batch->aside) || batch->aside_flight) {
        return;
    }

    flight = ngx_http_autostock_flight_take(batch, 1);
    if (flight == NULL) {
        ngx_add_timer(&batch->aside_launch, NGX_HTTP_AUTOSTOCK_ASIDE_PAUSE);
        return;
    }

    ngx_http_autostock_pool_get(batch->db->pool, &flight->taker);
}


void
ngx_http_autostock_aside_flight_ended(ngx_http_autostock_batch_t *batch,
    ngx_uint_t answered)
{
    batch->aside_flight = NULL;

    if (ngx_queue_empty(&batch->aside)) {
        ngx_http_autostock_batch_idle(batch);
        return;
    }

    if (answered) {
        ngx_post_event(&batch->aside_launch, &ngx_posted_events);
        return;
    }

    ngx_add_timer(&batch->aside_launch, NGX_HTTP_AUTOSTOCK_ASIDE_PAUSE
                  + (ngx_msec_t) ngx_random()
                    % NGX_HTTP_AUTOSTOCK_ASIDE_JITTER);
}
