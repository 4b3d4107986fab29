/*
 * Messages in hand over time and at the worker's stop: visibility, leases, and
 * the effect of SIGTERM and of the end of the stop time in each state.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "consumer_fixture.h"


#define HOUR_MS  3600000


static void
answer_acks(consumer_fixture_t *t)
{
    consumer_done(t, CONSUMER_DELETE);
    consumer_done(t, CONSUMER_BACK);
    consumer_done(t, CONSUMER_DEAD);
}


static void
receive(consumer_fixture_t *t)
{
    t->orders[0].state = CONSUMER_PUBLISHED;
    consumer_deliver_order(t, 0, 1);
    worker_run(&t->w, 20);
    assert_int_equal(as_consumer_in_hand(t->consumer), 1);
}


static void
stop_worker(consumer_fixture_t *t)
{
    as_consumer_stop(t->consumer, consumer_stopped, t);
    worker_run(&t->w, 20);
}


/* A long call: its message stays invisible, extended at half its time. */
static void
extended_during_a_call(void **state)
{
    size_t               i;
    consumer_fixture_t  *t = *state;

    receive(t);
    for (i = 0; i < 4; i++) {
        consumer_done(t, CONSUMER_BACK);
    }
    worker_run(&t->w, 29000);
    assert_int_equal(consumer_calls(t, CONSUMER_BACK), 0);
    worker_run(&t->w, 2000);
    assert_int_equal(consumer_calls(t, CONSUMER_BACK), 1);
    assert_int_equal(consumer_hidden_s(t, 0), 60);
    worker_run(&t->w, 62000);
    assert_int_equal(consumer_calls(t, CONSUMER_BACK), 3);

    /* the factory's late response */
    (void) consumer_factory(t, 201);
    answer_acks(t);
    worker_run(&t->w, 20);
    assert_int_equal(t->orders[0].state, CONSUMER_REQUESTED);
}


/* A failed extension is tried again, and does not end the call. */
static void
extension_fails(void **state)
{
    consumer_fixture_t  *t = *state;

    receive(t);
    (void) fake_answer_to(t->w.fake, CONSUMER_BACK, 503, "");
    consumer_done(t, CONSUMER_BACK);
    worker_run(&t->w, 33000);
    assert_int_equal(consumer_calls(t, CONSUMER_BACK), 2);
    assert_int_equal(as_consumer_in_hand(t->consumer), 1);
}


/* The factories are busy: the waiting message renews its lease, so that no
 * other worker calls, and one factory's limit is kept. */
static void
waits_for_its_turn(void **state)
{
    size_t               i;
    consumer_fixture_t  *t = *state;

    t->w.settings.factory_concurrency = 1;
    receive(t);
    t->orders[1].state = CONSUMER_PUBLISHED;
    consumer_deliver_order(t, 1, 1);
    for (i = 0; i < 8; i++) {
        consumer_done(t, CONSUMER_BACK);
    }
    worker_run(&t->w, 60000);
    assert_int_equal(consumer_calls(t, FIXTURE_FACTORY), 1);
    assert_true(t->orders[1].lease_until > t->w.fake->mono_ms);
    assert_in_range(t->jobs[AS_LEASE_TAKE], 4, 6);

    (void) consumer_factory(t, 201);
    worker_run(&t->w, 20);
    assert_int_equal(consumer_calls(t, FIXTURE_FACTORY), 2);
    (void) consumer_factory(t, 201);
    answer_acks(t);
    consumer_done(t, CONSUMER_DELETE);
    worker_run(&t->w, 20);
    assert_int_equal(t->orders[1].state, CONSUMER_REQUESTED);
}


/* At its turn the lease does not cover a whole call: it is taken again before
 * the call. */
static void
lease_is_too_short_for_a_call(void **state)
{
    consumer_fixture_t  *t = *state;

    t->w.settings.factory_concurrency = 1;
    receive(t);
    t->orders[1].state = CONSUMER_PUBLISHED;
    consumer_deliver_order(t, 1, 1);
    worker_run(&t->w, 15000);
    assert_int_equal(t->jobs[AS_LEASE_TAKE], 2);

    (void) consumer_factory(t, 201);
    worker_run(&t->w, 20);
    assert_int_equal(t->jobs[AS_LEASE_TAKE], 3);
    assert_int_equal(consumer_calls(t, FIXTURE_FACTORY), 2);
    assert_true(t->orders[1].lease_until > t->w.fake->mono_ms + 24000);
}


/* While it waited, its lease was lost, and another worker took the order. */
static void
lease_taken_by_another(void **state)
{
    consumer_fixture_t  *t = *state;

    t->w.settings.factory_concurrency = 1;
    receive(t);
    t->orders[1].state = CONSUMER_PUBLISHED;
    consumer_deliver_order(t, 1, 1);
    worker_run(&t->w, 100);

    (void) snprintf(t->orders[1].owner, sizeof(t->orders[1].owner),
                    "call:other:1");
    t->orders[1].lease_until = t->w.fake->mono_ms + 60000;
    consumer_done(t, CONSUMER_BACK);
    worker_run(&t->w, 25000);
    assert_int_equal(as_consumer_in_hand(t->consumer), 1);
    assert_in_range(consumer_hidden_s(t, 0), 30, 40);
    assert_int_equal(consumer_calls(t, FIXTURE_FACTORY), 1);
}


/* SQS allows 12 hours: the message is given back before that. */
static void
held_as_long_as_sqs_allows(void **state)
{
    size_t               i;
    consumer_fixture_t  *t = *state;

    /* more time than this needs no further answers */
    t->w.settings.visibility = 6 * HOUR_MS;
    t->w.settings.factory_concurrency = 1;
    receive(t);
    t->orders[1].state = CONSUMER_PUBLISHED;
    consumer_deliver_order(t, 1, 1);
    for (i = 0; i < 10; i++) {
        consumer_done(t, CONSUMER_BACK);
    }

    worker_run(&t->w, 11 * (int64_t) HOUR_MS);
    assert_int_equal(as_consumer_in_hand(t->consumer), 2);
    worker_run(&t->w, HOUR_MS);
    assert_int_equal(as_consumer_in_hand(t->consumer), 1);
    assert_string_equal(t->orders[1].error,
                        "kept invisible as long as SQS allows");
    assert_int_equal(t->orders[1].state, CONSUMER_PUBLISHED);
    assert_string_equal(t->orders[1].owner, "");
}


/* Without messages in hand: at once, and the long poll is aborted. */
static void
stops_idle(void **state)
{
    consumer_fixture_t  *t = *state;

    worker_run(&t->w, 20);
    stop_worker(t);
    assert_int_equal(t->stopped, 1);
    assert_true(worker_call(&t->w, CONSUMER_RECEIVE, 0)->cancelled);
    worker_run(&t->w, 60000);
    assert_int_equal(consumer_calls(t, CONSUMER_RECEIVE), 1);
}


/* Before its lease: leased, and released without a call. */
static void
stops_in_the_first_job(void **state)
{
    consumer_fixture_t  *t = *state;

    fake_db.hold = true;
    receive(t);
    stop_worker(t);
    assert_int_equal(t->stopped, 0);

    fake_db_release(AS_DB_OK);
    consumer_done(t, CONSUMER_BACK);
    worker_run(&t->w, 20);
    assert_int_equal(consumer_calls(t, FIXTURE_FACTORY), 0);
    assert_int_equal(t->jobs[AS_LEASE_RELEASE], 1);
    assert_string_equal(t->orders[0].error, "the worker stopped");
    assert_string_equal(t->orders[0].owner, "");
    assert_int_equal(consumer_hidden_s(t, 0), 0);
    assert_int_equal(t->stopped, 1);
}


/* A call in flight is waited for, and its result stored. */
static void
stops_after_the_call(void **state)
{
    consumer_fixture_t  *t = *state;

    receive(t);
    stop_worker(t);
    assert_int_equal(t->stopped, 0);
    (void) consumer_factory(t, 201);
    answer_acks(t);
    worker_run(&t->w, 20);
    assert_int_equal(t->orders[0].state, CONSUMER_REQUESTED);
    assert_int_equal(consumer_calls(t, CONSUMER_DELETE), 1);
    assert_int_equal(t->stopped, 1);
}


/* One that waits for its turn goes back at once; on its last receive its order
 * is pending, for the relay of another worker. */
static void
stops_while_waiting(void **state)
{
    consumer_fixture_t  *t = *state;

    t->w.settings.factory_concurrency = 1;
    receive(t);
    t->orders[1].state = t->orders[2].state = CONSUMER_PUBLISHED;
    consumer_deliver_order(t, 1, 1);
    consumer_deliver_order(t, 2, 5);
    worker_run(&t->w, 20);
    assert_int_equal(as_consumer_in_hand(t->consumer), 3);

    answer_acks(t);
    stop_worker(t);
    assert_int_equal(t->orders[1].state, CONSUMER_PUBLISHED);
    assert_string_equal(t->orders[1].owner, "");
    assert_int_equal(consumer_hidden_s(t, 0), 0);
    assert_int_equal(t->orders[2].state, CONSUMER_PENDING);
    assert_int_equal(as_consumer_in_hand(t->consumer), 1);
    assert_int_equal(t->stopped, 0);
}


/* SQS's response arrives during the stop: its messages are given back. */
static void
stops_with_its_removal(void **state)
{
    consumer_fixture_t  *t = *state;

    receive(t);
    (void) consumer_factory(t, 201);
    worker_run(&t->w, 20);
    assert_int_equal(consumer_calls(t, CONSUMER_DELETE), 1);
    stop_worker(t);
    assert_int_equal(t->stopped, 0);
    consumer_done(t, CONSUMER_DELETE);
    worker_run(&t->w, 20);
    assert_int_equal(t->stopped, 1);
}


/* The factory fails during the stop: the lease is released as usual. */
static void
stops_with_a_failure(void **state)
{
    consumer_fixture_t  *t = *state;

    receive(t);
    stop_worker(t);
    (void) consumer_factory(t, 500);
    answer_acks(t);
    worker_run(&t->w, 20);
    assert_int_equal(t->orders[0].state, CONSUMER_PUBLISHED);
    assert_string_equal(t->orders[0].error, "the factory answered 500");
    assert_int_equal(consumer_calls(t, CONSUMER_BACK), 1);
    assert_int_equal(t->stopped, 1);
}


/* The stop time ends during a call: the call is aborted, the message is given
 * back, and the order's lease expires. */
static void
hurries_in_a_call(void **state)
{
    consumer_fixture_t  *t = *state;

    receive(t);
    stop_worker(t);
    as_consumer_hurry(t->consumer);
    consumer_done(t, CONSUMER_BACK);
    worker_run(&t->w, 20);
    assert_true(worker_call(&t->w, FIXTURE_FACTORY, 0)->cancelled);
    assert_int_equal(consumer_hidden_s(t, 0), 0);
    assert_int_equal(t->orders[0].state, CONSUMER_PUBLISHED);
    assert_string_not_equal(t->orders[0].owner, "");
    assert_int_equal(t->stopped, 1);
    assert_int_equal(worker_said(&t->w, "queue during a call"), 1);
}


/* A database that does not answer: its job is aborted. */
static void
hurries_in_a_job(void **state)
{
    consumer_fixture_t  *t = *state;

    fake_db.hold = true;
    receive(t);
    consumer_deliver_order(t, 1, 1);
    worker_run(&t->w, 20);
    assert_int_equal(as_consumer_in_hand(t->consumer), 2);
    stop_worker(t);
    as_consumer_hurry(t->consumer);
    consumer_done(t, CONSUMER_BACK);
    consumer_done(t, CONSUMER_BACK);
    worker_run(&t->w, 20);
    assert_int_equal(as_consumer_in_hand(t->consumer), 0);
    assert_int_equal(t->stopped, 1);
    assert_int_equal(worker_said(&t->w, "without a database job"),
                     2);
}


/* Between two attempts in an outage of the database: at once. */
static void
hurries_in_an_outage(void **state)
{
    consumer_fixture_t  *t = *state;

    fake_db.status = AS_DB_GONE;
    receive(t);
    worker_run(&t->w, 30000);
    stop_worker(t);
    assert_int_equal(t->stopped, 0);
    as_consumer_hurry(t->consumer);
    consumer_done(t, CONSUMER_BACK);
    consumer_done(t, CONSUMER_BACK);
    worker_run(&t->w, 20);
    assert_int_equal(t->stopped, 1);
}


/* After the factory's response, without the database: the message is given
 * back, and at its next receive the order shows that the factory was called. */
static void
hurries_before_the_result_is_stored(void **state)
{
    consumer_fixture_t  *t = *state;

    receive(t);
    fake_db.hold = true;
    (void) consumer_factory(t, 500);
    worker_run(&t->w, 20);
    stop_worker(t);
    as_consumer_hurry(t->consumer);
    consumer_done(t, CONSUMER_BACK);
    worker_run(&t->w, 20);
    assert_int_equal(t->stopped, 1);

    /* as long as the failure asked for */
    assert_in_range(consumer_hidden_s(t, 0), 0, 2);
}


static void
destroyed_in_each_state(void **state)
{
    consumer_fixture_t  *t = *state;

    /* in a call */
    receive(t);

    /* in its removal */
    t->orders[1].state = CONSUMER_CANCELLED;
    consumer_deliver_order(t, 1, 1);
    worker_run(&t->w, 20);

    /* in a job, and waiting for one */
    fake_db.hold = true;
    consumer_deliver_order(t, 2, 1);
    worker_run(&t->w, 20);
    consumer_deliver_order(t, 3, 1);
    worker_run(&t->w, 20);
    assert_int_equal(as_consumer_in_hand(t->consumer), 4);

    as_consumer_destroy(t->consumer);
    t->consumer = NULL;

    fake_db.refuse = true;
    assert_null(as_consumer_create(&t->w.worker));
}


static void
reloads(void **state)
{
    consumer_fixture_t  *t = *state;

    as_consumer_reload(t->consumer);
    assert_int_equal(fake_db.reloads, 1);
}


#define TEST(name)                                                            \
    cmocka_unit_test_setup_teardown(name, consumer_setup, consumer_teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(extended_during_a_call),
        TEST(extension_fails),
        TEST(waits_for_its_turn),
        TEST(lease_is_too_short_for_a_call),
        TEST(lease_taken_by_another),
        TEST(held_as_long_as_sqs_allows),
        TEST(stops_idle),
        TEST(stops_in_the_first_job),
        TEST(stops_after_the_call),
        TEST(stops_while_waiting),
        TEST(stops_with_its_removal),
        TEST(stops_with_a_failure),
        TEST(hurries_in_a_call),
        TEST(hurries_in_a_job),
        TEST(hurries_in_an_outage),
        TEST(hurries_before_the_result_is_stored),
        TEST(destroyed_in_each_state),
        TEST(reloads)
    };

    return cmocka_run_group_tests_name("consumer_stop", tests, NULL, NULL);
}
