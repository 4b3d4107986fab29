/*
 * The numbers of messages of the queues, and the queue's limit of receives.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "run/depth.h"
#include "worker_fixture.h"


typedef struct {
    worker_fixture_t  w;
    as_depth_t        depth;
    unsigned          looked;
    bool              ok;
    unsigned          max_receive;
} test_t;


static void
looked(void *data, bool ok, unsigned max_receive)
{
    test_t  *t = data;

    t->looked++;
    t->ok = ok;
    t->max_receive = max_receive;
}


static int
setup(void **state)
{
    test_t  *t;

    t = calloc(1, sizeof(test_t));
    worker_setup(&t->w);
    as_depth_init(&t->depth, &t->w.worker, looked, t);
    *state = t;

    return 0;
}


static int
teardown(void **state)
{
    test_t  *t = *state;

    as_depth_free(&t->depth);
    worker_teardown(&t->w);
    free(t);

    return 0;
}


static void
look(test_t *t, const char *queue, int status, const char *body)
{
    (void) as_depth_look(&t->depth);
    (void) fake_answer_to(t->w.fake, queue, status, body);
    worker_run(&t->w, 10);
}


/* AWS returns maxReceiveCount as a number or as a string; with an invalid value
 * the limit is unknown. */
static void
limit_of_receives(void **state)
{
    size_t   i;
    char     body[300];
    test_t  *t = *state;

    static const struct {
        const char  *policy;
        unsigned     limit;
    } cases[] = {
        { "{\\\"maxReceiveCount\\\":5}", 5 },
        { "{\\\"maxReceiveCount\\\":\\\"5\\\"}", 5 },
        { "{\\\"maxReceiveCount\\\":1}", 1 },
        { "{\\\"maxReceiveCount\\\":1000}", 1000 },
        { "{\\\"maxReceiveCount\\\":1001}", 0 },
        { "{\\\"maxReceiveCount\\\":0}", 0 },
        { "{\\\"maxReceiveCount\\\":-1}", 0 },
        { "{\\\"maxReceiveCount\\\":null}", 0 },
        { "{}", 0 },
        { "[1]", 0 },
        { "none", 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) snprintf(body, sizeof(body), "{\"Attributes\":{\""
                        "RedrivePolicy\":\"%s\"}}", cases[i].policy);
        look(t, FIXTURE_QUEUE "\"", 200, body);
        assert_int_equal(t->looked, i + 1);
        assert_true(t->ok);
        assert_int_equal(t->max_receive, cases[i].limit);
    }

    look(t, FIXTURE_QUEUE "\"", 200, "{}");
    assert_int_equal(t->max_receive, 0);
}


/* The dead letters' number is read beside it, and one does not wait for the
 * other. */
static void
each_by_itself(void **state)
{
    test_t  *t = *state;

    look(t, FIXTURE_DLQ "\"", 200,
         "{\"Attributes\":{\"ApproximateNumberOfMessages\":\"4\"}}");
    assert_int_equal(t->looked, 0);
    assert_int_equal(t->w.worker.counters.dlq_visible, 4);
    assert_int_equal(t->w.worker.counters.queue_visible, -1);

    /* the call in flight is not repeated */
    (void) as_depth_look(&t->depth);
    assert_null(worker_call(&t->w, FIXTURE_QUEUE "\"", 1));
    assert_non_null(worker_call(&t->w, FIXTURE_DLQ "\"", 1));
}


/* Dead letters that a reader has received count too: an alert does not end
 * while they are read. */
static void
dead_in_flight(void **state)
{
    size_t   i;
    test_t  *t = *state;

    static const struct {
        const char  *body;
        int64_t      dead;
    } cases[] = {
        { "{\"Attributes\":{\"ApproximateNumberOfMessages\":\"1\","
          "\"ApproximateNumberOfMessagesNotVisible\":\"2\"}}", 3 },
        { "{\"Attributes\":{\"ApproximateNumberOfMessages\":\"0\","
          "\"ApproximateNumberOfMessagesNotVisible\":\"2\"}}", 2 },
        { "{\"Attributes\":{\"ApproximateNumberOfMessages\":\"1\"}}", 1 },
        { "{\"Attributes\":{\"ApproximateNumberOfMessagesNotVisible\":"
          "\"2\"}}", -1 },
        { "{}", -1 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        look(t, FIXTURE_DLQ "\"", 200, cases[i].body);
        assert_int_equal(t->w.worker.counters.dlq_visible, cases[i].dead);
    }
}


/* The consumer logs an outage; a missing right and a deleted queue are logged
 * here, once, and again when that is over. */
static void
errors(void **state)
{
    test_t  *t = *state;

    look(t, FIXTURE_DLQ "\"", 503, "");
    assert_int_equal(t->w.worker.counters.dlq_visible, -1);
    assert_int_equal(worker_said(&t->w, "the dead letters' depth"), 0);

    look(t, FIXTURE_DLQ "\"", 403, "{\"__type\":\"AccessDenied\"}");
    look(t, FIXTURE_DLQ "\"", 403, "{\"__type\":\"AccessDenied\"}");
    assert_int_equal(worker_said(&t->w, "the dead letters' depth"), 1);

    look(t, FIXTURE_DLQ "\"", 200,
         "{\"Attributes\":{\"ApproximateNumberOfMessages\":\"0\"}}");
    assert_int_equal(t->w.worker.counters.dlq_visible, 0);
    assert_int_equal(worker_said(&t->w, "the dead letters' depth"), 2);

    /* while the queue is down it is known already */
    worker_forget(&t->w);
    t->w.worker.sqs.down = true;
    look(t, FIXTURE_QUEUE "\"", 403, "{\"__type\":\"AccessDenied\"}");
    assert_false(t->ok);
    assert_int_equal(worker_said(&t->w, "the queue's depth"), 0);
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(limit_of_receives),
        TEST(each_by_itself),
        TEST(dead_in_flight),
        TEST(errors)
    };

    return cmocka_run_group_tests_name("depth", tests, NULL, NULL);
}
