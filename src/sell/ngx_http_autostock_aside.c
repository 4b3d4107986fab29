
/*
 * The queue aside, for waiters that must not share a flight with the others.
 * Each batch has at most one flight aside at a time, so that delays and
 * failures of these waiters use one connection and no flight of the others.
 *
 * The flight does not wait for locks.  Waiters whose rows or keys are locked
 * return to the queue, and the next flight tries them again after a pause.
 */


#include "ngx_http_autostock_batch.h"


/* the pause after a flight without any result, and its random part, ms */
#define NGX_HTTP_AUTOSTOCK_ASIDE_PAUSE   10
#define NGX_HTTP_AUTOSTOCK_ASIDE_JITTER  30


static void ngx_http_autostock_aside_launch(ngx_event_t *ev);
static void ngx_http_autostock_aside_ended(
    ngx_http_autostock_flight_t *flight);


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

    flight = ngx_http_autostock_flight_take(batch, 1,
                                            ngx_http_autostock_aside_ended);
    if (flight == NULL) {
        ngx_add_timer(&batch->aside_launch, NGX_HTTP_AUTOSTOCK_ASIDE_PAUSE);
        return;
    }

    batch->aside_flight = flight;

    ngx_http_autostock_pools_get(batch->db->pools, &flight->taker);
}


static void
ngx_http_autostock_aside_ended(ngx_http_autostock_flight_t *flight)
{
    ngx_http_autostock_batch_t  *batch;

    batch = flight->batch;
    batch->aside_flight = NULL;
    ngx_queue_insert_head(&batch->free, &flight->queue);

    if (ngx_queue_empty(&batch->aside)) {
        ngx_http_autostock_deadline_idle(batch);
        return;
    }

    if (flight->answered) {
        ngx_post_event(&batch->aside_launch, &ngx_posted_events);
        return;
    }

    ngx_add_timer(&batch->aside_launch, NGX_HTTP_AUTOSTOCK_ASIDE_PAUSE
                  + (ngx_msec_t) ngx_random()
                    % NGX_HTTP_AUTOSTOCK_ASIDE_JITTER);
}
