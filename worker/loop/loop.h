/*
 * The event loop of one thread: descriptors, timers, and what other threads
 * wake it for.
 *
 * Timers and watches are embedded in what they are of; the owner clears them
 * before it goes.  No callback runs inside a function that sets or clears
 * one: all run inside as_loop_turn() and what calls it.  In a callback
 * everything is allowed but as_loop_turn(), as_loop_run(), as_loop_until()
 * and as_loop_destroy().
 */

#ifndef AS_LOOP_H
#define AS_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"


/* What a descriptor is watched for, and what it is ready for.  FAILED
 * (hung up, or an error) is reported unasked. */
#define AS_LOOP_READ    0x01
#define AS_LOOP_WRITE   0x02
#define AS_LOOP_FAILED  0x04


typedef struct as_loop_s   as_loop_t;
typedef struct as_timer_s  as_timer_t;

/* Zeroed before first use.  fn runs once. */
struct as_timer_s {
    void        (*fn)(void *data);
    void         *data;

    /* the loop's own */
    int64_t       at_ms;
    uint64_t      turn;
    as_timer_t   *next;
    bool          set;
};

/* Zeroed before first use.  fn runs as long as the descriptor is ready. */
typedef struct {
    void        (*fn)(void *data);
    void         *data;
    unsigned      ready;               /* AS_LOOP_..., while fn runs */

    /* the loop's own */
    int           fd;
    bool          set;
} as_watch_t;

/*
 * For tests: what the loop does instead of waiting for descriptors, ms at
 * most.  Returns whether anything happened.
 */
typedef bool (*as_loop_wait_pt)(void *data, int64_t ms);


/* NULL with errno.  clock must outlive it. */
as_loop_t *as_loop_create(const as_clock_t *clock);
as_loop_t *as_loop_create_fake(const as_clock_t *clock, as_loop_wait_pt wait,
    void *data);

/* No timer or watch runs any more; theirs to clear no longer. */
void as_loop_destroy(as_loop_t *loop);

/* Sets, or sets anew.  0 ms: in the next turn. */
void as_loop_after(as_loop_t *loop, as_timer_t *timer, int64_t ms);

/* The same, unless it is set to an earlier time already. */
void as_loop_within(as_loop_t *loop, as_timer_t *timer, int64_t ms);
void as_loop_clear(as_loop_t *loop, as_timer_t *timer);

/*
 * Watches fd, or changes what it is watched for: AS_LOOP_READ, _WRITE or
 * both.  0, or -1 with errno (epoll_ctl(2)).  The watch must be cleared
 * before fd is closed.
 */
int as_loop_watch(as_loop_t *loop, as_watch_t *watch, int fd,
    unsigned events);
void as_loop_unwatch(as_loop_t *loop, as_watch_t *watch);

/* Whether the timer is set and its time has come. */
bool as_loop_is_due(const as_loop_t *loop, const as_timer_t *timer);

/* Milliseconds that never go back, as of this turn of the loop. */
int64_t as_loop_now(const as_loop_t *loop);
int64_t as_loop_unix_ms(const as_loop_t *loop);

/*
 * Runs the timers that are due, then what is ready.  Where no timer was due,
 * waits for it: until something is ready, the next timer is due,
 * as_loop_wake() was called, or timeout_ms (-1: no end) went by.  Returns
 * whether a timer or a watch ran.
 */
bool as_loop_turn(as_loop_t *loop, int64_t timeout_ms);

/* Runs the loop until as_loop_stop(). */
void as_loop_run(as_loop_t *loop);
void as_loop_stop(as_loop_t *loop);

/*
 * For commands: runs the loop until *done is true.  0, or -1 with errno:
 * EINTR when stop_fd (a signalfd or the like; -1: none) became readable,
 * ETIMEDOUT after timeout_ms (-1: no end).
 */
int as_loop_until(as_loop_t *loop, const bool *done, int stop_fd,
    int64_t timeout_ms);

/* Ends the wait of this turn or of the next; from any thread or a signal
 * handler. */
void as_loop_wake(as_loop_t *loop);

/* Uniform in 0 .. n - 1 (0 for n < 1): for jitter, not for secrets. */
int64_t as_loop_random(as_loop_t *loop, int64_t n);


#endif /* AS_LOOP_H */
