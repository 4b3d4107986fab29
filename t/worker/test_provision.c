/*
 * The wiring: policies, and the steps of provision.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aws/policy.h"
#include "cmd/provision.h"
#include "fake_aws.h"


#define TOPIC  "arn:aws:sns:eu-west-1:1:t"
#define QUEUE  "arn:aws:sqs:eu-west-1:1:q"
#define DLQ    "arn:aws:sqs:eu-west-1:1:d"
#define GONE   "{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\"}"
#define NOT_FOUND                                                             \
    "<ErrorResponse><Error><Code>NotFound</Code></Error></ErrorResponse>"
#define CALLER                                                                \
    "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::" \
    "1:assumed-role/r/s</Arn></GetCallerIdentityResult>"                     \
    "</GetCallerIdentityResponse>"
#define ALLOW(principal, action, resource, condition)                         \
    "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":" principal          \
    ",\"Action\":" action ",\"Resource\":\"" resource "\",\"Condition\":"     \
    condition "}]}"
#define SNS        "{\"Service\":\"sns.amazonaws.com\"}"
#define SEND       "\"sqs:SendMessage\""
#define FROM(arn)  "{\"ArnEquals\":{\"aws:SourceArn\":\"" arn "\"}}"


typedef struct {
    fake_t               *fake;
    as_aws_t             *aws;
    as_provision_conf_t   conf;
    char                 *report;
    size_t                size;
} test_t;


static int
setup(void **state)
{
    test_t  *t;

    t = calloc(1, sizeof(test_t));
    t->fake = fake_create();
    t->aws = fake_aws_create(t->fake);
    t->conf.topic_name = "t";
    t->conf.queue_name = "q";
    t->conf.dlq_name = "d";
    t->conf.stop_fd = -1;
    *state = t;

    return 0;
}


static int
teardown(void **state)
{
    test_t  *t = *state;

    as_aws_destroy(t->aws);
    fake_destroy(t->fake);
    free(t->report);
    free(t);

    return 0;
}


static int
provision(test_t *t)
{
    int    rc;
    FILE  *out;

    free(t->report);
    out = open_memstream(&t->report, &t->size);
    rc = as_provision(t->aws, &t->conf, out);
    (void) fclose(out);

    return rc;
}


static void
test_policy_allows(void **state)
{
    size_t  i;

    static const struct {
        bool         allows;
        const char  *policy;
    } rows[] = {
        { true, ALLOW(SNS, SEND, QUEUE, FROM(TOPIC)) },
        { true, ALLOW("\"*\"", "[\"sqs:ReceiveMessage\",\"SQS:*\"]", QUEUE,
                "{\"ArnLike\":{\"AWS:sourcearn\":[\"x\",\"" TOPIC "\"]}}") },
        { false, ALLOW(SNS, SEND, QUEUE, FROM("arn:aws:sns:eu-west-1:1:x")) },
        { false, ALLOW(SNS, SEND, DLQ, FROM(TOPIC)) },
        { false, ALLOW(SNS, "\"sqs:DeleteMessage\"", QUEUE, FROM(TOPIC)) },
        { false, ALLOW("{\"Service\":\"s3.amazonaws.com\"}", SEND, QUEUE,
                 FROM(TOPIC)) },
        { true, ALLOW(SNS, SEND, QUEUE, "{}") },
        { false, ALLOW(SNS, SEND, QUEUE, "{\"ArnNotEquals\":"
                 "{\"aws:SourceArn\":\"" TOPIC "\"}}") },
        { true, ALLOW(SNS, SEND, QUEUE, "{\"StringEquals\":"
                "{\"aws:SourceAccount\":\"1\"}}") },
        { false, "{\"Statement\":[{\"Effect\":\"Deny\"}]}" },
        { false, "{}" }, { false, "" }, { false, "nonsense" },
        { false, NULL }
    };

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (as_policy_judge_allows(rows[i].policy, QUEUE, TOPIC)
            != rows[i].allows)
        {
            print_error("policy %s\n", rows[i].policy);
        }

        assert_int_equal(as_policy_judge_allows(rows[i].policy, QUEUE, TOPIC),
                         rows[i].allows);
    }
}


static void
test_policy_add(void **state)
{
    char  *once, *twice, *other;

    (void) state;

    once = as_policy_add(NULL, QUEUE, TOPIC);
    assert_true(as_policy_judge_allows(once, QUEUE, TOPIC));

    /* Autostock's statement for another topic is replaced, other statements
     * stay. */
    other = as_policy_add("{\"Statement\":{\"Sid\":\"theirs\"}}", QUEUE,
                          "arn:aws:sns:eu-west-1:1:old");
    twice = as_policy_add(other, QUEUE, TOPIC);
    assert_true(as_policy_judge_allows(twice, QUEUE, TOPIC));
    assert_null(strstr(twice, ":old"));
    assert_non_null(strstr(twice, "theirs"));

    assert_null(as_policy_add("nonsense", QUEUE, TOPIC));
    free(once);
    free(twice);
    free(other);
}


static void
test_redrive(void **state)
{
    char      *policy;
    unsigned   n;

    (void) state;

    policy = as_policy_redrive_new(DLQ, 7);
    assert_true(as_policy_redrive(policy, DLQ, &n));
    assert_int_equal(n, 7);
    assert_false(as_policy_redrive(policy, QUEUE, &n));
    assert_int_equal(n, 0);
    free(policy);

    assert_true(as_policy_redrive("{\"deadLetterTargetArn\":\"" DLQ "\","
                                  "\"maxReceiveCount\":\"3\"}", DLQ, &n));
    assert_int_equal(n, 3);
    assert_false(as_policy_redrive(NULL, DLQ, &n));
    assert_false(as_policy_redrive("[]", DLQ, &n));
}


/* Everything is missing; a dry run creates nothing. */
static void
nothing_there(test_t *t, bool dry)
{
    (void) fake_answer(t->fake, 200, CALLER);
    (void) fake_answer(t->fake, 400, GONE);

    if (!dry) {
        (void) fake_answer(t->fake, 200, "{\"QueueUrl\":\"http://x/d\"}");
    }

    (void) fake_answer(t->fake, 404, NOT_FOUND);

    if (!dry) {
        (void) fake_answer(t->fake, 200, "<R><CreateTopicResult><TopicArn>"
                           TOPIC "</TopicArn></CreateTopicResult></R>");
    }

    (void) fake_answer(t->fake, 400, GONE);

    if (dry) {
        (void) fake_answer(t->fake, 404, NOT_FOUND);
        return;
    }

    (void) fake_answer(t->fake, 200, "{\"QueueUrl\":\"http://x/q\"}");
    (void) fake_answer(t->fake, 200, "<R><ListSubscriptionsByTopicResult>"
                       "<Subscriptions/></ListSubscriptionsByTopicResult>"
                       "</R>");
    (void) fake_answer(t->fake, 200, "<R><SubscribeResult><SubscriptionArn>"
                       "s</SubscriptionArn></SubscribeResult></R>");
}


static void
test_created(void **state)
{
    test_t  *t = *state;

    nothing_there(t, false);
    assert_int_equal(provision(t), 0);
    assert_int_equal(t->fake->ncalls, 9);
    assert_non_null(strstr(t->report, "queue q: created\n"));
    assert_non_null(strstr(t->report, "TOPIC_ARN=" TOPIC "\n"));
    assert_non_null(strstr(t->report, "DLQ_URL=http://x/d\n"));
    assert_non_null(strstr(t->fake->calls[6].body, "RedrivePolicy"));
    assert_non_null(strstr(t->fake->calls[6].body,
                           "\"VisibilityTimeout\":\"60\""));
    assert_non_null(strstr(t->fake->calls[2].body,
                           "\"MessageRetentionPeriod\":\"1209600\""));
}


static void
test_dry_run(void **state)
{
    test_t  *t = *state;

    t->conf.dry_run = true;
    nothing_there(t, true);
    assert_int_equal(provision(t), 1);
    assert_int_equal(t->fake->ncalls, 5);
    assert_non_null(strstr(t->report, "queue q: would be created\n"));
    assert_non_null(strstr(t->report, "\n4 would change; "));
    assert_null(strstr(t->report, ": created"));
}


/* Everything exists; raw delivery is set as requested. */
static void
all_there(test_t *t, const char *raw)
{
    static char  queue[2048], subscription[512];

    (void) snprintf(queue, sizeof(queue), "{\"Attributes\":{\"QueueArn\":\""
                    QUEUE "\",\"VisibilityTimeout\":\"45\","
                    "\"RedrivePolicy\":\"{\\\"deadLetterTargetArn\\\":\\\""
                    DLQ "\\\",\\\"maxReceiveCount\\\":9}\",\"Policy\":\""
                    "{\\\"Statement\\\":{\\\"Effect\\\":\\\"Allow\\\","
                    "\\\"Principal\\\":\\\"*\\\",\\\"Action\\\":\\\""
                    "sqs:SendMessage\\\",\\\"Resource\\\":\\\"" QUEUE
                    "\\\",\\\"Condition\\\":{\\\"ArnEquals\\\":{\\\""
                    "aws:SourceArn\\\":\\\"" TOPIC "\\\"}}}}\"}}");
    (void) snprintf(subscription, sizeof(subscription), "<R><Attributes>"
                    "<entry><key>RawMessageDelivery</key><value>%s</value>"
                    "</entry></Attributes></R>", raw);

    (void) fake_answer(t->fake, 200, CALLER);
    (void) fake_answer(t->fake, 200, "{\"QueueUrl\":\"http://x/d\"}");
    (void) fake_answer(t->fake, 200, "{\"Attributes\":{\"QueueArn\":\"" DLQ
                       "\"}}");
    (void) fake_answer(t->fake, 200, "<R><Attributes/></R>");
    (void) fake_answer(t->fake, 200, "{\"QueueUrl\":\"http://x/q\"}");
    (void) fake_answer(t->fake, 200, queue);
    (void) fake_answer(t->fake, 200, "<R><Subscriptions><member>"
                       "<SubscriptionArn>s</SubscriptionArn><Protocol>sqs"
                       "</Protocol><Endpoint>" QUEUE "</Endpoint></member>"
                       "</Subscriptions></R>");
    (void) fake_answer(t->fake, 200, subscription);
}


static void
test_twice_changes_nothing(void **state)
{
    test_t  *t = *state;

    all_there(t, "false");
    assert_int_equal(provision(t), 0);
    assert_int_equal(t->fake->ncalls, 8);
    assert_null(strstr(t->report, "changed"));
    assert_null(strstr(t->report, "created"));
}


static void
test_completed(void **state)
{
    test_t  *t = *state;

    t->conf.raw = true;
    all_there(t, "false");
    (void) fake_answer(t->fake, 200, "<R/>");
    assert_int_equal(provision(t), 0);
    assert_int_equal(t->fake->ncalls, 9);
    assert_non_null(strstr(t->fake->calls[8].body,
                           "&AttributeName=RawMessageDelivery"
                           "&AttributeValue=true"));
    assert_non_null(strstr(t->report, "subscription s: changed"));
}


static void
test_refused_by_aws(void **state)
{
    test_t  *t = *state;

    (void) fake_answer(t->fake, 200, CALLER);
    (void) fake_answer(t->fake, 400, "{\"__type\":\"AccessDeniedException\","
                       "\"message\":\"no\"}");
    t->conf.json = true;
    assert_int_equal(provision(t), 3);
    assert_non_null(strstr(t->report, "AccessDeniedException"));
    assert_non_null(strstr(t->report, "\"ok\": false"));
}


static void
test_throttled_then_done(void **state)
{
    test_t  *t = *state;

    (void) fake_answer(t->fake, 429, "");
    (void) fake_answer(t->fake, 500, "");
    all_there(t, "false");
    assert_int_equal(provision(t), 0);
    assert_int_equal(t->fake->ncalls, 10);
}


static void
test_usage(void **state)
{
    size_t   i;
    test_t  *t = *state;

    static const char *const  names[][3] = {
        { "t", "q", "q" }, { "t.fifo", "q", "d" }, { "t", "q", "" },
        { "t", "a b", "d" }, { "t/../x", "q", "d" }, { "t", NULL, "d" }
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        t->conf.topic_name = names[i][0];
        t->conf.queue_name = names[i][1];
        t->conf.dlq_name = names[i][2];
        assert_int_equal(provision(t), 2);
    }

    t->conf.queue_name = "q";
    t->conf.max_receive = 1001;
    assert_int_equal(provision(t), 2);
    assert_int_equal(t->fake->ncalls, 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_policy_allows),
        cmocka_unit_test(test_policy_add),
        cmocka_unit_test(test_redrive),
        cmocka_unit_test_setup_teardown(test_created, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dry_run, setup, teardown),
        cmocka_unit_test_setup_teardown(test_twice_changes_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_completed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused_by_aws, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_throttled_then_done, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_usage, setup, teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
