/*
 * The counts of waiting orders and of holds: their interval, their queries and
 * results, and a database that cannot be reached or refuses.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "run/backlog.h"
#include "worker_fixture.h"


typedef struct {
    worker_fixture_t    w;
    as_backlog_t       *backlog;
    as_order_counts_t   asked;
    unsigned            counts;
    unsigned            hold_counts;
    as_db_status_e      status;
    as_db_status_e      hold_status;
} test_t;


static test_t  *test;


as_db_status_e
as_order_count(as_db_t *db, as_order_counts_t *counts)
{
    assert_non_null(db);
    test->asked = *counts;
    test->counts++;
    counts->pending = test->counts;

    return test->status;
}


as_db_status_e
as_hold_count(as_db_t *db, as_hold_counts_t *counts)
{
    assert_non_null(db);
    counts->open = ++test->hold_counts;

    return test->hold_status;
}


static int
setup(void **state)
{
    test_t  *t;

    t = test = calloc(1, sizeof(test_t));
    worker_setup(&t->w);
    t->backlog = as_backlog_create(&t->w.worker);
    assert_non_null(t->backlog);
    *state = t;

    return 0;
}


static int
teardown(void **state)
{
    test_t  *t = *state;

    as_backlog_destroy(t->backlog);
    worker_teardown(&t->w);
    free(t);

    return 0;
}


static void
every_two_seconds(void **state)
{
    test_t  *t = *state;

    worker_run(&t->w, 20100);
    assert_int_equal(t->counts, 11);
    assert_int_equal(t->w.worker.counters.orders.pending, 11);
    assert_int_equal(t->w.worker.counters.holds.open, 11);
    assert_true(t->w.worker.counters.holds_at > 0);
    assert_int_equal(t->asked.callback_timeout_ms, 600000);
    assert_int_equal(t->asked.lease_ms, 10000);
}


/* A count takes at most a twentieth of the time. */
static void
slow_counts(void **state)
{
    test_t  *t = *state;

    fake_db.hold = true;
    worker_run(&t->w, 1000);
    fake_db_release(AS_DB_OK);
    worker_run(&t->w, 19000);
    assert_int_equal(t->counts, 1);
    worker_run(&t->w, 2000);
    assert_int_equal(t->counts, 2);
}


/* The last values are kept; a successful count does not end an outage, since it
 * only reads. */
static void
outage(void **state)
{
    int64_t  at;
    test_t  *t = *state;

    worker_run(&t->w, 100);
    at = t->w.worker.counters.orders_at;
    fake_db.status = AS_DB_GONE;
    worker_run(&t->w, 30000);
    assert_true(t->w.worker.db.down);
    assert_int_equal(t->w.worker.counters.orders_at, at);
    assert_int_equal(t->w.worker.counters.orders.pending, 1);
    assert_in_range(fake_db.done, 8, 20);

    fake_db.status = AS_DB_OK;
    worker_run(&t->w, 10000);
    assert_true(t->counts > 1);
    assert_true(t->w.worker.counters.orders_at > at);
    assert_true(t->w.worker.db.down);
}


static void
refused(void **state)
{
    test_t  *t = *state;

    t->status = AS_DB_ERROR;
    worker_run(&t->w, 10000);
    assert_false(t->w.worker.db.down);
    assert_int_equal(t->w.worker.counters.orders_at, 0);
    assert_int_equal(worker_said(&t->w, "the orders cannot be counted"), 3);
}


/* As before sql/schema.sql of a new version was run. */
static void
holds_refused(void **state)
{
    test_t  *t = *state;

    t->hold_status = AS_DB_ERROR;
    worker_run(&t->w, 10000);
    assert_int_equal(t->w.worker.counters.holds_at, 0);
    assert_int_equal(t->w.worker.counters.orders.pending, 5);
    assert_int_equal(worker_said(&t->w, "the holds cannot be counted"), 3);
    assert_int_equal(worker_said(&t->w, "the orders cannot be counted"), 0);
}


static void
stops(void **state)
{
    test_t  *t = *state;

    worker_run(&t->w, 100);
    as_backlog_reload(t->backlog);
    assert_int_equal(fake_db.reloads, 1);
    as_backlog_stop(t->backlog);
    worker_run(&t->w, 10000);
    assert_int_equal(t->counts, 1);
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(every_two_seconds),
        TEST(slow_counts),
        TEST(outage),
        TEST(refused),
        TEST(holds_refused),
        TEST(stops)
    };

    return cmocka_run_group_tests_name("backlog_count", tests, NULL, NULL);
}
