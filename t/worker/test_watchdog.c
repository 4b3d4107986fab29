/*
 * The watchdog's rounds: their queries and times, their reports, and a queue
 * that cannot be reached.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "watchdog_fixture.h"


/* Rounds come at the interval, with jitter; the queues' depth is known. */
static void
rounds(void **state)
{
    watchdog_test_t  *t = *state;

    watchdog_depth(t, 10, 5);
    worker_run(&t->w, 100);
    assert_int_equal(t->rounds, 1);
    assert_int_equal(t->w.worker.counters.queue_visible, 5);
    assert_int_equal(t->w.worker.counters.queue_in_flight, 2);
    assert_int_equal(t->w.worker.counters.dlq_visible, 3);
    assert_int_equal(t->max_receive, 7);

    worker_run(&t->w, 8500);
    assert_int_equal(t->rounds, 1);
    worker_run(&t->w, 93000);
    assert_in_range(t->rounds, 10, 12);
    assert_true(as_watchdog_progress(t->watchdog)
                > t->w.fake->mono_ms - 12000);
}


/* The parameters of a round's queries, from the settings. */
static void
what_is_asked(void **state)
{
    watchdog_test_t  *t = *state;

    t->w.settings.visibility = 400000;
    t->w.settings.idempotency_retention = 86400000;
    watchdog_depth(t, 10, 0);
    worker_run(&t->w, 40000);
    assert_int_equal(t->asked[0].timeout_ms, 600000);
    assert_int_equal(t->asked[0].max_attempts, 3);

    /* the message may be invisible twice before it is received */
    assert_true(t->looks > 0);
    assert_int_equal(t->asked[1].timeout_ms, 800000);
    assert_true(t->before_ms > t->w.fake->unix_ms - 86400000 - 12000
                && t->before_ms <= t->w.fake->unix_ms - 86400000);
}


/* A requested or published order: published again, or failed when its attempts
 * are over; another worker may have been faster. */
static void
overdue(void **state)
{
    size_t   i;
    watchdog_test_t  *t;

    static const struct {
        size_t    which;               /* 1: published */
        int       attempts;
        bool      taken;
        uint64_t  again;
        uint64_t  failed;
    } cases[] = {
        { 0, 1, false, 2, 0 },
        { 0, 3, false, 0, 2 },
        { 0, 1, true, 0, 0 },
        { 1, 2, false, 2, 0 },
        { 1, 3, false, 0, 2 },
        { 1, 3, true, 0, 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) watchdog_teardown(state);
        (void) watchdog_setup(state);
        t = *state;
        t->overdue[cases[i].which] = 2;
        t->attempts = cases[i].attempts;
        t->taken = cases[i].taken;
        watchdog_depth(t, 10, 0);
        worker_run(&t->w, 40000);

        assert_int_equal(t->w.worker.counters.asked_again, cases[i].again);
        assert_int_equal(t->w.worker.counters.overdue_failed,
                         cases[i].failed);
        assert_int_equal(worker_said(&t->w, " (attempts: "),
                         cases[i].again + cases[i].failed);
    }
}


/*
 * Published orders are looked for only after two checks in a row without a
 * backlog: otherwise their messages may just be waiting.
 */
static void
not_with_a_backlog(void **state)
{
    watchdog_test_t  *t = *state;

    watchdog_depth(t, 2, 11);
    worker_run(&t->w, 25000);
    assert_true(t->rounds >= 2);
    assert_int_equal(t->looks, 0);

    /* one check is not enough */
    watchdog_depth(t, 1, 10);
    worker_run(&t->w, 20000);
    assert_int_equal(t->looks, 0);
    watchdog_depth(t, 1, 10);
    worker_run(&t->w, 30000);
    assert_true(t->looks > 0);
}


/* Messages wait in this worker. */
static void
not_while_messages_wait_here(void **state)
{
    watchdog_test_t  *t = *state;

    t->quiet = false;
    watchdog_depth(t, 10, 0);
    worker_run(&t->w, 60000);
    assert_int_equal(t->looks, 0);

    t->quiet = true;
    worker_run(&t->w, 45000);
    assert_true(t->looks > 0);
}


/* Without a known depth the other checks continue, and the depth is queried
 * again. */
static void
queue_fails(void **state)
{
    size_t   i;
    watchdog_test_t  *t;

    static const struct {
        int          status;
        const char  *body;
        bool         told;             /* the consumer logs an outage */
    } cases[] = {
        { 503, "", false },
        { 403, "{\"__type\":\"AccessDenied\"}", true },
        { 400, "{\"__type\":\"QueueDoesNotExist\"}", true }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) watchdog_teardown(state);
        (void) watchdog_setup(state);
        t = *state;
        (void) fake_answer_to(t->w.fake, FIXTURE_QUEUE "\"",
                              cases[i].status, cases[i].body);
        (void) fake_answer_to(t->w.fake, FIXTURE_QUEUE "\"",
                              cases[i].status, cases[i].body);
        worker_run(&t->w, 15000);
        assert_int_equal(t->rounds, 2);
        assert_int_equal(t->looks, 0);
        assert_int_equal(t->w.worker.counters.queue_visible, -1);
        assert_int_equal(worker_said(&t->w, "the queue's depth"),
                         cases[i].told);

        watchdog_depth(t, 5, 0);
        worker_run(&t->w, 40000);
        assert_int_equal(t->w.worker.counters.queue_visible, 0);
        assert_true(t->looks > 0);
    }
}


/* With a short time-out of the callback, rounds come sooner. */
static void
short_callback_timeout(void **state)
{
    watchdog_test_t  *t = *state;

    t->w.settings.callback_timeout = 4000;
    watchdog_depth(t, 60, 0);
    worker_run(&t->w, 20000);
    assert_in_range(t->rounds, 16, 24);
}


static void
restocks(void **state)
{
    watchdog_test_t  *t = *state;

    t->low = 3;
    watchdog_depth(t, 10, 0);
    worker_run(&t->w, 100);
    assert_int_equal(t->w.worker.counters.restocked, 3);
    assert_int_equal(worker_said(&t->w, "at its reorder point"), 3);

    /* another worker opened it */
    t->low = 1;
    t->taken = true;
    worker_run(&t->w, 15000);
    assert_int_equal(t->w.worker.counters.restocked, 3);
}


/* A full page of anything: the next round follows at once. */
static void
more_than_a_page(void **state)
{
    size_t   i;
    watchdog_test_t  *t;

    for (i = 0; i < 5; i++) {
        (void) watchdog_teardown(state);
        (void) watchdog_setup(state);
        t = *state;
        watchdog_depth(t, 5, 0);
        worker_run(&t->w, 30000);
        t->overdue[0] = i == 0 ? AS_ORDER_PAGE : 0;
        t->overdue[1] = i == 1 ? AS_ORDER_PAGE : 0;
        t->low = i == 2 ? AS_ORDER_PAGE : 0;
        t->chunks = i == 3 ? 30 : 0;
        t->openings = i == 4 ? AS_LEDGER_OPENINGS + 1 : 0;
        t->rounds = 0;

        /* two rounds come at the interval, the rest at once; openings are
         * looked for once a minute */
        worker_run(&t->w, i == 4 ? 60000 : 24000);
        if (i == 4) {
            assert_int_equal(t->w.worker.counters.openings,
                             AS_LEDGER_OPENINGS + 1);
        } else if (t->rounds < 3) {
            fail_msg("case %zu: %u rounds", i, t->rounds);
        }
    }
}


/* The ledger's keys: a limited number of chunks in a round. */
static void
forgets(void **state)
{
    watchdog_test_t  *t = *state;

    t->chunks = 50;
    watchdog_depth(t, 10, 0);
    worker_run(&t->w, 5000);
    assert_int_equal(t->forgets, 51);
    assert_int_equal(t->rounds, 3);
    assert_int_equal(t->w.worker.counters.forgotten, 50000);
}


/* Openings are looked for once a minute. */
static void
openings(void **state)
{
    watchdog_test_t  *t = *state;

    watchdog_depth(t, 20, 0);
    t->openings = 2;
    worker_run(&t->w, 100);
    assert_int_equal(t->w.worker.counters.openings, 2);
    worker_run(&t->w, 55000);
    assert_int_equal(t->opens, 1);
    worker_run(&t->w, 20000);
    assert_int_equal(t->opens, 2);
}


/* Many products: a round that takes long comes more rarely. */
static void
slow_round(void **state)
{
    watchdog_test_t  *t = *state;

    fake_db.hold = true;
    worker_run(&t->w, 100);
    watchdog_depth(t, 30, 0);
    worker_run(&t->w, 5000);
    fake_db_release(AS_DB_OK);
    worker_run(&t->w, 80000);
    assert_int_equal(t->rounds, 1);
    worker_run(&t->w, 40000);
    assert_true(t->rounds > 1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        watchdog_test(rounds),
        watchdog_test(what_is_asked),
        watchdog_test(overdue),
        watchdog_test(not_with_a_backlog),
        watchdog_test(not_while_messages_wait_here),
        watchdog_test(queue_fails),
        watchdog_test(short_callback_timeout),
        watchdog_test(restocks),
        watchdog_test(more_than_a_page),
        watchdog_test(forgets),
        watchdog_test(openings),
        watchdog_test(slow_round)
    };

    return cmocka_run_group_tests_name("watchdog", tests, NULL, NULL);
}
