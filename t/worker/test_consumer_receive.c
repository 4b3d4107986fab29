/*
 * How many messages the consumer asks for.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "run/consumer.h"
#include "worker_fixture.h"


typedef struct {
    worker_fixture_t   w;
    as_consumer_t     *consumer;
} test_t;


static int
setup(void **state)
{
    test_t  *t;

    t = calloc(1, sizeof(test_t));
    worker_setup(&t->w);
    t->consumer = as_consumer_create(&t->w.worker);
    assert_non_null(t->consumer);
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


/* What the call under way asks for. */
static int
asked(const test_t *t)
{
    const char  *p;

    p = strstr(t->w.fake->calls[t->w.fake->ncalls - 1].body,
               "\"MaxNumberOfMessages\":");

    return p == NULL ? 0 : atoi(p + 22);
}


/* An answer that is larger than it may be would be so again. */
static void
fewer(void **state)
{
    size_t             i;
    test_t            *t = *state;

    static const int   wanted[] = { 5, 2, 1 };

    worker_run(&t->w, 10);
    assert_int_equal(asked(t), 10);

    for (i = 0; i < 3; i++) {
        (void) fake_error(t->w.fake, AS_HTTP_TOO_LARGE);
        worker_run(&t->w, 10);
        assert_int_equal(t->w.fake->ncalls, i + 2);
        assert_int_equal(asked(t), wanted[i]);
        assert_false(t->w.worker.sqs.down);
    }

    /* a single one that is too large is an error as others are */
    (void) fake_error(t->w.fake, AS_HTTP_TOO_LARGE);
    worker_run(&t->w, 10);
    assert_true(t->w.worker.sqs.down);
}


/* Messages that cannot be read are no outage of the queue. */
static void
unreadable(void **state)
{
    test_t  *t = *state;

    worker_run(&t->w, 10);
    (void) fake_answer(t->w.fake, 200, "{\"Messages\":[{\"ReceiptHandle\":"
                       "\"1\",\"Body\":\"\xff\"}]}");
    worker_run(&t->w, 10);
    assert_false(t->w.worker.sqs.down);
    assert_int_equal(t->w.fake->ncalls, 2);
    assert_int_equal(asked(t), 10);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(fewer, setup, teardown),
        cmocka_unit_test_setup_teardown(unreadable, setup, teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
