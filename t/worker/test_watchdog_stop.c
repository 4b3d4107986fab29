/*
 * The watchdog without its database, and its end: between two rounds, during
 * one, and during a call to the queue.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "watchdog_fixture.h"


#define DEPTH  "AmazonSQS.GetQueueAttributes"


static void
database_fails(void **state)
{
    watchdog_test_t  *t = *state;

    watchdog_depth(t, 60, 0);
    fake_db.status = AS_DB_GONE;
    worker_run(&t->w, 60000);
    assert_true(t->w.worker.db.down);
    assert_int_equal(t->rounds, 0);
    assert_in_range(fake_db.done, 12, 40);

    /* a round that only reads: the database may be read-only */
    fake_db.status = AS_DB_OK;
    worker_run(&t->w, 10000);
    assert_true(t->rounds >= 1);
    assert_true(t->w.worker.db.down);

    /* a refusal is logged, and is not an outage */
    t->w.worker.db.down = false;
    t->status = AS_DB_ERROR;
    worker_run(&t->w, 30000);
    assert_false(t->w.worker.db.down);
    assert_true(worker_said(&t->w, "refused: as the test says") >= 2);

    /* the parts after the refused one are skipped */
    t->low = 1;
    worker_run(&t->w, 30000);
    assert_int_equal(t->w.worker.counters.restocked, 0);
}


/* No round begins after the stop, which comes between two rounds or while the
 * queue is asked. */
static void
stops(void **state)
{
    size_t   i;
    watchdog_test_t  *t;

    for (i = 0; i < 2; i++) {
        (void) watchdog_teardown(state);
        (void) watchdog_setup(state);
        t = *state;
        watchdog_depth(t, i == 0 ? 10 : 0, 0);
        worker_run(&t->w, 100);
        as_watchdog_stop(t->watchdog);
        assert_int_equal(fake_db.interrupts, 1);
        watchdog_depth(t, 1, 0);
        worker_run(&t->w, 60000);
        assert_int_equal(t->rounds, i == 0);
    }
}


static void
stops_in_a_round(void **state)
{
    watchdog_test_t  *t = *state;

    watchdog_depth(t, 10, 0);
    fake_db.hold = true;
    worker_run(&t->w, 100);
    as_watchdog_stop(t->watchdog);
    fake_db_release(AS_DB_OK);
    worker_run(&t->w, 60000);
    assert_int_equal(t->rounds, 1);

    /* interrupted between two chunks of the ledger */
    assert_int_equal(t->forgets, 1);
}


static void
destroyed_in_the_middle(void **state)
{
    watchdog_test_t               *t = *state;
    as_watchdog_hooks_t   hooks;

    worker_run(&t->w, 100);
    as_watchdog_reload(t->watchdog);
    assert_int_equal(fake_db.reloads, 1);
    as_watchdog_destroy(t->watchdog);
    t->watchdog = NULL;
    assert_true(worker_call(&t->w, DEPTH, 0)->cancelled);

    memset(&hooks, 0, sizeof(hooks));
    fake_db.refuse = true;
    assert_null(as_watchdog_create(&t->w.worker, &hooks));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        watchdog_test(database_fails),
        watchdog_test(stops),
        watchdog_test(stops_in_a_round),
        watchdog_test(destroyed_in_the_middle)
    };

    return cmocka_run_group_tests_name("watchdog_stop", tests, NULL, NULL);
}
