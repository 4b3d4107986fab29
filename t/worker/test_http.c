/*
 * The real HTTP engine against a small server of this file's own.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "as_clock.h"
#include "as_http.h"


#define MANY  300


typedef struct {
    int            fd;
    unsigned       port;
    pthread_t      thread;
    atomic_int     connections;
    atomic_int     requests;
    atomic_int     open;
} server_t;

typedef struct {
    server_t  *server;
    int        fd;
} peer_t;

typedef struct {
    int               told;
    bool              done;
    as_http_error_e   error;
    int               status;
    bool              maybe_sent;
    size_t            len;
    char              body[256];
    char              content_type[64];
    char              request_id[64];
    char              reason[256];
    int64_t           date_ms;
    int64_t           retry_after_ms;
} answer_t;

typedef struct {
    server_t   *server;
    as_http_t  *http;
    answer_t    answer;
} test_t;


static void
write_all(int fd, const char *p, size_t len)
{
    ssize_t  n;

    while (len > 0 && (n = send(fd, p, len, MSG_NOSIGNAL)) > 0) {
        p += n;
        len -= (size_t) n;
    }
}


static void
say(int fd, const char *text)
{
    write_all(fd, text, strlen(text));
}


/* A request, headers and body; 0 where the peer hung up. */
static int
read_request(int fd, char *buf, size_t size)
{
    char     *end, *length;
    size_t    len, want;
    ssize_t   n;

    len = 0;
    want = 0;

    for ( ;; ) {
        n = recv(fd, buf + len, size - 1 - len, 0);
        if (n <= 0) {
            return 0;
        }

        len += (size_t) n;
        buf[len] = '\0';
        end = strstr(buf, "\r\n\r\n");

        if (end != NULL) {
            length = strstr(buf, "Content-Length: ");
            want = (size_t) (end + 4 - buf)
                   + (length ? strtoul(length + 16, NULL, 10) : 0);
        }

        if (want > 0 && len >= want) {
            return 1;
        }
    }
}


static void
flood(int fd, const char *head, const char *piece, int n)
{
    say(fd, head);

    while (n-- > 0) {
        say(fd, piece);
    }
}


/* false: the connection is to be closed. */
static bool
reply(int fd, const char *rq)
{
    char  buf[16384], *body;

    if (strstr(rq, " /ok ") != NULL) {
        say(fd, "HTTP/1.1 200 OK\r\nDate: Sun, 30 Aug 2015 12:36:00 GMT\r\n"
            "Content-Type: application/json\r\nRetry-After: 7\r\n"
            "X-Amzn-RequestId: abc\r\nContent-Length: 5\r\n\r\nhello");

    } else if (strstr(rq, " /echo ") != NULL) {
        body = strstr(rq, "\r\n\r\n") + 4;
        (void) snprintf(buf, sizeof(buf), "HTTP/1.1 200 OK\r\n"
                        "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
        say(fd, buf);

    } else if (strstr(rq, " /later ") != NULL) {
        say(fd, "HTTP/1.1 503 Busy\r\nDate: Sun, 30 Aug 2015 12:36:00 GMT"
            "\r\nRetry-After: Sun, 30 Aug 2015 12:37:30 GMT\r\n"
            "Content-Length: 0\r\n\r\n");

    } else if (strstr(rq, " /redirect ") != NULL) {
        say(fd, "HTTP/1.1 302 Found\r\nLocation: /ok\r\n"
            "Content-Length: 0\r\n\r\n");

    } else if (strstr(rq, " /length ") != NULL) {
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
        (void) recv(fd, buf, sizeof(buf), 0);
        return false;

    } else if (strstr(rq, " /chunks ") != NULL) {
        flood(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
              "10\r\n0123456789abcdef\r\n", 4000);
        return false;

    } else if (strstr(rq, " /headers ") != NULL) {
        flood(fd, "HTTP/1.1 200 OK\r\n", "X-A: 0123456789abcdef\r\n", 4000);
        return false;

    } else if (strstr(rq, " /gibberish ") != NULL) {
        say(fd, "what is this\r\n\r\n");
        return false;

    } else if (strstr(rq, " /half ") != NULL) {
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        return false;

    } else if (strstr(rq, " /silent ") != NULL) {
        (void) recv(fd, buf, sizeof(buf), 0);
        return false;

    } else {
        return false;
    }

    return true;
}


static void *
serve_one(void *data)
{
    char     rq[8192];
    peer_t  *peer = data;

    while (read_request(peer->fd, rq, sizeof(rq))) {
        atomic_fetch_add(&peer->server->requests, 1);

        if (!reply(peer->fd, rq)) {
            break;
        }
    }

    (void) close(peer->fd);
    atomic_fetch_sub(&peer->server->open, 1);
    free(peer);

    return NULL;
}


static void *
serve(void *data)
{
    int         fd;
    peer_t     *peer;
    server_t   *server = data;
    pthread_t   thread;

    while ((fd = accept(server->fd, NULL, NULL)) != -1) {
        atomic_fetch_add(&server->connections, 1);
        atomic_fetch_add(&server->open, 1);
        peer = malloc(sizeof(peer_t));
        peer->server = server;
        peer->fd = fd;
        (void) pthread_create(&thread, NULL, serve_one, peer);
        (void) pthread_detach(thread);
    }

    return NULL;
}


static int
setup(void **state)
{
    test_t              *t;
    socklen_t            len;
    as_http_conf_t       conf;
    struct sockaddr_in   sin;

    t = calloc(1, sizeof(test_t));
    t->server = calloc(1, sizeof(server_t));
    t->server->fd = socket(AF_INET, SOCK_STREAM, 0);
    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    len = sizeof(sin);
    assert_int_equal(bind(t->server->fd, (struct sockaddr *) &sin, len), 0);
    assert_int_equal(listen(t->server->fd, 512), 0);
    (void) getsockname(t->server->fd, (struct sockaddr *) &sin, &len);
    t->server->port = ntohs(sin.sin_port);
    assert_int_equal(pthread_create(&t->server->thread, NULL, serve,
                                    t->server), 0);

    memset(&conf, 0, sizeof(conf));
    conf.max_calls = MANY;
    t->http = as_http_curl_create(&conf);
    assert_non_null(t->http);
    *state = t;

    return 0;
}


static int
teardown(void **state)
{
    test_t  *t = *state;

    as_http_destroy(t->http);
    (void) shutdown(t->server->fd, SHUT_RDWR);
    (void) pthread_join(t->server->thread, NULL);
    (void) close(t->server->fd);

    /* The peers end when their connections do: they have just been closed. */
    while (atomic_load(&t->server->open) > 0) {
        (void) sched_yield();
    }

    free(t->server);
    free(t);

    return 0;
}


static void
told(void *data, const as_http_answer_t *a)
{
    answer_t  *answer = data;

    answer->told++;
    answer->done = true;
    answer->error = a->error;
    answer->status = a->status;
    answer->maybe_sent = a->maybe_sent;
    answer->len = a->len;
    answer->date_ms = a->date_ms;
    answer->retry_after_ms = a->retry_after_ms;
    (void) snprintf(answer->body, sizeof(answer->body), "%s", a->body);
    (void) snprintf(answer->content_type, sizeof(answer->content_type), "%s",
                    a->content_type);
    (void) snprintf(answer->request_id, sizeof(answer->request_id), "%s",
                    a->request_id);
    (void) snprintf(answer->reason, sizeof(answer->reason), "%s", a->reason);
}


static void
request(test_t *t, as_http_request_t *rq, const char *url)
{
    memset(rq, 0, sizeof(*rq));
    rq->method = "GET";
    rq->url = url;
    rq->flags = AS_HTTP_PRIVATE;
    rq->max_answer = 1000;
    rq->done = told;
    rq->data = &t->answer;
}


static void
run(test_t *t, const as_http_request_t *rq)
{
    memset(&t->answer, 0, sizeof(t->answer));
    if (as_http_send(t->http, rq) == NULL) {
        fail_msg("send %s: %s", rq->url, strerror(errno));
    }

    assert_int_equal(t->answer.told, 0);
    assert_int_equal(as_http_wait(t->http, &t->answer.done, -1), 0);
    assert_int_equal(t->answer.told, 1);
}


static const char *
url(test_t *t, const char *path)
{
    static char  text[128];

    (void) snprintf(text, sizeof(text), "http://127.0.0.1:%u%s",
                    t->server->port, path);

    return text;
}


static void
get(test_t *t, const char *path)
{
    as_http_request_t  rq;

    request(t, &rq, url(t, path));
    run(t, &rq);
}


static void
test_answer(void **state)
{
    test_t  *t = *state;

    get(t, "/ok");
    assert_int_equal(t->answer.error, AS_HTTP_OK);
    assert_int_equal(t->answer.status, 200);
    assert_string_equal(t->answer.body, "hello");
    assert_string_equal(t->answer.content_type, "application/json");
    assert_string_equal(t->answer.request_id, "abc");
    assert_true(t->answer.date_ms == 1440938160000);
    assert_true(t->answer.retry_after_ms == 7000);

    get(t, "/later");
    assert_int_equal(t->answer.status, 503);
    assert_true(t->answer.retry_after_ms == 90000);
    assert_string_equal(t->answer.content_type, "");
}


static void
test_post(void **state)
{
    test_t             *t = *state;
    const char         *headers[1] = { "Content-Type: text/plain" };
    as_http_request_t   rq;

    request(t, &rq, url(t, "/echo"));
    rq.method = "POST";
    rq.body = "some body";
    rq.body_len = 9;
    rq.headers = headers;
    rq.nheaders = 1;
    run(t, &rq);
    assert_string_equal(t->answer.body, "some body");

    /* What the last call left behind must not go out with the next. */
    get(t, "/ok");
    assert_string_equal(t->answer.body, "hello");
    assert_int_equal(t->server->connections, 1);
}


static void
test_refused_requests(void **state)
{
    test_t             *t = *state;
    const char         *headers[1] = { "A: b\r\nC: d" };
    as_http_request_t   rq;

    request(t, &rq, url(t, "/ok"));
    rq.headers = headers;
    rq.nheaders = 1;
    errno = 0;
    assert_null(as_http_send(t->http, &rq));
    assert_int_equal(errno, EINVAL);

    rq.nheaders = 0;
    rq.method = "DELETE";
    assert_null(as_http_send(t->http, &rq));
    assert_int_equal(as_http_in_flight(t->http), 0);
}


static void
test_no_redirect(void **state)
{
    test_t  *t = *state;

    get(t, "/redirect");
    assert_int_equal(t->answer.status, 302);
    assert_int_equal(t->server->requests, 1);
}


static void
test_bounded(void **state)
{
    test_t  *t = *state;

    get(t, "/length");
    assert_int_equal(t->answer.error, AS_HTTP_TOO_LARGE);
    get(t, "/chunks");
    assert_int_equal(t->answer.error, AS_HTTP_TOO_LARGE);
    assert_true(t->answer.len <= 1000);
    get(t, "/headers");
    assert_int_equal(t->answer.error, AS_HTTP_TOO_LARGE);
}


static void
test_broken(void **state)
{
    test_t  *t = *state;

    get(t, "/gibberish");
    assert_int_equal(t->answer.error, AS_HTTP_LOST);
    get(t, "/half");
    assert_int_equal(t->answer.error, AS_HTTP_LOST);
    assert_true(t->answer.maybe_sent);
    get(t, "/drop");
    assert_int_equal(t->answer.error, AS_HTTP_LOST);
    assert_true(t->answer.maybe_sent);
}


static void
test_timeout(void **state)
{
    int64_t             start;
    test_t             *t = *state;
    as_http_request_t   rq;

    request(t, &rq, url(t, "/silent"));
    rq.timeout_ms = 200;
    start = as_clock_mono_ms(as_clock_system());
    run(t, &rq);
    assert_int_equal(t->answer.error, AS_HTTP_TIMEOUT);
    assert_true(t->answer.maybe_sent);
    assert_in_range(as_clock_mono_ms(as_clock_system()) - start, 190, 3000);
}


static void
test_not_connected(void **state)
{
    int                  fd;
    char                 text[64];
    test_t              *t = *state;
    socklen_t            len;
    as_http_request_t    rq;
    struct sockaddr_in   sin;

    /* A port that is taken by a socket that does not listen. */
    fd = socket(AF_INET, SOCK_STREAM, 0);
    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    len = sizeof(sin);
    assert_int_equal(bind(fd, (struct sockaddr *) &sin, len), 0);
    (void) getsockname(fd, (struct sockaddr *) &sin, &len);
    (void) snprintf(text, sizeof(text), "http://127.0.0.1:%u/",
                    ntohs(sin.sin_port));

    request(t, &rq, text);
    run(t, &rq);
    assert_int_equal(t->answer.error, AS_HTTP_CONNECT);
    assert_false(t->answer.maybe_sent);
    (void) close(fd);

    request(t, &rq, "http://name.invalid/");
    run(t, &rq);
    assert_int_equal(t->answer.error, AS_HTTP_RESOLVE);
    assert_false(t->answer.maybe_sent);

    request(t, &rq, "file:///etc/passwd");
    run(t, &rq);
    assert_int_equal(t->answer.error, AS_HTTP_BAD_URL);
}


static void
test_forbidden(void **state)
{
    size_t              i;
    test_t             *t = *state;
    char                text[64];
    as_http_request_t   rq;

    static const char *const  urls[] = {
        "http://169.254.169.254/", "http://[fe80::1]/",
        "http://2852039166/", "http://0xa9fea9fe/",
        "http://[::ffff:169.254.169.254]/", "http://[fd00:ec2::254]/",
        "http://224.0.0.1/"
    };

    for (i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        request(t, &rq, urls[i]);
        rq.connect_timeout_ms = 500;
        run(t, &rq);
        assert_int_equal(t->answer.error, AS_HTTP_FORBIDDEN);
        assert_false(t->answer.maybe_sent);
    }

    request(t, &rq, url(t, "/ok"));
    rq.flags = 0;
    run(t, &rq);
    assert_int_equal(t->answer.error, AS_HTTP_FORBIDDEN);

    /* Also under a name, which is resolved first. */
    (void) snprintf(text, sizeof(text), "http://localhost:%u/ok",
                    t->server->port);
    request(t, &rq, text);
    rq.flags = 0;
    run(t, &rq);
    assert_int_equal(t->answer.error, AS_HTTP_FORBIDDEN);
    assert_int_equal(t->server->requests, 0);

    /* And over a connection that another call was allowed to open. */
    get(t, "/ok");
    assert_int_equal(t->answer.status, 200);
    request(t, &rq, url(t, "/ok"));
    rq.flags = 0;
    run(t, &rq);
    assert_int_equal(t->answer.error, AS_HTTP_FORBIDDEN);
    assert_int_equal(t->server->requests, 1);
}


static void
test_once(void **state)
{
    test_t             *t = *state;
    as_http_request_t   rq;

    /* libcurl sends again by itself on a kept connection that dies ... */
    get(t, "/ok");
    request(t, &rq, url(t, "/drop"));
    rq.method = "POST";
    run(t, &rq);
    assert_int_equal(t->answer.error, AS_HTTP_LOST);
    assert_int_equal(t->server->requests, 3);

    /* ... but not what may be sent once only. */
    get(t, "/ok");
    request(t, &rq, url(t, "/drop"));
    rq.method = "POST";
    rq.flags |= AS_HTTP_ONCE;
    run(t, &rq);
    assert_int_equal(t->answer.error, AS_HTTP_LOST);
    assert_true(t->answer.maybe_sent);
    assert_int_equal(t->server->requests, 5);
}


static void
test_cancel(void **state)
{
    int                 i;
    test_t             *t = *state;
    as_http_call_t     *call;
    as_http_request_t   rq;

    memset(&t->answer, 0, sizeof(t->answer));
    request(t, &rq, url(t, "/silent"));
    call = as_http_send(t->http, &rq);

    while (atomic_load(&t->server->requests) == 0) {
        (void) as_http_poll(t->http, NULL, 0, 10);
    }

    as_http_cancel(t->http, call);
    assert_int_equal(as_http_in_flight(t->http), 0);

    for (i = 0; i < 5; i++) {
        (void) as_http_poll(t->http, NULL, 0, 10);
    }

    assert_int_equal(t->answer.told, 0);
    get(t, "/ok");
    assert_int_equal(t->answer.status, 200);

    /* Destroyed under a call: teardown does it. */
    request(t, &rq, url(t, "/silent"));
    assert_non_null(as_http_send(t->http, &rq));
}


static void
test_many(void **state)
{
    size_t              i, done;
    test_t             *t = *state;
    answer_t           *answers;
    as_http_request_t   rq;

    answers = calloc(MANY + 1, sizeof(answer_t));
    request(t, &rq, url(t, "/ok"));

    for (i = 0; i < MANY; i++) {
        rq.data = &answers[i];
        assert_non_null(as_http_send(t->http, &rq));
    }

    errno = 0;
    assert_null(as_http_send(t->http, &rq));
    assert_int_equal(errno, EAGAIN);

    do {
        (void) as_http_poll(t->http, NULL, 0, -1);

        for (i = 0, done = 0; i < MANY; i++) {
            done += answers[i].told;
        }
    } while (done < MANY);

    for (i = 0; i < MANY; i++) {
        assert_int_equal(answers[i].status, 200);
        assert_int_equal(answers[i].told, 1);
    }

    free(answers);
}


typedef struct {
    test_t             *t;
    as_http_request_t   rq;
    int                 left;
} chain_t;


static void
chained(void *data, const as_http_answer_t *a)
{
    chain_t  *chain = data;

    assert_int_equal(a->status, 200);

    if (--chain->left > 0) {
        assert_non_null(as_http_send(chain->t->http, &chain->rq));
    }
}


/*
 * An answer that is there before the loop waits again must not be waited
 * for: each such call would cost the whole time-out of the poll.
 */
static void
test_chain(void **state)
{
    int64_t   start;
    chain_t   chain;
    test_t   *t = *state;

    chain.t = t;
    chain.left = 10000;
    request(t, &chain.rq, url(t, "/ok"));
    chain.rq.done = chained;
    chain.rq.data = &chain;
    assert_non_null(as_http_send(t->http, &chain.rq));
    start = as_clock_mono_ms(as_clock_system());

    while (chain.left > 0) {
        (void) as_http_poll(t->http, NULL, 0, 30000);
    }

    assert_in_range(as_clock_mono_ms(as_clock_system()) - start, 0, 29000);
}


static void
bump(void *data)
{
    (*(int *) data)++;
}


static void
test_loop(void **state)
{
    int             n, fd;
    bool            never;
    test_t         *t = *state;
    uint64_t        one;
    struct pollfd   pfd;

    n = 0;
    assert_int_equal(as_http_defer(t->http, bump, &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(as_http_timeout(t->http), 0);
    as_http_perform(t->http);
    as_http_perform(t->http);
    assert_int_equal(n, 1);

    as_http_wake(t->http);
    assert_int_equal(as_http_poll(t->http, NULL, 0, -1), 0);

    fd = eventfd(0, EFD_NONBLOCK);
    assert_int_equal(as_http_watch(t->http, fd, bump, &n), 0);
    one = 1;
    assert_int_equal(write(fd, &one, sizeof(one)), sizeof(one));
    (void) as_http_poll(t->http, NULL, 0, -1);
    assert_int_equal(n, 2);
    as_http_unwatch(t->http, fd);
    (void) as_http_poll(t->http, NULL, 0, 10);
    assert_int_equal(n, 2);

    pfd.fd = fd;
    pfd.events = POLLIN;
    assert_int_equal(as_http_poll(t->http, &pfd, 1, -1), 1);
    assert_int_equal(pfd.revents, POLLIN);

    never = false;
    errno = 0;
    assert_int_equal(as_http_wait(t->http, &never, fd), -1);
    assert_int_equal(errno, EINTR);
    (void) close(fd);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_post, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused_requests, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_no_redirect, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_broken, setup, teardown),
        cmocka_unit_test_setup_teardown(test_timeout, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_connected, setup, teardown),
        cmocka_unit_test_setup_teardown(test_forbidden, setup, teardown),
        cmocka_unit_test_setup_teardown(test_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many, setup, teardown),
        cmocka_unit_test_setup_teardown(test_chain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_loop, setup, teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
