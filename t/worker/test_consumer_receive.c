/*
 * How many messages the consumer asks for, how often, and with how many polls.
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
    char               bodies[64][1600];
    size_t             nbodies;
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


/* The parameters of the call in flight. */
static int
asked(const test_t *t)
{
    const char  *p;

    p = strstr(t->w.fake->calls[t->w.fake->ncalls - 1].body,
               "\"MaxNumberOfMessages\":");

    return p == NULL ? 0 : atoi(p + 22);
}


/* After a response that is too large, the next receive asks for fewer. */
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

    /* a single message that is too large is an ordinary error */
    (void) fake_error(t->w.fake, AS_HTTP_TOO_LARGE);
    worker_run(&t->w, 10);
    assert_true(t->w.worker.sqs.down);
}


/* Invalid messages are not an outage of the queue. */
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


/* The result of the next n polls; the messages are without an order. */
static void
answers(test_t *t, size_t n, size_t messages)
{
    char    *body;
    size_t   i;

    while (n-- > 0) {
        body = t->bodies[t->nbodies++];
        (void) snprintf(body, sizeof(t->bodies[0]), "{\"Messages\":[");
        for (i = 0; i < messages; i++) {
            (void) snprintf(body + strlen(body),
                            sizeof(t->bodies[0]) - strlen(body),
                            "%s{\"MessageId\":\"m\",\"ReceiptHandle\":\"r\","
                            "\"Body\":\"{\\\"MessageAttributeProductId\\\":"
                            "\\\"x\\\"}\"}", i == 0 ? "" : ",");
        }
        (void) snprintf(body + strlen(body),
                        sizeof(t->bodies[0]) - strlen(body), "]}");
        (void) fake_answer_to(t->w.fake, "ReceiveMessage", 200, body);
    }
}


static size_t
polls(const test_t *t)
{
    size_t  i, n;

    for (i = 0, n = 0; i < t->w.fake->ncalls; i++) {
        n += fake_is_to(&t->w.fake->calls[i], "ReceiveMessage");
    }

    return n;
}


/* Full responses double the polls, up to the messages that may still be in
 * hand. */
static void
more_polls(void **state)
{
    test_t  *t = *state;

    fake_db.hold = true;
    t->w.settings.in_flight = 75;
    worker_run(&t->w, 10);
    assert_int_equal(polls(t), 1);
    answers(t, 1, 10);
    worker_run(&t->w, 10);
    assert_int_equal(polls(t), 3);
    answers(t, 2, 10);
    worker_run(&t->w, 10);

    /* 30 in hand, 45 may be asked for */
    assert_int_equal(polls(t), 8);
    assert_int_equal(asked(t), 5);
    answers(t, 5, 10);
    worker_run(&t->w, 10);
    assert_int_equal(polls(t), 8);
}


/* After an empty response there is one poll. */
static void
one_poll_again(void **state)
{
    test_t  *t = *state;

    fake_db.hold = true;
    worker_run(&t->w, 10);
    answers(t, 1, 10);
    worker_run(&t->w, 10);
    assert_int_equal(polls(t), 3);
    worker_run(&t->w, 20000);
    answers(t, 2, 0);
    worker_run(&t->w, 10);
    assert_int_equal(polls(t), 4);
}


/* Neither full nor empty: unchanged. */
static void
as_many_polls(void **state)
{
    test_t  *t = *state;

    fake_db.hold = true;
    worker_run(&t->w, 10);
    answers(t, 3, 4);
    worker_run(&t->w, 10);
    assert_int_equal(polls(t), 4);
    assert_int_equal(asked(t), 10);
}


/* An endpoint that returns empty responses to long polls at once: polled about
 * once a second, and logged once; one or two such responses are normal. */
static void
hasty_answers(void **state)
{
    size_t   n;
    test_t  *t = *state;

    answers(t, 2, 0);
    worker_run(&t->w, 40);
    assert_int_equal(polls(t), 3);

    answers(t, 40, 0);
    worker_run(&t->w, 10000);
    n = polls(t);
    worker_run(&t->w, 10000);
    assert_in_range(polls(t) - n, 9, 11);
    assert_int_equal(worker_said(&t->w, "answers long polls at once"), 1);
    assert_false(t->w.worker.sqs.down);
}


/* A poll cannot be sent from this host: tried again each second. */
static void
no_poll_can_be_sent(void **state)
{
    test_t  *t = *state;

    worker_run(&t->w, 10);
    t->w.fake->refuse = true;
    answers(t, 1, 0);
    worker_run(&t->w, 3000);
    assert_int_equal(worker_said(&t->w, "cannot poll the queue"), 3);

    t->w.fake->refuse = false;
    worker_run(&t->w, 1000);
    assert_int_equal(polls(t), 2);
}


/* Polls that wait correctly end that state. */
static void
patient_answers(void **state)
{
    size_t   i;
    test_t  *t = *state;

    for (i = 0; i < 4; i++) {
        worker_run(&t->w, 20000);
        answers(t, 1, 0);
        worker_run(&t->w, 10);
        assert_int_equal(polls(t), i + 2);
    }

    assert_int_equal(worker_said(&t->w, "answers long polls at once"), 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(fewer, setup, teardown),
        cmocka_unit_test_setup_teardown(unreadable, setup, teardown),
        cmocka_unit_test_setup_teardown(more_polls, setup, teardown),
        cmocka_unit_test_setup_teardown(one_poll_again, setup, teardown),
        cmocka_unit_test_setup_teardown(as_many_polls, setup, teardown),
        cmocka_unit_test_setup_teardown(hasty_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(no_poll_can_be_sent, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(patient_answers, setup, teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
