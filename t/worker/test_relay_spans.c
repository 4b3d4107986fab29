/*
 * The spans of publications: one for each order and attempt, in the order's
 * trace, with what became of it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relay_fixture.h"
#include "span_fixture.h"


#define TRACE  "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


/* Without an endpoint the relay makes neither spans nor traces. */
static void
none(void **state)
{
    relay_fixture_t  *t = *state;

    span_export(&t->w, false);
    relay_open(t, 1);
    relay_answer(t, "o");
    worker_run(&t->w, 100);
    assert_int_equal(relay_count(t, RELAY_PUBLISHED), 1);
    assert_int_equal(nspans, 0);
    assert_null(strstr(worker_call(&t->w, RELAY_CALL, 0)->body,
                       "traceparent"));
}


/* The order has a trace: its publication is a child of what opened it. */
static void
published(void **state)
{
    char              sent[AS_TRACE_TEXT_LEN + 1];
    int64_t           start;
    as_trace_t        trace;
    relay_fixture_t  *t = *state;

    span_export(&t->w, true);
    as_trace_read(&trace, TRACE);
    relay_open(t, 2);
    t->orders[0].trace = t->orders[1].trace = trace;
    start = t->w.fake->unix_ms;
    relay_answer(t, "oo");
    worker_run(&t->w, 100);

    assert_int_equal(nspans, 2);
    assert_int_equal(spans[0].kind, AS_SPAN_PRODUCER);
    assert_string_equal(spans[0].name, "publish t");
    assert_string_equal(spans[0].error, "");
    assert_false(spans[0].root);
    assert_memory_equal(spans[0].parent, trace.span, AS_TRACE_SPAN_LEN);
    assert_memory_equal(spans[0].trace.id, trace.id, AS_TRACE_ID_LEN);
    assert_true(spans[0].start_ms >= start
                && spans[0].start_ms <= t->w.fake->unix_ms);
    assert_string_equal(span_text(0, "messaging.system"), "aws_sns");
    assert_string_equal(span_text(0, "messaging.operation.type"), "send");
    assert_string_equal(span_text(0, "messaging.destination.name"), "t");
    assert_string_equal(span_text(0, "messaging.message.id"), "id-0");
    assert_string_equal(span_text(1, "messaging.message.id"), "id-1");
    assert_int_equal(spans[1].order_id[0], 1);

    /* what is sent names the span, so that the consumer's is its child */
    assert_memory_not_equal(spans[0].trace.span, spans[1].trace.span,
                            AS_TRACE_SPAN_LEN);
    *as_trace_text(&spans[0].trace, sent) = '\0';
    assert_non_null(strstr(worker_call(&t->w, RELAY_CALL, 0)->body, sent));
    *as_trace_text(&spans[1].trace, sent) = '\0';
    assert_non_null(strstr(worker_call(&t->w, RELAY_CALL, 0)->body, sent));
}


/* The order has none: the publication starts it. */
static void
starts_a_trace(void **state)
{
    char              sent[AS_TRACE_TEXT_LEN + 1];
    relay_fixture_t  *t = *state;

    span_export(&t->w, true);
    relay_open(t, 2);
    relay_answer(t, "oo");
    worker_run(&t->w, 100);

    assert_int_equal(nspans, 2);
    assert_true(spans[0].root && spans[1].root);
    assert_true(as_trace_is_set(&spans[0].trace));
    assert_memory_not_equal(spans[0].trace.id, spans[1].trace.id,
                            AS_TRACE_ID_LEN);
    *as_trace_text(&spans[0].trace, sent) = '\0';
    assert_non_null(strstr(worker_call(&t->w, RELAY_CALL, 0)->body, sent));
}


/* By what SNS says of the entry; of a call that failed, every entry. */
static void
failed(void **state)
{
    size_t            i, k;
    fake_answer_t    *a;
    relay_fixture_t  *t = *state;

    static const struct {
        const char      *entries;      /* NULL: the whole call fails */
        as_http_error_e  error;
        int              status;
        const char      *errors[2];
    } cases[] = {
        { "op", AS_HTTP_OK, 200, { "", "InvalidParameter" } },
        { "ro", AS_HTTP_OK, 200, { "InternalError", "" } },
        { "-o", AS_HTTP_OK, 200, { "NotTold", "" } },
        { NULL, AS_HTTP_CONNECT, 0, { "", "" } },
        { NULL, AS_HTTP_TIMEOUT, 0, { "", "" } },
        { NULL, AS_HTTP_OK, 500, { "", "" } }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) relay_teardown(state);
        (void) relay_setup(state);
        t = *state;
        span_export(&t->w, true);
        relay_open(t, 2);

        if (cases[i].entries != NULL) {
            relay_answer(t, cases[i].entries);
        } else {
            a = fake_answer_to(t->w.fake, RELAY_CALL, cases[i].status, "");
            a->error = cases[i].error;
        }
        worker_run(&t->w, 40);
        assert_int_equal(nspans, 2);

        for (k = 0; k < 2; k++) {
            if (cases[i].entries == NULL) {
                assert_string_not_equal(spans[k].error, "");
                assert_string_equal(span_text(k, "messaging.message.id"), "");
                continue;
            }

            assert_string_equal(spans[k].error, cases[i].errors[k]);
            assert_int_equal(span_text(k, "messaging.message.id")[0] != '\0',
                             cases[i].errors[k][0] == '\0');
        }
    }
}


/* Each attempt is a span of its own. */
static void
attempts(void **state)
{
    as_trace_t        trace;
    relay_fixture_t  *t = *state;

    span_export(&t->w, true);
    as_trace_read(&trace, TRACE);
    relay_open(t, 1);
    t->orders[0].trace = trace;
    relay_answer(t, "r");
    relay_answer(t, "o");
    worker_run(&t->w, 4000);

    assert_int_equal(relay_count(t, RELAY_PUBLISHED), 1);
    assert_int_equal(nspans, 2);
    assert_string_equal(spans[0].error, "InternalError");
    assert_string_equal(spans[1].error, "");
    assert_memory_equal(spans[0].parent, spans[1].parent, AS_TRACE_SPAN_LEN);
    assert_memory_not_equal(spans[0].trace.span, spans[1].trace.span,
                            AS_TRACE_SPAN_LEN);
}


#define TEST(name)                                                            \
    cmocka_unit_test_setup_teardown(name, relay_setup, relay_teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(none),
        TEST(published),
        TEST(starts_a_trace),
        TEST(failed),
        TEST(attempts)
    };

    return cmocka_run_group_tests_name("relay_spans", tests, NULL, NULL);
}
