/*
 * doctor's checks of the running processes: the worker's metrics, nginx's
 * status page, and the checks without them.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "cmd/doctor_life.h"
#include "fake_http.h"
#include "findings_fixture.h"
#include "settings_fixture.h"


#define METRICS  "127.0.0.1:9101/metrics"
#define STATUS   "http://nginx/status"


typedef struct {
    fake_t             *fake;
    as_settings_t       settings;
    as_doctor_http_t    http;
    as_doctor_signs_t   signs;
    char                page[2048];
} test_t;


static test_t  test;


static int
setup(void **state)
{
    memset(&test, 0, sizeof(test));
    test.fake = fake_create();
    test.settings = *settings_fixture();
    test.settings.metrics_port = 9101;
    test.settings.status_url = STATUS;
    test.http.findings = &findings;
    test.http.http = test.fake->http;
    test.http.settings = &test.settings;
    test.http.stop_fd = -1;
    test.signs.known = true;
    test.signs.last_ms = -1;

    return findings_setup(state);
}


static int
teardown(void **state)
{
    fake_destroy(test.fake);

    return findings_teardown(state);
}


/* The worker's page with these additional lines. */
static void
a_worker(const char *lines)
{
    (void) snprintf(test.page, sizeof(test.page), "# HELP x y\n"
                    "autostock_worker_up{peer=\"database\"} 1\n%s", lines);
    (void) fake_answer_to(test.fake, METRICS, 200, test.page);
    as_doctor_life_worker(&test.http, &test.signs);
}


static void
an_nginx(int status, const char *lines)
{
    (void) snprintf(test.page, sizeof(test.page), "# HELP x y\n%s", lines);
    (void) fake_answer_to(test.fake, STATUS, status, test.page);
    as_doctor_life_nginx(&test.http);
}


static void
worker_answers(void **state)
{
    (void) state;

    a_worker("autostock_worker_breaker_open{factory=\"http://f/\"} 0\n");
    findings_fine("a worker answers at http://" METRICS);

    /* the page is bounded, the addresses of this host are allowed */
    assert_int_equal(test.fake->calls[0].max_answer, 1 << 20);
    assert_int_equal(test.fake->calls[0].flags, AS_HTTP_PRIVATE);
    assert_int_equal(test.fake->calls[0].timeout_ms, 5000);
}


static void
worker_does_not_reach_a_peer(void **state)
{
    char  lines[200];

    (void) state;

    a_worker("autostock_worker_up{peer=\"SNS\"} 0\n"
             "autostock_worker_up{peer=\"SQS\"} 1\n");
    findings_one("wrong", "worker-peer", "the worker does not reach SNS, and "
                 "has not reached it since its start");

    (void) snprintf(lines, sizeof(lines), "autostock_worker_up{peer=\"SQS\"} 0"
                    "\nautostock_worker_last_success_seconds{peer=\"SNS\"} 5\n"
                    "autostock_worker_last_success_seconds{peer=\"SQS\"} %ld\n",
                    (long) time(NULL) - 40);
    a_worker(lines);
    findings_one("wrong", "worker-peer", "the worker does not reach SQS, last "
                 "reached it 4");
}


static void
worker_has_an_open_circuit(void **state)
{
    (void) state;

    a_worker("autostock_worker_breaker_open{factory=\"http://f/\"} 1\n"
             "autostock_worker_breaker_open{factory=\"http://g/\"} 0\n"
             "autostock_worker_factory_waiting{factory=\"http://g/\"} 9\n"
             "autostock_worker_factory_waiting{factory=\"http://f/\"} 3\n");
    findings_one("warning", "circuit", "the circuit of http://f/ is open, 3 "
                 "messages wait");

    a_worker("autostock_worker_breaker_open{factory=\"http://f/\"} 1\n");
    findings_one("warning", "circuit", "0 messages wait");
}


static void
another_server_has_the_port(void **state)
{
    size_t  i;

    static const struct {
        int          status;
        const char  *body;
    } cases[] = {
        { 200, "hello\n" }, { 200, "" }, { 404, "\nautostock_worker_up{" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) fake_answer_to(test.fake, METRICS, cases[i].status,
                              cases[i].body);
        as_doctor_life_worker(&test.http, &test.signs);
        findings_one("wrong", "worker", "is not an autostock-worker");
    }
}


/* No worker responds on this host: the orders show whether one runs
 * on another. */
static void
no_worker_here(void **state)
{
    size_t  i;

    static const struct {
        bool         known;
        bool         stuck;
        int64_t      leases;
        int64_t      last_ms;
        const char  *level;
        const char  *what;
    } cases[] = {
        { true, false, 0, -1, "warning", "and no order was published yet" },
        { true, false, 0, 120000, "warning", "was active for 120 s" },
        { true, true, 0, 120000, "wrong", "was active for 120 s" },
        { true, true, 2, 500000, "fine", "has leases of 2 orders" },
        { true, false, 0, 119999, "fine", "was active 119 s ago" },
        { false, false, 0, 0, "warning", "and the orders cannot be read" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        test.signs.known = cases[i].known;
        test.signs.stuck = cases[i].stuck;
        test.signs.leases = cases[i].leases;
        test.signs.last_ms = cases[i].last_ms;

        /* it does not answer; or it has no metrics */
        test.settings.metrics_port = i % 2 == 0 ? 9101 : 0;
        if (i % 2 == 0) {
            (void) fake_error(test.fake, AS_HTTP_CONNECT);
        }
        as_doctor_life_worker(&test.http, &test.signs);

        if (strcmp(cases[i].level, "fine") == 0) {
            findings_fine(cases[i].what);
        } else {
            findings_one(cases[i].level, "worker", cases[i].what);
        }
    }
}


static void
nginx_is_not_checked(void **state)
{
    (void) state;

    test.settings.status_url = NULL;
    as_doctor_life_nginx(&test.http);
    findings_fine("not checked: AUTOSTOCK_STATUS_URL names no status page");
    assert_int_equal(test.fake->ncalls, 0);
}


static void
nginx_does_not_answer(void **state)
{
    (void) state;

    /* a password of the URL is not shown */
    test.settings.status_url = "http://me:hidden@nginx/status";
    (void) fake_error(test.fake, AS_HTTP_TIMEOUT);
    as_doctor_life_nginx(&test.http);
    findings_one("unreachable", "nginx", "http://***@nginx/status: timeout: ");

    test.settings.status_url = STATUS;
    an_nginx(403, "");
    findings_one("wrong", "nginx", "answers 403, and not with a status page");
    an_nginx(200, "hello\n");
    findings_one("wrong", "nginx", "answers 200, and not with a status page");
}


static void
databases_of_nginx(void **state)
{
    size_t  i;
    long    now;

    static const struct {
        long         failed;           /* seconds ago; -1: never */
        long         committed;
        const char  *level;
        const char  *what;
    } cases[] = {
        { -1, -1, "fine", "database \"shop\" of nginx: no transaction yet" },
        { -1, 30, "fine", "the last transaction was 3" },
        { 40, 30, "fine", "the last transaction was 3" },
        { 30, 40, "wrong", "3" },
        { 30, -1, "wrong", "s ago a request was answered 503, and no" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char  lines[400];

        now = (long) time(NULL);
        (void) snprintf(lines, sizeof(lines),
            "autostock_last_unavailable_seconds{database=\"shop\"} %ld\n"
            "autostock_last_commit_seconds{database=\"other\"} %ld\n"
            "autostock_last_commit_seconds{database=\"shop\"} %ld\n",
            cases[i].failed < 0 ? 0 : now - cases[i].failed, now,
            cases[i].committed < 0 ? 0 : now - cases[i].committed);
        an_nginx(200, lines);

        if (strcmp(cases[i].level, "fine") == 0) {
            findings_fine(cases[i].what);
        } else {
            findings_one(cases[i].level, "nginx-database", cases[i].what);
        }
    }
}


/* A missing right has its own remedy; the failure that it causes is in the same
 * finding. */
static void
rights_of_nginx(void **state)
{
    (void) state;

    an_nginx(200,
        "autostock_last_unavailable_seconds{database=\"a\"} 99\n"
        "autostock_last_unavailable_seconds{database=\"b\"} 0\n"
        "autostock_right{database=\"a\",right=\"sell\"} 1\n"
        "autostock_right{database=\"a\",right=\"hold\"} 0\n"
        "autostock_right{database=\"a\",right=\"return\"} 0\n"
        "autostock_right{database=\"b\",right=\"sell\"} 1\n");
    findings_one("wrong", "nginx-rights", "database \"a\" of nginx: its user "
                 "lacks hold, return");
}


/* Lines that are not samples are skipped. */
static void
strange_pages(void **state)
{
    (void) state;

    a_worker("autostock_worker_up{peer=} 0\n"
             "autostock_worker_up{PEER=\"SNS\"} 0\n"
             "autostock_worker_up 0\n"
             "autostock_worker_up{peer=\"SQS\"} no\n"
             "autostock_worker_upward{peer=\"SQS\"} 0\n"
             "autostock_worker_up{peer=\"\"} 0");
    findings_fine("a worker answers");

    /* the last line may have no end */
    a_worker("autostock_worker_up{peer=\"SNS\"} 0");
    findings_one("wrong", "worker-peer", "does not reach SNS");
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(worker_answers),
        TEST(worker_does_not_reach_a_peer),
        TEST(worker_has_an_open_circuit),
        TEST(another_server_has_the_port),
        TEST(no_worker_here),
        TEST(nginx_is_not_checked),
        TEST(nginx_does_not_answer),
        TEST(databases_of_nginx),
        TEST(rights_of_nginx),
        TEST(strange_pages)
    };

    return cmocka_run_group_tests_name("doctor_life", tests, NULL, NULL);
}
