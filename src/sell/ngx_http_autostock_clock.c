
#include "ngx_http_autostock_clock.h"


static void ngx_http_autostock_clock_turned(ngx_event_t *ev);


uint32_t     ngx_http_autostock_clock_last;

/* posted while the turn in which the clock was last read has not ended */
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


/* nginx has already removed the event from the queue of posted events */

static void
ngx_http_autostock_clock_turned(ngx_event_t *ev)
{
    ngx_log_debug0(NGX_LOG_DEBUG_EVENT, ev->log, 0,
                   "autostock clock turned");
}
