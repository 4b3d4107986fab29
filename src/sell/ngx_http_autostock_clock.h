
/*
 * A finer clock than ngx_current_msec, to measure how long requests and flights
 * take.  It is CLOCK_MONOTONIC: only differences have a meaning.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_CLOCK_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_CLOCK_H_INCLUDED_


#include "ngx_http_autostock.h"


/* Nanoseconds. */
uint64_t ngx_http_autostock_clock_ns(void);

/* Microseconds; wraps after 71 minutes. */
uint32_t ngx_http_autostock_clock_usec(void);

/*
 * The same, but the clock is read only once per turn of the event loop: the
 * requests that one call of epoll_wait() reports count as arrived at the same
 * time.
 */
#define ngx_http_autostock_clock_recent()                                     \
    (ngx_http_autostock_clock_turn.posted ? ngx_http_autostock_clock_last     \
                                          : ngx_http_autostock_clock_usec())

/* private */
extern uint32_t     ngx_http_autostock_clock_last;
extern ngx_event_t  ngx_http_autostock_clock_turn;


#endif /* _NGX_HTTP_AUTOSTOCK_CLOCK_H_INCLUDED_ */
