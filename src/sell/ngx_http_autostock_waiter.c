
/*
 * Adds waiters to the queues of their batch, and removes them.
 */


#include "ngx_http_autostock_batch.h"
#include "ngx_http_autostock_status.h"


static ngx_queue_t *ngx_http_autostock_waiter_before(
    ngx_http_autostock_batch_t *batch, ngx_http_autostock_waiter_t *waiter);
static ngx_uint_t ngx_http_autostock_waiter_serial(ngx_queue_t *q);


void
ngx_http_autostock_waiter_enqueue(ngx_http_autostock_batch_t *batch,
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
    ngx_http_autostock_status_gauge(batch->db, NGX_HTTP_AUTOSTOCK_WAITING, 1);
}


void
ngx_http_autostock_waiter_set_aside(ngx_http_autostock_batch_t *batch,
    ngx_http_autostock_waiter_t *waiter)
{
    ngx_queue_t  *q;

    waiter->batch = batch;
    waiter->flight = NULL;
    waiter->counted = 1;
    waiter->aside = 1;

    /* inserts it after the earlier one, or at the head */
    q = ngx_http_autostock_waiter_before(batch, waiter);
    ngx_queue_insert_head(q, &waiter->queue);

    batch->naside++;
    ngx_http_autostock_status_gauge(batch->db, NGX_HTTP_AUTOSTOCK_WAITING, 1);

    if (batch->aside_flight == NULL && !batch->aside_launch.timer_set
        && !batch->aside_launch.posted)
    {
        ngx_post_event(&batch->aside_launch, &ngx_posted_events);
    }
}


/*
 * The last waiter that arrived earlier, or the queue's head.  The queue is
 * sorted by arrival.  A waiter that returns from an attempt is old, so the
 * search starts at the nearer end.
 */

static ngx_queue_t *
ngx_http_autostock_waiter_before(ngx_http_autostock_batch_t *batch,
    ngx_http_autostock_waiter_t *waiter)
{
    ngx_uint_t    first, last;
    ngx_queue_t  *q;

    if (ngx_queue_empty(&batch->aside)) {
        return &batch->aside;
    }

    first = ngx_http_autostock_waiter_serial(ngx_queue_head(&batch->aside));
    last = ngx_http_autostock_waiter_serial(ngx_queue_last(&batch->aside));

    if ((ngx_int_t) (waiter->serial - first)
        < (ngx_int_t) (last - waiter->serial))
    {

        for (q = ngx_queue_head(&batch->aside);
             q != ngx_queue_sentinel(&batch->aside)
             && ngx_http_autostock_waiter_serial(q) < waiter->serial;
             q = ngx_queue_next(q))
        {
            /* void */
        }

        return ngx_queue_prev(q);
    }

    for (q = ngx_queue_last(&batch->aside);
         q != ngx_queue_sentinel(&batch->aside)
         && ngx_http_autostock_waiter_serial(q) > waiter->serial;
         q = ngx_queue_prev(q))
    {
        /* void */
    }

    return q;
}


static ngx_uint_t
ngx_http_autostock_waiter_serial(ngx_queue_t *q)
{
    ngx_http_autostock_waiter_t  *waiter;

    waiter = ngx_queue_data(q, ngx_http_autostock_waiter_t, queue);

    return waiter->serial;
}


void
ngx_http_autostock_waiter_cancel(ngx_http_autostock_waiter_t *waiter)
{
    if (waiter->batch) {
        ngx_http_autostock_waiter_unqueue(waiter);
        waiter->batch = NULL;
        waiter->flight = NULL;
    }
}


void
ngx_http_autostock_waiter_unqueue(ngx_http_autostock_waiter_t *waiter)
{
    ngx_queue_remove(&waiter->queue);

    if (waiter->counted) {
        waiter->counted = 0;

        if (waiter->aside) {
            waiter->batch->naside--;
        } else {
            waiter->batch->nwaiting--;
        }

        ngx_http_autostock_status_gauge(waiter->batch->db,
                                        NGX_HTTP_AUTOSTOCK_WAITING, -1);
    }
}


void
ngx_http_autostock_waiter_end(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter, uint32_t now)
{
    waiter->ended = now;
    waiter->has_ended = 1;

    if (flight) {
        waiter->departed = (uint32_t) (flight->began_ns / 1000);
        waiter->merged = flight->n;
        waiter->has_departed = 1;
    }
}


void
ngx_http_autostock_waiter_refuse(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter, ngx_http_autostock_why_e why)
{
    ngx_http_autostock_batch_t  *batch;

    ngx_http_autostock_waiter_end(flight, waiter,
                                  ngx_http_autostock_clock_usec());

    batch = waiter->batch;
    ngx_http_autostock_waiter_cancel(waiter);

    batch->ops->refuse(flight, waiter, why);
}
