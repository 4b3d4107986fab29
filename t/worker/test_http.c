/*
 * The real HTTP engine against http_server.c.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "http_fixture.h"


static void
test_answer(void **state)
{
    test_t  *t = *state;

    http_get(t, "/ok");
    assert_int_equal(t->answer.error, AS_HTTP_OK);
    assert_int_equal(t->answer.status, 200);
    assert_string_equal(t->answer.body, "hello");
    assert_string_equal(t->answer.content_type, "application/json");
    assert_string_equal(t->answer.request_id, "abc");
    assert_true(t->answer.date_ms == 1440938160000);
    assert_true(t->answer.retry_after_ms == 7000);

    http_get(t, "/later");
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

    http_request(t, &rq, http_url(t, "/echo"));
    rq.method = "POST";
    rq.body = "some body";
    rq.body_len = 9;
    rq.headers = headers;
    rq.nheaders = 1;
    http_run(t, &rq);
    assert_string_equal(t->answer.body, "some body");

    /* Settings of the last call must not be sent with the next one. */
    http_get(t, "/ok");
    assert_string_equal(t->answer.body, "hello");
    assert_int_equal(t->server->connections, 1);
}


static void
test_refused_requests(void **state)
{
    test_t             *t = *state;
    const char         *headers[1] = { "A: b\r\nC: d" };
    as_http_request_t   rq;

    http_request(t, &rq, http_url(t, "/ok"));
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

    http_get(t, "/redirect");
    assert_int_equal(t->answer.status, 302);
    assert_int_equal(t->server->requests, 1);
}


static void
test_bounded(void **state)
{
    test_t  *t = *state;

    http_get(t, "/length");
    assert_int_equal(t->answer.error, AS_HTTP_TOO_LARGE);
    http_get(t, "/chunks");
    assert_int_equal(t->answer.error, AS_HTTP_TOO_LARGE);
    assert_true(t->answer.len <= 1000);
    http_get(t, "/headers");
    assert_int_equal(t->answer.error, AS_HTTP_TOO_LARGE);
}


static void
test_broken(void **state)
{
    test_t  *t = *state;

    http_get(t, "/gibberish");
    assert_int_equal(t->answer.error, AS_HTTP_LOST);
    http_get(t, "/half");
    assert_int_equal(t->answer.error, AS_HTTP_LOST);
    assert_true(t->answer.maybe_sent);
    http_get(t, "/drop");
    assert_int_equal(t->answer.error, AS_HTTP_LOST);
    assert_true(t->answer.maybe_sent);
}


/* A status line that was read is reported even if the rest is lost; that of a
 * 1xx response or of a proxy is not. */
static void
test_status_of_a_cut_answer(void **state)
{
    test_t             *t = *state;
    as_http_conf_t      conf;
    as_http_request_t   rq;

    http_get(t, "/201-cut");
    assert_int_equal(t->answer.error, AS_HTTP_LOST);
    assert_int_equal(t->answer.status, 201);
    assert_true(t->answer.maybe_sent);
    http_get(t, "/line-cut");
    assert_int_equal(t->answer.status, 0);

    as_http_destroy(t->http);
    memset(&conf, 0, sizeof(conf));
    conf.proxy = http_url(t, "");
    t->http = as_http_curl_create(&conf, t->loop);
    assert_non_null(t->http);
    http_request(t, &rq, "https://factory.example/");
    http_run(t, &rq);
    assert_int_not_equal(t->answer.error, AS_HTTP_OK);
    assert_int_equal(t->answer.status, 0);
}


/* libcurl's message contains a proxy URL that it cannot parse. */
static void
test_proxy_is_not_told(void **state)
{
    size_t                    i;
    test_t                   *t = *state;
    as_http_conf_t            conf;
    as_http_request_t         rq;
    static const char *const  proxies[] = {
        "nothing://me:hidden@127.0.0.1:1", "me:hidden@127.0.0.1:x",
        "http://me:hidden@a b:3128", "me:hid/hidden@127.0.0.1:1",
        "http://me:hidden@127.0.0.1:1"
    };

    for (i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++) {
        as_http_destroy(t->http);
        memset(&conf, 0, sizeof(conf));
        conf.proxy = proxies[i];
        t->http = as_http_curl_create(&conf, t->loop);
        assert_non_null(t->http);
        http_request(t, &rq, "http://factory.example/");
        http_run(t, &rq);
        assert_int_not_equal(t->answer.error, AS_HTTP_OK);
        assert_string_not_equal(t->answer.reason, "");
        assert_null(strstr(t->answer.reason, "hidden"));
    }
}


static void
test_timeout(void **state)
{
    int64_t             start;
    test_t             *t = *state;
    as_http_request_t   rq;

    http_request(t, &rq, http_url(t, "/silent"));
    rq.timeout_ms = 200;
    start = as_clock_mono_ms(as_clock_system());
    http_run(t, &rq);
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

    http_request(t, &rq, text);
    http_run(t, &rq);
    assert_int_equal(t->answer.error, AS_HTTP_CONNECT);
    assert_false(t->answer.maybe_sent);
    (void) close(fd);

    http_request(t, &rq, "http://name.invalid/");
    http_run(t, &rq);
    assert_int_equal(t->answer.error, AS_HTTP_RESOLVE);
    assert_false(t->answer.maybe_sent);

    http_request(t, &rq, "file:///etc/passwd");
    http_run(t, &rq);
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
        http_request(t, &rq, urls[i]);
        rq.connect_timeout_ms = 500;
        http_run(t, &rq);
        assert_int_equal(t->answer.error, AS_HTTP_FORBIDDEN);
        assert_false(t->answer.maybe_sent);
    }

    http_request(t, &rq, http_url(t, "/ok"));
    rq.flags = 0;
    http_run(t, &rq);
    assert_int_equal(t->answer.error, AS_HTTP_FORBIDDEN);

    /* Also by name, which is resolved first. */
    (void) snprintf(text, sizeof(text), "http://localhost:%u/ok",
                    t->server->port);
    http_request(t, &rq, text);
    rq.flags = 0;
    http_run(t, &rq);
    assert_int_equal(t->answer.error, AS_HTTP_FORBIDDEN);
    assert_int_equal(t->server->requests, 0);

    /* Also on a connection that another, permitted call opened. */
    http_get(t, "/ok");
    assert_int_equal(t->answer.status, 200);
    http_request(t, &rq, http_url(t, "/ok"));
    rq.flags = 0;
    http_run(t, &rq);
    assert_int_equal(t->answer.error, AS_HTTP_FORBIDDEN);
    assert_int_equal(t->server->requests, 1);
}


static void
test_once(void **state)
{
    test_t             *t = *state;
    as_http_request_t   rq;

    /* libcurl repeats a request by itself if a kept connection is closed ... */
    http_get(t, "/ok");
    http_request(t, &rq, http_url(t, "/drop"));
    rq.method = "POST";
    http_run(t, &rq);
    assert_int_equal(t->answer.error, AS_HTTP_LOST);
    assert_int_equal(t->server->requests, 3);

    /* ... but not a request that may be sent only once. */
    http_get(t, "/ok");
    http_request(t, &rq, http_url(t, "/drop"));
    rq.method = "POST";
    rq.flags |= AS_HTTP_ONCE;
    http_run(t, &rq);
    assert_int_equal(t->answer.error, AS_HTTP_LOST);
    assert_true(t->answer.maybe_sent);
    assert_int_equal(t->server->requests, 5);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_answer, http_setup, http_teardown),
        cmocka_unit_test_setup_teardown(test_post, http_setup, http_teardown),
        cmocka_unit_test_setup_teardown(test_refused_requests, http_setup,
                                        http_teardown),
        cmocka_unit_test_setup_teardown(test_no_redirect, http_setup,
                                        http_teardown),
        cmocka_unit_test_setup_teardown(test_bounded, http_setup,
                                        http_teardown),
        cmocka_unit_test_setup_teardown(test_broken, http_setup, http_teardown),
        cmocka_unit_test_setup_teardown(test_status_of_a_cut_answer,
                                        http_setup, http_teardown),
        cmocka_unit_test_setup_teardown(test_proxy_is_not_told, http_setup,
                                        http_teardown),
        cmocka_unit_test_setup_teardown(test_timeout, http_setup,
                                        http_teardown),
        cmocka_unit_test_setup_teardown(test_not_connected, http_setup,
                                        http_teardown),
        cmocka_unit_test_setup_teardown(test_forbidden, http_setup,
                                        http_teardown),
        cmocka_unit_test_setup_teardown(test_once, http_setup, http_teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
