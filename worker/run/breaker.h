/*
 * The circuit breaker of one factory.  It opens after five failures in a row
 * over at least three different orders, so that one bad order does not stop the
 * others.  Then its factory sends one call at a time, as a probe, until one
 * succeeds.
 */

#ifndef AS_BREAKER_H
#define AS_BREAKER_H

#include <stdbool.h>
#include <stdint.h>


#define AS_BREAKER_FAILURES  5
#define AS_BREAKER_ORDERS    3


/* Times are on the caller's clock, in ms. */
typedef struct {
    int64_t   min_ms;                  /* from opening to the first probe, of
                                          which up to a fifth is left out */
    int64_t   max_ms;                  /* between two probes, at most, unless
                                          the factory requests more */

    bool      open;
    unsigned  failures;                /* in a row */
    unsigned  norders;                 /* different orders among them, counted
                                          up to AS_BREAKER_ORDERS */
    uint64_t  orders[AS_BREAKER_ORDERS];
    unsigned  probes;                  /* failed ones since it opened */
    int64_t   probe_at;                /* while open: the earliest next probe */
    int64_t   since;                   /* while open: when it opened */
} as_breaker_t;


void as_breaker_init(as_breaker_t *breaker, int64_t min_ms, int64_t max_ms);

/* Returns true where this closed the breaker. */
bool as_breaker_success(as_breaker_t *breaker);

/*
 * order identifies the order; all its messages have the same value.
 * retry_after_ms: requested by the factory, -1: none. jitter is 0 to 999.
 * Returns true where this opened the breaker.
 */
bool as_breaker_failure(as_breaker_t *breaker, uint64_t order,
    int64_t now_ms, int64_t retry_after_ms, unsigned jitter);


#endif /* AS_BREAKER_H */
