/*
 * Spans: their export, its form, and an outage of the collector.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "run/spans.h"
#include "worker_fixture.h"


#define TRACES  "http://collector:4318/v1/traces"
#define ID      "4bf92f3577b34da6a3ce929d0e0e4736"


typedef struct {
    worker_fixture_t   w;
    as_spans_t        *spans;
    unsigned           stopped;
} spans_t;


static int
setup(void **state)
{
    spans_t  *t;

    t = calloc(1, sizeof(spans_t));
    worker_setup(&t->w);
    t->w.settings.otlp_endpoint = "http://collector:4318";
    t->w.settings.service_name = "shop \"x\"";
    t->w.settings.worker_name = "host:1";
    t->spans = as_spans_create(&t->w.worker);
    assert_non_null(t->spans);
    *state = t;

    return 0;
}


static int
teardown(void **state)
{
    spans_t  *t = *state;

    as_spans_destroy(t->spans);
    worker_teardown(&t->w);
    free(t);

    return 0;
}


static void
stopped(void *data)
{
    spans_t  *t = data;

    t->stopped++;
}


/* n spans of this trace, which have begun 1.5 s ago */
static void
ends(spans_t *t, const char *trace, size_t n, const char *error)
{
    as_span_t                  span;
    as_trace_t                 parent;
    static const uint8_t       order[AS_UUID_LEN] = { 1 };
    const as_span_attribute_t  attributes[] = {
        { "messaging.system", "aws_sns", 0 },
        { "http.response.status_code", NULL, 500 }
    };

    for ( /* void */ ; n > 0; n--) {
        memset(&span, 0, sizeof(span));
        as_trace_read(&parent, trace);
        as_trace_child(&span.trace, &parent, &t->w.worker.uuid);
        span.parent = parent.span;
        span.kind = AS_SPAN_PRODUCER;
        span.name = "publish stock_empty";
        span.start_ms = as_loop_unix_ms(t->w.worker.loop) - 1500;
        span.order_id = order;
        span.error = error;
        span.attributes = attributes;
        span.nattributes = 2;
        as_spans_end(t->spans, &span);
    }
}


static const char *
text_of(json_t *list, const char *key)
{
    size_t   i;
    json_t  *entry;

    json_array_foreach(list, i, entry) {
        if (strcmp(json_string_value(json_object_get(entry, "key")), key)
            == 0)
        {
            entry = json_object_get(entry, "value");
            return json_string_value(json_object_iter_value(
                json_object_iter(entry)));
        }
    }

    return "none";
}


/* The spans of the n-th request; the caller gives root back. */
static json_t *
sent(spans_t *t, size_t n, json_t **root)
{
    json_t          *resource, *scope, *spans;
    as_http_call_t  *call;

    call = worker_call(&t->w, TRACES, n);
    assert_non_null(call);
    *root = json_loads(call->body, 0, NULL);
    assert_non_null(*root);
    resource = json_array_get(json_object_get(*root, "resourceSpans"), 0);
    scope = json_array_get(json_object_get(resource, "scopeSpans"), 0);
    spans = json_object_get(scope, "spans");
    assert_true(json_is_array(spans));

    return spans;
}


static size_t
count(spans_t *t, size_t n)
{
    json_t  *root;
    size_t   size;

    size = json_array_size(sent(t, n, &root));
    json_decref(root);

    return size;
}


/* The fields of the protocol: ids in hexadecimal, 64-bit numbers as strings. */
static void
form(void **state)
{
    int64_t   start, end;
    json_t   *root, *span, *resource;
    spans_t  *t = *state;

    ends(t, "00-" ID "-00f067aa0ba902b7-01", 1, "it \"failed\"\n");
    ends(t, "00-" ID "-00f067aa0ba902b7-01", 1, NULL);
    (void) fake_answer(t->w.fake, 200, "{}");
    worker_run(&t->w, 4900);
    assert_null(worker_call(&t->w, TRACES, 0));
    worker_run(&t->w, 200);

    assert_non_null(strstr(worker_call(&t->w, TRACES, 0)->headers,
                           "Content-Type: application/json"));
    assert_int_equal(json_array_size(sent(t, 0, &root)), 2);
    resource = json_object_get(json_array_get(json_object_get(root,
        "resourceSpans"), 0), "resource");
    resource = json_object_get(resource, "attributes");
    assert_string_equal(text_of(resource, "service.name"), "shop \"x\"");
    assert_string_equal(text_of(resource, "service.instance.id"), "host:1");

    span = json_array_get(sent(t, 0, &root), 0);
    assert_string_equal(json_string_value(json_object_get(span, "traceId")),
                        ID);
    assert_int_equal(strlen(json_string_value(json_object_get(span,
        "spanId"))), 16);
    assert_string_equal(json_string_value(json_object_get(span,
        "parentSpanId")), "00f067aa0ba902b7");
    assert_string_equal(json_string_value(json_object_get(span, "name")),
                        "publish stock_empty");
    assert_int_equal(json_integer_value(json_object_get(span, "kind")), 4);

    start = strtoll(json_string_value(json_object_get(span,
        "startTimeUnixNano")), NULL, 10);
    end = strtoll(json_string_value(json_object_get(span, "endTimeUnixNano")),
                  NULL, 10);
    assert_true(end - start == INT64_C(1500000000));
    assert_true(start > INT64_C(1400000000000000000));

    resource = json_object_get(span, "attributes");
    assert_string_equal(text_of(resource, "messaging.system"), "aws_sns");
    assert_string_equal(text_of(resource, "http.response.status_code"), "500");
    assert_string_equal(text_of(resource, "autostock.order_id"),
                        "01000000-0000-0000-0000-000000000000");

    resource = json_object_get(span, "status");
    assert_int_equal(json_integer_value(json_object_get(resource, "code")), 2);
    assert_string_equal(json_string_value(json_object_get(resource,
        "message")), "it \"failed\"\n");
    assert_null(json_object_get(json_array_get(sent(t, 0, &root), 1),
                                "status"));
    assert_int_equal(t->w.worker.counters.spans_exported, 2);
}


static void
endpoints(void **state)
{
    size_t    i;
    spans_t  *t = *state;

    static const struct {
        const char  *endpoint;
        const char  *traces;
        const char  *url;              /* NULL: nothing is sent */
    } cases[] = {
        { NULL, NULL, NULL },
        { "http://c:4318", NULL, "http://c:4318/v1/traces" },
        { "http://c/otlp/", NULL, "http://c/otlp/v1/traces" },
        { "http://c", "https://d/take", "https://d/take" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) teardown(state);
        (void) setup(state);
        t = *state;
        t->w.settings.otlp_endpoint = cases[i].endpoint;
        t->w.settings.otlp_traces_endpoint = cases[i].traces;
        ends(t, "00-" ID "-00f067aa0ba902b7-01", 1, NULL);
        (void) fake_answer(t->w.fake, 200, "{}");
        worker_run(&t->w, 6000);
        assert_int_equal(t->w.fake->ncalls, cases[i].url != NULL);
        if (cases[i].url != NULL) {
            assert_string_equal(t->w.fake->calls[0].url, cases[i].url);
        }
    }
}


static void
not_sampled(void **state)
{
    spans_t  *t = *state;

    ends(t, "00-" ID "-00f067aa0ba902b7-00", 1, NULL);
    ends(t, "no trace", 1, NULL);
    worker_run(&t->w, 6000);
    assert_int_equal(t->w.fake->ncalls, 0);
    assert_int_equal(t->w.worker.counters.spans_dropped, 0);
}


/* A full batch is sent at once, and the rest after it. */
static void
batches(void **state)
{
    spans_t  *t = *state;

    ends(t, "00-" ID "-00f067aa0ba902b7-01", AS_SPANS_BATCH + 3, NULL);
    (void) fake_answer(t->w.fake, 200, "{}");
    (void) fake_answer(t->w.fake, 200, "{}");
    worker_run(&t->w, 100);
    assert_int_equal(count(t, 0), AS_SPANS_BATCH);
    assert_null(worker_call(&t->w, TRACES, 1));
    worker_run(&t->w, 5000);
    assert_int_equal(count(t, 1), 3);
    assert_int_equal(t->w.worker.counters.spans_exported, AS_SPANS_BATCH + 3);
}


/* During an outage the queue fills; further spans are dropped and counted; then
 * all queued ones are sent. */
static void
away(void **state)
{
    int       i;
    spans_t  *t = *state;

    for (i = 0; i < 4; i++) {
        fake_error(t->w.fake, AS_HTTP_CONNECT)->status = 0;
    }

    ends(t, "00-" ID "-00f067aa0ba902b7-01", AS_SPANS_MAX + 7, NULL);
    assert_int_equal(t->w.worker.counters.spans_dropped, 7);
    worker_run(&t->w, 600);
    assert_true(t->w.fake->ncalls >= 2);
    assert_int_equal(worker_said(&t->w, "collector: "), 1);
    ends(t, "00-" ID "-00f067aa0ba902b7-01", 1, NULL);
    assert_int_equal(t->w.worker.counters.spans_dropped, 8);

    for (i = 0; i < 8; i++) {
        (void) fake_answer(t->w.fake, 200, "{}");
    }
    worker_run(&t->w, 20000);
    assert_int_equal(t->w.worker.counters.spans_exported, AS_SPANS_MAX);
    assert_int_equal(worker_said(&t->w, "reachable again"), 1);
}


static void
statuses(void **state)
{
    size_t    i;
    spans_t  *t = *state;

    static const struct {
        int       status;
        unsigned  dropped;
        size_t    calls;
    } cases[] = {
        { 400, 1, 1 }, { 404, 1, 1 }, { 500, 1, 1 },
        { 429, 0, 2 }, { 502, 0, 2 }, { 503, 0, 2 }, { 504, 0, 2 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) teardown(state);
        (void) setup(state);
        t = *state;
        ends(t, "00-" ID "-00f067aa0ba902b7-01", 1, NULL);
        (void) fake_answer(t->w.fake, cases[i].status, "");
        (void) fake_answer(t->w.fake, 200, "{}");
        worker_run(&t->w, 8000);
        assert_int_equal(t->w.worker.counters.spans_dropped,
                         cases[i].dropped);
        assert_int_equal(t->w.worker.counters.spans_exported,
                         1 - cases[i].dropped);
        assert_int_equal(t->w.fake->ncalls, cases[i].calls);
        assert_int_equal(worker_said(&t->w, "it answered"), 1);
    }
}


/* A refusal that leaves the queue empty does not end the export. */
static void
after_refusal(void **state)
{
    spans_t  *t = *state;

    ends(t, "00-" ID "-00f067aa0ba902b7-01", 1, NULL);
    (void) fake_answer(t->w.fake, 500, "");
    worker_run(&t->w, 6000);
    assert_int_equal(t->w.worker.counters.spans_dropped, 1);

    /* further ones do not delay the attempt, which waits as after an outage */
    ends(t, "00-" ID "-00f067aa0ba902b7-01", 1, NULL);
    (void) fake_answer(t->w.fake, 200, "{}");
    worker_run(&t->w, 40);
    assert_int_equal(t->w.fake->ncalls, 1);
    ends(t, "00-" ID "-00f067aa0ba902b7-01", 1, NULL);
    worker_run(&t->w, 100);
    assert_int_equal(count(t, 1), 2);
    assert_int_equal(t->w.worker.counters.spans_exported, 2);
    assert_int_equal(worker_said(&t->w, "reachable again"), 1);
}


/* The endpoint is removed and set again: queued spans are dropped, later ones
 * are exported. */
static void
removed(void **state)
{
    spans_t  *t = *state;

    ends(t, "00-" ID "-00f067aa0ba902b7-01", 2, NULL);
    (void) fake_answer(t->w.fake, 503, "");
    worker_run(&t->w, 5020);
    assert_int_equal(t->w.fake->ncalls, 1);
    t->w.settings.otlp_endpoint = NULL;
    worker_run(&t->w, 6000);
    assert_int_equal(t->w.worker.counters.spans_dropped, 2);

    t->w.settings.otlp_endpoint = "http://collector:4318";
    ends(t, "00-" ID "-00f067aa0ba902b7-01", 1, NULL);
    (void) fake_answer(t->w.fake, 200, "{}");
    worker_run(&t->w, 200);
    assert_int_equal(count(t, 1), 1);
    assert_int_equal(t->w.worker.counters.spans_exported, 1);
}


/* At the worker's end queued spans are sent, for a limited time. */
static void
stops(void **state)
{
    spans_t  *t = *state;

    as_spans_stop(t->spans, stopped, t);
    assert_int_equal(t->stopped, 1);

    (void) teardown(state);
    (void) setup(state);
    t = *state;
    ends(t, "00-" ID "-00f067aa0ba902b7-01", AS_SPANS_BATCH - 1, NULL);
    (void) fake_answer(t->w.fake, 200, "{}");
    as_spans_stop(t->spans, stopped, t);
    worker_run(&t->w, 100);
    assert_int_equal(t->stopped, 1);
    assert_int_equal(t->w.worker.counters.spans_exported, AS_SPANS_BATCH - 1);

    /* a collector that does not answer */
    (void) teardown(state);
    (void) setup(state);
    t = *state;
    ends(t, "00-" ID "-00f067aa0ba902b7-01", 3, NULL);
    fake_answer(t->w.fake, 200, "{}")->silent = true;
    as_spans_stop(t->spans, stopped, t);
    worker_run(&t->w, 1900);
    assert_int_equal(t->stopped, 0);
    worker_run(&t->w, 200);
    assert_int_equal(t->stopped, 1);
    assert_int_equal(t->w.worker.counters.spans_dropped, 3);
}


static void
names(void **state)
{
    (void) state;

    assert_string_equal(as_spans_name_of("arn:aws:sns:eu-west-1:1:stock_empty"),
                        "stock_empty");
    assert_string_equal(as_spans_name_of("http://127.0.0.1:1/0/stock_queue"),
                        "stock_queue");
    assert_string_equal(as_spans_name_of("http://h/0/q?x=a/b"), "q?x=a/b");
    assert_string_equal(as_spans_name_of(""), "");
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(form),
        TEST(endpoints),
        TEST(not_sampled),
        TEST(batches),
        TEST(away),
        TEST(statuses),
        TEST(after_refusal),
        TEST(removed),
        TEST(stops),
        cmocka_unit_test(names)
    };

    return cmocka_run_group_tests_name("spans", tests, NULL, NULL);
}
