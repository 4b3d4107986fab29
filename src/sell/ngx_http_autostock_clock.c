
#include "ngx_http_autostock_clock.h"


static void ngx_http_autostock_clock_turned(ngx_event_t *ev);


uint32_t     ngx_http_autostock_clock_last;

/* posted: the turn in which the clock was read last is not over */
ngx_event_t  ngx_http_autostock_clock_turn;


uint64_t
ngx_http_autostock_clock_ns(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}


uint32_t
ngx_http_autostock_clock_usec(void)
{
    ngx_http_autostock_clock_last = ngx_http_autostock_clock_ns() / 1000;

    ngx_http_autostock_clock_turn.handler = ngx_http_autostock_clock_turned;
    ngx_http_autostock_clock_turn.log = ngx_cycle->log;
    ngx_post_event(&ngx_http_autostock_clock_turn, &ngx_posted_events);

    return ngx_http_autostock_clock_last;
}


/* nginx takes the event from the queue before it calls this */

static void
ngx_http_autostock_clock_turned(ngx_event_t *ev)
{
    ngx_log_debug0(NGX_LOG_DEBUG_EVENT, ev->log, 0,
                   "autostock clock turned");
}
