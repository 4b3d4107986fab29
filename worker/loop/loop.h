/*
 * The event loop of one thread: descriptors and timers.
 *
 * Timers and watches are embedded in their owner's structure; the owner clears
 * them before it frees it.  No callback runs inside a function that sets or
 * clears one: all run inside as_loop_turn() and its callers.  A callback may
 * call any function except as_loop_turn(), as_loop_run(), as_loop_until() and
 * as_loop_destroy().
 */

#ifndef AS_LOOP_H
#define AS_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"


/*
 * The events of a descriptor, watched or ready.  FAILED (hang-up or error) is
 * always reported.
 */
#define AS_LOOP_READ    0x01
#define AS_LOOP_WRITE   0x02
#define AS_LOOP_FAILED  0x04


typedef struct as_loop_s   as_loop_t;
typedef struct as_timer_s  as_timer_t;

/* Zeroed before first use. fn runs once. */
struct as_timer_s {
    void        (*fn)(void *data);
    void         *data;

    /* private to loop.c */
    int64_t       at_ms;
    uint64_t      turn;
    as_timer_t   *next;
    bool          set;
};

/*
 * Zeroed before first use. fn runs in each turn while the descriptor is ready.
 */
typedef struct {
    void        (*fn)(void *data);
    void         *data;
    unsigned      ready;               /* AS_LOOP_..., while fn runs */

    /* private to loop.c */
    int           fd;
    bool          set;
} as_watch_t;

/*
 * For tests: called instead of waiting for descriptors, up to ms.  Returns
 * whether an event occurred.
 */
typedef bool (*as_loop_wait_pt)(void *data, int64_t ms);


/* NULL with errno.  clock must outlive it. */
as_loop_t *as_loop_create(const as_clock_t *clock);
as_loop_t *as_loop_create_fake(const as_clock_t *clock, as_loop_wait_pt wait,
    void *data);

/* No timer or watch runs after this.  Their owners need not clear them. */
void as_loop_destroy(as_loop_t *loop);

/* Sets the timer or changes its time.  0 ms: in the next turn. */
void as_loop_after(as_loop_t *loop, as_timer_t *timer, int64_t ms);

/* The same, unless the timer is already set to an earlier time. */
void as_loop_within(as_loop_t *loop, as_timer_t *timer, int64_t ms);
void as_loop_clear(as_loop_t *loop, as_timer_t *timer);

/*
 * Watches fd, or changes its events: AS_LOOP_READ, _WRITE or both.  0, or -1
 * with errno (epoll_ctl(2)).  Clear the watch before closing fd.
 */
int as_loop_watch(as_loop_t *loop, as_watch_t *watch, int fd,
    unsigned events);
void as_loop_unwatch(as_loop_t *loop, as_watch_t *watch);

/* Whether the timer is set and due. */
bool as_loop_is_due(const as_loop_t *loop, const as_timer_t *timer);

/* Monotonic milliseconds, as of this turn of the loop. */
int64_t as_loop_now(const as_loop_t *loop);

/* Unix time in milliseconds, at the moment of the call. */
int64_t as_loop_unix_ms(const as_loop_t *loop);

/*
 * Runs the timers that are due, then the descriptors that are ready.  Where no
 * timer was due it waits until a descriptor is ready, the next timer is due, or
 * timeout_ms (-1: unlimited) pass.  Returns whether a timer or a watch ran.
 */
bool as_loop_turn(as_loop_t *loop, int64_t timeout_ms);

/* Runs the loop until as_loop_stop(). */
void as_loop_run(as_loop_t *loop);
void as_loop_stop(as_loop_t *loop);

/*
 * For commands: runs the loop until *done is true.  0, or -1 with errno: EINTR
 * when stop_fd (such as a signalfd; -1: none) became readable, ETIMEDOUT after
 * timeout_ms (-1: unlimited).
 */
int as_loop_until(as_loop_t *loop, const bool *done, int stop_fd,
    int64_t timeout_ms);

/* Uniform in 0 .. n - 1 (0 for n < 1).  For jitter, not for secrets. */
int64_t as_loop_random(as_loop_t *loop, int64_t n);


#endif /* AS_LOOP_H */
