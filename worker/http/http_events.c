/*
 * The loop of the calls: descriptors, timers, completions.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/http_curl.h"


#define AS_HTTP_EVENTS    64
#define AS_HTTP_POLL_MAX  64
#define AS_HTTP_ROUNDS    4            /* before others have their turn */


static int64_t
as_http_curl_now(void)
{
    return as_clock_mono_ms(as_clock_system());
}


int
as_http_curl_epoll(as_http_curl_t *http, int op, int fd, uint32_t events,
    unsigned tag)
{
    struct epoll_event  ev;

    ev.events = events;
    ev.data.u64 = (uint64_t) tag << 32 | (uint32_t) fd;

    return epoll_ctl(http->epfd, op, fd, &ev);
}


int
as_http_curl_socket(CURL *easy, curl_socket_t s, int what, void *data,
    void *known)
{
    uint32_t         events;
    as_http_curl_t  *http = data;

    (void) easy;

    if (what == CURL_POLL_REMOVE) {
        (void) as_http_curl_epoll(http, EPOLL_CTL_DEL, s, 0,
                                  AS_HTTP_TAG_CURL);
        return 0;
    }

    events = (what & CURL_POLL_IN ? EPOLLIN : 0)
             | (what & CURL_POLL_OUT ? EPOLLOUT : 0);

    if (known != NULL
        && as_http_curl_epoll(http, EPOLL_CTL_MOD, s, events,
                              AS_HTTP_TAG_CURL) == 0)
    {
        return 0;
    }

    (void) curl_multi_assign(http->multi, s, http);

    return as_http_curl_epoll(http, EPOLL_CTL_ADD, s, events,
                              AS_HTTP_TAG_CURL) == 0 ? 0 : -1;
}


int
as_http_curl_timer(CURLM *multi, long timeout_ms, void *data)
{
    as_http_curl_t  *http = data;

    (void) multi;

    http->due_ms = timeout_ms < 0 ? -1 : as_http_curl_now() + timeout_ms;

    return 0;
}


int
as_http_curl_defer(void *ctx, void (*fn)(void *data), void *data)
{
    as_http_curl_t   *http = ctx;
    as_http_defer_t  *defer;

    defer = malloc(sizeof(as_http_defer_t));
    if (defer == NULL) {
        return -1;
    }

    defer->next = NULL;
    defer->fn = fn;
    defer->data = data;

    *http->deferred_last = defer;
    http->deferred_last = &defer->next;

    return 0;
}


int
as_http_curl_watch(void *ctx, int fd, void (*fn)(void *data), void *data)
{
    size_t           i;
    as_http_curl_t  *http = ctx;

    for (i = 0; i < AS_HTTP_WATCHES; i++) {
        if (http->watches[i].fd != -1) {
            continue;
        }

        if (as_http_curl_epoll(http, EPOLL_CTL_ADD, fd, EPOLLIN,
                               AS_HTTP_TAG_WATCH) != 0)
        {
            return -1;
        }

        http->watches[i].fd = fd;
        http->watches[i].fn = fn;
        http->watches[i].data = data;

        return 0;
    }

    errno = EAGAIN;

    return -1;
}


void
as_http_curl_unwatch(void *ctx, int fd)
{
    size_t           i;
    as_http_curl_t  *http = ctx;

    for (i = 0; i < AS_HTTP_WATCHES; i++) {
        if (http->watches[i].fd == fd) {
            http->watches[i].fd = -1;
            (void) as_http_curl_epoll(http, EPOLL_CTL_DEL, fd, 0,
                                      AS_HTTP_TAG_WATCH);
        }
    }
}


static void
as_http_curl_watched(as_http_curl_t *http, int fd)
{
    size_t  i;

    for (i = 0; i < AS_HTTP_WATCHES; i++) {
        if (http->watches[i].fd == fd) {
            http->watches[i].fn(http->watches[i].data);
            return;
        }
    }
}


static void
as_http_curl_deferred(as_http_curl_t *http)
{
    as_http_defer_t  *defer, *next;

    defer = http->deferred;
    http->deferred = NULL;
    http->deferred_last = &http->deferred;

    for ( /* void */ ; defer != NULL; defer = next) {
        next = defer->next;
        defer->fn(defer->data);
        free(defer);
    }
}


static void
as_http_curl_event(as_http_curl_t *http, const struct epoll_event *ev)
{
    int       fd, mask, running;
    uint64_t  value;

    fd = (int) (uint32_t) ev->data.u64;

    switch (ev->data.u64 >> 32) {

    case AS_HTTP_TAG_WATCH:
        as_http_curl_watched(http, fd);
        return;

    case AS_HTTP_TAG_WAKE:
        while (read(http->wakefd, &value, sizeof(value)) > 0) {
            /* void */
        }

        return;
    }

    mask = (ev->events & EPOLLIN ? CURL_CSELECT_IN : 0)
           | (ev->events & EPOLLOUT ? CURL_CSELECT_OUT : 0)
           | (ev->events & (EPOLLERR | EPOLLHUP)
              ? CURL_CSELECT_IN | CURL_CSELECT_ERR : 0);

    (void) curl_multi_socket_action(http->multi, fd, mask, &running);
}


static void
as_http_curl_due(as_http_curl_t *http)
{
    int  running;

    if (http->due_ms >= 0 && as_http_curl_now() >= http->due_ms) {
        http->due_ms = -1;
        (void) curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0,
                                        &running);
    }
}


/* Returns how many calls it ended. */
static unsigned
as_http_curl_complete(as_http_curl_t *http)
{
    int               left;
    unsigned          n;
    CURLMsg          *msg;
    CURLcode          rc;
    as_http_call_t   *call;
    as_http_answer_t  answer;

    n = 0;

    while ((msg = curl_multi_info_read(http->multi, &left)) != NULL) {

        if (msg->msg != CURLMSG_DONE) {
            continue;
        }

        rc = msg->data.result;
        call = NULL;
        (void) curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &call);
        (void) curl_multi_remove_handle(http->multi, call->easy);

        as_http_curl_unlink(http, call);
        as_http_call_answer(call, rc, &answer);
        call->done(call->data, &answer);
        as_http_curl_recycle(http, call);
        n++;
    }

    return n;
}


void
as_http_curl_perform(as_http_curl_t *http)
{
    int                 i, n;
    struct epoll_event  events[AS_HTTP_EVENTS];

    as_http_curl_deferred(http);

    n = epoll_wait(http->epfd, events, AS_HTTP_EVENTS, 0);

    for (i = 0; i < n; i++) {
        as_http_curl_event(http, &events[i]);
    }

    /*
     * What the callbacks started goes out now, not after the next wait; and
     * where the answer is there at once, no event will ever tell of it.
     */
    for (i = 0; i < AS_HTTP_ROUNDS; i++) {
        as_http_curl_due(http);

        if (as_http_curl_complete(http) == 0) {
            return;
        }
    }

    http->due_ms = as_http_curl_now();
}


int
as_http_curl_fd(as_http_curl_t *http)
{
    return http->epfd;
}


int
as_http_curl_timeout(as_http_curl_t *http)
{
    int64_t  left;

    if (http->deferred != NULL) {
        return 0;
    }

    if (http->due_ms < 0) {
        return -1;
    }

    left = http->due_ms - as_http_curl_now();

    return left < 0 ? 0 : (int) (left > 86400000 ? 86400000 : left);
}


int
as_http_curl_poll(void *ctx, struct pollfd *fds, size_t n, int timeout_ms)
{
    int              rc, due, err;
    struct pollfd    set[AS_HTTP_POLL_MAX + 1];
    as_http_curl_t  *http = ctx;

    if (n > AS_HTTP_POLL_MAX) {
        errno = EINVAL;
        return -1;
    }

    due = as_http_curl_timeout(http);
    if (due >= 0 && (timeout_ms < 0 || due < timeout_ms)) {
        timeout_ms = due;
    }

    if (n > 0) {
        memcpy(set, fds, n * sizeof(struct pollfd));
    }

    set[n].fd = http->epfd;
    set[n].events = POLLIN;
    set[n].revents = 0;

    rc = poll(set, n + 1, timeout_ms);
    err = errno;

    if (rc > 0 && set[n].revents != 0) {
        rc--;
    }

    if (rc >= 0 && n > 0) {
        memcpy(fds, set, n * sizeof(struct pollfd));
    }

    as_http_curl_perform(http);
    errno = err;

    return rc;
}


void
as_http_curl_wake(void *ctx)
{
    ssize_t          n;
    uint64_t         one = 1;
    as_http_curl_t  *http = ctx;

    /* A full counter is as good as one more: the poll ends. */
    n = write(http->wakefd, &one, sizeof(one));
    (void) n;
}
