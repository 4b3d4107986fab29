/*
 * A message's way from the queue to the factory and out, over fake HTTP and
 * database threads.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "db/lease.h"
#include "run/consumer.h"
#include "worker_fixture.h"


#define ORDER    "0190a3f0-1111-7abc-8def-0123456789ab"

#define RECEIVE  "AmazonSQS.ReceiveMessage"
#define DELETE   "AmazonSQS.DeleteMessageBatch"
#define BACK     "AmazonSQS.ChangeMessageVisibilityBatch"
#define DEAD     "AmazonSQS.SendMessageBatch"

#define DONE     "{\"Successful\":[{\"Id\":\"0\"}]}"
#define MESSAGE                                                               \
    "{\"Messages\":[{\"MessageId\":\"m1\",\"ReceiptHandle\":\"r1\","          \
    "\"Body\":\"x\",\"Attributes\":{\"ApproximateReceiveCount\":\"1\"},"      \
    "\"MessageAttributes\":{\"MessageAttributeOrderId\":{\"DataType\":"       \
    "\"String\",\"StringValue\":\"" ORDER "\"}}}]}"


typedef struct {
    worker_fixture_t   w;
    as_consumer_t     *consumer;

    as_lease_answer_e  answer;         /* to TAKE */
    unsigned           leases[AS_LEASE_FAIL + 1];
    char               error[400];
} test_t;


static test_t  *test;


/* Instead of db/lease.c's. */
as_db_status_e
as_lease_run(as_db_t *db, const char *worker, uint64_t token,
    int64_t lease_ms, bool stop_on_lost, as_lease_t *const *leases, size_t n)
{
    size_t  i;

    assert_non_null(db);
    assert_string_equal(worker, "w");
    assert_true(token > 0 && lease_ms > 0 && !stop_on_lost);

    for (i = 0; i < n; i++) {
        test->leases[leases[i]->kind]++;
        (void) snprintf(test->error, sizeof(test->error), "%s",
                        leases[i]->error);

        if (leases[i]->kind == AS_LEASE_TAKE) {
            leases[i]->answer = test->answer;
            leases[i]->quantity = 10;
            leases[i]->sku = strdup("CP-502101");
            leases[i]->factory = strdup("FF-500293");
            leases[i]->api = strdup(FIXTURE_FACTORY);
        }
    }

    return AS_DB_OK;
}


static int
setup(void **state)
{
    test_t  *t;

    t = test = calloc(1, sizeof(test_t));
    worker_setup(&t->w);
    t->answer = AS_LEASE_MINE;
    t->consumer = as_consumer_create(&t->w.worker);
    assert_non_null(t->consumer);
    (void) fake_answer_to(t->w.fake, RECEIVE, 200, MESSAGE);
    *state = t;

    return 0;
}


static int
teardown(void **state)
{
    test_t  *t = *state;

    as_consumer_destroy(t->consumer);
    worker_teardown(&t->w);
    free(t);

    return 0;
}


static void
accepted(void **state)
{
    test_t  *t = *state;

    (void) fake_answer_to(t->w.fake, FIXTURE_FACTORY, 200, "{}");
    (void) fake_answer_to(t->w.fake, DELETE, 200, DONE);
    worker_run(&t->w, 100);

    assert_int_equal(t->leases[AS_LEASE_TAKE], 1);
    assert_int_equal(t->leases[AS_LEASE_REQUESTED], 1);
    assert_non_null(worker_call(&t->w, DELETE, 0));
    assert_int_equal(as_consumer_in_hand(t->consumer), 0);
    assert_int_equal(t->w.worker.counters.requested, 1);
    assert_int_equal(t->w.worker.counters.deleted, 1);
    assert_int_equal(worker_said(&t->w, "requested from the factory: 10"), 1);
}


/* It is the queue's again, and nothing is deleted. */
static void
failed(void **state)
{
    test_t  *t = *state;

    (void) fake_answer_to(t->w.fake, FIXTURE_FACTORY, 500, "");
    (void) fake_answer_to(t->w.fake, BACK, 200, DONE);
    worker_run(&t->w, 100);

    assert_int_equal(t->leases[AS_LEASE_RELEASE], 1);
    assert_non_null(strstr(t->error, "500"));
    assert_null(worker_call(&t->w, DELETE, 0));
    assert_non_null(worker_call(&t->w, BACK, 0));
    assert_int_equal(as_consumer_in_hand(t->consumer), 0);
}


/* Refused for good: to the dead letters, then the order fails. */
static void
refused(void **state)
{
    test_t  *t = *state;

    (void) fake_answer_to(t->w.fake, FIXTURE_FACTORY, 422, "");
    (void) fake_answer_to(t->w.fake, DEAD, 200, DONE);
    (void) fake_answer_to(t->w.fake, DELETE, 200, DONE);
    worker_run(&t->w, 100);

    assert_non_null(worker_call(&t->w, DEAD, 0));
    assert_int_equal(t->leases[AS_LEASE_FAIL], 1);
    assert_non_null(worker_call(&t->w, DELETE, 0));
    assert_int_equal(t->w.worker.counters.dead, 1);
    assert_int_equal(as_consumer_in_hand(t->consumer), 0);
}


/* Without the database nothing is received; it is asked again and again. */
static void
no_database(void **state)
{
    unsigned   n;
    test_t    *t = *state;

    fake_db.status = AS_DB_GONE;
    worker_run(&t->w, 100);
    assert_true(t->w.worker.db.down);
    assert_true(as_consumer_waits(t->consumer));
    assert_int_equal(as_consumer_in_hand(t->consumer), 1);
    assert_null(worker_call(&t->w, FIXTURE_FACTORY, 0));

    n = fake_db.done;
    worker_run(&t->w, 20000);
    assert_true(fake_db.done > n);

    fake_db.status = AS_DB_OK;
    (void) fake_answer_to(t->w.fake, FIXTURE_FACTORY, 200, "{}");
    (void) fake_answer_to(t->w.fake, DELETE, 200, DONE);
    worker_run(&t->w, 60000);
    assert_int_equal(t->w.worker.counters.deleted, 1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(accepted, setup, teardown),
        cmocka_unit_test_setup_teardown(failed, setup, teardown),
        cmocka_unit_test_setup_teardown(refused, setup, teardown),
        cmocka_unit_test_setup_teardown(no_database, setup, teardown)
    };

    return cmocka_run_group_tests_name("consumer", tests, NULL, NULL);
}
