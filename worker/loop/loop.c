/*
 * The event loop of one thread, over epoll(7).
 */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include "loop/loop.h"


#define AS_LOOP_EVENTS  64


struct as_loop_s {
    const as_clock_t    *clock;
    as_timer_t          *timers;       /* sorted, the earliest first */
    int64_t              now_ms;
    uint64_t             turn;
    uint64_t             random;
    bool                 stop;

    int                  epfd;
    struct epoll_event   events[AS_LOOP_EVENTS];   /* of this turn */
    int                  nevents;

    as_loop_wait_pt      wait;         /* NULL: epoll_wait() */
    void                *wait_data;
};


as_loop_t *
as_loop_create(const as_clock_t *clock)
{
    return as_loop_create_fake(clock, NULL, NULL);
}


as_loop_t *
as_loop_create_fake(const as_clock_t *clock, as_loop_wait_pt wait,
    void *data)
{
    as_loop_t  *loop;

    loop = calloc(1, sizeof(*loop));
    if (loop == NULL) {
        return NULL;
    }

    loop->clock = clock;
    loop->now_ms = as_clock_mono_ms(clock);
    loop->wait = wait;
    loop->wait_data = data;

    loop->epfd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epfd == -1) {
        free(loop);
        return NULL;
    }

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
    if (loop == NULL) {
        return;
    }

    (void) close(loop->epfd);
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
    timer->turn = loop->turn;

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


int
as_loop_watch(as_loop_t *loop, as_watch_t *watch, int fd, unsigned events)
{
    struct epoll_event  ev;

    ev.events = (events & AS_LOOP_READ ? EPOLLIN : 0)
                | (events & AS_LOOP_WRITE ? EPOLLOUT : 0);
    ev.data.ptr = watch;

    if (epoll_ctl(loop->epfd, watch->set ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd,
                  &ev)
        != 0)
    {
        return -1;
    }

    watch->fd = fd;
    watch->set = true;

    return 0;
}


void
as_loop_unwatch(as_loop_t *loop, as_watch_t *watch)
{
    int  i;

    if (!watch->set) {
        return;
    }

    (void) epoll_ctl(loop->epfd, EPOLL_CTL_DEL, watch->fd, NULL);
    watch->set = false;

    /* the watch may be freed before this turn reaches its event */
    for (i = 0; i < loop->nevents; i++) {
        if (loop->events[i].data.ptr == watch) {
            loop->events[i].data.ptr = NULL;
        }
    }
}


bool
as_loop_is_due(const as_loop_t *loop, const as_timer_t *timer)
{
    return timer->set && timer->at_ms <= as_clock_mono_ms(loop->clock);
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


/* Timers that are set during this turn run in the next one, so that a timer
 * that sets itself again does not starve the descriptors. */
static bool
as_loop_expire(as_loop_t *loop)
{
    bool         ran;
    as_timer_t  *timer;

    loop->now_ms = as_clock_mono_ms(loop->clock);
    loop->turn++;
    ran = false;

    while (!loop->stop && (timer = loop->timers) != NULL
           && timer->at_ms <= loop->now_ms && timer->turn != loop->turn)
    {
        loop->timers = timer->next;
        timer->set = false;
        timer->fn(timer->data);
        ran = true;
    }

    return ran;
}


/* ms to the next timer, at most timeout_ms; -1: unlimited. */
static int64_t
as_loop_left(const as_loop_t *loop, int64_t timeout_ms)
{
    int64_t  left;

    if (loop->timers == NULL) {
        return timeout_ms;
    }

    left = loop->timers->at_ms - as_clock_mono_ms(loop->clock);
    left = left < 0 ? 0 : left;

    return timeout_ms >= 0 && timeout_ms < left ? timeout_ms : left;
}


static bool
as_loop_ready(as_loop_t *loop, int64_t ms)
{
    int          i, n;
    bool         ran;
    uint32_t     events;
    as_watch_t  *watch;

    n = epoll_wait(loop->epfd, loop->events, AS_LOOP_EVENTS,
                   ms > INT_MAX ? INT_MAX : (int) ms);

    loop->nevents = n > 0 ? n : 0;
    loop->now_ms = as_clock_mono_ms(loop->clock);
    ran = false;

    for (i = 0; i < loop->nevents; i++) {
        watch = loop->events[i].data.ptr;
        events = loop->events[i].events;

        if (watch == NULL) {
            continue;
        }

        watch->ready = (events & EPOLLIN ? AS_LOOP_READ : 0)
                       | (events & EPOLLOUT ? AS_LOOP_WRITE : 0)
                       | (events & (EPOLLERR | EPOLLHUP) ? AS_LOOP_FAILED : 0);
        watch->fn(watch->data);
        ran = true;
    }

    loop->nevents = 0;

    return ran;
}


bool
as_loop_turn(as_loop_t *loop, int64_t timeout_ms)
{
    bool     ran, more;
    int64_t  ms;

    ran = as_loop_expire(loop);

    /* a timer may have done what the caller waits for */
    ms = ran || loop->stop ? 0 : as_loop_left(loop, timeout_ms);

    if (loop->wait == NULL) {
        more = as_loop_ready(loop, ms);

    } else {
        more = loop->wait(loop->wait_data, ms);
        loop->now_ms = as_clock_mono_ms(loop->clock);
    }

    return ran || more;
}


void
as_loop_run(as_loop_t *loop)
{
    loop->stop = false;

    while (!loop->stop) {
        (void) as_loop_turn(loop, -1);
    }
}


void
as_loop_stop(as_loop_t *loop)
{
    loop->stop = true;
}


static void
as_loop_stopped(void *data)
{
    *(bool *) data = true;
}


int
as_loop_until(as_loop_t *loop, const bool *done, int stop_fd,
    int64_t timeout_ms)
{
    bool        stopped;
    int64_t     end, left;
    as_watch_t  watch = { as_loop_stopped, &stopped, 0, 0, false };

    stopped = false;
    loop->stop = false;

    if (stop_fd != -1
        && as_loop_watch(loop, &watch, stop_fd, AS_LOOP_READ) != 0)
    {
        return -1;
    }

    end = as_clock_mono_ms(loop->clock) + timeout_ms;
    left = timeout_ms;

    while (!*done && !stopped && (timeout_ms < 0 || left > 0)) {
        (void) as_loop_turn(loop, left);
        left = timeout_ms < 0 ? -1 : end - as_clock_mono_ms(loop->clock);
    }

    as_loop_unwatch(loop, &watch);

    if (*done) {
        return 0;
    }

    errno = stopped ? EINTR : ETIMEDOUT;

    return -1;
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
