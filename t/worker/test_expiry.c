/*
 * The expiry of holds: the start of the next batch, the holds that it skips,
 * its counters, and a database that cannot be reached or refuses.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "run/expiry.h"
#include "worker_fixture.h"


typedef struct {
    worker_fixture_t    w;
    as_expiry_t        *expiry;
    as_hold_expire_t    asked;         /* the last batch */
    uint8_t             ids[2][AS_UUID_LEN];   /* of the last two */
    unsigned            batches;
    unsigned            due;           /* holds */
    int64_t             next_ms;
    int                 refused;       /* this hold; 0: none */
    int                 locked;        /* this product; 0: none */
    as_db_status_e      status;
} test_t;


static test_t  *test;


as_db_status_e
as_hold_expire(as_db_t *db, as_hold_expire_t *expire)
{
    assert_non_null(db);
    assert_in_range(expire->limit, 1, AS_HOLD_BATCH);
    test->asked = *expire;
    test->batches++;
    memcpy(test->ids[0], test->ids[1], AS_UUID_LEN);
    memcpy(test->ids[1], expire->movement_id, AS_UUID_LEN);
    expire->n = 0;
    expire->bad.nholds = expire->bad.nproducts = 0;
    expire->stuck = false;
    expire->next_ms = test->next_ms;

    if (test->status != AS_DB_OK) {
        return test->status;
    }

    if (test->locked != 0 && expire->aside.nproducts == 0) {
        expire->stuck = true;
        strcpy(expire->why, "locked");
        memset(expire->bad.products[0], test->locked, AS_UUID_LEN);
        expire->bad.nproducts = 1;
        return AS_DB_OK;
    }

    if (test->refused != 0 && expire->aside.nholds == 0) {
        expire->stuck = true;
        strcpy(expire->why, "refused: a trigger");
        if (expire->limit == 1) {
            memset(expire->bad.holds[0], test->refused, AS_UUID_LEN);
            expire->bad.nholds = 1;
        }
        return AS_DB_OK;
    }

    expire->n = test->due < expire->limit ? test->due : expire->limit;
    test->due -= (unsigned) expire->n;

    return AS_DB_OK;
}


static int
setup(void **state)
{
    test_t  *t;

    t = test = calloc(1, sizeof(test_t));
    t->next_ms = -1;
    worker_setup(&t->w);
    t->expiry = as_expiry_create(&t->w.worker);
    assert_non_null(t->expiry);
    *state = t;

    return 0;
}


static int
teardown(void **state)
{
    test_t  *t = *state;

    as_expiry_destroy(t->expiry);
    worker_teardown(&t->w);
    free(t);

    return 0;
}


static void
once_a_second(void **state)
{
    test_t  *t = *state;

    worker_run(&t->w, 10100);
    assert_int_equal(t->batches, 11);
    assert_true(as_expiry_progress(t->expiry)
                >= as_loop_now(t->w.worker.loop) - 1000);
}


static void
when_the_next_is_due(void **state)
{
    test_t  *t = *state;

    t->next_ms = 100;
    worker_run(&t->w, 1050);
    assert_int_equal(t->batches, 11);

    t->next_ms = 5000;
    worker_run(&t->w, 5000);
    assert_in_range(t->batches, 16, 17);
}


static void
batch_after_batch(void **state)
{
    test_t  *t = *state;

    t->due = 3 * AS_HOLD_BATCH + 1;
    worker_run(&t->w, 100);
    assert_int_equal(t->batches, 4);
    assert_int_equal(t->w.worker.counters.holds_expired,
                     3 * AS_HOLD_BATCH + 1);
    assert_memory_not_equal(t->ids[0], t->ids[1], AS_UUID_LEN);
}


/* An attempt that is repeated has another id: the first may be committed.  Each
 * batch is tried three times in the database thread, then a smaller one. */
static void
a_conflict(void **state)
{
    test_t  *t = *state;

    t->status = AS_DB_RETRY;
    worker_run(&t->w, 8);
    assert_int_equal(t->batches, 3);
    assert_memory_not_equal(t->ids[0], t->ids[1], AS_UUID_LEN);
    assert_int_equal(t->w.worker.counters.holds_expired, 0);
    assert_int_equal(t->asked.limit, AS_HOLD_BATCH);

    worker_run(&t->w, 105);
    assert_in_range(t->asked.limit, 1, AS_HOLD_BATCH / 2);
    worker_run(&t->w, 5000);
    assert_in_range(t->batches, 3 * 5000 / 110, 3 * 5000 / 10);
    assert_int_equal(t->asked.limit, 1);

    t->status = AS_DB_OK;
    t->due = 1 + 4 + 16 + 64 + 256;
    worker_run(&t->w, 110);
    assert_int_equal(t->due, 0);
    assert_int_equal(t->asked.limit, AS_HOLD_BATCH);
}


static void
a_refused_hold_is_left_out(void **state)
{
    test_t  *t = *state;

    t->refused = 'r';
    t->due = 30;
    worker_run(&t->w, 100);
    assert_int_equal(t->due, 0);
    assert_int_equal(t->asked.aside.nholds, 1);
    assert_int_equal(t->asked.aside.holds[0][0], 'r');
    assert_int_equal(worker_said(&t->w, "cannot be released: refused: a "
                                 "trigger"), 1);

    /* all at once, one alone, then more and more again */
    assert_in_range(t->batches, 5, 7);

    /* tried again after a while, and skipped again */
    worker_run(&t->w, 4500);
    assert_int_equal(t->asked.aside.nholds, 1);
    t->refused = 0;
    worker_run(&t->w, 1500);
    assert_int_equal(t->asked.aside.nholds, 0);
    assert_int_equal(t->asked.limit, AS_HOLD_BATCH);
}


static void
a_locked_product_is_left_out(void **state)
{
    test_t  *t = *state;

    t->locked = 'p';
    t->due = 30;
    worker_run(&t->w, 100);
    assert_int_equal(t->due, 0);
    assert_int_equal(t->asked.aside.nproducts, 1);
    assert_int_equal(t->asked.aside.products[0][0], 'p');
    assert_int_equal(t->asked.aside.nholds, 0);
    assert_int_equal(worker_said(&t->w, "holds of 1 products, the first is "),
                     1);
    t->locked = 0;
    worker_run(&t->w, 6000);
    assert_int_equal(t->asked.aside.nproducts, 0);
}


static void
outage(void **state)
{
    test_t  *t = *state;

    fake_db.status = AS_DB_GONE;
    worker_run(&t->w, 30000);
    assert_true(t->w.worker.db.down);
    assert_in_range(fake_db.done, 8, 20);

    fake_db.status = AS_DB_OK;
    t->due = 5;
    worker_run(&t->w, 10000);
    assert_int_equal(t->w.worker.counters.holds_expired, 5);
    assert_false(t->w.worker.db.down);
}


static void
refused(void **state)
{
    test_t  *t = *state;

    t->status = AS_DB_ERROR;
    worker_run(&t->w, 10100);
    assert_false(t->w.worker.db.down);
    assert_int_equal(t->batches, 11);
    assert_int_equal(worker_said(&t->w, "holds cannot be released"), 3);
}


static void
stops(void **state)
{
    test_t  *t = *state;

    worker_run(&t->w, 100);
    as_expiry_reload(t->expiry);
    assert_int_equal(fake_db.reloads, 1);

    t->due = 3 * AS_HOLD_BATCH;
    fake_db.hold = true;
    worker_run(&t->w, 1000);
    as_expiry_stop(t->expiry);
    fake_db_release(AS_DB_OK);
    worker_run(&t->w, 10000);
    assert_int_equal(t->due, 2 * AS_HOLD_BATCH);
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(once_a_second),
        TEST(when_the_next_is_due),
        TEST(batch_after_batch),
        TEST(a_conflict),
        TEST(a_refused_hold_is_left_out),
        TEST(a_locked_product_is_left_out),
        TEST(outage),
        TEST(refused),
        TEST(stops)
    };

    return cmocka_run_group_tests_name("expiry", tests, NULL, NULL);
}
