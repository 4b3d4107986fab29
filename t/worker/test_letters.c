/*
 * Dead letters that are read for the dashboard: when, how many, and that they
 * are given back.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "run/letters.h"
#include "worker_fixture.h"


#define RECEIVE  "AmazonSQS.ReceiveMessage"
#define BACK     "AmazonSQS.ChangeMessageVisibilityBatch"


typedef struct {
    worker_fixture_t   w;
    as_letters_t      *letters;
    json_t            *json;
    char              *bodies[8];      /* of answers */
    size_t             nbodies;
} test_t;


static int
setup(void **state)
{
    test_t  *t;

    t = calloc(1, sizeof(test_t));
    worker_setup(&t->w);
    t->letters = as_letters_create(&t->w.worker);
    assert_non_null(t->letters);
    *state = t;

    return 0;
}


static int
teardown(void **state)
{
    test_t  *t = *state;

    json_decref(t->json);
    as_letters_destroy(t->letters);
    worker_teardown(&t->w);
    while (t->nbodies > 0) {
        free(t->bodies[--t->nbodies]);
    }
    free(t);

    return 0;
}


/* The numbers from first on, each with the worker's attributes. */
static void
answer_letters(test_t *t, unsigned first, unsigned n)
{
    unsigned   i;
    as_text_t  body = AS_TEXT_EMPTY;

    as_text_put(&body, "{\"Messages\":[");
    for (i = first; i < first + n; i++) {
        as_text_printf(&body, "%s{\"MessageId\":\"m%u\",\"ReceiptHandle\":"
                       "\"r%u\",\"Body\":\"{}\",\"MessageAttributes\":{"
                       "\"AutostockReason\":{\"DataType\":\"String\","
                       "\"StringValue\":\"refused %u\"}}}",
                       i == first ? "" : ",", i, i, i);
    }
    as_text_put(&body, "]}");

    t->bodies[t->nbodies] = strdup(as_text_get(&body));
    (void) fake_answer_to(t->w.fake, RECEIVE, 200, t->bodies[t->nbodies++]);
    as_text_free(&body);
}


static void
refresh(test_t *t, int64_t visible)
{
    t->w.worker.counters.dlq_visible = visible;
    as_letters_refresh(t->letters);
    worker_run(&t->w, 10);
}


static size_t
calls(test_t *t, const char *target)
{
    size_t  n;

    for (n = 0; worker_call(&t->w, target, n) != NULL; n++) { /* void */ }

    return n;
}


static size_t
rows(test_t *t)
{
    json_decref(t->json);
    t->json = as_letters_json(t->letters, 0);

    return json_array_size(json_object_get(t->json, "rows"));
}


static const char *
error(test_t *t)
{
    (void) rows(t);

    return json_string_value(json_object_get(t->json, "error"));
}


static void
none(void **state)
{
    test_t  *t = *state;

    refresh(t, 0);
    assert_int_equal(calls(t, RECEIVE), 0);
    assert_int_equal(rows(t), 0);
    assert_true(json_is_integer(json_object_get(t->json, "at")));
    assert_null(error(t));
}


/* Each letter is received once and given back with visibility 0, in batches of
 * ten. */
static void
given_back(void **state)
{
    json_t  *row;
    test_t  *t = *state;

    answer_letters(t, 0, 10);
    answer_letters(t, 10, 2);
    (void) fake_answer_to(t->w.fake, BACK, 200, "{}");
    (void) fake_answer_to(t->w.fake, BACK, 200, "{}");
    refresh(t, 12);

    assert_int_equal(calls(t, RECEIVE), 2);
    assert_non_null(worker_call(&t->w, "\"MaxNumberOfMessages\":2", 0));
    assert_int_equal(calls(t, BACK), 2);
    assert_non_null(worker_call(&t->w, "\"VisibilityTimeout\":0,"
                                "\"ReceiptHandle\":\"r9\"", 0));
    assert_non_null(worker_call(&t->w, "\"VisibilityTimeout\":0,"
                                "\"ReceiptHandle\":\"r11\"", 0));

    assert_int_equal(rows(t), 12);
    row = json_array_get(json_object_get(t->json, "rows"), 11);
    assert_string_equal(json_string_value(json_object_get(row, "reason")),
                        "refused 11");
    assert_null(json_object_get(row, "body"));
    assert_false(json_is_true(json_object_get(t->json, "more")));
    assert_null(error(t));
}


/* Thirty of a thousand letters; of the rest only the number is known. */
static void
bounded(void **state)
{
    int      i;
    test_t  *t = *state;

    for (i = 0; i < 4; i++) {
        answer_letters(t, (unsigned) i * 10, 10);
        (void) fake_answer_to(t->w.fake, BACK, 200, "{}");
    }
    refresh(t, 1000);
    assert_int_equal(calls(t, RECEIVE), 3);
    assert_int_equal(calls(t, BACK), 3);
    assert_int_equal(rows(t), AS_LETTERS_MAX);
    assert_true(json_is_true(json_object_get(t->json, "more")));
}


/* Not read again while their number is the same: a read hides them
 * from others. */
static void
not_too_often(void **state)
{
    test_t  *t = *state;

    answer_letters(t, 0, 1);
    (void) fake_answer_to(t->w.fake, BACK, 200, "{}");
    refresh(t, 1);
    refresh(t, 1);
    worker_run(&t->w, AS_LETTERS_EVERY_MS - 100);
    refresh(t, 1);
    assert_int_equal(calls(t, RECEIVE), 1);

    answer_letters(t, 0, 1);
    (void) fake_answer_to(t->w.fake, BACK, 200, "{}");
    worker_run(&t->w, 200);
    refresh(t, 1);
    assert_int_equal(calls(t, RECEIVE), 2);

    /* another number: soon */
    refresh(t, 2);
    assert_int_equal(calls(t, RECEIVE), 2);
    answer_letters(t, 0, 2);
    (void) fake_answer_to(t->w.fake, BACK, 200, "{}");
    worker_run(&t->w, AS_LETTERS_SOON_MS);
    refresh(t, 2);
    assert_int_equal(calls(t, RECEIVE), 3);
    assert_int_equal(rows(t), 2);

    /* one read at a time */
    refresh(t, 3);
    refresh(t, 4);
    assert_int_equal(calls(t, RECEIVE), 3);
}


/* The last ones stay, with the reason. */
static void
refused(void **state)
{
    test_t  *t = *state;

    answer_letters(t, 0, 1);
    (void) fake_answer_to(t->w.fake, BACK, 200, "{}");
    refresh(t, 1);

    (void) fake_answer_to(t->w.fake, RECEIVE, 403, "{\"__type\":\"x#"
                          "AccessDenied\",\"message\":\"not allowed\"}");
    worker_run(&t->w, AS_LETTERS_EVERY_MS);
    refresh(t, 1);
    assert_int_equal(rows(t), 1);
    assert_non_null(strstr(error(t), "AccessDenied"));
    assert_int_equal(calls(t, BACK), 1);

    t->w.fake->refuse = true;
    worker_run(&t->w, AS_LETTERS_EVERY_MS);
    refresh(t, 1);
    assert_string_equal(error(t), "the request could not be sent");
}


/* While another reader has them, the last ones are kept; but an empty queue, or
 * an empty read while the number is unknown, means none. */
static void
held_by_another(void **state)
{
    json_int_t   at;
    test_t      *t = *state;

    answer_letters(t, 0, 2);
    (void) fake_answer_to(t->w.fake, BACK, 200, "{}");
    refresh(t, 2);
    assert_int_equal(rows(t), 2);
    at = json_integer_value(json_object_get(t->json, "at"));

    (void) fake_answer_to(t->w.fake, RECEIVE, 200, "{}");
    worker_run(&t->w, AS_LETTERS_EVERY_MS);
    refresh(t, 2);
    assert_int_equal(calls(t, RECEIVE), 2);
    assert_int_equal(rows(t), 2);
    assert_int_equal(json_integer_value(json_object_get(t->json, "at")), at);
    assert_null(error(t));

    (void) fake_answer_to(t->w.fake, RECEIVE, 200, "{}");
    worker_run(&t->w, AS_LETTERS_SOON_MS);
    refresh(t, -1);
    assert_int_equal(calls(t, RECEIVE), 3);
    assert_int_equal(rows(t), 0);

    answer_letters(t, 0, 1);
    (void) fake_answer_to(t->w.fake, BACK, 200, "{}");
    worker_run(&t->w, AS_LETTERS_SOON_MS);
    refresh(t, 1);
    assert_int_equal(rows(t), 1);
    worker_run(&t->w, AS_LETTERS_SOON_MS);
    refresh(t, 0);
    assert_int_equal(rows(t), 0);
}


#define TEST(fn)  cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(none),
        TEST(given_back),
        TEST(bounded),
        TEST(not_too_often),
        TEST(refused),
        TEST(held_by_another)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
