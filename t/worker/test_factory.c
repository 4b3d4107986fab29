/*
 * The meaning of a factory's responses, with the real HTTP engine.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http_fixture.h"
#include "run/factory.h"
#include "worker_fixture.h"


typedef struct {
    worker_fixture_t      w;           /* with http's loop and engine */
    test_t               *http;
    char                  url[128];
    as_factories_t       *all;
    as_factory_call_t     call;
    uint8_t               id[AS_UUID_LEN];
    bool                  told;
    as_factory_result_t   result;
    char                  reason[256];
} factory_t;


static bool
ready(void *data)
{
    (void) data;

    return true;
}


static void
answered(void *data, const as_factory_result_t *result)
{
    factory_t  *t = data;

    t->told = true;
    t->result = *result;
    (void) snprintf(t->reason, sizeof(t->reason), "%s", result->reason);
    as_loop_stop(t->w.worker.loop);
}


static void
changed(void *data)
{
    (void) data;
}


static int
setup(void **state)
{
    factory_t  *t;

    t = calloc(1, sizeof(factory_t));
    worker_setup(&t->w);
    (void) http_setup((void **) &t->http);
    t->w.worker.http = t->http->http;
    t->w.worker.loop = t->http->loop;

    (void) snprintf(t->url, sizeof(t->url), "%s", http_url(t->http, "/ok"));
    t->w.settings.factory_api_url = t->url;
    t->w.settings.factory_private = AS_ON;
    t->w.settings.factory_timeout = 300;
    t->w.settings.factory_concurrency = 1;
    t->w.settings.breaker_min = t->w.settings.breaker_max = 1000;
    t->all = as_factories_create(&t->w.worker, changed, NULL);
    assert_non_null(t->all);

    t->call.order_id = t->call.product_id = t->id;
    t->call.sku = t->call.factory = "x";
    t->call.quantity = 1;
    t->call.ready = ready;
    t->call.done = answered;
    t->call.data = t;
    *state = t;

    return 0;
}


static int
teardown(void **state)
{
    factory_t  *t = *state;

    as_factories_destroy(t->all);
    (void) http_teardown((void **) &t->http);
    t->w.worker.http = t->w.fake->http;
    t->w.worker.loop = t->w.fake->loop;
    worker_teardown(&t->w);
    free(t);

    return 0;
}


static void
ask(factory_t *t, const char *api)
{
    t->told = false;
    assert_int_equal(as_factories_call(t->all, api, &t->call), 0);
    if (!t->told) {
        as_loop_run(t->w.worker.loop);
    }
    assert_true(t->told);
}


/* The status line is the response, even if the rest is lost. */
static void
a_status_is_the_answer(void **state)
{
    size_t      i;
    factory_t  *t = *state;

    static const struct {
        const char            *path;
        as_factory_outcome_e   outcome;
        int                    status;
        int64_t                retry_after_ms;
    } cases[] = {
        { "/201-cut", AS_FACTORY_ACCEPTED, 201, -1 },
        { "/201-large", AS_FACTORY_ACCEPTED, 201, -1 },
        { "/201-chunk", AS_FACTORY_ACCEPTED, 201, -1 },
        { "/201-slow", AS_FACTORY_ACCEPTED, 201, -1 },
        { "/201-open", AS_FACTORY_ACCEPTED, 201, -1 },
        { "/201-head", AS_FACTORY_ACCEPTED, 201, -1 },
        { "/201-length", AS_FACTORY_ACCEPTED, 201, -1 },
        { "/201-early", AS_FACTORY_ACCEPTED, 201, -1 },
        { "/chunks", AS_FACTORY_ACCEPTED, 200, -1 },
        { "/headers", AS_FACTORY_ACCEPTED, 200, -1 },
        { "/400-cut", AS_FACTORY_REFUSED, 400, -1 },
        { "/429-cut", AS_FACTORY_FAILED, 429, 7000 },
        { "/500-slow", AS_FACTORY_FAILED, 500, -1 },
        { "/100-cut", AS_FACTORY_LOST, 0, -1 },
        { "/103-slow", AS_FACTORY_LOST, 0, -1 },
        { "/line-cut", AS_FACTORY_LOST, 0, -1 },
        { "/silent", AS_FACTORY_LOST, 0, -1 },
        { "/drop", AS_FACTORY_LOST, 0, -1 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ask(t, http_url(t->http, cases[i].path));

        if (t->result.outcome != cases[i].outcome
            || t->result.status != cases[i].status
            || t->result.retry_after_ms != cases[i].retry_after_ms)
        {
            fail_msg("%s: outcome %d, status %d, %s", cases[i].path,
                     (int) t->result.outcome, t->result.status, t->reason);
        }

        assert_int_equal(t->http->server->requests, i + 1);
    }

    assert_int_equal(t->w.worker.counters.calls[201], 8);
    assert_int_equal(t->w.worker.counters.calls[0], 5);
}


/* Failures that may pass by themselves, and failures that will not. */
static void
an_outage_and_what_is_none(void **state)
{
    size_t      i;
    factory_t  *t = *state;

    static const char *const  outages[] = {
        "/429-cut", "/500-slow", "/later", "/redirect", "/silent", "/drop",
        "/gibberish"
    };

    for (i = 0; i < sizeof(outages) / sizeof(outages[0]); i++) {
        ask(t, http_url(t->http, outages[i]));
        assert_in_range(t->result.outcome, AS_FACTORY_FAILED,
                        AS_FACTORY_LOST);
        assert_true(t->result.outage);
    }

    ask(t, "http://127.0.0.1:1/");
    assert_int_equal(t->result.outcome, AS_FACTORY_FAILED);
    assert_true(t->result.outage);

    ask(t, "http://169.254.169.254/");
    assert_int_equal(t->result.outcome, AS_FACTORY_FAILED);
    assert_false(t->result.outage);
}


/* factory.API is a URL, in any usual spelling, or empty: then FACTORY_API_URL
 * is used.  With any other value no factory is called. */
static void
the_factory_that_is_meant(void **state)
{
    char        api[200];
    size_t      i;
    factory_t  *t = *state;

    /* before and after the address */
    static const char *const  meant[][2] = {
        { "HTTP://", "/400-cut" }, { " http://", "/400-cut" },
        { "\thttp://", "/400-cut" }, { "http://", "/400-cut \r\n" },
        { "\xef\xbb\xbfHttp://", "/400-cut" }
    };

    static const char *const  nowhere[][2] = {
        { "//", "/400-cut" }, { "", "/400-cut" }, { "ftp://", "/400-cut" },
        { "http:// ", "/400-cut" }, { "http://", "/ 400-cut" }
    };

    for (i = 0; i < sizeof(meant) / sizeof(meant[0]); i++) {
        (void) snprintf(api, sizeof(api), "%s127.0.0.1:%u%s", meant[i][0],
                        t->http->server->port, meant[i][1]);
        ask(t, api);
        assert_int_equal(t->result.outcome, AS_FACTORY_REFUSED);
    }

    assert_int_equal(t->http->server->requests, i);

    for (i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
        (void) snprintf(api, sizeof(api), "%s127.0.0.1:%u%s", nowhere[i][0],
                        t->http->server->port, nowhere[i][1]);
        assert_int_equal(as_factories_call(t->all, api, &t->call), -1);
        assert_int_equal(errno, EINVAL);
    }

    ask(t, "");
    assert_int_equal(t->result.outcome, AS_FACTORY_ACCEPTED);
    ask(t, " ");
    assert_int_equal(t->result.outcome, AS_FACTORY_ACCEPTED);
    assert_int_equal(t->http->server->requests, 7);
}


static void
named(void *data, const as_factory_view_t *view)
{
    as_text_printf(data, "%s ", view->name);
}


/* A factory's name in log and metrics: its URL without secrets, unique among
 * the factories. */
static void
names_hold_no_secret(void **state)
{
    int           i;
    char          url[160];
    as_text_t     names = AS_TEXT_EMPTY;
    factory_t    *t = *state;
    const char   *port;

    port = strrchr(t->url, ':') + 1;

    for (i = 1; i < 4; i++) {
        (void) snprintf(url, sizeof(url), "http://me:hidden%d@127.0.0.1:%.*s"
                        "/ok?key=hidden", i, (int) strcspn(port, "/"), port);
        ask(t, url);
    }

    ask(t, t->url);
    as_factories_visit(t->all, named, &names);
    assert_null(strstr(as_text_get(&names), "hidden"));
    assert_non_null(strstr(as_text_get(&names), "/ok#3 http://***@127.0.0.1:"));
    assert_non_null(strstr(as_text_get(&names), "/ok#2 http://***@127.0.0.1:"));
    assert_non_null(strstr(as_text_get(&names), t->url));
    as_text_free(&names);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(names_hold_no_secret, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_status_is_the_answer, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_outage_and_what_is_none, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_factory_that_is_meant, setup,
                                        teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
