/*
 * provision with a refused step, with a queue that differs, and the command's
 * options.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/provision.h"
#include "command_fixture.h"


#define TOPIC  "arn:aws:sns:eu-west-1:1:t"
#define QUEUE  "arn:aws:sqs:eu-west-1:1:q"
#define DLQ    "arn:aws:sqs:eu-west-1:1:d"

#define RUN(...)  command_run(&as_command_provision, __VA_ARGS__, NULL)
#define DENIED                                                                \
    "{\"__type\":\"AccessDenied\",\"message\":\"no\"}"
#define DENIED_XML                                                            \
    "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message>"   \
    "</Error></ErrorResponse>"


/* The responses to a run where nothing exists: JSON of SQS, XML of
 * SNS and STS. */
static const struct {
    const char  *kind;                 /* of the step, as it is reported */
    bool         xml;
    int          status;
    const char  *body;
} missing[] = {
    { "credentials", true, 200, "<R><GetCallerIdentityResult><Arn>arn:aws:"
      "sts::1:assumed-role/r/s</Arn></GetCallerIdentityResult></R>" },
    { "dead-letter queue", false, 400,
      "{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\"}" },
    { "dead-letter queue", false, 200, "{\"QueueUrl\":\"http://x/d\"}" },
    { "topic", true, 404, "<ErrorResponse><Error><Code>NotFound</Code></Error>"
      "</ErrorResponse>" },
    { "topic", true, 200, "<R><CreateTopicResult><TopicArn>" TOPIC
      "</TopicArn></CreateTopicResult></R>" },
    { "queue", false, 400,
      "{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\"}" },
    { "queue", false, 200, "{\"QueueUrl\":\"http://x/q\"}" },
    { "subscription", true, 200, "<R><Subscriptions/></R>" },
    { "subscription", true, 200, "<R><SubscribeResult><SubscriptionArn>s"
      "</SubscriptionArn></SubscribeResult></R>" }
};

#define MISSING  (sizeof(missing) / sizeof(missing[0]))


/* The calls of a run, and the queue's attributes in one that is there. */
static void
answers(size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        (void) fake_answer(command.fake, missing[i].status, missing[i].body);
    }
}


/* A refusal ends the run: what was created before stays, and is reported. */
static void
a_step_is_refused(void **state)
{
    size_t  i, before;

    (void) state;

    for (i = 0; i < MISSING; i++) {
        before = command.fake->ncalls;
        answers(i);
        (void) fake_answer(command.fake, 403, missing[i].xml ? DENIED_XML
                                                             : DENIED);
        assert_int_equal(RUN(NULL), AS_EXIT_REACH);
        assert_int_equal(command.fake->ncalls - before, i + 1);

        if (i > 0) {
            command_wrote(missing[i].kind);
        }
        command_wrote("failed: AccessDenied: no");

        if (i > 2) {
            command_wrote("dead-letter queue d: created\n");
        }
    }
}


/* Only attributes that differ from the requested ones are set. */
static void
a_queue_differs(void **state)
{
    size_t                 i;
    char                   queue[2000];
    const as_http_call_t  *set;

    static const struct {
        const char  *option[2];
        const char  *visibility;
        const char  *redrive;
        const char  *policy;
        const char  *changed;          /* NULL: nothing is */
    } cases[] = {
        { { NULL, NULL }, "60", DLQ, TOPIC, NULL },
        { { "--visibility", "60" }, "60", DLQ, TOPIC, NULL },
        { { "--visibility", "90" }, "60", DLQ, TOPIC, "VisibilityTimeout" },
        { { "--max-receive", "5" }, "60", DLQ, TOPIC, NULL },
        { { "--max-receive", "9" }, "60", DLQ, TOPIC, "RedrivePolicy" },
        { { NULL, NULL }, "60", QUEUE, TOPIC, "RedrivePolicy" },
        { { NULL, NULL }, "60", DLQ, DLQ, "Policy" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) snprintf(queue, sizeof(queue), "{\"Attributes\":{\"QueueArn\":"
            "\"" QUEUE "\",\"VisibilityTimeout\":\"%s\",\"RedrivePolicy\":"
            "\"{\\\"deadLetterTargetArn\\\":\\\"%s\\\",\\\"maxReceiveCount"
            "\\\":5}\",\"Policy\":\"{\\\"Statement\\\":{\\\"Effect\\\":\\\""
            "Allow\\\",\\\"Principal\\\":\\\"*\\\",\\\"Action\\\":\\\""
            "sqs:SendMessage\\\",\\\"Resource\\\":\\\"*\\\",\\\"Condition"
            "\\\":{\\\"ArnEquals\\\":{\\\"aws:SourceArn\\\":\\\"%s\\\"}}}}\""
            "}}", cases[i].visibility, cases[i].redrive, cases[i].policy);

        answers(1);
        (void) fake_answer(command.fake, 200, "{\"QueueUrl\":\"http://x/d\"}");
        (void) fake_answer(command.fake, 200, "{\"Attributes\":{\"QueueArn\":"
                           "\"" DLQ "\"}}");
        (void) fake_answer(command.fake, 200, "<R><Attributes/></R>");
        (void) fake_answer(command.fake, 200, "{\"QueueUrl\":\"http://x/q\"}");
        (void) fake_answer(command.fake, 200, queue);

        if (cases[i].changed != NULL) {
            (void) fake_answer(command.fake, 200, "{}");
        }

        answers(0);
        (void) fake_answer(command.fake, 200, missing[7].body);
        (void) fake_answer(command.fake, 200, missing[8].body);
        assert_int_equal(RUN(cases[i].option[0], cases[i].option[1]),
                         AS_EXIT_OK);

        if (cases[i].changed == NULL) {
            command_wrote("queue q: found\n");
            continue;
        }

        command_wrote("queue q: changed: ");
        command_wrote(cases[i].changed);
        set = &command.fake->calls[command.fake->ncalls - 3];
        assert_true(fake_is_to(set, "AmazonSQS.SetQueueAttributes"));
        assert_non_null(strstr(set->body, cases[i].changed));
        assert_null(strstr(set->body, "MessageRetentionPeriod"));
    }
}


/* A policy that cannot be completed is not overwritten. */
static void
a_policy_is_no_json(void **state)
{
    (void) state;

    answers(1);
    (void) fake_answer(command.fake, 200, "{\"QueueUrl\":\"http://x/d\"}");
    (void) fake_answer(command.fake, 200, "{\"Attributes\":{\"QueueArn\":"
                       "\"" DLQ "\"}}");
    (void) fake_answer(command.fake, 200, "<R><Attributes/></R>");
    (void) fake_answer(command.fake, 200, "{\"QueueUrl\":\"http://x/q\"}");
    (void) fake_answer(command.fake, 200, "{\"Attributes\":{\"QueueArn\":\""
                       QUEUE "\",\"Policy\":\"gibberish\"}}");
    assert_int_equal(RUN(NULL), AS_EXIT_REACH);
    command_wrote("queue q: failed: BadPolicy: its Policy is not a JSON "
                  "object");
}


/* Names come from the settings, unless an option names another. */
static void
names(void **state)
{
    size_t  i;

    static const struct {
        const char  *topic_arn;
        const char  *option[2];
        const char  *topic;
    } cases[] = {
        { TOPIC, { NULL, NULL }, "topic t: " },
        { TOPIC, { "--topic", "other" }, "topic other: " },
        { NULL, { NULL, NULL }, "topic stock_empty: " },
        { "arn:aws:sns:eu-west-1:1:", { NULL, NULL }, "topic stock_empty: " }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        command.settings.topic_arn = cases[i].topic_arn;
        answers(4);
        (void) fake_answer(command.fake, 403, DENIED_XML);
        assert_int_equal(RUN(cases[i].option[0], cases[i].option[1]),
                         AS_EXIT_REACH);
        command_wrote(cases[i].topic);
    }

    command.settings.queue_url = command.settings.dlq_url = NULL;
    (void) fake_answer(command.fake, 200, missing[0].body);
    (void) fake_answer(command.fake, 403, DENIED);
    assert_int_equal(RUN(NULL), AS_EXIT_REACH);
    command_wrote("dead-letter queue stock_dlq: failed");
}


static void
usage(void **state)
{
    size_t  i;

    static const char *const  cases[][2] = {
        { "--max-receive", "0" }, { "--max-receive", "1001" },
        { "--max-receive", "5x" }, { "--visibility", "43201" },
        { "--visibility", "" }, { "--visibility", "99999999999999999999" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(RUN(cases[i][0], cases[i][1]), AS_EXIT_USAGE);
        command_told("expected a number from 1 to ");
    }

    assert_int_equal(RUN("--queue", "a b"), AS_EXIT_USAGE);
    assert_int_equal(command.fake->ncalls, 0);
    command.open = AS_EXIT_USAGE;
    assert_int_equal(RUN(NULL), AS_EXIT_USAGE);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        command_test(a_step_is_refused),
        command_test(a_queue_differs),
        command_test(a_policy_is_no_json),
        command_test(names),
        command_test(usage)
    };

    return cmocka_run_group_tests_name("provision_failures", tests, NULL,
                                       NULL);
}
