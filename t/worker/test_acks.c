/*
 * The removal of messages from the queue: batches, the result of each entry,
 * and SQS that cannot be reached or refuses.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "run/acks.h"
#include "worker_fixture.h"


#define DELIVERIES  3
#define HOURS    INT64_C(3600000)


typedef struct {
    worker_fixture_t   w;
    as_acks_t         *acks;
    as_delivery_t      deliveries[DELIVERIES];
    char               names[DELIVERIES][16];
    int                removed[DELIVERIES];      /* 1: done, -1: not, 0: still
                                                    here */
} test_t;


static void
told(void *data, as_delivery_t *delivery, bool done)
{
    test_t  *t = data;

    t->removed[delivery - t->deliveries] = done ? 1 : -1;
}


static int
setup(void **state)
{
    int      i;
    test_t  *t;

    t = calloc(1, sizeof(test_t));
    worker_setup(&t->w);
    t->acks = as_acks_create(&t->w.worker, told, told, t);
    assert_non_null(t->acks);

    for (i = 0; i < DELIVERIES; i++) {
        (void) snprintf(t->names[i], sizeof(t->names[i]), "m%d", i);
        t->deliveries[i].id = t->names[i];
        t->deliveries[i].receipt = t->names[i];
        t->deliveries[i].body = t->names[i];
        t->deliveries[i].received_at = as_loop_now(t->w.worker.loop);
    }

    *state = t;

    return 0;
}


static int
teardown(void **state)
{
    test_t  *t = *state;

    as_acks_destroy(t->acks);
    worker_teardown(&t->w);
    free(t);

    return 0;
}


static void
each_entry_has_its_own_end(void **state)
{
    int      i;
    test_t  *t = *state;

    (void) fake_answer(t->w.fake, 200, "{\"Successful\":[{\"Id\":\"0\"}],"
                       "\"Failed\":[{\"Id\":\"1\",\"Code\":"
                       "\"InternalError\",\"Message\":\"?\"},{\"Id\":\"2\","
                       "\"Code\":\"ReceiptHandleIsInvalid\",\"Message\":"
                       "\"old\"}]}");
    (void) fake_answer(t->w.fake, 200, "{\"Successful\":[{\"Id\":\"0\"}]}");

    for (i = 0; i < DELIVERIES; i++) {
        as_acks_delete(t->acks, &t->deliveries[i]);
    }
    worker_run(&t->w, 100);

    assert_int_equal(t->w.fake->ncalls, 2);
    assert_non_null(strstr(t->w.fake->calls[0].body, "\"m2\""));
    assert_non_null(strstr(t->w.fake->calls[1].body, "\"m1\""));
    assert_null(strstr(t->w.fake->calls[1].body, "\"m0\""));
    assert_int_equal(t->removed[0], 1);
    assert_int_equal(t->removed[1], 1);
    assert_int_equal(t->removed[2], -1);
    assert_int_equal(t->w.worker.counters.deleted, 2);
    assert_int_equal(t->w.worker.counters.delete_failed, 1);
    assert_int_equal(worker_said(&t->w,
                                 "message m2 cannot be deleted: old"), 1);
}


/* Entries that are missing in the response are tried again, with a limit. */
static void
an_entry_that_is_never_told(void **state)
{
    int      i;
    test_t  *t = *state;

    for (i = 0; i < 20; i++) {
        (void) fake_answer(t->w.fake, 200, "{}");
    }
    as_acks_delete(t->acks, &t->deliveries[0]);
    worker_run(&t->w, 1000);

    assert_int_equal(t->removed[0], -1);
    assert_int_equal(t->w.fake->ncalls, 6);
}


static void
out_of_reach(void **state)
{
    test_t  *t = *state;

    (void) fake_error(t->w.fake, AS_HTTP_CONNECT);
    (void) fake_answer(t->w.fake, 503, "");
    (void) fake_answer(t->w.fake, 200, "{\"Successful\":[{\"Id\":\"0\"}]}");
    as_acks_delete(t->acks, &t->deliveries[0]);

    worker_run(&t->w, 10);
    assert_int_equal(t->w.fake->ncalls, 1);
    assert_true(t->w.worker.sqs.down);
    worker_run(&t->w, 10);
    assert_int_equal(t->w.fake->ncalls, 1);
    worker_run(&t->w, 400);
    assert_int_equal(t->removed[0], 1);
    assert_false(t->w.worker.sqs.down);
    assert_int_equal(worker_said(&t->w, "unreachable"), 1);
    assert_int_equal(worker_said(&t->w, "reachable again"), 1);
}


/* A missing right for one kind of call is logged once, does not stop the other
 * kinds, and is not an outage of SQS. */
static void
one_kind_is_refused(void **state)
{
    int      i;
    test_t  *t = *state;

    static const char  denied[] = "{\"__type\":\"AccessDenied\","
                                  "\"message\":\"no\"}";

    t->deliveries[0].again_ms = 1000;
    as_acks_give_back(t->acks, &t->deliveries[0]);
    (void) fake_answer(t->w.fake, 403, denied);
    worker_run(&t->w, 10);
    assert_false(t->w.worker.sqs.down);

    as_acks_delete(t->acks, &t->deliveries[1]);
    (void) fake_answer(t->w.fake, 200, "{\"Successful\":[{\"Id\":\"0\"}]}");
    worker_run(&t->w, 10);
    assert_int_equal(t->removed[1], 1);

    for (i = 0; i < 5; i++) {
        (void) fake_answer(t->w.fake, 403, denied);
    }
    worker_run(&t->w, 30000);
    assert_int_equal(t->removed[0], -1);
    assert_int_equal(worker_said(&t->w, "unreachable"), 1);
    assert_int_equal(worker_said(&t->w, "message m0 cannot be returned to the "
                                 "queue"), 1);
}


static void
the_delete_waits_for_the_extension(void **state)
{
    test_t  *t = *state;

    as_acks_extend(t->acks, &t->deliveries[0]);
    worker_run(&t->w, 10);
    as_acks_delete(t->acks, &t->deliveries[0]);
    worker_run(&t->w, 10);
    assert_int_equal(t->w.fake->ncalls, 1);

    (void) fake_answer(t->w.fake, 200, "{\"Successful\":[{\"Id\":\"0\"}]}");
    (void) fake_answer(t->w.fake, 200, "{\"Successful\":[{\"Id\":\"0\"}]}");
    worker_run(&t->w, 10);
    assert_int_equal(t->w.fake->ncalls, 2);
    assert_int_equal(t->removed[0], 1);
    assert_true(t->deliveries[0].visible_at > t->deliveries[0].received_at);
}


/* A message whose call is not sent yet delays no other. */
static void
the_delete_drops_an_extension(void **state)
{
    test_t  *t = *state;

    as_acks_extend(t->acks, &t->deliveries[0]);
    (void) fake_answer(t->w.fake, 403, "{\"__type\":\"AccessDenied\"}");
    worker_run(&t->w, 10);
    as_acks_extend(t->acks, &t->deliveries[0]);
    as_acks_extend(t->acks, &t->deliveries[1]);
    as_acks_delete(t->acks, &t->deliveries[1]);
    (void) fake_answer(t->w.fake, 200, "{\"Successful\":[{\"Id\":\"0\"}]}");
    worker_run(&t->w, 10);
    assert_int_equal(t->removed[1], 1);
    assert_true(t->deliveries[0].extending);

    (void) fake_answer(t->w.fake, 200, "{\"Successful\":[{\"Id\":\"0\"}]}");
    worker_run(&t->w, 1000);
    assert_int_equal(t->w.fake->ncalls, 3);
    assert_non_null(strstr(t->w.fake->calls[2].body, "\"m0\""));
    assert_null(strstr(t->w.fake->calls[2].body, "\"m1\""));
}


/* SQS limits the visibility timeout to 43,200 s after the receive. */
static void
not_longer_than_sqs_allows(void **state)
{
    test_t  *t = *state;

    t->deliveries[0].again_ms = 24 * HOURS;
    t->deliveries[1].again_ms = 24 * HOURS;
    t->deliveries[1].received_at -= 11 * HOURS;
    t->deliveries[2].again_ms = 5000;
    t->deliveries[2].received_at -= 13 * HOURS;
    as_acks_give_back(t->acks, &t->deliveries[0]);
    as_acks_give_back(t->acks, &t->deliveries[1]);
    as_acks_give_back(t->acks, &t->deliveries[2]);
    worker_run(&t->w, 10);

    assert_non_null(strstr(t->w.fake->calls[0].body,
                           "\"Id\":\"0\",\"VisibilityTimeout\":43170,"));
    assert_non_null(strstr(t->w.fake->calls[0].body,
                           "\"Id\":\"1\",\"VisibilityTimeout\":3570,"));
    assert_non_null(strstr(t->w.fake->calls[0].body,
                           "\"Id\":\"2\",\"VisibilityTimeout\":0,"));
}


/* A message with a group on a standard queue. */
static void
attribute(as_delivery_t *delivery, const char *name)
{
    as_delivery_attribute_t  *a;

    a = &delivery->attributes[delivery->nattributes++];
    a->name = (char *) name;
    a->type = (char *) "String";
    a->value = (char *) "v";
}


/* A message group on a standard queue (fair queues) goes on; only a FIFO
 * queue takes a de-duplication id. */
static void
a_dead_letter_of_a_group(void **state)
{
    test_t  *t = *state;

    t->deliveries[0].group_id = (char *) "tenant";
    as_acks_dead_letter(t->acks, &t->deliveries[0]);
    (void) fake_answer(t->w.fake, 200, "{\"Successful\":[{\"Id\":\"0\"}]}");
    worker_run(&t->w, 10);
    assert_int_equal(t->removed[0], 1);
    assert_non_null(strstr(t->w.fake->calls[0].body,
                           "\"MessageGroupId\":\"tenant\""));
    assert_null(strstr(t->w.fake->calls[0].body, "MessageDeduplicationId"));

    t->w.settings.dlq_url = "https://sqs.eu-west-1.amazonaws.com/1/d.fifo";
    t->deliveries[1].group_id = (char *) "tenant";
    as_acks_dead_letter(t->acks, &t->deliveries[1]);
    as_acks_dead_letter(t->acks, &t->deliveries[2]);
    (void) fake_answer(t->w.fake, 200, "{\"Successful\":[{\"Id\":\"0\"}]}");
    (void) fake_answer(t->w.fake, 200, "{\"Successful\":[{\"Id\":\"0\"}]}");
    worker_run(&t->w, 10);
    assert_non_null(strstr(t->w.fake->calls[1].body,
                           "\"MessageDeduplicationId\":\"m1\""));
    assert_non_null(strstr(t->w.fake->calls[2].body, "\"MessageGroupId\""));
}


/* The worker's attributes first, then the message's, up to SQS's
 * limit of ten. */
static void
attributes_of_a_dead_letter(void **state)
{
    int       i, n;
    char     *p;
    test_t   *t = *state;

    static const char *const  names[] = {
        "a", "b", "c", "d", "e", "MessageAttributeProductId",
        "MessageAttributeProductCnt", "MessageAttributeOrderId",
        "MessageAttributeFactoryId", "MessageAttributeRequester"
    };

    for (i = 0; i < 10; i++) {
        attribute(&t->deliveries[0], names[i]);
    }

    as_acks_dead_letter(t->acks, &t->deliveries[0]);
    (void) fake_answer(t->w.fake, 200, "{\"Successful\":[{\"Id\":\"0\"}]}");
    worker_run(&t->w, 10);

    for (i = 5; i < 10; i++) {
        assert_non_null(strstr(t->w.fake->calls[0].body, names[i]));
    }

    for (n = 0, p = t->w.fake->calls[0].body;
         (p = strstr(p, "\"DataType\"")) != NULL; p++)
    {
        n++;
    }
    assert_int_equal(n, 10);
    assert_non_null(strstr(t->w.fake->calls[0].body, "AutostockReason"));
    assert_non_null(strstr(t->w.fake->calls[0].body, "\"a\":"));
}


/* Too large with the worker's attributes, or refused because of its own: the
 * message is sent unchanged. */
static void
a_dead_letter_that_is_refused(void **state)
{
    test_t  *t = *state;

    static const char  refused[] = "{\"Failed\":[{\"Id\":\"0\",\"Code\":"
                                   "\"InvalidParameterValue\",\"Message\":"
                                   "\"too long\"}]}";

    t->deliveries[0].group_id = (char *) "tenant";
    attribute(&t->deliveries[0], "a");
    as_acks_dead_letter(t->acks, &t->deliveries[0]);
    (void) fake_answer(t->w.fake, 200, refused);
    (void) fake_answer(t->w.fake, 200, "{\"Successful\":[{\"Id\":\"0\"}]}");
    worker_run(&t->w, 10);
    assert_int_equal(t->removed[0], 1);
    assert_int_equal(t->w.fake->ncalls, 2);
    assert_null(strstr(t->w.fake->calls[1].body, "Autostock"));
    assert_null(strstr(t->w.fake->calls[1].body, "MessageGroupId"));
    assert_non_null(strstr(t->w.fake->calls[1].body, "\"a\":"));

    as_acks_dead_letter(t->acks, &t->deliveries[1]);
    (void) fake_answer(t->w.fake, 200, refused);
    (void) fake_answer(t->w.fake, 400, "{\"__type\":\"BatchRequestTooLong\"}");
    worker_run(&t->w, 1000);
    assert_int_equal(t->removed[1], -1);
    assert_int_equal(t->w.fake->ncalls, 4);
    assert_int_equal(worker_said(&t->w, "m1 cannot be moved"), 1);
}


/* A call cannot be sent from this host: the same as an outage of SQS. */
static void
no_call_can_be_sent(void **state)
{
    test_t  *t = *state;

    t->w.fake->refuse = true;
    as_acks_delete(t->acks, &t->deliveries[0]);
    as_acks_dead_letter(t->acks, &t->deliveries[1]);
    worker_run(&t->w, 100);
    assert_true(t->w.worker.sqs.down);
    assert_int_equal(t->removed[0], 0);
    assert_int_equal(t->removed[1], 0);

    t->w.fake->refuse = false;
    (void) fake_answer(t->w.fake, 200, "{\"Successful\":[{\"Id\":\"0\"}]}");
    (void) fake_answer(t->w.fake, 200, "{\"Successful\":[{\"Id\":\"0\"}]}");
    worker_run(&t->w, 1000);
    assert_int_equal(t->removed[0], 1);
    assert_int_equal(t->removed[1], 1);
    assert_false(t->deliveries[1].bare);
}


/* A message without an order is logged by its own id. */
static void
message_without_an_order(void **state)
{
    test_t  *t = *state;

    t->deliveries[0].opens = true;
    as_acks_delete(t->acks, &t->deliveries[0]);
    (void) fake_answer(t->w.fake, 200, "{\"Failed\":[{\"Id\":\"0\",\"Code\":"
                       "\"ReceiptHandleIsInvalid\",\"Message\":\"old\"}]}");
    worker_run(&t->w, 10);
    assert_int_equal(t->removed[0], -1);
    assert_int_equal(worker_said(&t->w, "message m0 cannot be deleted"), 1);
    assert_int_equal(worker_said(&t->w, "order="), 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(each_entry_has_its_own_end, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_entry_that_is_never_told, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(out_of_reach, setup, teardown),
        cmocka_unit_test_setup_teardown(one_kind_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_delete_waits_for_the_extension,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(the_delete_drops_an_extension,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(not_longer_than_sqs_allows, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_dead_letter_of_a_group, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(attributes_of_a_dead_letter, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_dead_letter_that_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(no_call_can_be_sent, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(message_without_an_order, setup,
                                        teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
