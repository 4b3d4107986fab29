/*
 * The loop of one thread: as_http's events, and timers.
 */

#ifndef AS_LOOP_H
#define AS_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "http/http.h"


typedef struct as_loop_s   as_loop_t;
typedef struct as_timer_s  as_timer_t;

/* Embedded in what it is of; zeroed before first use.  fn runs once. */
struct as_timer_s {
    void        (*fn)(void *data);
    void         *data;

    /* the loop's own */
    int64_t       at_ms;
    as_timer_t   *next;
    bool          set;
};


/* NULL with errno.  http and clock must outlive it. */
as_loop_t *as_loop_create(as_http_t *http, const as_clock_t *clock);
void as_loop_destroy(as_loop_t *loop);

/* Sets, or sets anew. */
void as_loop_after(as_loop_t *loop, as_timer_t *timer, int64_t ms);

/* The same, unless it is set to an earlier time already. */
void as_loop_within(as_loop_t *loop, as_timer_t *timer, int64_t ms);
void as_loop_clear(as_loop_t *loop, as_timer_t *timer);

/* Milliseconds that never go back, as of this turn of the loop. */
int64_t as_loop_now(const as_loop_t *loop);
int64_t as_loop_unix_ms(const as_loop_t *loop);
as_http_t *as_loop_http(as_loop_t *loop);

/* Runs the loop until as_loop_stop(). */
void as_loop_run(as_loop_t *loop);
void as_loop_stop(as_loop_t *loop);

/* Uniform in 0 .. n - 1 (0 for n < 1): for jitter, not for secrets. */
int64_t as_loop_random(as_loop_t *loop, int64_t n);


#endif /* AS_LOOP_H */
