/*
 * doctor's checks of AWS: a correct wiring, and each fault of it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/doctor_aws.h"
#include "aws/policy.h"
#include "fake_aws.h"


#define TOPIC  "arn:aws:sns:eu-west-1:1:t"
#define QUEUE  "arn:aws:sqs:eu-west-1:1:q"
#define DLQ    "arn:aws:sqs:eu-west-1:1:d"
#define CALLER                                                                \
    "<R><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/u</Arn>"           \
    "</GetCallerIdentityResult></R>"
#define SUBSCRIPTIONS(arn)                                                    \
    "<R><Subscriptions><member><SubscriptionArn>" arn "</SubscriptionArn>"   \
    "<Protocol>sqs</Protocol><Endpoint>" QUEUE "</Endpoint></member>"        \
    "</Subscriptions></R>"
#define NOT_FOUND                                                             \
    "<ErrorResponse><Error><Code>NotFound</Code></Error></ErrorResponse>"


typedef struct {
    fake_t           *fake;
    as_aws_t         *aws;
    as_doctor_aws_t   conf;
    as_findings_t     all;
    char              findings[2048];  /* "check:level;" of all not fine */
    size_t            fine;

    const char       *visibility;
    const char       *dlq_retention;
    const char       *waiting;
    const char       *dead;
    const char       *held;            /* dead letters in flight */
    const char       *redrive_to;
    const char       *source;
    const char       *policy;          /* NULL: ours for source */
    const char       *subscriptions;
    const char       *subscription;
    char              queue[4096];
    char              dlq[1024];
} test_t;


/* Runs the checks and adds their findings. */
static int
look(test_t *t)
{
    int          rc;
    size_t       i;
    json_t      *finding;
    const char  *level;

    static const char *const  levels[] = {
        "fine", "warning", "wrong", "unreachable"
    };

    as_findings_begin(&t->all, NULL, true);
    rc = as_doctor_aws(t->aws, &t->conf);

    json_array_foreach(t->all.all, i, finding) {
        const char  *check, *mend;
        size_t       n;

        assert_string_not_equal(json_string_value(json_object_get(finding,
                                                                  "what")),
                                "");
        level = json_string_value(json_object_get(finding, "level"));

        if (strcmp(level, levels[0]) == 0) {
            t->fine++;
            continue;
        }

        check = json_string_value(json_object_get(finding, "check"));
        mend = json_string_value(json_object_get(finding, "mend"));
        assert_string_not_equal(mend, "");

        for (n = 1; strcmp(level, levels[n]) != 0; n++) {
            /* void */
        }

        (void) snprintf(t->findings + strlen(t->findings),
                        sizeof(t->findings) - strlen(t->findings), "%s:%zu;",
                        check, n);
    }

    json_decref(t->all.all);

    return rc;
}


static int
setup(void **state)
{
    test_t  *t;

    t = calloc(1, sizeof(test_t));
    t->fake = fake_create();
    t->aws = fake_aws_create(t->fake);
    t->conf.topic_arn = TOPIC;
    t->conf.queue_url = "http://x/q";
    t->conf.dlq_url = "http://x/d";
    t->conf.deadline_s = 30;
    t->conf.stop_fd = -1;
    t->conf.findings = &t->all;
    t->visibility = "60";
    t->dlq_retention = "1209600";
    t->waiting = t->dead = t->held = "0";
    t->redrive_to = DLQ;
    t->source = TOPIC;
    t->subscriptions = SUBSCRIPTIONS("arn:s");
    t->subscription = "<R/>";
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
doctor_answers(test_t *t)
{
    char    *policy, *redrive, *text;
    json_t  *root;

    policy = t->policy ? strdup(t->policy)
                       : as_policy_add(NULL, QUEUE, t->source);
    redrive = as_policy_redrive_new(t->redrive_to, 5);
    root = json_pack("{s:{s:s, s:s, s:s, s:s, s:s, s:s}}", "Attributes",
                     "ApproximateNumberOfMessages", t->waiting,
                     "QueueArn", QUEUE, "VisibilityTimeout", t->visibility,
                     "MessageRetentionPeriod", "345600", "Policy", policy,
                     "RedrivePolicy", redrive);
    text = json_dumps(root, 0);
    (void) snprintf(t->queue, sizeof(t->queue), "%s", text);
    (void) snprintf(t->dlq, sizeof(t->dlq), "{\"Attributes\":{\"QueueArn\":"
                    "\"" DLQ "\",\"MessageRetentionPeriod\":\"%s\","
                    "\"ApproximateNumberOfMessages\":\"%s\","
                    "\"ApproximateNumberOfMessagesNotVisible\":\"%s\"}}",
                    t->dlq_retention, t->dead, t->held);
    json_decref(root);
    free(text);
    free(policy);
    free(redrive);

    (void) fake_answer(t->fake, 200, CALLER);
    (void) fake_answer(t->fake, 200, "<R/>");
    (void) fake_answer(t->fake, 200, t->queue);
    (void) fake_answer(t->fake, 200, t->dlq);
    (void) fake_answer(t->fake, 200, t->queue);
    (void) fake_answer(t->fake, 200, t->subscriptions);
    (void) fake_answer(t->fake, 200, t->subscription);
}


static int
doctor(test_t *t)
{
    doctor_answers(t);

    return look(t);
}


static void
test_sound(void **state)
{
    test_t  *t = *state;

    assert_int_equal(doctor(t), 0);
    assert_string_equal(t->findings, "");
    assert_true(t->fine >= 10);
}


static void
test_visibility(void **state)
{
    test_t  *t = *state;

    t->visibility = "30";
    assert_int_equal(doctor(t), 1);
    assert_string_equal(t->findings, "visibility:1;");
}


static void
test_retention(void **state)
{
    test_t  *t = *state;

    t->dlq_retention = "345600";
    assert_int_equal(doctor(t), 1);
    assert_string_equal(t->findings, "dlq-retention:1;");
}


static void
test_redrive(void **state)
{
    test_t  *t = *state;

    t->redrive_to = "arn:aws:sqs:eu-west-1:1:other";
    assert_int_equal(doctor(t), 1);
    assert_string_equal(t->findings, "redrive:2;");
}


static void
test_queue_policy(void **state)
{
    test_t  *t = *state;

    t->source = "arn:aws:sns:eu-west-1:1:other";
    assert_int_equal(doctor(t), 1);
    assert_string_equal(t->findings, "queue-policy:2;");
}


/* A denial is a finding, and so is a permission that cannot be determined. */
static void
test_queue_policy_judged(void **state)
{
    test_t  *t = *state;

    t->policy = "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\","
                "\"Action\":\"sqs:Send*\",\"Resource\":\"*\"},"
                "{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"*\","
                "\"Resource\":\"*\"}]}";
    assert_int_equal(doctor(t), 1);
    assert_string_equal(t->findings, "queue-policy:2;");

    t->findings[0] = '\0';
    t->policy = "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\","
                "\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":"
                "{\"StringEquals\":{\"aws:SourceOrgID\":\"o-1\"}}}]}";
    assert_int_equal(doctor(t), 1);
    assert_string_equal(t->findings, "queue-policy:1;");
}


static void
test_subscription(void **state)
{
    test_t  *t = *state;

    t->subscriptions = "<R/>";
    assert_int_equal(doctor(t), 1);
    assert_string_equal(t->findings, "subscription:2;");
}


static void
test_not_confirmed(void **state)
{
    test_t  *t = *state;

    t->subscriptions = SUBSCRIPTIONS("PendingConfirmation");
    assert_int_equal(doctor(t), 1);
    assert_string_equal(t->findings, "subscription:2;");
}


static void
test_filter(void **state)
{
    test_t  *t = *state;

    t->subscription = "<R><Attributes><entry><key>FilterPolicy</key>"
                      "<value>{}</value></entry></Attributes></R>";
    assert_int_equal(doctor(t), 1);
    assert_string_equal(t->findings, "filter:1;");
}


static void
test_other_region(void **state)
{
    test_t  *t = *state;

    t->conf.topic_arn = "arn:aws:sns:eu-west-2:1:t";
    (void) fake_answer(t->fake, 200, CALLER);
    (void) fake_answer(t->fake, 404, NOT_FOUND);
    (void) fake_answer(t->fake, 404, NOT_FOUND);
    assert_int_equal(look(t), 1);
    assert_string_equal(t->findings, "topic:2;queue:2;dlq:2;");
}


/* A throttled call for credentials is repeated, with a limit. */
static void
test_credentials_throttled(void **state)
{
    int       i;
    size_t    calls;
    test_t   *t = *state;

    fake_setenv(t->fake, "AWS_ACCESS_KEY_ID", "");
    fake_setenv(t->fake, "AWS_SHARED_CREDENTIALS_FILE", "/nowhere");
    fake_setenv(t->fake, "AWS_CONFIG_FILE", "/nowhere");
    fake_setenv(t->fake, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
    (void) fake_answer(t->fake, 429, "");
    (void) fake_answer(t->fake, 200, "{\"AccessKeyId\":\"A\","
                       "\"SecretAccessKey\":\"s\"}");
    assert_int_equal(doctor(t), 0);
    assert_string_equal(t->findings, "");

    calls = t->fake->ncalls;
    as_aws_reload(t->aws);
    for (i = 0; i < 6; i++) {
        (void) fake_answer(t->fake, 503, "");
    }
    assert_int_equal(look(t), 3);
    assert_string_equal(t->findings, "credentials:3;");
    assert_int_equal(t->fake->ncalls - calls, 6);

    /* a refused call is not repeated */
    calls = t->fake->ncalls;
    (void) fake_answer(t->fake, 404, "");
    assert_int_equal(look(t), 3);
    assert_int_equal(t->fake->ncalls - calls, 1);
}


static void
test_refused(void **state)
{
    test_t  *t = *state;

    (void) fake_answer(t->fake, 403, "<E><Error><Code>InvalidClientTokenId"
                       "</Code></Error></E>");
    assert_int_equal(look(t), 3);
    assert_string_equal(t->findings, "credentials:3;");
}


static void
test_dead_letters(void **state)
{
    test_t  *t = *state;

    t->dead = "3";
    assert_int_equal(doctor(t), 1);
    assert_string_equal(t->findings, "dlq:1;");
}


/* A reader holds all of them. */
static void
test_dead_letters_held(void **state)
{
    test_t  *t = *state;

    t->held = "2";
    assert_int_equal(doctor(t), 1);
    assert_string_equal(t->findings, "dlq:1;");
}


static void
test_backlog(void **state)
{
    test_t  *t = *state;

    t->waiting = "1000";
    assert_int_equal(doctor(t), 1);
    assert_string_equal(t->findings, "queue:1;");
}


/* No peer answers: ten seconds each. */
static void
test_silence(void **state)
{
    int64_t   before;
    test_t   *t = *state;

    before = t->fake->mono_ms;
    assert_int_equal(look(t), 3);
    assert_string_equal(t->findings, "credentials:3;topic:3;queue:3;dlq:3;");
    assert_true(t->fake->mono_ms - before <= 30100);
}


/* SNS is silent, SQS answers. */
static void
test_silent_sns(void **state)
{
    test_t  *t = *state;

    doctor_answers(t);
    t->fake->answers[1].silent = true;
    assert_int_equal(look(t), 3);
    assert_string_equal(t->findings, "topic:3;");
    assert_true(t->fine >= 7);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_sound, setup, teardown),
        cmocka_unit_test_setup_teardown(test_visibility, setup, teardown),
        cmocka_unit_test_setup_teardown(test_retention, setup, teardown),
        cmocka_unit_test_setup_teardown(test_redrive, setup, teardown),
        cmocka_unit_test_setup_teardown(test_queue_policy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_queue_policy_judged, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_subscription, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_confirmed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_filter, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_region, setup, teardown),
        cmocka_unit_test_setup_teardown(test_credentials_throttled, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dead_letters, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dead_letters_held, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_backlog, setup, teardown),
        cmocka_unit_test_setup_teardown(test_silence, setup, teardown),
        cmocka_unit_test_setup_teardown(test_silent_sns, setup, teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
