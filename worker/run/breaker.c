/*
 * The circuit breaker of one factory.
 */

#include <string.h>

#include "run/breaker.h"


void
as_breaker_init(as_breaker_t *breaker, int64_t min_ms, int64_t max_ms)
{
    memset(breaker, 0, sizeof(*breaker));
    breaker->min_ms = min_ms;
    breaker->max_ms = max_ms;
}


bool
as_breaker_success(as_breaker_t *breaker)
{
    bool  closed;

    closed = breaker->open;
    breaker->open = false;
    breaker->failures = 0;
    breaker->norders = 0;
    breaker->probes = 0;

    return closed;
}


static void
as_breaker_count(as_breaker_t *breaker, uint64_t order)
{
    unsigned  i;

    breaker->failures++;

    for (i = 0; i < breaker->norders; i++) {
        if (breaker->orders[i] == order) {
            return;
        }
    }

    if (breaker->norders < AS_BREAKER_ORDERS) {
        breaker->orders[breaker->norders++] = order;
    }
}


/* The interval doubles with each failed probe.  A fifth of it is random, so
 * that many workers do not probe at the same time. */
static void
as_breaker_schedule(as_breaker_t *breaker, int64_t now_ms,
    int64_t retry_after_ms, unsigned jitter)
{
    int64_t   wait;
    unsigned  i;

    wait = breaker->min_ms;
    for (i = 0; i < breaker->probes && wait < breaker->max_ms; i++) {
        wait *= 2;
    }

    if (wait > breaker->max_ms) {
        wait = breaker->max_ms;
    }

    wait -= wait * (int64_t) jitter / 5000;

    breaker->probe_at = now_ms + (retry_after_ms > wait ? retry_after_ms
                                                        : wait);
}


bool
as_breaker_failure(as_breaker_t *breaker, uint64_t order, int64_t now_ms,
    int64_t retry_after_ms, unsigned jitter)
{
    as_breaker_count(breaker, order);

    if (breaker->open) {
        /* a call that began before the breaker opened is not a probe */
        if (now_ms >= breaker->probe_at) {
            breaker->probes++;
            as_breaker_schedule(breaker, now_ms, retry_after_ms, jitter);
        }
        return false;
    }

    if (breaker->failures < AS_BREAKER_FAILURES
        || breaker->norders < AS_BREAKER_ORDERS)
    {
        return false;
    }

    breaker->open = true;
    breaker->since = now_ms;
    as_breaker_schedule(breaker, now_ms, retry_after_ms, jitter);

    return true;
}
