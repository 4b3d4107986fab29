/*
 * The consumer while the database or the queue fails: in each state of a
 * message, before and after the effect.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "consumer_fixture.h"


#define DENIED  "{\"__type\":\"AccessDenied\",\"message\":\"no\"}"


static consumer_fixture_t *
again(void **state)
{
    (void) consumer_teardown(state);
    (void) consumer_setup(state);

    return *state;
}


static void
answer_acks(consumer_fixture_t *t)
{
    consumer_done(t, CONSUMER_DELETE);
    consumer_done(t, CONSUMER_BACK);
    consumer_done(t, CONSUMER_DEAD);
}


/*
 * A job fails twice.  The message stays in hand, the factory is asked once, and
 * message and order end as without the failure.
 */
static void
database_fails(void **state)
{
    size_t               i, k;
    consumer_fixture_t  *t;

    static const struct {
        as_lease_kind_e   kind;
        int               status;      /* the factory's */
        unsigned          receives;
        consumer_state_e  after;
        bool              back;        /* given back, otherwise deleted */
    } cases[] = {
        { AS_LEASE_TAKE, 201, 1, CONSUMER_REQUESTED, false },
        { AS_LEASE_REQUESTED, 201, 1, CONSUMER_REQUESTED, false },
        { AS_LEASE_RELEASE, 500, 1, CONSUMER_PUBLISHED, true },
        { AS_LEASE_PUT_OFF, 500, 5, CONSUMER_PENDING, false },
        { AS_LEASE_FAIL, 422, 1, CONSUMER_FAILED, false }
    };

    static const struct {
        as_db_status_e  status;
        bool            after;
        unsigned        times;
    } faults[] = {
        { AS_DB_GONE, false, 2 },
        { AS_DB_GONE, true, 1 },
        { AS_DB_GONE, true, 2 },
        { AS_DB_ERROR, false, 2 },

        /* as often as two jobs are repeated */
        { AS_DB_RETRY, false, 6 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (k = 0; k < sizeof(faults) / sizeof(faults[0]); k++) {
            t = again(state);
            t->orders[0].state = CONSUMER_PUBLISHED;
            consumer_fails(t, cases[i].kind, faults[k].times,
                           faults[k].status, faults[k].after);
            consumer_deliver_order(t, 0, cases[i].receives);
            (void) consumer_factory(t, cases[i].status);
            answer_acks(t);
            worker_run(&t->w, 30);
            assert_int_equal(as_consumer_in_hand(t->consumer), 1);
            assert_int_equal(t->w.worker.db.down,
                             faults[k].status == AS_DB_GONE);
            worker_run(&t->w, 4000);

            if (t->orders[0].state != cases[i].after
                || consumer_calls(t, FIXTURE_FACTORY) != 1
                || consumer_calls(t, CONSUMER_BACK) != cases[i].back
                || consumer_calls(t, CONSUMER_DELETE) != !cases[i].back
                || as_consumer_in_hand(t->consumer) != 0
                || t->w.worker.db.down)
            {
                fail_msg("job %d, fault %zu: order %s, %zu calls, in hand "
                         "%zu", (int) cases[i].kind, k,
                         consumer_state_name(t->orders[0].state),
                         consumer_calls(t, FIXTURE_FACTORY),
                         as_consumer_in_hand(t->consumer));
            }

            assert_int_equal(worker_said(&t->w, "orders cannot be leased"),
                             faults[k].status == AS_DB_GONE ? 0 : 3);
        }
    }
}


/* No message is received while the database is down; a long poll is ended. */
static void
no_polls_without_the_database(void **state)
{
    size_t               polls;
    consumer_fixture_t  *t = *state;

    worker_run(&t->w, 10);
    assert_int_equal(consumer_calls(t, CONSUMER_RECEIVE), 1);
    assert_false(as_consumer_waits(t->consumer));

    /* another part of the worker finds that it is down */
    as_worker_db(&t->w.worker, AS_DB_GONE, true, "unreachable: gone");
    as_consumer_wake(t->consumer);
    assert_true(worker_call(&t->w, CONSUMER_RECEIVE, 0)->cancelled);
    assert_true(as_consumer_waits(t->consumer));
    worker_run(&t->w, 60000);
    assert_int_equal(consumer_calls(t, CONSUMER_RECEIVE), 1);

    /* a job that only read does not end it */
    as_worker_db(&t->w.worker, AS_DB_OK, false, "");
    as_consumer_wake(t->consumer);
    worker_run(&t->w, 10);
    polls = consumer_calls(t, CONSUMER_RECEIVE);
    assert_int_equal(polls, 1);

    as_worker_db(&t->w.worker, AS_DB_OK, true, "");
    as_consumer_wake(t->consumer);
    worker_run(&t->w, 10);
    assert_int_equal(consumer_calls(t, CONSUMER_RECEIVE), 2);
}


/* Messages in hand stay invisible during a long outage. */
static void
kept_through_an_outage(void **state)
{
    size_t               i;
    consumer_fixture_t  *t = *state;

    t->orders[0].state = CONSUMER_PUBLISHED;
    fake_db.status = AS_DB_GONE;
    consumer_deliver_order(t, 0, 1);
    for (i = 0; i < 25; i++) {
        consumer_done(t, CONSUMER_BACK);
    }
    worker_run(&t->w, 600000);
    assert_int_equal(as_consumer_in_hand(t->consumer), 1);
    assert_in_range(consumer_calls(t, CONSUMER_BACK), 19, 21);
    assert_int_equal(consumer_hidden_s(t, 0), 60);

    fake_db.status = AS_DB_OK;
    (void) consumer_factory(t, 200);
    answer_acks(t);
    worker_run(&t->w, 6000);
    assert_int_equal(t->orders[0].state, CONSUMER_REQUESTED);
    assert_int_equal(as_consumer_in_hand(t->consumer), 0);
}


/*
 * The result of a lease is lost, and an outage lasts longer than the lease: the
 * factory was never called, so the order continues with both settings.
 */
static void
lease_ends_in_an_outage(void **state)
{
    size_t               i, k;
    consumer_fixture_t  *t;

    for (i = 0; i < 2; i++) {
        t = again(state);
        t->w.settings.lost_answer = i == 0 ? AS_RETRY : AS_STOP;
        t->orders[0].state = CONSUMER_PUBLISHED;
        consumer_fails(t, AS_LEASE_TAKE, 1, AS_DB_GONE, true);
        consumer_deliver_order(t, 0, 1);
        for (k = 0; k < 6; k++) {
            consumer_done(t, CONSUMER_BACK);
        }
        worker_run(&t->w, 30);
        assert_string_not_equal(t->orders[0].owner, "");

        fake_db.status = AS_DB_GONE;
        worker_run(&t->w, 90000);
        assert_true(t->orders[0].lease_until < t->w.fake->mono_ms);
        assert_int_equal(as_consumer_in_hand(t->consumer), 1);

        fake_db.status = AS_DB_OK;
        (void) consumer_factory(t, 201);
        answer_acks(t);
        worker_run(&t->w, 6000);
        assert_int_equal(t->orders[0].state, CONSUMER_REQUESTED);
        assert_int_equal(consumer_calls(t, CONSUMER_DEAD), 0);
        assert_int_equal(consumer_calls(t, FIXTURE_FACTORY), 1);
    }
}


/*
 * The result of a lease is lost, then the job fails in another way, which does
 * not tell whether the lease was taken: it is still this worker's own.
 */
static void
in_doubt_until_a_job_succeeds(void **state)
{
    size_t               i;
    consumer_fixture_t  *t;

    static const struct {
        as_db_status_e  first;
        as_db_status_e  then;
        unsigned        times;
    } cases[] = {
        { AS_DB_GONE, AS_DB_ERROR, 1 },
        { AS_DB_GONE, AS_DB_RETRY, 3 },
        { AS_DB_ERROR, AS_DB_ERROR, 1 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        t = again(state);
        t->orders[0].state = CONSUMER_PUBLISHED;
        consumer_fails(t, AS_LEASE_TAKE, 1, cases[i].first, true);
        consumer_deliver_order(t, 0, 1);
        (void) consumer_factory(t, 201);
        answer_acks(t);
        worker_run(&t->w, 30);
        assert_string_not_equal(t->orders[0].owner, "");

        consumer_fails(t, AS_LEASE_TAKE, cases[i].times, cases[i].then,
                       false);
        worker_run(&t->w, 6000);

        if (t->fails != 0 || t->orders[0].state != CONSUMER_REQUESTED
            || t->w.worker.counters.duplicates != 0
            || consumer_calls(t, FIXTURE_FACTORY) != 1)
        {
            fail_msg("case %zu: order %s, %zu calls", i,
                     consumer_state_name(t->orders[0].state),
                     consumer_calls(t, FIXTURE_FACTORY));
        }
    }
}


/* Without the queue: short polls with growing pauses, and one log line. */
static void
queue_out_of_reach(void **state)
{
    size_t               i, k, polls;
    fake_answer_t       *a;
    consumer_fixture_t  *t;

    static const struct {
        as_http_error_e  error;
        int              status;
        const char      *body;
    } cases[] = {
        { AS_HTTP_CONNECT, 0, "" },
        { AS_HTTP_TIMEOUT, 0, "" },
        { AS_HTTP_LOST, 0, "" },
        { AS_HTTP_OK, 500, "" },
        { AS_HTTP_OK, 503, "{\"__type\":\"ServiceUnavailable\"}" },
        { AS_HTTP_OK, 400, "{\"__type\":\"RequestThrottled\"}" },
        { AS_HTTP_OK, 403, DENIED },
        { AS_HTTP_OK, 400, "{\"__type\":\"com.amazonaws.sqs#"
          "QueueDoesNotExist\"}" },
        { AS_HTTP_OK, 200, "not SQS" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        t = again(state);
        for (k = 0; k < 40; k++) {
            a = fake_answer_to(t->w.fake, CONSUMER_RECEIVE, cases[i].status,
                               cases[i].body);
            a->error = cases[i].error;
        }
        worker_run(&t->w, 30000);
        polls = consumer_calls(t, CONSUMER_RECEIVE);

        if (polls < 7 || polls > 20 || !t->w.worker.sqs.down
            || !as_consumer_waits(t->consumer)
            || worker_said(&t->w, "until it answers again") != 1)
        {
            fail_msg("case %zu: %zu polls, %s", i, polls, t->w.said);
        }

        assert_non_null(strstr(worker_call(&t->w, CONSUMER_RECEIVE,
                                           polls - 1)->body,
                               "\"WaitTimeSeconds\":0"));
    }
}


/* A redriven or a new message after the outage: long polls as before. */
static void
queue_is_back(void **state)
{
    consumer_fixture_t  *t = *state;

    t->orders[0].state = CONSUMER_PUBLISHED;
    (void) fake_answer_to(t->w.fake, CONSUMER_RECEIVE, 503, "");
    consumer_deliver_order(t, 0, 1);
    (void) consumer_factory(t, 200);
    answer_acks(t);
    worker_run(&t->w, 500);

    assert_false(t->w.worker.sqs.down);
    assert_int_equal(t->orders[0].state, CONSUMER_REQUESTED);
    assert_non_null(strstr(worker_call(&t->w, CONSUMER_RECEIVE, 2)->body,
                           "\"WaitTimeSeconds\":20"));
}


/*
 * The removal of a message fails permanently: SQS delivers it again, its order
 * keeps its state, and the worker forgets it.
 */
static void
removal_fails(void **state)
{
    size_t               i;
    consumer_fixture_t  *t;

    static const struct {
        int               status;      /* the factory's */
        const char       *operation;
        const char       *error;
        consumer_state_e  after;
    } cases[] = {
        { 201, CONSUMER_DELETE, "ReceiptHandleIsInvalid",
          CONSUMER_REQUESTED },
        { 201, CONSUMER_DELETE, "QueueDoesNotExist", CONSUMER_REQUESTED },
        { 500, CONSUMER_BACK, "MessageNotInflight", CONSUMER_PUBLISHED }
    };

    static char  body[200];

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        t = again(state);
        t->orders[0].state = CONSUMER_PUBLISHED;
        consumer_deliver_order(t, 0, 1);
        (void) consumer_factory(t, cases[i].status);
        (void) snprintf(body, sizeof(body), "{\"Failed\":[{\"Id\":\"0\","
                        "\"Code\":\"%s\",\"SenderFault\":true}]}",
                        cases[i].error);
        (void) fake_answer_to(t->w.fake, cases[i].operation, 200, body);
        worker_run(&t->w, 100);

        assert_int_equal(t->orders[0].state, cases[i].after);
        assert_int_equal(as_consumer_in_hand(t->consumer), 0);
        assert_int_equal(worker_said(&t->w, "message m0 cannot be"), 1);
    }
}


/*
 * A message that cannot be moved to the dead-letter queue.  Before its last
 * receive it is delivered again, to be moved then.  On the last one its order
 * fails, and SQS's redrive policy moves it.
 */
static void
dead_letter_stays(void **state)
{
    size_t               i, k;
    consumer_fixture_t  *t;

    static const struct {
        unsigned          receives;
        bool              order;       /* it has one */
        consumer_state_e  after;
    } cases[] = {
        { 4, true, CONSUMER_PUBLISHED },
        { 5, true, CONSUMER_FAILED },
        { 5, false, CONSUMER_NONE }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        t = again(state);
        t->orders[0].state = cases[i].order ? CONSUMER_PUBLISHED
                                            : CONSUMER_NONE;
        consumer_deliver_order(t, 0, cases[i].receives);
        (void) consumer_factory(t, 422);
        for (k = 0; k < 6; k++) {
            (void) fake_answer_to(t->w.fake, CONSUMER_DEAD, 403, DENIED);
        }
        answer_acks(t);
        worker_run(&t->w, 60000);

        if (t->orders[0].state != cases[i].after
            || consumer_calls(t, CONSUMER_DELETE) != 0
            || as_consumer_in_hand(t->consumer) != 0)
        {
            fail_msg("case %zu: order %s, in hand %zu", i,
                     consumer_state_name(t->orders[0].state),
                     as_consumer_in_hand(t->consumer));
        }

        assert_int_equal(t->w.worker.counters.dead, 0);
        assert_false(t->w.worker.sqs.down);
        if (cases[i].after == CONSUMER_FAILED) {
            assert_non_null(strstr(t->orders[0].error,
                                   "could not be moved to the dead"));
        }
    }
}


/* The database is lost after the message was moved: its order fails later. */
static void
database_lost_after_the_move(void **state)
{
    consumer_fixture_t  *t = *state;

    t->orders[0].state = CONSUMER_PUBLISHED;
    consumer_fails(t, AS_LEASE_FAIL, 5, AS_DB_GONE, false);
    consumer_deliver_order(t, 0, 1);
    (void) consumer_factory(t, 422);
    answer_acks(t);
    worker_run(&t->w, 30);
    assert_int_equal(consumer_calls(t, CONSUMER_DEAD), 1);
    assert_int_equal(t->orders[0].state, CONSUMER_PUBLISHED);
    assert_int_equal(consumer_calls(t, CONSUMER_DELETE), 0);

    worker_run(&t->w, 10000);
    assert_int_equal(t->orders[0].state, CONSUMER_FAILED);
    assert_int_equal(consumer_calls(t, CONSUMER_DEAD), 1);
    assert_int_equal(consumer_calls(t, CONSUMER_DELETE), 1);
}


#define TEST(name)                                                            \
    cmocka_unit_test_setup_teardown(name, consumer_setup, consumer_teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(database_fails),
        TEST(no_polls_without_the_database),
        TEST(kept_through_an_outage),
        TEST(lease_ends_in_an_outage),
        TEST(in_doubt_until_a_job_succeeds),
        TEST(queue_out_of_reach),
        TEST(queue_is_back),
        TEST(removal_fails),
        TEST(dead_letter_stays),
        TEST(database_lost_after_the_move)
    };

    return cmocka_run_group_tests_name("consumer_outage", tests, NULL, NULL);
}
