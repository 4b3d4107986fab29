/*
 * SNS: the form of requests, and the XML of responses.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aws/sns.h"
#include "fake_aws.h"


#define TOPIC  "arn:aws:sns:eu-west-1:1:t"
#define NS     " xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\""


typedef struct {
    fake_t           *fake;
    as_aws_t         *aws;
    bool              failed;
    as_aws_error_t    err;
    size_t            n;
    char              text[1024];
    as_aws_class_e    class[10];
    char              ids[10][32];
    char              next[64];
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
    t->failed = err != NULL;

    if (err != NULL) {
        t->err = *err;
    }
}


static void
text(void *data, const as_aws_error_t *err, const char *value)
{
    test_t  *t = data;

    note(t, err);
    (void) snprintf(t->text, sizeof(t->text), "%s", value);
}


static void
batch(void *data, const as_aws_error_t *err, const as_sqs_result_t *results,
    size_t n)
{
    size_t   i;
    test_t  *t = data;

    note(t, err);
    t->n = n;

    for (i = 0; i < n; i++) {
        t->class[i] = results[i].class;
        (void) snprintf(t->ids[i], sizeof(t->ids[i]), "%s",
                        results[i].class == AS_AWS_OK
                        ? results[i].message_id : results[i].code);
    }
}


static void
pairs(void *data, const as_aws_error_t *err, const as_sqs_pair_t *list,
    size_t n)
{
    test_t      *t = data;
    const char  *value;

    note(t, err);
    t->n = n;
    value = as_sqs_pair(list, n, "Policy");
    (void) snprintf(t->text, sizeof(t->text), "%s", value ? value : "");
}


static void
subscriptions(void *data, const as_aws_error_t *err,
    const as_sns_subscription_t *list, size_t n, const char *next)
{
    size_t   i;
    test_t  *t = data;

    note(t, err);
    t->n = n;
    t->text[0] = '\0';

    for (i = 0; i < n; i++) {
        (void) snprintf(t->text + strlen(t->text),
                        sizeof(t->text) - strlen(t->text), "%s|%s|%s;",
                        list[i].arn, list[i].protocol, list[i].endpoint);
    }

    (void) snprintf(t->next, sizeof(t->next), "%s", next ? next : "");
}


#define ENTRY  "&PublishBatchRequestEntries.member.1."

static void
test_publish(void **state)
{
    test_t              *t = *state;
    as_sns_attribute_t   a[2] = { { "Cnt", "10" }, { "Who", "a&b=c" } };
    as_sns_publish_t     m = { "\xeb\x8f\x84", "x \n+", "g", "d", a, 2 };

    (void) fake_answer(t->fake, 200, "<PublishBatchResponse" NS ">"
        "<PublishBatchResult><Successful><member><MessageId>id-1</MessageId>"
        "<Id>0</Id><SequenceNumber>7</SequenceNumber></member></Successful>"
        "</PublishBatchResult><ResponseMetadata><RequestId>r</RequestId>"
        "</ResponseMetadata></PublishBatchResponse>");
    assert_non_null(as_sns_publish_batch(t->aws, TOPIC, &m, 1, batch, t));
    fake_run(t->fake);

    assert_false(t->failed);
    assert_string_equal(t->ids[0], "id-1");
    assert_string_equal(t->fake->calls[0].body,
        "Action=PublishBatch&Version=2010-03-31"
        "&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A1%3At"
        ENTRY "Id=0" ENTRY "Message=x%20%0A%2B" ENTRY "Subject=%EB%8F%84"
        ENTRY "MessageGroupId=g" ENTRY "MessageDeduplicationId=d"
        ENTRY "MessageAttributes.entry.1.Name=Cnt"
        ENTRY "MessageAttributes.entry.1.Value.DataType=String"
        ENTRY "MessageAttributes.entry.1.Value.StringValue=10"
        ENTRY "MessageAttributes.entry.2.Name=Who"
        ENTRY "MessageAttributes.entry.2.Value.DataType=String"
        ENTRY "MessageAttributes.entry.2.Value.StringValue=a%26b%3Dc");
}


static void
test_publish_batch(void **state)
{
    test_t            *t = *state;
    as_sns_publish_t   m[3];

    memset(m, 0, sizeof(m));
    m[0].message = "a";
    m[1].message = "b";
    m[2].message = "c";

    (void) fake_answer(t->fake, 200, "<PublishBatchResponse" NS ">"
        "<PublishBatchResult><Failed><member><Code>InternalError</Code>"
        "<Message>m</Message><Id>1</Id><SenderFault>false</SenderFault>"
        "</member></Failed><Successful><member><MessageId>id-0</MessageId>"
        "<Id>0</Id></member></Successful></PublishBatchResult>"
        "</PublishBatchResponse>");
    assert_non_null(as_sns_publish_batch(t->aws, TOPIC, m, 3, batch, t));
    fake_run(t->fake);

    assert_int_equal(t->n, 3);
    assert_int_equal(t->class[0], AS_AWS_OK);
    assert_string_equal(t->ids[0], "id-0");
    assert_int_equal(t->class[1], AS_AWS_RETRY);
    assert_string_equal(t->ids[1], "InternalError");
    assert_int_equal(t->class[2], AS_AWS_RETRY);
    assert_string_equal(t->ids[2], "NotTold");
    assert_non_null(strstr(t->fake->calls[0].body,
        "&PublishBatchRequestEntries.member.2.Id=1"
        "&PublishBatchRequestEntries.member.2.Message=b"
        "&PublishBatchRequestEntries.member.3.Id=2"));

    errno = 0;
    assert_null(as_sns_publish_batch(t->aws, TOPIC, m, 0, batch, t));
    assert_int_equal(errno, EINVAL);
}


static void
test_garbled(void **state)
{
    size_t            i;
    test_t           *t = *state;
    as_sns_publish_t  m;

    static const char *const  bodies[] = {
        "", "{}", "<CreateTopicResponse>", "<a></b>",
        "<CreateTopicResponse><CreateTopicResult/></CreateTopicResponse>",
        "<!DOCTYPE x><CreateTopicResponse><CreateTopicResult><TopicArn>1"
        "</TopicArn></CreateTopicResult></CreateTopicResponse>",
        "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>",
        "<CreateTopicResult>\xff</CreateTopicResult>"
    };

    memset(&m, 0, sizeof(m));
    m.message = "a";

    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        (void) fake_answer(t->fake, 200, bodies[i]);
        assert_non_null(as_sns_create_topic(t->aws, "t", text, t));
        fake_run(t->fake);
        assert_true(t->failed);
        assert_int_equal(t->err.class, AS_AWS_RETRY);
        assert_true(t->err.maybe_done);
        assert_string_equal(t->text, "");
    }

    (void) fake_answer(t->fake, 200, "<x>");
    assert_non_null(as_sns_publish_batch(t->aws, TOPIC, &m, 1, batch, t));
    fake_run(t->fake);
    assert_true(t->failed);
    assert_int_equal(t->n, 0);
}


static void
test_attributes(void **state)
{
    test_t  *t = *state;

    (void) fake_answer(t->fake, 200, "<GetTopicAttributesResponse" NS ">"
        "<GetTopicAttributesResult><Attributes><entry><key>Policy</key>"
        "<value>{&quot;a&quot;:1}</value></entry><entry><key>DisplayName"
        "</key><value/></entry></Attributes></GetTopicAttributesResult>"
        "</GetTopicAttributesResponse>");
    assert_non_null(as_sns_topic_attributes(t->aws, TOPIC, pairs, t));
    fake_run(t->fake);
    assert_false(t->failed);
    assert_int_equal(t->n, 2);
    assert_string_equal(t->text, "{\"a\":1}");
}


static void
test_subscriptions(void **state)
{
    test_t  *t = *state;

    (void) fake_answer(t->fake, 200, "<R" NS "><ListSubscriptionsByTopic"
        "Result><Subscriptions><member><Owner>1</Owner><Endpoint>e1"
        "</Endpoint><SubscriptionArn>a1</SubscriptionArn><Protocol>sqs"
        "</Protocol></member><member><Endpoint>e2</Endpoint>"
        "<SubscriptionArn>a2</SubscriptionArn><Protocol>https</Protocol>"
        "</member></Subscriptions><NextToken>n+1</NextToken>"
        "</ListSubscriptionsByTopicResult></R>");
    (void) fake_answer(t->fake, 200, "<R" NS "><ListSubscriptionsByTopic"
        "Result><Subscriptions/></ListSubscriptionsByTopicResult></R>");
    assert_non_null(as_sns_subscriptions(t->aws, TOPIC, NULL, subscriptions,
                                         t));
    fake_run(t->fake);
    assert_string_equal(t->text, "a1|sqs|e1;a2|https|e2;");
    assert_string_equal(t->next, "n+1");

    assert_non_null(as_sns_subscriptions(t->aws, TOPIC, "n+1", subscriptions,
                                         t));
    fake_run(t->fake);
    assert_int_equal(t->n, 0);
    assert_string_equal(t->next, "");
    assert_non_null(strstr(t->fake->calls[1].body, "&NextToken=n%2B1"));
}


static void
test_fifo_topic(void **state)
{
    test_t  *t = *state;

    (void) fake_answer(t->fake, 200, "<R><CreateTopicResult><TopicArn>a"
                       "</TopicArn></CreateTopicResult></R>");
    assert_non_null(as_sns_create_topic(t->aws, "x.fifo", text, t));
    fake_run(t->fake);
    assert_string_equal(t->text, "a");
    assert_non_null(strstr(t->fake->calls[0].body, "&Name=x.fifo"
        "&Attributes.entry.1.key=FifoTopic&Attributes.entry.1.value=true"));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_publish, setup, teardown),
        cmocka_unit_test_setup_teardown(test_publish_batch, setup, teardown),
        cmocka_unit_test_setup_teardown(test_garbled, setup, teardown),
        cmocka_unit_test_setup_teardown(test_attributes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_subscriptions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fifo_topic, setup, teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
