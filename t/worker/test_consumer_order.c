/*
 * Messages without an order, which open or join one, and messages that an
 * operator put back after their order had failed.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "consumer_fixture.h"


#define OF_SKU                                                                \
    "{\"MessageAttributeProductId\":\"CP-502101\","                           \
    "\"MessageAttributeProductCnt\":\"7\"}"
#define TRACE  "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


static consumer_fixture_t *
again(void **state)
{
    (void) consumer_teardown(state);
    (void) consumer_setup(state);

    return *state;
}


static void
deliver_text(consumer_fixture_t *t, const char *body)
{
    consumer_message_t  message;

    memset(&message, 0, sizeof(message));
    message.body = body;
    consumer_deliver(t, &message);
}


static void
answer_all(consumer_fixture_t *t, int status)
{
    (void) consumer_factory(t, status);
    consumer_done(t, CONSUMER_DELETE);
    consumer_done(t, CONSUMER_BACK);
    consumer_done(t, CONSUMER_DEAD);
}


/* The results of as_order_open(), and the end of the message for each. */
static void
opens(void **state)
{
    size_t               i;
    consumer_fixture_t  *t;

    static const struct {
        as_order_open_e   outcome;
        size_t            calls;
        size_t            dead;
        uint64_t          opened;      /* counters */
        uint64_t          joined;
        const char       *said;
    } cases[] = {
        { AS_ORDER_OPENED, 1, 0, 1, 0, "opened for a message without" },
        { AS_ORDER_KNOWN, 1, 0, 0, 0, "requested from the factory" },
        { AS_ORDER_JOINED, 0, 0, 0, 1, "joined: " },
        { AS_ORDER_PAUSED, 0, 0, 1, 0, "opened, to be sent later" },
        { AS_ORDER_NO_PRODUCT, 0, 1, 0, 0, "the product is unknown" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        t = again(state);
        t->open_outcome = cases[i].outcome;
        t->orders[0].state = CONSUMER_PUBLISHED;
        deliver_text(t, OF_SKU);
        answer_all(t, 201);
        worker_run(&t->w, 100);

        if (consumer_calls(t, FIXTURE_FACTORY) != cases[i].calls
            || consumer_calls(t, CONSUMER_DEAD) != cases[i].dead
            || t->w.worker.counters.opened != cases[i].opened
            || t->w.worker.counters.joined != cases[i].joined
            || worker_said(&t->w, cases[i].said) != 1)
        {
            fail_msg("case %zu: %s", i, t->w.said);
        }

        assert_int_equal(t->opens, 1);
        assert_int_equal(consumer_calls(t, CONSUMER_DELETE), 1);
        assert_int_equal(as_consumer_in_hand(t->consumer), 0);
        assert_int_equal(t->orders[0].state, cases[i].calls
                         ? CONSUMER_REQUESTED : CONSUMER_PUBLISHED);
    }
}


/* as_order_open() gets the message's text and the pauses of the settings. */
static void
what_is_opened(void **state)
{
    consumer_fixture_t  *t = *state;

    t->orders[0].state = CONSUMER_PUBLISHED;
    deliver_text(t, OF_SKU);
    answer_all(t, 201);
    worker_run(&t->w, 100);
    assert_int_equal(t->opened.quantity, 7);
    assert_int_equal(t->opened.pause_min_ms, 60000);
    assert_int_equal(t->opened.pause_max_ms, 3600000);
}


/* The id of the order that a message opens is a function of the message's id,
 * so that its next receive finds the order. */
static void
id_of_the_order(void **state)
{
    uint8_t              first[AS_UUID_LEN];
    consumer_fixture_t  *t = *state;

    deliver_text(t, OF_SKU);
    worker_run(&t->w, 100);
    memcpy(first, t->opened.id, AS_UUID_LEN);

    t = again(state);
    deliver_text(t, OF_SKU);
    worker_run(&t->w, 100);
    assert_memory_equal(t->opened.id, first, AS_UUID_LEN);

    deliver_text(t, OF_SKU);
    worker_run(&t->w, 100);
    assert_int_equal(t->opens, 2);
    assert_memory_not_equal(t->opened.id, first, AS_UUID_LEN);
}


/* The database is lost before the order is opened: tried again. */
static void
opened_after_an_outage(void **state)
{
    consumer_fixture_t  *t = *state;

    fake_db.status = AS_DB_GONE;
    t->orders[0].state = CONSUMER_PUBLISHED;
    deliver_text(t, OF_SKU);
    answer_all(t, 201);
    worker_run(&t->w, 5000);
    assert_int_equal(t->opens, 0);
    assert_int_equal(as_consumer_in_hand(t->consumer), 1);

    fake_db.status = AS_DB_OK;
    worker_run(&t->w, 5000);
    assert_int_equal(t->opens, 1);
    assert_int_equal(t->orders[0].state, CONSUMER_REQUESTED);

    /* the order's lease is a write: the outage is over */
    assert_false(t->w.worker.db.down);
}


/* Messages that open an order run in separate jobs. */
static void
not_with_others(void **state)
{
    unsigned             before;
    consumer_fixture_t  *t = *state;

    t->orders[0].state = t->orders[1].state = CONSUMER_PUBLISHED;
    t->open_outcome = AS_ORDER_JOINED;
    fake_db.hold = true;
    deliver_text(t, OF_SKU);
    worker_run(&t->w, 20);
    before = fake_db.submitted;
    consumer_deliver_order(t, 0, 1);
    deliver_text(t, OF_SKU);
    consumer_deliver_order(t, 1, 1);
    worker_run(&t->w, 20);

    fake_db_release(AS_DB_OK);
    worker_run(&t->w, 50);
    assert_int_equal(t->opens, 2);
    assert_int_equal(t->jobs[AS_LEASE_TAKE], 2);
    assert_int_equal(fake_db.submitted - before, 2);
}


/*
 * A message of a failed order: dropped, unless an operator put it back, which
 * its origin or its time shows.
 */
static void
of_a_failed_order(void **state)
{
    size_t               i;
    consumer_message_t   message;
    consumer_fixture_t  *t;

    static const struct {
        const char        *source;
        int64_t            sent_ms;
        bool               newer;
        as_reopen_e        outcome;
        unsigned           reopens;
        size_t             calls;
        consumer_state_e   after;
    } cases[] = {
        { NULL, 1000, false, AS_REOPEN_DONE, 0, 0, CONSUMER_FAILED },
        { NULL, 0, false, AS_REOPEN_DONE, 0, 0, CONSUMER_FAILED },
        { NULL, 3000, false, AS_REOPEN_DONE, 1, 1, CONSUMER_REQUESTED },
        { "arn:aws:sqs:eu-west-1:1:q", 1000, false, AS_REOPEN_DONE, 1, 1,
          CONSUMER_REQUESTED },
        { "arn:aws:sqs:eu-west-1:1:q", 1000, true, AS_REOPEN_DONE, 1, 0,
          CONSUMER_FAILED },

        /* another worker was faster: the order is read once more */
        { "arn:aws:sqs:eu-west-1:1:q", 1000, false, AS_REOPEN_STATE, 1, 0,
          CONSUMER_FAILED }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        t = again(state);
        t->reopen_outcome = cases[i].outcome;
        t->orders[0].state = CONSUMER_FAILED;
        t->orders[0].failed_ms = 2000;
        t->orders[0].newer = cases[i].newer;
        memset(&message, 0, sizeof(message));
        message.dead_source = cases[i].source;
        message.sent_ms = cases[i].sent_ms;
        consumer_deliver(t, &message);
        answer_all(t, 201);
        worker_run(&t->w, 100);

        if (t->reopens != cases[i].reopens
            || t->orders[0].state != cases[i].after
            || consumer_calls(t, FIXTURE_FACTORY) != cases[i].calls
            || consumer_calls(t, CONSUMER_DELETE) != 1)
        {
            fail_msg("case %zu: order %s, %u reopened, %s", i,
                     consumer_state_name(t->orders[0].state), t->reopens,
                     t->w.said);
        }

        assert_int_equal(as_consumer_in_hand(t->consumer), 0);
    }
}


/* More than is needed would be ordered: it is requested nevertheless, and
 * logged. */
static void
reopened_with_a_surplus(void **state)
{
    consumer_message_t   message;
    consumer_fixture_t  *t = *state;

    t->surplus = true;
    t->orders[0].state = CONSUMER_FAILED;
    memset(&message, 0, sizeof(message));
    message.dead_source = "arn:aws:sqs:eu-west-1:1:q";
    consumer_deliver(t, &message);
    answer_all(t, 201);
    worker_run(&t->w, 100);
    assert_int_equal(t->orders[0].state, CONSUMER_REQUESTED);
    assert_int_equal(worker_said(&t->w, "reorder point of 3"), 1);
}


/* The traceparent of the n-th call to the factory; "" where there is none. */
static const char *
asked_trace(consumer_fixture_t *t, size_t n)
{
    const char   *at;
    static char   text[AS_TRACE_TEXT_LEN + 1];

    at = strstr(worker_call(&t->w, FIXTURE_FACTORY, n)->headers,
                "traceparent: ");
    if (at == NULL) {
        return "";
    }

    (void) snprintf(text, sizeof(text), "%s", at + 13);

    return text;
}


/* A message without an order gives it its trace, or a new one. */
static void
trace_of_a_message(void **state)
{
    char                 made[AS_TRACE_TEXT_LEN + 1];
    consumer_fixture_t  *t = *state;

    t->orders[0].state = CONSUMER_PUBLISHED;
    deliver_text(t, "{\"MessageAttributeProductId\":\"CP-502101\","
                 "\"traceparent\":\"" TRACE "\"}");
    answer_all(t, 201);
    worker_run(&t->w, 100);
    *as_trace_text(&t->opened.trace, made) = '\0';
    assert_string_equal(made, TRACE);
    assert_memory_equal(asked_trace(t, 0), TRACE, 36);
    assert_string_not_equal(asked_trace(t, 0), TRACE);
    assert_true(worker_said(&t->w, " trace=4bf92f3577b34da6a3ce929d0e0e4736\n")
                >= 2);

    t = again(state);
    t->orders[0].state = CONSUMER_PUBLISHED;
    deliver_text(t, OF_SKU);
    answer_all(t, 201);
    worker_run(&t->w, 100);
    assert_true(as_trace_is_set(&t->opened.trace));
    *as_trace_text(&t->opened.trace, made) = '\0';
    assert_memory_equal(asked_trace(t, 0), made, 36);
}


/* Each call has its own span in the trace of its order. */
static void
trace_of_an_order(void **state)
{
    char                 first[AS_TRACE_TEXT_LEN + 1];
    consumer_fixture_t  *t = *state;

    t->orders[0].state = CONSUMER_PUBLISHED;
    as_trace_read(&t->orders[0].trace, TRACE);
    consumer_deliver_order(t, 0, 1);
    answer_all(t, 500);
    worker_run(&t->w, 100);
    (void) snprintf(first, sizeof(first), "%s", asked_trace(t, 0));
    assert_memory_equal(first, TRACE, 36);

    t->w.fake->mono_ms += 60000;
    consumer_deliver_order(t, 0, 2);
    answer_all(t, 201);
    worker_run(&t->w, 100);
    assert_memory_equal(asked_trace(t, 1), TRACE, 36);
    assert_string_not_equal(asked_trace(t, 1), first);
    assert_int_equal(worker_said(&t->w, "answered 500; again in"), 1);
    assert_int_equal(worker_said(&t->w,
                                 " trace=4bf92f3577b34da6a3ce929d0e0e4736\n"),
                     2);

    /* an order without a trace, of an earlier version */
    t = again(state);
    t->orders[0].state = CONSUMER_PUBLISHED;
    consumer_deliver_order(t, 0, 1);
    answer_all(t, 201);
    worker_run(&t->w, 100);
    assert_string_equal(asked_trace(t, 0), "");
    assert_int_equal(worker_said(&t->w, "trace="), 0);
}


#define TEST(name)                                                            \
    cmocka_unit_test_setup_teardown(name, consumer_setup, consumer_teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(opens),
        TEST(what_is_opened),
        TEST(trace_of_a_message),
        TEST(trace_of_an_order),
        TEST(id_of_the_order),
        TEST(opened_after_an_outage),
        TEST(not_with_others),
        TEST(of_a_failed_order),
        TEST(reopened_with_a_surplus)
    };

    return cmocka_run_group_tests_name("consumer_order", tests, NULL, NULL);
}
