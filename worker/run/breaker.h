/*
 * The circuit breaker of one factory.  It opens after five failures in a row
 * over at least three different orders, so that one bad order does not stop
 * the others; then one call at a time is its probe, until one succeeds.
 */

#ifndef AS_BREAKER_H
#define AS_BREAKER_H

#include <stdbool.h>
#include <stdint.h>


#define AS_BREAKER_FAILURES  5
#define AS_BREAKER_ORDERS    3


/* Times are the caller's clock, in ms. */
typedef struct {
    int64_t   min_ms;                  /* from opening to the first probe */
    int64_t   max_ms;

    bool      open;
    unsigned  failures;                /* in a row */
    unsigned  norders;                 /* different ones among them, counted
                                          up to AS_BREAKER_ORDERS */
    uint64_t  orders[AS_BREAKER_ORDERS];
    unsigned  probes;                  /* that failed, since it opened */
    int64_t   probe_at;                /* where open: not before */
    int64_t   since;                   /* where open */
} as_breaker_t;


void as_breaker_init(as_breaker_t *breaker, int64_t min_ms, int64_t max_ms);

/* True where this closed it. */
bool as_breaker_success(as_breaker_t *breaker);

/*
 * order tells orders apart: another letter of one is the same.
 * retry_after_ms: the factory's wish, -1 none.  jitter is 0 to 999.  True
 * where this opened it.
 */
bool as_breaker_failure(as_breaker_t *breaker, uint64_t order,
    int64_t now_ms, int64_t retry_after_ms, unsigned jitter);


#endif /* AS_BREAKER_H */
