/*
 * The end of a message and of its order, depending on the order's state and on
 * the factory's response.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "consumer_fixture.h"


/* What happens to the message. */
typedef enum {
    DELETED = 0,
    GIVEN_BACK,
    DEAD                               /* moved to the dead letters, deleted */
} fate_e;


static void
check(consumer_fixture_t *t, size_t i, fate_e fate, consumer_state_e after,
    size_t calls)
{
    size_t  deleted, back, dead;

    deleted = consumer_calls(t, CONSUMER_DELETE);
    back = consumer_calls(t, CONSUMER_BACK);
    dead = consumer_calls(t, CONSUMER_DEAD);

    if (t->orders[0].state != after
        || consumer_calls(t, FIXTURE_FACTORY) != calls
        || deleted != (fate != GIVEN_BACK) || back != (fate == GIVEN_BACK)
        || dead != (fate == DEAD) || as_consumer_in_hand(t->consumer) != 0)
    {
        fail_msg("case %zu: %zu calls, order %s, message %s%s%s", i,
                 consumer_calls(t, FIXTURE_FACTORY),
                 consumer_state_name(t->orders[0].state),
                 deleted ? "deleted " : "", back ? "given back " : "",
                 dead ? "dead" : "");
    }
}


static void
answer_acks(consumer_fixture_t *t)
{
    consumer_done(t, CONSUMER_DELETE);
    consumer_done(t, CONSUMER_BACK);
    consumer_done(t, CONSUMER_DEAD);
}


/* For tables: each case has a consumer of its own. */
static consumer_fixture_t *
again(void **state)
{
    (void) consumer_teardown(state);
    (void) consumer_setup(state);

    return *state;
}


/* Depending on the order's state at the receive; the factory accepts. */
static void
state_of_the_order(void **state)
{
    size_t              i;
    consumer_fixture_t  *t;

    static const struct {
        consumer_state_e   before;
        const char        *owner;      /* of its lease */
        int64_t            left_ms;
        bool               stop;       /* AUTOSTOCK_LOST_ANSWER */
        bool               gone;       /* its product */
        size_t             calls;
        fate_e             fate;
        consumer_state_e   after;
    } cases[] = {
        { CONSUMER_PENDING, "", 0, false, false,
          1, DELETED, CONSUMER_REQUESTED },
        { CONSUMER_PENDING, "relay:w:1", 9000, false, false,
          1, DELETED, CONSUMER_REQUESTED },
        { CONSUMER_PENDING, "relay:w:1", 9000, true, false,
          1, DELETED, CONSUMER_REQUESTED },
        { CONSUMER_PUBLISHED, "", 0, false, false,
          1, DELETED, CONSUMER_REQUESTED },
        { CONSUMER_PUBLISHED, "call:other:7", 5000, false, false,
          0, GIVEN_BACK, CONSUMER_PUBLISHED },
        { CONSUMER_PUBLISHED, "call:other:7", -1, false, false,
          1, DELETED, CONSUMER_REQUESTED },
        { CONSUMER_PUBLISHED, "call:other:7", -1, true, false,
          0, DEAD, CONSUMER_FAILED },
        { CONSUMER_PUBLISHED, "call:other:7", 5000, true, false,
          0, GIVEN_BACK, CONSUMER_PUBLISHED },
        { CONSUMER_PUBLISHED, "", 0, false, true,
          0, DEAD, CONSUMER_FAILED },
        { CONSUMER_REQUESTED, "", 0, false, false,
          0, DELETED, CONSUMER_REQUESTED },
        { CONSUMER_FULFILLED, "", 0, false, false,
          0, DELETED, CONSUMER_FULFILLED },
        { CONSUMER_CANCELLED, "", 0, false, false,
          0, DELETED, CONSUMER_CANCELLED },
        { CONSUMER_FAILED, "", 0, false, false,
          0, DELETED, CONSUMER_FAILED },
        { CONSUMER_NONE, "", 0, false, false,
          0, DEAD, CONSUMER_NONE }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        t = again(state);
        t->w.settings.lost_answer = cases[i].stop ? AS_STOP : AS_RETRY;
        t->orders[0].state = cases[i].before;
        t->orders[0].gone = cases[i].gone;
        t->orders[0].lease_until = t->w.fake->mono_ms + cases[i].left_ms;
        (void) snprintf(t->orders[0].owner, sizeof(t->orders[0].owner), "%s",
                        cases[i].owner);

        consumer_deliver_order(t, 0, 1);
        (void) consumer_factory(t, 201);
        answer_acks(t);
        worker_run(&t->w, 100);
        check(t, i, cases[i].fate, cases[i].after, cases[i].calls);

        if (cases[i].fate == GIVEN_BACK) {
            /* until the other worker's lease has ended */
            assert_in_range(consumer_hidden_s(t, 0), 5, 6);
            assert_int_equal(t->w.worker.counters.duplicates, 1);
        }
    }
}


/* Depending on the factory's response, on an earlier receive and on the last
 * one. */
static void
answer_of_the_factory(void **state)
{
    size_t               i;
    fake_answer_t       *a;
    consumer_fixture_t  *t;

    static const struct {
        as_http_error_e    error;
        int                status;
        bool               sent;       /* maybe */
        bool               stop;       /* AUTOSTOCK_LOST_ANSWER */
        fate_e             fate;
        consumer_state_e   after;
        fate_e             last_fate;
        consumer_state_e   last_after;
    } cases[] = {
#define ACCEPTED(status)                                                      \
        { AS_HTTP_OK, status, true, false, DELETED, CONSUMER_REQUESTED,       \
          DELETED, CONSUMER_REQUESTED }
#define REFUSED(status)                                                       \
        { AS_HTTP_OK, status, true, false, DEAD, CONSUMER_FAILED,             \
          DEAD, CONSUMER_FAILED }
#define LATER(error, status, sent, stop)                                      \
        { error, status, sent, stop, GIVEN_BACK, CONSUMER_PUBLISHED,          \
          DELETED, CONSUMER_PENDING }

        ACCEPTED(200), ACCEPTED(201), ACCEPTED(202), ACCEPTED(204),
        REFUSED(400), REFUSED(401), REFUSED(403), REFUSED(404), REFUSED(405),
        REFUSED(409), REFUSED(410), REFUSED(413), REFUSED(422), REFUSED(451),
        LATER(AS_HTTP_OK, 301, true, false),
        LATER(AS_HTTP_OK, 302, true, false),
        LATER(AS_HTTP_OK, 407, true, false),
        LATER(AS_HTTP_OK, 408, true, false),
        LATER(AS_HTTP_OK, 421, true, false),
        LATER(AS_HTTP_OK, 425, true, false),
        LATER(AS_HTTP_OK, 429, true, false),
        LATER(AS_HTTP_OK, 500, true, false),
        LATER(AS_HTTP_OK, 502, true, true),
        LATER(AS_HTTP_OK, 503, true, false),
        LATER(AS_HTTP_OK, 504, true, false),
        LATER(AS_HTTP_RESOLVE, 0, false, true),
        LATER(AS_HTTP_CONNECT, 0, false, true),
        LATER(AS_HTTP_TLS, 0, false, true),
        LATER(AS_HTTP_TIMEOUT, 0, true, false),
        LATER(AS_HTTP_LOST, 0, true, false),

        /* a lost response stops the order, if the settings say so */
        { AS_HTTP_TIMEOUT, 0, true, true, DEAD, CONSUMER_FAILED,
          DEAD, CONSUMER_FAILED },
        { AS_HTTP_LOST, 0, true, true, DEAD, CONSUMER_FAILED,
          DEAD, CONSUMER_FAILED },

        /* a failure that does not pass by itself ends the message on its last
         * receive */
        { AS_HTTP_FORBIDDEN, 0, false, false, GIVEN_BACK, CONSUMER_PUBLISHED,
          DEAD, CONSUMER_FAILED },
        { AS_HTTP_BAD_URL, 0, false, false, GIVEN_BACK, CONSUMER_PUBLISHED,
          DEAD, CONSUMER_FAILED }

#undef ACCEPTED
#undef REFUSED
#undef LATER
    };

    for (i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
        t = again(state);
        t->w.settings.lost_answer = cases[i / 2].stop ? AS_STOP : AS_RETRY;
        t->orders[0].state = CONSUMER_PUBLISHED;
        consumer_deliver_order(t, 0, i % 2 == 0 ? 4 : 5);
        a = consumer_factory(t, cases[i / 2].status);
        a->error = cases[i / 2].error;
        a->maybe_sent = cases[i / 2].sent;
        answer_acks(t);
        worker_run(&t->w, 100);

        check(t, i, i % 2 == 0 ? cases[i / 2].fate : cases[i / 2].last_fate,
              i % 2 == 0 ? cases[i / 2].after : cases[i / 2].last_after, 1);
        assert_string_equal(t->orders[0].owner, "");
        assert_int_equal(t->w.worker.counters.calls[cases[i / 2].status], 1);
    }
}


/* The order has the reason and the end of its wait, for the watchdog. */
static void
released_with_its_reason(void **state)
{
    consumer_fixture_t  *t = *state;

    t->orders[0].state = CONSUMER_PUBLISHED;
    consumer_deliver_order(t, 0, 1);
    consumer_factory(t, 429)->retry_after_ms = 120000;
    answer_acks(t);
    worker_run(&t->w, 100);

    assert_string_equal(t->orders[0].error, "the factory answered 429");
    assert_in_range(consumer_hidden_s(t, 0), 120, 121);
    assert_in_range(t->orders[0].next - t->w.fake->mono_ms, 119000, 120000);
    assert_int_equal(t->w.worker.counters.backed_off, 1);
}


/* A wait on the last receive: the order is pending again, after the same
 * time. */
static void
outage_on_the_last_receive(void **state)
{
    consumer_fixture_t  *t = *state;

    t->orders[0].state = CONSUMER_PUBLISHED;
    consumer_deliver_order(t, 0, 5);
    consumer_factory(t, 503)->retry_after_ms = 60000;
    answer_acks(t);
    worker_run(&t->w, 100);

    assert_int_equal(t->orders[0].state, CONSUMER_PENDING);
    assert_int_equal(t->jobs[AS_LEASE_PUT_OFF], 1);
    assert_int_equal(t->jobs[AS_LEASE_RELEASE], 0);
    assert_in_range(t->orders[0].next - t->w.fake->mono_ms, 59000, 60000);
    assert_int_equal(worker_said(&t->w, "receive 5 of 5: by a new message"),
                     1);
}


/* Without a known policy of the queue the third receive counts as the last. */
static void
receives_of_an_unknown_policy(void **state)
{
    unsigned             i;
    consumer_fixture_t  *t;

    for (i = 2; i <= 3; i++) {
        t = again(state);
        as_consumer_set_max_receive(t->consumer, 0);
        t->orders[0].state = CONSUMER_PUBLISHED;
        consumer_deliver_order(t, 0, i);
        (void) consumer_factory(t, 503);
        answer_acks(t);
        worker_run(&t->w, 100);
        check(t, i, i == 2 ? GIVEN_BACK : DELETED,
              i == 2 ? CONSUMER_PUBLISHED : CONSUMER_PENDING, 1);
    }
}


/* The wait is random; its limit doubles with each receive. */
static void
back_off_by_receives(void **state)
{
    int                  seconds, longest;
    unsigned             i, receives;
    consumer_fixture_t  *t = *state;

    static const int  bounds[] = { 2, 4, 8, 16, 32, 64, 128, 256, 300, 300 };

    for (receives = 1; receives <= 10; receives++) {
        longest = 0;

        for (i = 0; i < 12; i++) {
            t = again(state);
            as_consumer_set_max_receive(t->consumer, 20);
            t->orders[0].state = CONSUMER_PUBLISHED;
            consumer_deliver_order(t, 0, receives);
            (void) consumer_factory(t, 500);
            answer_acks(t);
            worker_run(&t->w, 100);
            seconds = consumer_hidden_s(t, 0);
            assert_in_range(seconds, 0, bounds[receives - 1]);
            longest = seconds > longest ? seconds : longest;
        }

        /* twelve tries: below a quarter once in 16 million */
        assert_true(longest >= bounds[receives - 1] / 4);
    }
}


/* The limit of the wait is at least a quarter of the order's age, so that old
 * orders are requested less often. */
static void
back_off_by_age(void **state)
{
    int                  seconds, longest;
    unsigned             i;
    consumer_fixture_t  *t;

    for (i = 0, longest = 0; i < 12; i++) {
        t = again(state);
        t->age_ms = 400000;
        t->orders[0].state = CONSUMER_PUBLISHED;
        consumer_deliver_order(t, 0, 1);
        (void) consumer_factory(t, 500);
        answer_acks(t);
        worker_run(&t->w, 100);
        seconds = consumer_hidden_s(t, 0);
        assert_in_range(seconds, 0, 100);
        longest = seconds > longest ? seconds : longest;
    }

    assert_true(longest > 25);
}


/* The metric of the time from the order's opening to the factory's response;
 * not for an order that was requested before. */
static void
lead_time(void **state)
{
    consumer_fixture_t  *t = *state;

    t->orders[0].state = t->orders[1].state = CONSUMER_PUBLISHED;
    consumer_deliver_order(t, 0, 1);
    worker_run(&t->w, 2000);
    (void) consumer_factory(t, 201);
    answer_acks(t);
    worker_run(&t->w, 20);
    assert_int_equal(t->w.worker.counters.lead_count, 1);
    assert_in_range((int) t->w.worker.counters.lead_sum_s, 2, 3);
    assert_int_equal(t->w.worker.counters.requested, 1);
    assert_int_equal(t->w.worker.counters.deleted, 1);

    t->age_ms = -1;
    consumer_deliver_order(t, 1, 1);
    (void) consumer_factory(t, 201);
    answer_acks(t);
    worker_run(&t->w, 20);
    assert_int_equal(t->w.worker.counters.requested, 2);
    assert_int_equal(t->w.worker.counters.lead_count, 1);
}


/* factory.API: a corrected value is used; with a wrong one no factory is
 * called. */
static void
factory_without_a_url(void **state)
{
    consumer_fixture_t  *t = *state;

    t->api = "ftp://factory/api";
    t->orders[0].state = CONSUMER_PUBLISHED;
    consumer_deliver_order(t, 0, 1);
    answer_acks(t);
    worker_run(&t->w, 100);
    check(t, 0, DEAD, CONSUMER_FAILED, 0);
    assert_non_null(strstr(t->orders[0].error, "factory.API of FF-500293"));
}


/* Invalid messages move to the dead-letter queue at once, without a job or a
 * call. */
static void
poison(void **state)
{
    size_t               i;
    consumer_message_t   message;
    consumer_fixture_t  *t;

    static const char *const  bodies[] = {
        "not JSON", "{}",
        "{\"MessageAttributeProductId\":\"CP-502101\","
        "\"MessageAttributeProductCnt\":\"0\"}",
        "{\"MessageAttributeProductId\":\"CP-502101\","
        "\"MessageAttributeOrderId\":\"7\"}"
    };

    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        t = again(state);
        memset(&message, 0, sizeof(message));
        message.body = bodies[i];
        consumer_deliver(t, &message);
        answer_acks(t);
        worker_run(&t->w, 100);
        check(t, i, DEAD, CONSUMER_PENDING, 0);
        assert_int_equal(fake_db.done, 0);
        assert_int_equal(t->w.worker.counters.dead, 1);
        assert_non_null(strstr(worker_call(&t->w, CONSUMER_DEAD, 0)->body,
                               "AutostockReason"));
    }
}


/* Two messages of one order in one receive: one call. */
static void
two_messages_of_an_order(void **state)
{
    consumer_fixture_t  *t = *state;

    t->orders[0].state = CONSUMER_PUBLISHED;
    fake_db.hold = true;
    consumer_deliver_order(t, 0, 1);
    consumer_deliver_order(t, 0, 1);
    worker_run(&t->w, 50);
    assert_int_equal(as_consumer_in_hand(t->consumer), 2);

    fake_db_release(AS_DB_OK);
    worker_run(&t->w, 50);
    assert_int_equal(consumer_calls(t, FIXTURE_FACTORY), 1);
    assert_int_equal(consumer_calls(t, CONSUMER_BACK), 1);
    assert_true(consumer_hidden_s(t, 0) >= 25);

    (void) consumer_factory(t, 200);
    answer_acks(t);
    worker_run(&t->w, 50);
    assert_int_equal(t->orders[0].state, CONSUMER_REQUESTED);
}


/* Messages that come during a job share the next one. */
static void
jobs_are_shared(void **state)
{
    size_t               i;
    unsigned             before;
    consumer_fixture_t  *t = *state;

    fake_db.hold = true;
    for (i = 0; i < 8; i++) {
        t->orders[i].state = CONSUMER_PUBLISHED;
        consumer_deliver_order(t, i, 1);
        worker_run(&t->w, 10);
    }
    before = fake_db.done;
    fake_db_release(AS_DB_OK);
    worker_run(&t->w, 50);

    assert_int_equal(t->jobs[AS_LEASE_TAKE], 8);
    assert_int_equal(fake_db.done - before, 2);
    assert_int_equal(consumer_calls(t, FIXTURE_FACTORY), 8);
}


#define TEST(name)                                                            \
    cmocka_unit_test_setup_teardown(name, consumer_setup, consumer_teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(state_of_the_order),
        TEST(answer_of_the_factory),
        TEST(released_with_its_reason),
        TEST(outage_on_the_last_receive),
        TEST(receives_of_an_unknown_policy),
        TEST(back_off_by_receives),
        TEST(back_off_by_age),
        TEST(lead_time),
        TEST(factory_without_a_url),
        TEST(poison),
        TEST(two_messages_of_an_order),
        TEST(jobs_are_shared)
    };

    return cmocka_run_group_tests_name("consumer", tests, NULL, NULL);
}
