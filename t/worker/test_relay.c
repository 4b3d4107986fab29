/*
 * The relay and its outbox: claims, marks, a connection that is lost before or
 * after each of them, and the worker's stop in each state of an order.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "relay_fixture.h"


#define LEASE_MS  10000


static void
pending_is_published(void **state)
{
    relay_fixture_t  *t = *state;

    relay_open(t, 1);
    relay_answer(t, "o");
    worker_run(&t->w, 200);

    assert_int_equal(t->orders[0].state, RELAY_PUBLISHED);
    assert_string_equal(t->orders[0].message_id, "id-0");
    assert_int_equal(t->orders[0].published, 1);
    assert_int_equal(relay_calls(t), 1);
    assert_int_equal(t->w.worker.counters.claimed, 1);
    assert_int_equal(t->w.worker.counters.published, 1);
    assert_int_equal(t->ops[RELAY_UNCLAIM].calls, 0);
    assert_int_equal(worker_said(&t->w, "published as id-0"), 1);
}


/* An empty outbox costs neither a claim nor a call. */
static void
nothing_is_due(void **state)
{
    relay_fixture_t  *t = *state;

    relay_open(t, 1);
    t->orders[0].due += 1000;
    worker_run(&t->w, 900);
    assert_true(t->ops[RELAY_WATCH].calls > 0);
    assert_int_equal(t->ops[RELAY_CLAIM].calls, 0);

    relay_answer(t, "o");
    worker_run(&t->w, 300);
    assert_int_equal(t->orders[0].state, RELAY_PUBLISHED);
}


/* The product's last orders failed: the order stays pending for its pause. */
static void
pause_after_failures(void **state)
{
    relay_fixture_t  *t = *state;

    relay_open(t, 2);
    t->orders[0].pause_ms = 60000;
    relay_answer(t, "o");
    worker_run(&t->w, 200);

    assert_int_equal(t->orders[0].state, RELAY_PENDING);
    assert_int_equal(t->orders[1].state, RELAY_PUBLISHED);
    assert_int_equal(t->w.worker.counters.paused, 1);
    assert_int_equal(t->w.worker.counters.claimed, 1);
    assert_int_equal(worker_said(&t->w, "delayed by 60 s"), 1);

    worker_run(&t->w, 50000);
    assert_int_equal(relay_calls(t), 1);

    relay_answer(t, "o");
    worker_run(&t->w, 10000);
    assert_int_equal(t->orders[0].state, RELAY_PUBLISHED);
}


/*
 * The database fails in each operation, before or after its effect.  The order
 * is published in the end, and an outage is reported as one.
 */
static void
database_fails(void **state)
{
    size_t            i;
    relay_fixture_t  *t = *state;

    static const struct {
        relay_op_e      op;
        as_db_status_e  status;
        bool            after;
        size_t          sent;          /* messages of the order */
        const char     *said;
    } cases[] = {
        { RELAY_WATCH, AS_DB_GONE, false, 1, "the database" },
        { RELAY_WATCH, AS_DB_ERROR, false, 1, "the outbox cannot be read" },
        { RELAY_CLAIM, AS_DB_GONE, false, 1, "the database" },
        { RELAY_CLAIM, AS_DB_GONE, true, 1, "the database" },
        { RELAY_CLAIM, AS_DB_ERROR, false, 1, "the outbox cannot be read" },
        { RELAY_CLAIM, AS_DB_RETRY, false, 1, "the outbox cannot be read" },
        { RELAY_MARK, AS_DB_GONE, false, 1, "the database" },
        { RELAY_MARK, AS_DB_GONE, true, 1, "the database" },
        { RELAY_MARK, AS_DB_ERROR, false, 2, "cannot be marked published" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        relay_open(t, 1);
        worker_forget(&t->w);

        /* AS_DB_RETRY: as often as a database thread repeats a job */
        relay_fails(t, cases[i].op, cases[i].status == AS_DB_RETRY ? 3 : 1,
                    cases[i].status, cases[i].after);
        relay_answer(t, "o");
        if (cases[i].sent == 2) {
            relay_answer(t, "o");
        }
        worker_run(&t->w, LEASE_MS + 2000);

        if (t->orders[i].state != RELAY_PUBLISHED
            || worker_said(&t->w, cases[i].said) == 0)
        {
            fail_msg("case %zu: state %d, log: %s", i,
                     (int) t->orders[i].state, t->w.said);
        }

        assert_false(t->w.worker.db.down);
    }

    assert_int_equal(relay_calls(t), i + 1);
}


/*
 * The result of a claim was lost.  Before the next claim its leases are
 * released, under the owner that took them: no order waits for their end.
 */
static void
claim_in_doubt(void **state)
{
    relay_fixture_t  *t = *state;

    relay_open(t, 3);
    relay_fails(t, RELAY_CLAIM, 1, AS_DB_GONE, true);
    relay_fails(t, RELAY_UNCLAIM, 2, AS_DB_GONE, false);
    worker_run(&t->w, 20);
    assert_true(t->w.worker.db.down);
    assert_int_equal(relay_count(t, RELAY_PENDING), 3);
    assert_string_not_equal(t->orders[0].owner, "");

    relay_answer(t, "ooo");
    worker_run(&t->w, 2000);
    assert_int_equal(relay_count(t, RELAY_PUBLISHED), 3);
    assert_int_equal(t->ops[RELAY_UNCLAIM].calls, 3);
    assert_int_equal(t->ops[RELAY_CLAIM].calls, 2);
}


/* Each claim has its own owner. */
static void
owners_differ(void **state)
{
    char              first[80];
    relay_fixture_t  *t = *state;

    relay_open(t, 1);
    worker_run(&t->w, 20);
    memcpy(first, t->orders[0].owner, sizeof(first));
    assert_int_equal(strncmp(first, "relay:w:", 8), 0);

    relay_open(t, 1);
    worker_run(&t->w, 200);
    assert_int_equal(strncmp(t->orders[1].owner, "relay:w:", 8), 0);
    assert_string_not_equal(t->orders[1].owner, first);
}


/* More than one claim holds: the next one follows without a look. */
static void
outbox_is_full(void **state)
{
    size_t            i;
    relay_fixture_t  *t = *state;

    relay_open(t, RELAY_ORDERS);
    for (i = 0; i < RELAY_ORDERS / 10; i++) {
        relay_answer(t, "oooooooooo");
    }
    worker_run(&t->w, 1000);

    assert_int_equal(relay_count(t, RELAY_PUBLISHED), RELAY_ORDERS);
    assert_int_equal(relay_calls(t), RELAY_ORDERS / 10);
    assert_int_equal(t->w.worker.counters.published, RELAY_ORDERS);
}


/* A long outage of the database: queried with growing pauses, and
 * logged once. */
static void
outage_of_the_database(void **state)
{
    unsigned          first, second;
    relay_fixture_t  *t = *state;

    fake_db.status = AS_DB_GONE;
    worker_run(&t->w, 5000);
    first = fake_db.done;
    assert_in_range(first, 5, 20);

    worker_run(&t->w, 50000);
    second = fake_db.done - first;
    assert_in_range(second, 9, 25);
    assert_int_equal(worker_said(&t->w, "retrying until it answers again"), 1);

    relay_open(t, 1);
    relay_answer(t, "o");
    fake_db.status = AS_DB_OK;
    worker_run(&t->w, 6000);
    assert_int_equal(t->orders[0].state, RELAY_PUBLISHED);
    assert_int_equal(worker_said(&t->w, "reachable again"), 1);
}


/*
 * A read-only server answers the looks.  That is an outage nevertheless, which
 * no look ends; what SNS accepted is marked after it.
 */
static void
read_only_database(void **state)
{
    relay_fixture_t  *t = *state;

    relay_open(t, 1);
    relay_fails(t, RELAY_MARK, 1000, AS_DB_GONE, false);
    relay_fails(t, RELAY_UNCLAIM, 1000, AS_DB_GONE, false);
    relay_answer(t, "o");
    worker_run(&t->w, 30000);
    assert_true(t->w.worker.db.down);
    assert_int_equal(t->orders[0].state, RELAY_PENDING);
    assert_int_equal(worker_said(&t->w, "retrying until it answers again"), 1);
    assert_in_range(t->ops[RELAY_MARK].calls, 5, 25);

    relay_fails(t, RELAY_MARK, 0, AS_DB_OK, false);
    relay_fails(t, RELAY_UNCLAIM, 0, AS_DB_OK, false);
    worker_run(&t->w, 6000);
    assert_int_equal(t->orders[0].state, RELAY_PUBLISHED);
    assert_int_equal(worker_said(&t->w, "reachable again"), 1);
    assert_int_equal(relay_calls(t), 1);
}


static void
stops_at_once_when_idle(void **state)
{
    relay_fixture_t  *t = *state;

    worker_run(&t->w, 100);
    fake_db.hold = true;
    worker_run(&t->w, 100);

    as_relay_stop(t->relay, relay_stopped, t);
    worker_run(&t->w, 10);
    assert_int_equal(t->stopped, 1);
    assert_false(t->w.worker.db.down);

    /* and claims nothing more */
    relay_open(t, 1);
    worker_run(&t->w, 1000);
    assert_int_equal(t->ops[RELAY_CLAIM].calls, 0);
    assert_int_equal(t->stopped, 1);
}


/* A call in flight is waited for, and its result marked. */
static void
stops_after_the_call(void **state)
{
    relay_fixture_t  *t = *state;

    relay_open(t, 1);
    worker_run(&t->w, 100);
    assert_int_equal(relay_calls(t), 1);

    as_relay_stop(t->relay, relay_stopped, t);
    worker_run(&t->w, 1000);
    assert_int_equal(t->stopped, 0);

    relay_answer(t, "o");
    worker_run(&t->w, 100);
    assert_int_equal(t->orders[0].state, RELAY_PUBLISHED);
    assert_int_equal(t->stopped, 1);
}


/* Claimed and not sent: pending again for another worker, at once. */
static void
stops_with_claimed_orders(void **state)
{
    size_t            i, given_back;
    relay_fixture_t  *t = *state;

    relay_open(t, 100);
    worker_run(&t->w, 20);
    assert_int_equal(relay_calls(t), 8);

    as_relay_stop(t->relay, relay_stopped, t);
    worker_run(&t->w, 20);
    assert_int_equal(t->stopped, 0);
    for (i = 0; i < 8; i++) {
        relay_answer(t, "oooooooooo");
    }
    worker_run(&t->w, 20);
    assert_int_equal(t->stopped, 1);
    assert_int_equal(relay_count(t, RELAY_PUBLISHED), 80);

    for (i = 0, given_back = 0; i < 100; i++) {
        given_back += t->orders[i].state == RELAY_PENDING
                      && strstr(t->orders[i].error, "Stopped") != NULL
                      && t->orders[i].owner[0] == '\0'
                      && t->orders[i].due <= t->w.fake->mono_ms + 100;
    }
    assert_int_equal(given_back, 20);
}


/* The stop waits for a mark in the database, also during an outage. */
static void
stops_after_the_mark(void **state)
{
    relay_fixture_t  *t = *state;

    relay_open(t, 1);
    relay_fails(t, RELAY_MARK, 3, AS_DB_GONE, false);
    relay_answer(t, "o");
    worker_run(&t->w, 20);

    as_relay_stop(t->relay, relay_stopped, t);
    worker_run(&t->w, 20);
    assert_int_equal(t->stopped, 0);
    worker_run(&t->w, 3000);
    assert_int_equal(t->orders[0].state, RELAY_PUBLISHED);
    assert_int_equal(t->stopped, 1);
}


/* Destroyed with calls in flight and orders in its queue: nothing leaks. */
static void
destroyed_in_the_middle(void **state)
{
    relay_fixture_t  *t = *state;

    relay_open(t, 150);
    worker_run(&t->w, 20);
    as_relay_destroy(t->relay);
    assert_true(worker_call(&t->w, RELAY_CALL, 0)->cancelled);
    t->relay = NULL;

    fake_db.refuse = true;
    assert_null(as_relay_create(&t->w.worker));
}


static void
reloads_both_threads(void **state)
{
    relay_fixture_t  *t = *state;

    as_relay_reload(t->relay);
    assert_int_equal(fake_db.reloads, 2);
}


/* The time of the last progress, for the service manager's watchdog. */
static void
progress_goes_on(void **state)
{
    int64_t           before;
    relay_fixture_t  *t = *state;

    worker_run(&t->w, 100);
    before = as_relay_progress(t->relay);
    worker_run(&t->w, 1000);
    assert_true(as_relay_progress(t->relay) >= before + 800);

    fake_db.status = AS_DB_GONE;
    worker_run(&t->w, 20000);
    assert_true(as_relay_progress(t->relay) >= before + 15000);
}


#define TEST(name)                                                            \
    cmocka_unit_test_setup_teardown(name, relay_setup, relay_teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(pending_is_published),
        TEST(nothing_is_due),
        TEST(pause_after_failures),
        TEST(database_fails),
        TEST(claim_in_doubt),
        TEST(owners_differ),
        TEST(outbox_is_full),
        TEST(outage_of_the_database),
        TEST(read_only_database),
        TEST(stops_at_once_when_idle),
        TEST(stops_after_the_call),
        TEST(stops_with_claimed_orders),
        TEST(stops_after_the_mark),
        TEST(destroyed_in_the_middle),
        TEST(reloads_both_threads),
        TEST(progress_goes_on)
    };

    return cmocka_run_group_tests_name("relay", tests, NULL, NULL);
}
