
/*
 * Decides after a flight whether the next one waits for clients that send their
 * next request as soon as they have a response.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_GATHER_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_GATHER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


#define NGX_HTTP_AUTOSTOCK_GATHER_TIMES  5


typedef struct {
    ngx_event_t   timer;
    ngx_event_t  *launch;      /* posted when the wait reaches its maximum */

    ngx_uint_t    wanted;      /* waits until so many requests are queued; 0:
                                  does not wait */

    uint64_t      took[NGX_HTTP_AUTOSTOCK_GATHER_TIMES];
                               /* durations of the last flights, ns */
    ngx_uint_t    flights;     /* number of flights so far */
    uint64_t      flight_ns;   /* median of took, limited; 0: not yet known */
    uint64_t      longest_ns;  /* maximum of this wait */
    uint64_t      ended_ns;    /* when the last flight ended */

    ngx_uint_t    answered;    /* requests that the last flight answered */
    ngx_uint_t    arrived;     /* requests since it ended */
    ngx_uint_t    launched;    /* those of them before the next flight began */

    ngx_uint_t    asked;       /* answered clients: of the last flight, and half
                                  of the sum before */
    ngx_uint_t    back;        /* those of them that sent a request in time */

    unsigned      expired:1;   /* the wait before the running flight reached its
                                  maximum */
} ngx_http_autostock_gather_t;


/* launch is posted when a wait reaches its maximum. */
void ngx_http_autostock_gather_init(ngx_http_autostock_gather_t *gather,
    ngx_event_t *launch);
void ngx_http_autostock_gather_destroy(ngx_http_autostock_gather_t *gather);

/* A request has arrived. */
#define ngx_http_autostock_gather_arrived(gather)  (gather)->arrived++

/* A flight of n requests has ended, which began at began_ns. */
void ngx_http_autostock_gather_ended(ngx_http_autostock_gather_t *gather,
    uint64_t began_ns, ngx_uint_t n);

/*
 * Decides whether the next flight waits, and returns 1 if it does.  waiting is
 * the number of queued requests, max the number that a flight takes.
 */
ngx_uint_t ngx_http_autostock_gather_start(
    ngx_http_autostock_gather_t *gather, ngx_uint_t waiting, ngx_uint_t max);

/* 1 if the next flight still waits. */
ngx_uint_t ngx_http_autostock_gather_waits(
    ngx_http_autostock_gather_t *gather, ngx_uint_t waiting);

/* A flight starts: ends the wait. */
void ngx_http_autostock_gather_launched(ngx_http_autostock_gather_t *gather);


#endif /* _NGX_HTTP_AUTOSTOCK_GATHER_H_INCLUDED_ */
