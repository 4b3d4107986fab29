/*
 * The spans of deliveries: one from a message's receive to its end, with the
 * reason where it was given back or is a dead letter.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "consumer_fixture.h"
#include "span_fixture.h"


#define TRACE  "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


/* The n-th span of this kind, from 0; it must be there. */
static size_t
span_of(as_span_kind_e kind, size_t n)
{
    size_t  i;

    for (i = 0; i < nspans; i++) {
        if (spans[i].kind == kind && n-- == 0) {
            return i;
        }
    }

    fail_msg("there is no such span of %zu", nspans);

    return 0;
}


static consumer_fixture_t *
again(void **state, bool on)
{
    consumer_fixture_t  *t;

    (void) consumer_teardown(state);
    (void) consumer_setup(state);
    t = *state;
    span_export(&t->w, on);
    t->orders[0].state = CONSUMER_PUBLISHED;
    as_trace_read(&t->orders[0].trace, TRACE);
    consumer_done(t, CONSUMER_DELETE);
    consumer_done(t, CONSUMER_BACK);
    consumer_done(t, CONSUMER_DEAD);

    return t;
}


static void
none(void **state)
{
    consumer_fixture_t  *t = again(state, false);

    consumer_deliver_order(t, 0, 1);
    (void) consumer_factory(t, 201);
    worker_run(&t->w, 500);
    assert_int_equal(t->orders[0].state, CONSUMER_REQUESTED);
    assert_int_equal(nspans, 0);
}


/* The call to the factory is a child of the delivery, which is a child of the
 * order's span. */
static void
requested(void **state)
{
    size_t               call, whole;
    as_trace_t           trace;
    consumer_fixture_t  *t = again(state, true);

    as_trace_read(&trace, TRACE);
    consumer_deliver_order(t, 0, 1);
    (void) consumer_factory(t, 201);
    worker_run(&t->w, 500);
    assert_int_equal(t->orders[0].state, CONSUMER_REQUESTED);

    assert_int_equal(nspans, 2);
    call = span_of(AS_SPAN_CLIENT, 0);
    whole = span_of(AS_SPAN_CONSUMER, 0);
    assert_string_equal(spans[whole].name, "process q");
    assert_string_equal(spans[whole].error, "");
    assert_memory_equal(spans[whole].parent, trace.span, AS_TRACE_SPAN_LEN);
    assert_memory_equal(spans[whole].trace.id, trace.id, AS_TRACE_ID_LEN);
    assert_memory_equal(spans[call].parent, spans[whole].trace.span,
                        AS_TRACE_SPAN_LEN);
    assert_memory_equal(spans[call].trace.id, trace.id, AS_TRACE_ID_LEN);
    assert_true(spans[whole].start_ms <= spans[call].start_ms);
    assert_string_equal(span_text(whole, "messaging.system"), "aws_sqs");
    assert_string_equal(span_text(whole, "messaging.operation.type"),
                        "process");
    assert_string_equal(span_text(whole, "messaging.destination.name"), "q");
    assert_string_equal(span_text(whole, "messaging.message.id"), "m0");
}


/* By the factory's answer. */
static void
failed(void **state)
{
    size_t               i, whole;
    consumer_fixture_t  *t;

    static const struct {
        int               status;
        unsigned          receives;
        consumer_state_e  after;
        const char       *error;       /* of the delivery; a part of it */
    } cases[] = {
        { 500, 1, CONSUMER_PUBLISHED, "500" },
        { 429, 1, CONSUMER_PUBLISHED, "429" },
        { 422, 1, CONSUMER_FAILED, "422" },
        { 500, 5, CONSUMER_PENDING, "500" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        t = again(state, true);
        consumer_deliver_order(t, 0, cases[i].receives);
        (void) consumer_factory(t, cases[i].status);
        worker_run(&t->w, 2000);
        assert_int_equal(t->orders[0].state, cases[i].after);
        assert_int_equal(as_consumer_in_hand(t->consumer), 0);

        (void) span_of(AS_SPAN_CLIENT, 0);
        whole = span_of(AS_SPAN_CONSUMER, 0);
        if (strstr(spans[whole].error, cases[i].error) == NULL) {
            fail_msg("case %zu: %s", i, spans[whole].error);
        }
    }
}


/* No call, no span of one. */
static void
without_a_call(void **state)
{
    size_t               i;
    consumer_fixture_t  *t;

    static const struct {
        consumer_state_e  before;
        const char       *body;        /* NULL: of the order */
        bool              fails;       /* the delivery's span has an error */
    } cases[] = {
        { CONSUMER_REQUESTED, NULL, false },
        { CONSUMER_FULFILLED, NULL, false },
        { CONSUMER_CANCELLED, NULL, false },
        { CONSUMER_PUBLISHED, "not JSON", true }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        consumer_message_t  message;

        t = again(state, true);
        t->orders[0].state = cases[i].before;
        memset(&message, 0, sizeof(message));
        message.body = cases[i].body;
        consumer_deliver(t, &message);
        worker_run(&t->w, 500);
        assert_int_equal(consumer_calls(t, FIXTURE_FACTORY), 0);
        assert_int_equal(consumer_calls(t, CONSUMER_DELETE), 1);
        assert_int_equal(nspans, 1);
        assert_int_equal(spans[0].kind, AS_SPAN_CONSUMER);
        assert_int_equal(spans[0].error[0] != '\0', cases[i].fails);
    }
}


/* A delivery that is held through an outage of the database is one span, as
 * long as the outage. */
static void
through_an_outage(void **state)
{
    size_t               whole;
    consumer_fixture_t  *t = again(state, true);

    consumer_fails(t, AS_LEASE_REQUESTED, 3, AS_DB_GONE, false);
    consumer_deliver_order(t, 0, 1);
    (void) consumer_factory(t, 201);
    worker_run(&t->w, 6000);
    assert_int_equal(t->orders[0].state, CONSUMER_REQUESTED);
    assert_int_equal(consumer_calls(t, FIXTURE_FACTORY), 1);
    assert_int_equal(nspans, 2);
    whole = span_of(AS_SPAN_CONSUMER, 0);
    assert_string_equal(spans[whole].error, "");
    assert_int_equal(whole, 1);
}


#define TEST(name)                                                            \
    cmocka_unit_test_setup_teardown(name, consumer_setup, consumer_teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(none),
        TEST(requested),
        TEST(failed),
        TEST(without_a_call),
        TEST(through_an_outage)
    };

    return cmocka_run_group_tests_name("consumer_spans", tests, NULL, NULL);
}
