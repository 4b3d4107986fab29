/*
 * The loop of one thread.
 */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/random.h>

#include "http/loop.h"


struct as_loop_s {
    as_http_t         *http;
    const as_clock_t  *clock;
    as_timer_t        *timers;         /* the earliest first; a few dozen */
    int64_t            now_ms;
    uint64_t           random;
    bool               stop;
};


as_loop_t *
as_loop_create(as_http_t *http, const as_clock_t *clock)
{
    as_loop_t  *loop;

    loop = calloc(1, sizeof(*loop));
    if (loop == NULL) {
        return NULL;
    }

    loop->http = http;
    loop->clock = clock;
    loop->now_ms = as_clock_mono_ms(clock);

    if (getrandom(&loop->random, sizeof(loop->random), 0)
        != (ssize_t) sizeof(loop->random))
    {
        loop->random = (uint64_t) as_clock_unix_ms(clock);
    }
    loop->random |= 1;

    return loop;
}


void
as_loop_destroy(as_loop_t *loop)
{
    free(loop);
}


void
as_loop_clear(as_loop_t *loop, as_timer_t *timer)
{
    as_timer_t  **p;

    if (!timer->set) {
        return;
    }

    for (p = &loop->timers; *p != timer; p = &(*p)->next) { /* void */ }

    *p = timer->next;
    timer->set = false;
}


void
as_loop_after(as_loop_t *loop, as_timer_t *timer, int64_t ms)
{
    as_timer_t  **p;

    as_loop_clear(loop, timer);

    timer->at_ms = as_clock_mono_ms(loop->clock) + (ms < 0 ? 0 : ms);

    for (p = &loop->timers; *p != NULL && (*p)->at_ms <= timer->at_ms;
         p = &(*p)->next)
    {
        /* void */
    }

    timer->next = *p;
    timer->set = true;
    *p = timer;
}


void
as_loop_within(as_loop_t *loop, as_timer_t *timer, int64_t ms)
{
    if (!timer->set
        || timer->at_ms > as_clock_mono_ms(loop->clock) + ms)
    {
        as_loop_after(loop, timer, ms);
    }
}


int64_t
as_loop_now(const as_loop_t *loop)
{
    return loop->now_ms;
}


int64_t
as_loop_unix_ms(const as_loop_t *loop)
{
    return as_clock_unix_ms(loop->clock);
}


as_http_t *
as_loop_http(as_loop_t *loop)
{
    return loop->http;
}


static void
as_loop_expire(as_loop_t *loop)
{
    as_timer_t  *timer;

    loop->now_ms = as_clock_mono_ms(loop->clock);

    while (!loop->stop && loop->timers != NULL
           && loop->timers->at_ms <= loop->now_ms)
    {
        timer = loop->timers;
        loop->timers = timer->next;
        timer->set = false;
        timer->fn(timer->data);
    }
}


void
as_loop_run(as_loop_t *loop)
{
    int64_t  wait;

    loop->stop = false;

    while (!loop->stop) {
        as_loop_expire(loop);
        if (loop->stop) {
            break;
        }

        wait = -1;
        if (loop->timers != NULL) {
            wait = loop->timers->at_ms - as_clock_mono_ms(loop->clock);
            wait = wait < 0 ? 0 : wait > INT_MAX ? INT_MAX : wait;
        }

        as_http_poll(loop->http, NULL, 0, (int) wait);
        loop->now_ms = as_clock_mono_ms(loop->clock);
    }
}


void
as_loop_stop(as_loop_t *loop)
{
    loop->stop = true;
    as_http_wake(loop->http);
}


int64_t
as_loop_random(as_loop_t *loop, int64_t n)
{
    /* xorshift64* (Vigna, "An experimental exploration of Marsaglia's
     * xorshift generators") */
    loop->random ^= loop->random >> 12;
    loop->random ^= loop->random << 25;
    loop->random ^= loop->random >> 27;

    if (n < 1) {
        return 0;
    }

    return (int64_t) ((loop->random * UINT64_C(2685821657736338717) >> 1)
                      % (uint64_t) n);
}
