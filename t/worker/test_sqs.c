/*
 * SQS: requests, and the parsing of responses.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "aws/sqs.h"
#include "fake_aws.h"


#define QUEUE  "https://sqs.eu-west-1.amazonaws.com/1/q"


typedef struct {
    fake_t           *fake;
    as_aws_t         *aws;
    int               told;
    bool              failed;
    as_aws_error_t    err;
    size_t            n;
    as_sqs_message_t  messages[AS_SQS_BATCH_MAX];
    char              body[256];
    char              attribute[64];
    char              all[256];
    as_sqs_result_t   results[AS_SQS_BATCH_MAX];
    char              text[256];
} test_t;


static int
setup(void **state)
{
    test_t  *t;

    t = calloc(1, sizeof(test_t));
    t->fake = fake_create();
    t->aws = fake_aws_create(t->fake);
    *state = t;

    return 0;
}


static int
teardown(void **state)
{
    test_t  *t = *state;

    as_aws_destroy(t->aws);
    fake_destroy(t->fake);
    free(t);

    return 0;
}


static void
note(test_t *t, const as_aws_error_t *err)
{
    t->told++;
    t->failed = err != NULL;

    if (err != NULL) {
        t->err = *err;
    }
}


static void
all(void *data, const char *name, const char *type, const char *value)
{
    test_t  *t = data;

    (void) snprintf(t->all + strlen(t->all),
                    sizeof(t->all) - strlen(t->all), "%s:%s:%s;", name, type,
                    value);
}


static void
received(void *data, const as_aws_error_t *err,
    const as_sqs_message_t *messages, size_t n)
{
    test_t      *t = data;
    const char  *value;

    note(t, err);
    t->n = n;
    memcpy(t->messages, messages, n * sizeof(as_sqs_message_t));

    if (n > 0) {
        (void) snprintf(t->body, sizeof(t->body), "%s", messages[0].body);
        value = as_sqs_answer_attribute(&messages[0],
                                        "MessageAttributeOrderId");
        (void) snprintf(t->attribute, sizeof(t->attribute), "%s",
                        value ? value : "");
        as_sqs_answer_attributes(&messages[0], all, t);
    }
}


static void
batch(void *data, const as_aws_error_t *err, const as_sqs_result_t *results,
    size_t n)
{
    test_t  *t = data;

    note(t, err);
    t->n = n;
    memcpy(t->results, results, n * sizeof(as_sqs_result_t));
}


static void
text(void *data, const as_aws_error_t *err, const char *value)
{
    test_t  *t = data;

    note(t, err);
    (void) snprintf(t->text, sizeof(t->text), "%s", value);
}


static void
receive_with(test_t *t, as_http_error_e error, const char *answer)
{
    as_sqs_receive_t  rq = { QUEUE, 10, 20, 30 };

    fake_answer(t->fake, 200, answer)->error = error;
    assert_non_null(as_sqs_receive(t->aws, &rq, received, t));
    fake_run(t->fake);
}


static void
receive(test_t *t, const char *answer)
{
    receive_with(t, AS_HTTP_OK, answer);
}


/* The body of call n must be JSON that equals the expected one. */
static void
assert_body(test_t *t, size_t n, const char *expected)
{
    json_t  *got, *want;

    got = json_loads(t->fake->calls[n].body, 0, NULL);
    want = json_loads(expected, 0, NULL);
    assert_non_null(want);

    if (!json_equal(got, want)) {
        print_error("body: %s\n", t->fake->calls[n].body);
    }

    assert_true(json_equal(got, want));
    json_decref(got);
    json_decref(want);
}


static void
test_receive(void **state)
{
    test_t  *t = *state;

    receive(t, "{\"Messages\":[{\"MessageId\":\"m1\",\"ReceiptHandle\":"
            "\"r1\",\"Body\":\"\\ub3c4 \\\"x\\\"\",\"Attributes\":{"
            "\"ApproximateReceiveCount\":\"3\",\"SentTimestamp\":"
            "\"1440938160123\",\"MessageGroupId\":\"g\"},"
            "\"MessageAttributes\":{\"MessageAttributeOrderId\":{"
            "\"DataType\":\"String\",\"StringValue\":\"o1\"},\"B\":{"
            "\"DataType\":\"Binary\",\"BinaryValue\":\"aGk=\"}}},"
            "{\"MessageId\":\"no receipt\"}]}");

    assert_false(t->failed);
    assert_int_equal(t->n, 1);
    assert_string_equal(t->body, "\xeb\x8f\x84 \"x\"");
    assert_int_equal(t->messages[0].receive_count, 3);
    assert_true(t->messages[0].sent_ms == 1440938160123);
    assert_string_equal(t->attribute, "o1");
    assert_string_equal(t->all, "MessageAttributeOrderId:String:o1;"
                        "B:Binary:aGk=;");

    assert_body(t, 0, "{\"QueueUrl\":\"" QUEUE "\",\"MaxNumberOfMessages\":"
                "10,\"WaitTimeSeconds\":20,\"VisibilityTimeout\":30,"
                "\"AttributeNames\":[\"All\"],"
                "\"MessageSystemAttributeNames\":[\"All\"],"
                "\"MessageAttributeNames\":[\"All\"]}");

    /* The call's time-out must be longer than the long poll. */
    assert_true(t->fake->calls[0].timeout_ms > 20000);
}


static void
test_receive_nothing(void **state)
{
    size_t   i;
    test_t  *t = *state;

    static const char *const  bodies[] = {
        "{}", "{\"Messages\":[]}", "{\"Messages\":null}"
    };

    for (i = 0; i < 3; i++) {
        receive(t, bodies[i]);
        assert_false(t->failed);
        assert_int_equal(t->n, 0);
    }
}


/* After an invalid message, or in a truncated response, the other messages are
 * returned. */
static void
test_receive_partly(void **state)
{
    size_t   i;
    test_t  *t = *state;

    static const char *const  bodies[] = {
        "{\"Messages\":[{\"ReceiptHandle\":\"1\",\"Body\":\"\xff\"},"
        "{\"ReceiptHandle\":\"2\",\"Body\":\"a\"}]}",
        " { \"Messages\" : [ {\"ReceiptHandle\":\"1\",\"Body\":\"a\","
        "\"Attributes\":{}} , {\"ReceiptHandle\":\"2\",\"Body\":"
        "\"\\u0000\"} ] }",
        "{\"Messages\":[{\"ReceiptHandle\":\"\xc3\"},{\"ReceiptHandle\":"
        "\"2\",\"Body\":\"a\"}],\"x\":1}",
        "{\"Messages\":[{\"ReceiptHandle\":\"]}\\\"{\",\"Body\":\"a\"},"
        "{\"ReceiptHandle\":\"2\",\"Body\":\"half"
    };

    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        receive(t, bodies[i]);
        assert_true(t->failed);
        assert_string_equal(t->err.code, AS_SQS_PARTLY);
        assert_string_equal(t->err.message, "1 of 2 messages cannot be read: "
                            "not UTF-8, or truncated");
        assert_int_equal(t->n, 1);
        assert_string_equal(t->body, "a");
    }

    /* ten of the largest messages are no error */
    assert_true(t->fake->calls[0].max_answer > 11 * 1024 * 1024);

    receive_with(t, AS_HTTP_TOO_LARGE, "{\"Messages\":[{\"ReceiptHandle\":"
                 "\"1\",\"Body\":\"b\"},{\"Rec");
    assert_int_equal(t->err.http_error, AS_HTTP_TOO_LARGE);
    assert_int_equal(t->n, 1);
    assert_string_equal(t->body, "b");
}


static void
test_receive_garbled(void **state)
{
    size_t   i;
    test_t  *t = *state;

    static const char *const  bodies[] = {
        "", "[]", "{\"Messages\":[", "<html>", "\"x\""
    };

    for (i = 0; i < 5; i++) {
        receive(t, bodies[i]);
        assert_true(t->failed);
        assert_int_equal(t->err.class, AS_AWS_RETRY);
        assert_int_equal(t->n, 0);
    }

    receive(t, "{\"Messages\":{\"a\":1}}");
    assert_int_equal(t->n, 0);
    receive(t, "{\"Messages\":[1,null,{\"ReceiptHandle\":5}]}");
    assert_int_equal(t->n, 0);

    /* More messages than were requested do not overflow the array. */
    receive(t, "{\"Messages\":[{\"ReceiptHandle\":\"1\"},{\"ReceiptHandle\":"
            "\"2\"},{\"ReceiptHandle\":\"3\"},{\"ReceiptHandle\":\"4\"},"
            "{\"ReceiptHandle\":\"5\"},{\"ReceiptHandle\":\"6\"},"
            "{\"ReceiptHandle\":\"7\"},{\"ReceiptHandle\":\"8\"},"
            "{\"ReceiptHandle\":\"9\"},{\"ReceiptHandle\":\"10\"},"
            "{\"ReceiptHandle\":\"11\"}]}");
    assert_int_equal(t->n, 10);
    assert_int_equal(t->messages[0].receive_count, 1);
}


static void
test_partial_batch(void **state)
{
    test_t      *t = *state;
    const char  *receipts[3] = { "a\"", "b", "c" };

    (void) fake_answer(t->fake, 200, "{\"Successful\":[{\"Id\":\"2\"}],"
                       "\"Failed\":[{\"Id\":\"0\",\"SenderFault\":true,"
                       "\"Code\":\"ReceiptHandleIsInvalid\",\"Message\":"
                       "\"m\"},{\"Id\":\"9\",\"Code\":\"x\"},"
                       "{\"Id\":\"00\"},{}]}");
    assert_non_null(as_sqs_delete_batch(t->aws, QUEUE, receipts, 3, batch,
                                        t));
    fake_run(t->fake);

    assert_int_equal(t->n, 3);
    assert_int_equal(t->results[0].class, AS_AWS_PERMANENT);
    assert_int_equal(t->results[1].class, AS_AWS_RETRY);
    assert_int_equal(t->results[2].class, AS_AWS_OK);
    assert_body(t, 0, "{\"QueueUrl\":\"" QUEUE "\",\"Entries\":["
                "{\"Id\":\"0\",\"ReceiptHandle\":\"a\\\"\"},"
                "{\"Id\":\"1\",\"ReceiptHandle\":\"b\"},"
                "{\"Id\":\"2\",\"ReceiptHandle\":\"c\"}]}");
}


static void
test_failed_entries(void **state)
{
    test_t              *t = *state;
    as_sqs_visibility_t  v[2] = { { "a", 0 }, { "b", 43200 } };

    (void) fake_answer(t->fake, 200, "{\"Failed\":[{\"Id\":\"0\",\"Code\":"
                       "\"InternalError\"},{\"Id\":\"1\",\"Code\":"
                       "\"RequestThrottled\"}]}");
    assert_non_null(as_sqs_visibility_batch(t->aws, QUEUE, v, 2, batch, t));
    fake_run(t->fake);
    assert_int_equal(t->results[0].class, AS_AWS_RETRY);
    assert_int_equal(t->results[1].class, AS_AWS_THROTTLED);
    assert_body(t, 0, "{\"QueueUrl\":\"" QUEUE "\",\"Entries\":["
                "{\"Id\":\"0\",\"VisibilityTimeout\":0,\"ReceiptHandle\":"
                "\"a\"},{\"Id\":\"1\",\"VisibilityTimeout\":43200,"
                "\"ReceiptHandle\":\"b\"}]}");

    (void) fake_error(t->fake, AS_HTTP_LOST);
    assert_non_null(as_sqs_visibility_batch(t->aws, QUEUE, v, 2, batch, t));
    fake_run(t->fake);
    assert_true(t->failed);
    assert_int_equal(t->n, 0);
}


static void
test_send(void **state)
{
    test_t                   *t = *state;
    as_sqs_send_attribute_t   a[2] = {
        { "reason", NULL, "\xec\x9d\xb4\xec\x9c\xa0" },
        { "raw", "Binary", "aGk=" }
    };
    as_sqs_send_t             m[2] = {
        { "one\n", 0, "g", "d", a, 2 },
        { "two", 900, NULL, NULL, NULL, 0 }
    };

    (void) fake_answer(t->fake, 200, "{\"MessageId\":\"id-1\"}");
    assert_non_null(as_sqs_send(t->aws, QUEUE, m, text, t));
    fake_run(t->fake);
    assert_string_equal(t->text, "id-1");
    assert_body(t, 0, "{\"QueueUrl\":\"" QUEUE "\",\"MessageBody\":"
                "\"one\\n\",\"MessageGroupId\":\"g\","
                "\"MessageDeduplicationId\":\"d\",\"MessageAttributes\":{"
                "\"reason\":{\"DataType\":\"String\",\"StringValue\":"
                "\"\\uc774\\uc720\"},\"raw\":{\"DataType\":\"Binary\","
                "\"BinaryValue\":\"aGk=\"}}}");

    (void) fake_answer(t->fake, 200, "{\"Successful\":[{\"Id\":\"0\","
                       "\"MessageId\":\"x\"},{\"Id\":\"1\",\"MessageId\":"
                       "\"y\"}]}");
    assert_non_null(as_sqs_send_batch(t->aws, QUEUE, m, 2, batch, t));
    fake_run(t->fake);
    assert_int_equal(t->results[1].class, AS_AWS_OK);
    assert_string_equal(fake_header(t->fake, 1, "X-Amz-Target"),
                        "AmazonSQS.SendMessageBatch");
}


static void
test_text_that_is_missing(void **state)
{
    test_t  *t = *state;

    (void) fake_answer(t->fake, 200, "{}");
    assert_non_null(as_sqs_queue_url(t->aws, "q", text, t));
    fake_run(t->fake);
    assert_true(t->failed);

    /* A response without members is correct for a call without a result. */
    (void) fake_answer(t->fake, 200, "");
    assert_non_null(as_sqs_delete(t->aws, QUEUE, "r", text, t));
    fake_run(t->fake);
    assert_false(t->failed);
}


static void
test_ranges(void **state)
{
    test_t            *t = *state;
    const char        *receipts[11] = { "a" };
    as_sqs_receive_t   rq = { QUEUE, 11, 20, -1 };

    errno = 0;
    assert_null(as_sqs_receive(t->aws, &rq, received, t));
    assert_int_equal(errno, EINVAL);
    rq.max = 10;
    rq.wait_s = 21;
    assert_null(as_sqs_receive(t->aws, &rq, received, t));
    assert_null(as_sqs_delete_batch(t->aws, QUEUE, receipts, 0, batch, t));
    assert_null(as_sqs_delete_batch(t->aws, QUEUE, receipts, 11, batch, t));
    assert_int_equal(t->fake->ncalls, 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_receive, setup, teardown),
        cmocka_unit_test_setup_teardown(test_receive_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_receive_partly, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_receive_garbled, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_partial_batch, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failed_entries, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_send, setup, teardown),
        cmocka_unit_test_setup_teardown(test_text_that_is_missing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_ranges, setup, teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
