
/*
 * One timer per batch, set for the nearest deadline of its waiters.
 */


#include "ngx_http_autostock_batch.h"


/* minimum of the timer, ms */
#define NGX_HTTP_AUTOSTOCK_DEADLINE_TICK  10


static void ngx_http_autostock_deadline_expired(ngx_event_t *ev);
static void ngx_http_autostock_deadline_overdue(ngx_queue_t *from,
    ngx_queue_t *to, ngx_msec_int_t *next);


void
ngx_http_autostock_deadline_init(ngx_http_autostock_batch_t *batch)
{
    batch->timer.handler = ngx_http_autostock_deadline_expired;
    batch->timer.data = batch;
    batch->timer.log = ngx_cycle->log;
}


void
ngx_http_autostock_deadline_destroy(ngx_http_autostock_batch_t *batch)
{
    if (batch->timer.timer_set) {
        ngx_del_timer(&batch->timer);
    }
}


/* time-outs differ between locations, so a later waiter may end earlier */

void
ngx_http_autostock_deadline_add(ngx_http_autostock_batch_t *batch,
    ngx_msec_t deadline)
{
    ngx_msec_int_t  left;

    if (!batch->timer.timer_set
        || (ngx_msec_int_t) (deadline - batch->timer.timer.key) < 0)
    {
        left = (ngx_msec_int_t) (deadline - ngx_current_msec);
        ngx_add_timer(&batch->timer,
                      ngx_max(left, NGX_HTTP_AUTOSTOCK_DEADLINE_TICK));
    }
}


/* a timer without waiters would keep a quitting worker process from exiting */

void
ngx_http_autostock_deadline_idle(ngx_http_autostock_batch_t *batch)
{
    if (batch->nwaiting == 0 && batch->naside == 0 && batch->nflying == 0
        && batch->aside_flight == NULL)
    {
        ngx_http_autostock_deadline_destroy(batch);
    }
}


static void
ngx_http_autostock_deadline_expired(ngx_event_t *ev)
{
    ngx_queue_t                  *q, overdue;
    ngx_msec_int_t                next;
    ngx_http_autostock_batch_t   *batch = ev->data;
    ngx_http_autostock_flight_t  *flight;
    ngx_http_autostock_waiter_t  *waiter;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ev->log, 0,
                   "autostock %s deadline, %ui waiting",
                   batch->ops->name, batch->nwaiting + batch->naside);

    next = 0;
    ngx_queue_init(&overdue);

    ngx_http_autostock_deadline_overdue(&batch->waiting, &overdue, &next);
    ngx_http_autostock_deadline_overdue(&batch->aside, &overdue, &next);

    if (batch->aside_flight) {
        ngx_http_autostock_deadline_overdue(&batch->aside_flight->waiters,
                                         &overdue,
                                         &next);
    }

    for (q = ngx_queue_head(&batch->flying);
         q != ngx_queue_sentinel(&batch->flying);
         q = ngx_queue_next(q))
    {
        flight = ngx_queue_data(q, ngx_http_autostock_flight_t, queue);
        ngx_http_autostock_deadline_overdue(&flight->waiters, &overdue, &next);
    }

    if (next) {
        ngx_add_timer(&batch->timer,
                      ngx_max(next, NGX_HTTP_AUTOSTOCK_DEADLINE_TICK));
    }

    while (!ngx_queue_empty(&overdue)) {
        q = ngx_queue_head(&overdue);
        waiter = ngx_queue_data(q, ngx_http_autostock_waiter_t, queue);
        ngx_http_autostock_waiter_refuse(waiter->flight, waiter,
                                        NGX_HTTP_AUTOSTOCK_EXPIRED);
    }
}


/*
 * moves the waiters whose deadline has passed; next: the time to the nearest
 * deadline of the others, ms; 0: none
 */

static void
ngx_http_autostock_deadline_overdue(ngx_queue_t *from, ngx_queue_t *to,
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
            ngx_http_autostock_waiter_unqueue(waiter);
            ngx_queue_insert_tail(to, q);

        } else if (*next == 0 || left < *next) {
            *next = left;
        }
    }
}
