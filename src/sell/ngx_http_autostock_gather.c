
/*
 * A flight costs the database far more than one more request in a flight.  So
 * it saves time to wait for the clients of the last flight, if they send
 * another request at once.  How long they take depends on the machine and its
 * load, as does the duration of a flight.  So the wait ends as soon as most of
 * the expected requests have arrived, and after the median duration of a flight
 * at the latest.  The maximum is twice that duration if the queued requests are
 * fewer than a quarter of those that were answered: then the clients send
 * requests only after their answers.  Clients that send requests at any time
 * would have sent more during the flight.
 *
 * The expected requests are the queued ones, and of the answered clients the
 * share that sent another request after the last flights.  Requests of new
 * clients count as well: if as many arrive as were answered, the next flight is
 * as full.
 */


#include "ngx_http_autostock_gather.h"
#include "ngx_http_autostock_clock.h"


/* no wait for fewer requests than these */
#define NGX_HTTP_AUTOSTOCK_GATHER_FEW      4

/* the eighths of the expected requests that end the wait */
#define NGX_HTTP_AUTOSTOCK_GATHER_MOST     7

/* the quarter described above */
#define NGX_HTTP_AUTOSTOCK_GATHER_APART    4

#define NGX_HTTP_AUTOSTOCK_GATHER_MSEC     1000000    /* ns */

/* limit of the median: such flights are not slow because of small batches */
#define NGX_HTTP_AUTOSTOCK_GATHER_LONGEST  250000000  /* ns */


static void ngx_http_autostock_gather_learn(
    ngx_http_autostock_gather_t *gather, uint64_t took);
static uint64_t ngx_http_autostock_gather_median(const uint64_t *took);
static void ngx_http_autostock_gather_timer(ngx_event_t *ev);
static ngx_uint_t ngx_http_autostock_gather_left(
    ngx_http_autostock_gather_t *gather);


void
ngx_http_autostock_gather_init(ngx_http_autostock_gather_t *gather,
    ngx_event_t *launch)
{
    gather->launch = launch;

    gather->timer.handler = ngx_http_autostock_gather_timer;
    gather->timer.data = gather;
    gather->timer.log = ngx_cycle->log;
}


void
ngx_http_autostock_gather_destroy(ngx_http_autostock_gather_t *gather)
{
    if (gather->timer.timer_set) {
        ngx_del_timer(&gather->timer);
    }
}


void
ngx_http_autostock_gather_ended(ngx_http_autostock_gather_t *gather,
    uint64_t began_ns, ngx_uint_t n)
{
    gather->ended_ns = ngx_http_autostock_clock_ns();
    ngx_http_autostock_gather_learn(gather, gather->ended_ns - began_ns);

    gather->answered = n;
    gather->arrived = 0;
    gather->launched = 0;
}


ngx_uint_t
ngx_http_autostock_gather_start(ngx_http_autostock_gather_t *gather,
    ngx_uint_t waiting, ngx_uint_t max)
{
    ngx_uint_t  wanted;

    wanted = waiting;

    if (gather->asked) {
        wanted += gather->answered * gather->back / gather->asked;
    }

    wanted = ngx_min(wanted * NGX_HTTP_AUTOSTOCK_GATHER_MOST / 8, max);

    if (wanted < NGX_HTTP_AUTOSTOCK_GATHER_FEW || waiting >= wanted
        || gather->flight_ns == 0)
    {
        return 0;
    }

    gather->wanted = wanted;
    gather->longest_ns = gather->flight_ns;

    if (waiting < gather->answered / NGX_HTTP_AUTOSTOCK_GATHER_APART) {
        gather->longest_ns *= 2;
    }

    ngx_add_timer(&gather->timer, ngx_http_autostock_gather_left(gather));

    return 1;
}


static void
ngx_http_autostock_gather_learn(ngx_http_autostock_gather_t *gather,
    uint64_t took)
{
    ngx_uint_t  in_time;

    gather->took[gather->flights++ % NGX_HTTP_AUTOSTOCK_GATHER_TIMES] = took;
    gather->flight_ns = ngx_http_autostock_gather_median(gather->took);

    /* weighted by size: a flight of one client counts less than a full one */
    in_time = gather->expired ? gather->launched : gather->arrived;

    gather->back = gather->back / 2 + ngx_min(in_time, gather->answered);
    gather->asked = gather->asked / 2 + gather->answered;

    gather->expired = 0;
}


/*
 * 0 until three flights have ended; one flight that waits for a lock does not
 * change it much
 */

static uint64_t
ngx_http_autostock_gather_median(const uint64_t *took)
{
    uint64_t    sorted[NGX_HTTP_AUTOSTOCK_GATHER_TIMES];
    ngx_uint_t  i, k;

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_GATHER_TIMES; i++) {

        for (k = i; k && sorted[k - 1] > took[i]; k--) {
            sorted[k] = sorted[k - 1];
        }

        sorted[k] = took[i];
    }

    return ngx_min(sorted[NGX_HTTP_AUTOSTOCK_GATHER_TIMES / 2],
                   NGX_HTTP_AUTOSTOCK_GATHER_LONGEST);
}


ngx_uint_t
ngx_http_autostock_gather_waits(ngx_http_autostock_gather_t *gather,
    ngx_uint_t waiting)
{
    if (gather->wanted == 0) {
        return 0;
    }

    if (waiting < gather->wanted
        && ngx_http_autostock_gather_left(gather) > 0)
    {
        return 1;
    }

    gather->expired = waiting < gather->wanted;

    return 0;
}


void
ngx_http_autostock_gather_launched(ngx_http_autostock_gather_t *gather)
{
    gather->wanted = 0;
    gather->launched = gather->arrived;

    if (gather->timer.timer_set) {
        ngx_del_timer(&gather->timer);
    }
}


static void
ngx_http_autostock_gather_timer(ngx_event_t *ev)
{
    ngx_uint_t                    left;
    ngx_http_autostock_gather_t  *gather = ev->data;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ev->log, 0,
                   "autostock gather: %ui arrived of %ui",
                   gather->arrived, gather->wanted);

    left = ngx_http_autostock_gather_left(gather);

    if (left) {
        ngx_add_timer(ev, left);
        return;
    }

    ngx_post_event(gather->launch, &ngx_posted_events);
}


/* the rest of the wait, ms, rounded up; 0: the maximum is reached */

static ngx_uint_t
ngx_http_autostock_gather_left(ngx_http_autostock_gather_t *gather)
{
    uint64_t  passed;

    passed = ngx_http_autostock_clock_ns() - gather->ended_ns;

    if (passed >= gather->longest_ns) {
        return 0;
    }

    return (gather->longest_ns - passed) / NGX_HTTP_AUTOSTOCK_GATHER_MSEC + 1;
}
