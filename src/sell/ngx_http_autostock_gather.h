
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
    ngx_event_t  *launch;      /* posted when the wait has lasted too long */

    ngx_uint_t    wanted;      /* waits until so many requests are queued */

    uint64_t      took[NGX_HTTP_AUTOSTOCK_GATHER_TIMES];
                               /* times of the last flights, ns */
    ngx_uint_t    flights;
    uint64_t      flight_ns;   /* their median, bounded; 0: not yet known */
    uint64_t      longest_ns;  /* of this wait */
    uint64_t      ended_ns;    /* when the last flight ended */

    ngx_uint_t    answered;    /* requests that it answered */
    ngx_uint_t    arrived;     /* requests since it ended */
    ngx_uint_t    launched;    /* how many of them before the next flight */

    ngx_uint_t    asked;       /* answered clients of the last flights: half
                                  of the sum before, and those of the last */
    ngx_uint_t    back;        /* how many of them sent a request in time */

    unsigned      expired:1;   /* the wait before the flight under way lasted
                                  too long */
} ngx_http_autostock_gather_t;


/* launch is posted when a wait has lasted too long. */
void ngx_http_autostock_gather_init(ngx_http_autostock_gather_t *gather,
    ngx_event_t *launch);
void ngx_http_autostock_gather_destroy(ngx_http_autostock_gather_t *gather);

/* A request has arrived. */
#define ngx_http_autostock_gather_arrived(gather)  (gather)->arrived++

/* A flight of n requests has ended, which began at began_ns. */
void ngx_http_autostock_gather_ended(ngx_http_autostock_gather_t *gather,
    uint64_t began_ns, ngx_uint_t n);

/*
 * Decides whether the next flight waits: 1 if so.  waiting requests are queued;
 * the flight takes max.
 */
ngx_uint_t ngx_http_autostock_gather_start(
    ngx_http_autostock_gather_t *gather, ngx_uint_t waiting, ngx_uint_t max);

/* 1 if the next flight still waits. */
ngx_uint_t ngx_http_autostock_gather_waits(
    ngx_http_autostock_gather_t *gather, ngx_uint_t waiting);

/* A flight starts: the wait is over. */
void ngx_http_autostock_gather_launched(ngx_http_autostock_gather_t *gather);


#endif /* _NGX_HTTP_AUTOSTOCK_GATHER_H_INCLUDED_ */
