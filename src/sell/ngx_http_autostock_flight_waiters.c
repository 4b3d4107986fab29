
/*
 * Adds waiters to a flight, or sets them aside.
 */


#include "ngx_http_autostock_batch.h"
#include "ngx_http_autostock_status.h"


void
ngx_http_autostock_flight_waiters_take(ngx_http_autostock_flight_t *flight)
{
    ngx_int_t                     rc;
    ngx_uint_t                    before, taken;
    ngx_queue_t                  *q, *from, *next, refused;
    ngx_http_autostock_batch_t   *batch;
    ngx_http_autostock_waiter_t  *waiter;

    batch = flight->batch;
    before = flight->n;
    from = flight->aside ? &batch->aside : &batch->waiting;
    ngx_queue_init(&refused);

    for (q = ngx_queue_head(from); q != from; q = next) {
        next = ngx_queue_next(q);
        waiter = ngx_queue_data(q, ngx_http_autostock_waiter_t, queue);

        if (!flight->aside && batch->ops->goes_aside
            && batch->ops->goes_aside(waiter))
        {
            ngx_http_autostock_waiter_unqueue(waiter);
            ngx_http_autostock_waiter_set_aside(batch, waiter);
            continue;
        }

        rc = batch->ops->add(flight, waiter);

        if (rc == NGX_AGAIN) {
            continue;
        }

        if (rc == NGX_ABORT) {
            ngx_http_autostock_waiter_unqueue(waiter);
            ngx_queue_insert_tail(&refused, q);
            continue;
        }

        if (rc != NGX_OK) {
            break;
        }

        ngx_queue_remove(q);
        waiter->counted = 0;
        ngx_http_autostock_flight_waiters_add(flight, waiter);
    }

    taken = flight->n - before;

    if (flight->aside) {
        batch->naside -= taken;
    } else {
        batch->nwaiting -= taken;
    }

    ngx_http_autostock_status_gauge(batch->db, NGX_HTTP_AUTOSTOCK_WAITING,
                                    - (ngx_int_t) taken);
    ngx_http_autostock_status_gauge(batch->db, NGX_HTTP_AUTOSTOCK_IN_FLIGHT,
                                    taken);

    while (!ngx_queue_empty(&refused)) {
        q = ngx_queue_head(&refused);
        waiter = ngx_queue_data(q, ngx_http_autostock_waiter_t, queue);
        flight->answered++;
        ngx_http_autostock_waiter_refuse(NULL, waiter,
                                        NGX_HTTP_AUTOSTOCK_FAILED);
    }
}


void
ngx_http_autostock_flight_waiters_add(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter)
{
    waiter->flight = flight;
    ngx_queue_insert_tail(&flight->waiters, &waiter->queue);
    flight->n++;
}


void
ngx_http_autostock_flight_waiters_set_aside(ngx_http_autostock_flight_t *flight,
    ngx_queue_t *waiters)
{
    ngx_queue_t                  *q;
    ngx_http_autostock_waiter_t  *waiter;

    while (!ngx_queue_empty(waiters)) {
        q = ngx_queue_head(waiters);
        waiter = ngx_queue_data(q, ngx_http_autostock_waiter_t, queue);

        ngx_queue_remove(q);
        ngx_http_autostock_waiter_set_aside(flight->batch, waiter);

        flight->split = 1;
        flight->n--;
        ngx_http_autostock_status_gauge(flight->batch->db,
                                        NGX_HTTP_AUTOSTOCK_IN_FLIGHT, -1);
    }
}
