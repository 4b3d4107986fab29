/*
 * An open-loop HTTP load: requests arrive at a constant rate whether or not
 * the server keeps up.  A request's latency counts from the moment it was due
 * to its last byte, so that time spent waiting for a free connection, or for
 * this program, is part of it: no coordinated omission.
 *
 *     openloop [options] HOST:PORT PATH        HOST numeric
 *
 *     --rate N            arrivals per second
 *     --connections N     kept alive, one request at a time on each
 *     --seconds S         duration of the measurement
 *     --warmup S          of the same load before it, not counted
 *     --method M          GET, or POST where there is a body
 *     --body TEXT
 *     --header "N: V"     may be repeated
 *     --key NAME          a header of this name, with a new value each time
 *
 * Prints one line of JSON.  Requests still unanswered five seconds after the
 * last arrival count with the time they have waited.
 */

#define _GNU_SOURCE            /* epoll_pwait2 */

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "histogram.h"
#include "openloop_http.h"
#include "openloop_options.h"


#define EVENTS       512
#define GRACE_NS     5000000000ULL


typedef struct open_connection_s  open_connection_t;

struct open_connection_s {
    int                 fd;
    int                 busy;
    uint64_t            arrival;       /* number of its request */
    size_t              sent;
    size_t              received;
    size_t              expected;      /* 0: header not yet complete */
    open_connection_t  *next_free;
    char               *request;
    char                answer[ANSWER_MAX];
};


typedef struct {
    const open_options_t  *options;
    int                    epoll;
    open_connection_t     *connections;
    open_connection_t     *free_first;
    open_connection_t     *free_last;

    open_request_t         request;
    unsigned               seed;

    uint64_t               began;      /* ns */
    uint64_t               arrivals;   /* total, including the warm-up */
    uint64_t               counted_from;
    uint64_t               started;
    uint64_t               answered;
    uint64_t               lagged;     /* ns, sum of start after due */

    uint64_t               status[6];  /* by hundreds, counted ones only */
    uint64_t               errors;
    uint64_t               late_answers;
    histogram_t            latency;
} open_load_t;


static uint64_t
open_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}


static uint64_t
open_due(const open_load_t *load, uint64_t arrival)
{
    return load->began
           + (uint64_t) ((double) arrival * 1e9 / load->options->rate);
}


static void
open_free(open_load_t *load, open_connection_t *c)
{
    c->busy = 0;
    c->next_free = NULL;

    if (load->free_last) {
        load->free_last->next_free = c;

    } else {
        load->free_first = c;
    }

    load->free_last = c;
}


static int
open_connect(open_load_t *load, open_connection_t *c)
{
    int                 on = 1;
    struct epoll_event  event;

    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd == -1
        || connect(c->fd, (const struct sockaddr *) &load->options->address,
                   sizeof(struct sockaddr_in)) == -1
        || setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1
        || fcntl(c->fd, F_SETFL, O_NONBLOCK) == -1)
    {
        fprintf(stderr, "openloop: connect: %s\n", strerror(errno));
        return -1;
    }

    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = c;

    return epoll_ctl(load->epoll, EPOLL_CTL_ADD, c->fd, &event);
}


static int
open_again(open_load_t *load, open_connection_t *c)
{
    if (c->busy) {
        load->errors++;
        load->answered++;
    }

    close(c->fd);

    if (open_connect(load, c) != 0) {
        return -1;
    }

    if (c->busy) {
        open_free(load, c);
    }

    return 0;
}


/* 0, or -1 where the connection was lost and could not be replaced. */
static int
open_send(open_load_t *load, open_connection_t *c)
{
    ssize_t  n;

    while (c->sent < load->request.len) {
        n = send(c->fd, c->request + c->sent, load->request.len - c->sent,
                 MSG_NOSIGNAL);

        if (n == -1 && errno == EAGAIN) {
            return 0;
        }

        if (n == -1) {
            return open_again(load, c);
        }

        c->sent += (size_t) n;
    }

    return 0;
}


static int
open_start(open_load_t *load, uint64_t now)
{
    char                key[KEY_LEN + 1];
    open_connection_t  *c;

    c = load->free_first;
    load->free_first = c->next_free;

    if (load->free_first == NULL) {
        load->free_last = NULL;
    }

    c->busy = 1;
    c->arrival = load->started++;
    c->sent = 0;
    c->received = 0;
    c->expected = 0;

    if (load->request.key_at) {
        snprintf(key, sizeof(key), "%08x-0000-4000-8000-%012llx", load->seed,
                 (unsigned long long) c->arrival & 0xffffffffffffULL);
        memcpy(c->request + load->request.key_at, key, KEY_LEN);
    }

    load->lagged += now - open_due(load, c->arrival);

    return open_send(load, c);
}


static void
open_answered(open_load_t *load, open_connection_t *c, uint64_t now)
{
    unsigned  hundreds;

    load->answered++;

    if (c->arrival >= load->counted_from) {
        hundreds = (unsigned) (c->answer[9] - '0');
        load->status[hundreds < 6 ? hundreds : 0]++;
        histogram_add(&load->latency,
                      (now - open_due(load, c->arrival)) / 1000);
    }

    open_free(load, c);
}


static int
open_receive(open_load_t *load, open_connection_t *c)
{
    size_t   room;
    ssize_t  n, length;

    for ( ;; ) {
        room = ANSWER_MAX - c->received;
        n = recv(c->fd, c->answer + c->received, room, 0);

        if (n == -1 && errno == EAGAIN) {
            return 0;
        }

        if (n <= 0 || !c->busy) {
            return open_again(load, c);
        }

        c->received += (size_t) n;

        if (c->expected == 0) {
            length = open_answer_length(c->answer, c->received);

            if (length == -1) {
                fprintf(stderr, "openloop: an answer without a"
                        " Content-Length, or over %d bytes\n", ANSWER_MAX);
                return -1;
            }

            c->expected = (size_t) length;
        }

        if (c->expected && c->received >= c->expected) {
            open_answered(load, c, open_now());
            return 0;
        }

        /* edge-triggered, but after a short read there is no more data */
        if ((size_t) n < room) {
            return 0;
        }
    }
}


static int
open_wait(open_load_t *load, uint64_t until)
{
    int                 n;
    uint64_t            now;
    struct timespec     ts = { 0, 0 };
    open_connection_t  *c;
    struct epoll_event  events[EVENTS];

    now = open_now();

    if (until > now) {
        ts.tv_sec = (time_t) ((until - now) / 1000000000);
        ts.tv_nsec = (long) ((until - now) % 1000000000);
    }

    n = epoll_pwait2(load->epoll, events, EVENTS, &ts, NULL);
    if (n == -1) {
        return errno == EINTR ? 0 : -1;
    }

    for (int i = 0; i < n; i++) {
        c = events[i].data.ptr;

        if (c->busy && c->sent < load->request.len
            && (events[i].events & EPOLLOUT) && open_send(load, c) != 0)
        {
            return -1;
        }

        if ((events[i].events & ~(uint32_t) EPOLLOUT)
            && open_receive(load, c) != 0)
        {
            return -1;
        }
    }

    return 0;
}


static int
open_run(open_load_t *load)
{
    uint64_t  now, until, last;

    load->began = open_now() + 1000000;
    last = open_due(load, load->arrivals) + GRACE_NS;

    while (load->answered < load->arrivals) {
        now = open_now();

        if (now > last) {
            break;
        }

        while (load->free_first && load->started < load->arrivals
               && open_due(load, load->started) <= now)
        {
            if (open_start(load, now) != 0) {
                return -1;
            }
        }

        until = load->free_first && load->started < load->arrivals
                ? open_due(load, load->started) : last;

        if (open_wait(load, until) != 0) {
            return -1;
        }
    }

    return 0;
}


/* Requests without an answer count with the time they have waited. */
static void
open_count_unanswered(open_load_t *load)
{
    uint64_t  now = open_now();

    for (unsigned i = 0; i < load->options->connections; i++) {
        const open_connection_t  *c = &load->connections[i];

        if (c->busy && c->arrival >= load->counted_from) {
            load->late_answers++;
            histogram_add(&load->latency,
                          (now - open_due(load, c->arrival)) / 1000);
        }
    }

    for (uint64_t i = load->started; i < load->arrivals; i++) {
        load->late_answers++;
        histogram_add(&load->latency, (now - open_due(load, i)) / 1000);
    }
}


static void
open_report(const open_load_t *load)
{
    const open_options_t  *options = load->options;

    printf("{\"rate\":%.1f,\"connections\":%u,\"seconds\":%.3f,"
           "\"requests\":%llu,\"status_2xx\":%llu,\"status_4xx\":%llu,"
           "\"status_5xx\":%llu,\"errors\":%llu,\"unanswered\":%llu,"
           "\"sent\":%llu,\"start_lag_mean_us\":%.1f,",
           options->rate, options->connections, options->seconds,
           (unsigned long long) load->latency.count,
           (unsigned long long) load->status[2],
           (unsigned long long) load->status[4],
           (unsigned long long) load->status[5],
           (unsigned long long) load->errors,
           (unsigned long long) load->late_answers,
           (unsigned long long) load->started,
           load->started
           ? (double) load->lagged / 1000 / (double) load->started : 0);
    histogram_print(&load->latency, stdout);
    printf("}\n");
}


static int
open_prepare(open_load_t *load)
{
    struct rlimit          limit;
    open_connection_t     *c;
    const open_options_t  *options = load->options;

    /* the default slack of 50 us is more than the time between arrivals */
    prctl(PR_SET_TIMERSLACK, 1000);

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }

    load->seed = (unsigned) time(NULL);
    load->counted_from = (uint64_t) (options->rate * options->warmup);
    load->arrivals = load->counted_from
                     + (uint64_t) (options->rate * options->seconds);
    load->epoll = epoll_create1(0);
    load->connections = calloc(options->connections,
                               sizeof(open_connection_t));

    if (load->epoll == -1 || load->connections == NULL
        || open_request_build(&load->request, options) != 0)
    {
        return -1;
    }

    for (unsigned i = 0; i < options->connections; i++) {
        c = &load->connections[i];
        c->request = load->request.text;

        if (load->request.key_at) {
            c->request = malloc(REQUEST_MAX);
            if (c->request == NULL) {
                return -1;
            }

            memcpy(c->request, load->request.text, REQUEST_MAX);
        }

        if (open_connect(load, c) != 0) {
            return -1;
        }

        open_free(load, c);
    }

    return 0;
}


int
main(int argc, char **argv)
{
    static open_load_t     load;
    static open_options_t  options = { .rate = 1000, .seconds = 3,
                                       .connections = 64 };

    if (open_options(&options, argc, argv) != 0) {
        fprintf(stderr, "%s\n", OPEN_USAGE);
        return 2;
    }

    load.options = &options;

    if (open_prepare(&load) != 0 || open_run(&load) != 0) {
        return 1;
    }

    open_count_unanswered(&load);
    open_report(&load);

    /* the system frees connections and buffers */
    return 0;
}
