/*
 * The worker where memory ends: whatever allocation of a part's creation, of a
 * call or of a message's copy fails, it is reported, and nothing is left over.
 */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "aws/sigv4.h"
#include "aws/sns.h"
#include "aws/sqs.h"
#include "cmd/options.h"
#include "db/db.h"
#include "http/http.h"
#include "memory_fixture.h"
#include "run/acks.h"
#include "run/backlog.h"
#include "run/consumer.h"
#include "run/dashboard.h"
#include "run/dead.h"
#include "run/delivery.h"
#include "run/expiry.h"
#include "run/factory.h"
#include "run/letters.h"
#include "run/message.h"
#include "run/relay.h"
#include "run/spans.h"
#include "run/watchdog.h"
#include "worker_fixture.h"


#define QUEUE  "https://sqs.eu-west-1.amazonaws.com/1/q"
#define TOPIC  "arn:aws:sns:eu-west-1:1:t"


typedef struct {
    const char   *name;
    bool        (*run)(void *data);
    memory_end_e  end;
} operation_t;


static int
setup(void **state)
{
    worker_fixture_t  *t;

    t = calloc(1, sizeof(worker_fixture_t));
    worker_setup(t);
    *state = t;

    return 0;
}


static int
teardown(void **state)
{
    worker_fixture_t  *t = *state;

    worker_teardown(t);
    free(t);

    return 0;
}


static void
fail_each(void **state, const operation_t *operations, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        memory_fails(operations[i].name, operations[i].run, *state,
                     operations[i].end);
    }
}


/* A creation that takes the worker. */
#define CREATES(name, create, destroy)                                        \
    static bool                                                               \
    creates_ ## name(void *data)                                              \
    {                                                                         \
        int                error;                                             \
        worker_fixture_t  *t = data;                                          \
        as_ ## name ## _t  *part;                                             \
                                                                              \
        (void) t;                                                             \
        part = create;                                                        \
        error = errno;                                                        \
        if (part != NULL) {                                                   \
            destroy(part);                                                    \
        }                                                                     \
        errno = error;                                                        \
                                                                              \
        return part != NULL;                                                  \
    }

static void
nothing(void *data)
{
    (void) data;
}


static const as_watchdog_hooks_t  no_hooks;

CREATES(relay, as_relay_create(&t->worker), as_relay_destroy)
CREATES(watchdog, as_watchdog_create(&t->worker, &no_hooks),
        as_watchdog_destroy)
CREATES(expiry, as_expiry_create(&t->worker), as_expiry_destroy)
CREATES(backlog, as_backlog_create(&t->worker), as_backlog_destroy)
CREATES(letters, as_letters_create(&t->worker), as_letters_destroy)
CREATES(spans, as_spans_create(&t->worker), as_spans_destroy)
CREATES(dashboard, as_dashboard_create(&t->worker, NULL),
        as_dashboard_destroy)
CREATES(factories, as_factories_create(&t->worker, nothing, NULL),
        as_factories_destroy)
CREATES(loop, as_loop_create(&t->fake->clock), as_loop_destroy)
CREATES(log, as_log_create(t->log[1], AS_LOG_INFO, true), as_log_destroy)
CREATES(db, as_db_create(&t->settings), as_db_destroy)
CREATES(credentials, as_credentials_create(t->fake->http, &t->fake->clock,
                                           fake_getenv, t->fake),
        as_credentials_destroy)
CREATES(sigv4, as_sigv4_create("eu-west-1", "sqs"), as_sigv4_destroy)


/* The parts of a running worker: it starts whole or not at all. */
static void
parts(void **state)
{
    static const operation_t  operations[] = {
        { "relay", creates_relay, MEMORY_ERRNO },
        { "watchdog", creates_watchdog, MEMORY_ERRNO },
        { "expiry", creates_expiry, MEMORY_ERRNO },
        { "backlog", creates_backlog, MEMORY_ERRNO },
        { "letters", creates_letters, MEMORY_ERRNO },
        { "spans", creates_spans, MEMORY_ERRNO },
        { "dashboard", creates_dashboard, MEMORY_ERRNO },
        { "factories", creates_factories, MEMORY_ERRNO },
        { "loop", creates_loop, MEMORY_ERRNO },
        { "log", creates_log, MEMORY_ERRNO },
        { "db", creates_db, MEMORY_ERRNO },
        { "credentials", creates_credentials, MEMORY_ANY },
        { "sigv4", creates_sigv4, MEMORY_ERRNO }
    };

    fail_each(state, operations, sizeof(operations) / sizeof(operations[0]));
}


/* the callback of the call under way was called */
static bool  ended;

/* the body of an operation's first call */
static char  first[1000];


static void
batch_done(void *data, const as_aws_error_t *err,
    const as_sqs_result_t *results, size_t n)
{
    (void) data;
    (void) err;
    (void) results;
    (void) n;
    ended = true;
}


static void
received(void *data, const as_aws_error_t *err,
    const as_sqs_message_t *messages, size_t n)
{
    (void) data;
    (void) err;
    (void) messages;
    (void) n;
    ended = true;
}


/* AWS with nothing kept of an earlier call. */
static as_aws_t *
begin(worker_fixture_t *t)
{
    char           err[AS_AWS_ERROR_LEN];
    as_aws_conf_t  conf;

    memset(&conf, 0, sizeof(conf));
    conf.http = t->fake->http;
    conf.clock = &t->fake->clock;
    conf.getenv = fake_getenv;
    conf.getenv_data = t->fake;
    ended = false;

    return as_aws_create(&conf, err);
}


/* A call that is sent has its whole body, and a signature. */
static void
is_whole(worker_fixture_t *t)
{
    const as_http_call_t  *call = &t->fake->calls[0];

    if (first[0] == '\0') {
        (void) snprintf(first, sizeof(first), "%s", call->body);
    }

    assert_string_equal(call->body, first);
    assert_non_null(strstr(call->headers, "Authorization: AWS4-HMAC-SHA256 "));
    assert_non_null(strstr(call->url, "eu-west-1"));
}


/* Lets the call look for credentials and be sent, then cancels it. */
static bool
end(worker_fixture_t *t, as_aws_t *aws, as_aws_call_t *call)
{
    size_t  sent = t->fake->ncalls;

    fake_run(t->fake);
    sent = t->fake->ncalls - sent;

    if (sent == 1) {
        is_whole(t);
    }
    if (call != NULL && !ended) {
        as_aws_call_cancel(aws, call);
    }
    as_aws_destroy(aws);
    fake_forget(t->fake);

    /* what was not sent is reported, now or later */
    assert_true(sent == 1 || call == NULL || ended);

    return call != NULL && !ended;
}


static bool
receives(void *data)
{
    as_aws_t                *aws;
    worker_fixture_t        *t = data;
    const as_sqs_receive_t   rq = { QUEUE, 10, 20, 30 };

    aws = begin(t);

    return aws != NULL
           && end(t, aws, as_sqs_receive(aws, &rq, received, t));
}


static bool
deletes(void *data)
{
    as_aws_t                 *aws;
    worker_fixture_t         *t = data;
    static const char *const  receipts[] = { "r1", "r2" };

    aws = begin(t);

    return aws != NULL
           && end(t, aws, as_sqs_delete_batch(aws, QUEUE, receipts, 2,
                                 batch_done, t));
}


static bool
changes_visibility(void *data)
{
    as_aws_t                          *aws;
    worker_fixture_t                  *t = data;
    static const as_sqs_visibility_t   entries[] = { { "r1", 0 },
                                                     { "r2", 43200 } };

    aws = begin(t);

    return aws != NULL
           && end(t, aws, as_sqs_visibility_batch(aws, QUEUE, entries, 2,
                                 batch_done, t));
}


static bool
sends(void *data)
{
    as_aws_t                              *aws;
    worker_fixture_t                      *t = data;
    static const as_sqs_send_attribute_t   attribute = { "a", NULL, "v" };
    static const as_sqs_send_t             entry = { "body", 0, NULL, NULL,
                                                     &attribute, 1 };

    aws = begin(t);

    return aws != NULL
           && end(t, aws, as_sqs_send_batch(aws, QUEUE, &entry, 1,
                                 batch_done, t));
}


static bool
publishes(void *data)
{
    as_aws_t                         *aws;
    worker_fixture_t                 *t = data;
    static const as_sns_attribute_t   attribute = { "a", "v" };
    static const as_sns_publish_t     entry = { "subject", "message", NULL,
                                                NULL, &attribute, 1 };

    aws = begin(t);

    return aws != NULL
           && end(t, aws, as_sns_publish_batch(aws, TOPIC, &entry, 1,
                                 batch_done, t));
}


/* A poll that cannot be sent is sent later. */
static bool
starts_a_consumer(void *data)
{
    as_aws_t          *kept;
    as_consumer_t     *consumer;
    worker_fixture_t  *t = data;

    kept = t->worker.aws;
    t->worker.aws = begin(t);
    consumer = t->worker.aws == NULL ? NULL : as_consumer_create(&t->worker);
    as_consumer_destroy(consumer);
    as_aws_destroy(t->worker.aws);
    t->worker.aws = kept;
    fake_forget(t->fake);

    return consumer != NULL;
}


static void
consumer(void **state)
{
    memory_fails("consumer", starts_a_consumer, *state, MEMORY_ANY);
}


/* No call without its body, and none whose callback was forgotten. */
static void
calls(void **state)
{
    size_t  i;

    static const operation_t  operations[] = {
        { "ReceiveMessage", receives, MEMORY_ANY },
        { "DeleteMessageBatch", deletes, MEMORY_ANY },
        { "ChangeMessageVisibilityBatch", changes_visibility, MEMORY_ANY },
        { "SendMessageBatch", sends, MEMORY_ANY },
        { "PublishBatch", publishes, MEMORY_ANY }
    };

    for (i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        first[0] = '\0';
        fail_each(state, &operations[i], 1);
        assert_string_not_equal(first, "");
    }
}


/* Its fields are in the attributes, in the body, or in an envelope's text. */
static as_sqs_message_t  messages[] = {
    { .id = "m1", .receipt = "r1", .body = "x", .group_id = "g" },
    { .id = "m1", .receipt = "r1",
      .body = "{\"MessageAttributeProductId\":\"CP-1\"}" },
    { .id = "m1", .receipt = "r1",
      .body = "{\"Message\":\"{\\\"MessageAttributeProductId\\\":"
              "\\\"CP-1\\\"}\"}" }
};

static const as_sqs_message_t  *copied;


static bool
copies_a_delivery(void *data)
{
    bool            usable;
    as_delivery_t  *delivery;

    (void) data;
    delivery = as_delivery_create(NULL, copied);
    if (delivery == NULL) {
        return false;
    }

    usable = delivery->message.poison == NULL
             && strcmp(delivery->message.product, "CP-1") == 0
             && (copied->group_id == NULL
                 || strcmp(delivery->group_id, "g") == 0);
    as_delivery_destroy(delivery);
    assert_true(usable);

    return true;
}


static bool
copies_a_dead_letter(void *data)
{
    int        rc;
    as_dead_t  dead;

    (void) data;
    rc = as_dead_read(&dead, copied);
    assert_true(rc != 0 || dead.delivery != NULL);
    as_dead_free(&dead);

    return rc == 0;
}


/* A message is copied whole, or it is received again: one that is sound must
 * not become a dead letter because memory ended. */
static void
copies(void **state)
{
    size_t  i;

    static const operation_t  operations[] = {
        { "a delivery", copies_a_delivery, MEMORY_FAILS },
        { "a dead letter", copies_a_dead_letter, MEMORY_FAILS }
    };

    messages[0].attributes = json_pack("{s:{s:s,s:s},s:{s:s,s:s}}",
        "MessageAttributeProductId", "DataType", "String",
        "StringValue", "CP-1", "MessageAttributeRequester", "DataType",
        "String", "StringValue", "shop");

    for (i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        messages[i].body_len = strlen(messages[i].body);
        copied = &messages[i];
        fail_each(state, operations, 2);
    }

    json_decref(messages[0].attributes);
}


static bool
parses_options(void *data)
{
    int            null, err, rc;
    char           flag[] = "--yes", word[] = "list";
    char          *argv[] = { word, flag, NULL };
    as_options_t   options;

    (void) data;

    /* the command says why it ends */
    err = dup(STDERR_FILENO);
    null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    (void) dup2(null, STDERR_FILENO);
    rc = as_options_parse(&options, as_options_none, 2, argv);
    (void) dup2(err, STDERR_FILENO);
    (void) close(err);
    (void) close(null);

    return rc == 0;
}


static bool
starts_http(void *data)
{
    as_http_t          *http;
    worker_fixture_t   *t = data;
    static const as_http_conf_t  conf = {
        .proxy = "http://127.0.0.1:1", .ca_file = "/ca.pem",
        .user_agent = "test"
    };

    http = as_http_curl_create(&conf, t->worker.loop);
    if (http != NULL) {
        as_http_destroy(http);
    }

    return http != NULL;
}


static bool
starts_aws(void *data)
{
    char               err[AS_AWS_ERROR_LEN] = "";
    as_aws_t          *aws;
    as_aws_conf_t      conf;
    worker_fixture_t  *t = data;

    memset(&conf, 0, sizeof(conf));
    conf.http = t->fake->http;
    conf.clock = &t->fake->clock;
    conf.getenv = fake_getenv;
    conf.getenv_data = t->fake;
    aws = as_aws_create(&conf, err);

    if (aws == NULL) {
        assert_string_not_equal(err, "");
        return false;
    }

    as_aws_destroy(aws);

    return true;
}


static bool
reads_settings(void *data)
{
    as_text_t       errors = AS_TEXT_EMPTY;
    as_settings_t  *settings;

    (void) data;
    settings = as_settings_create(NULL, 0, &errors);
    if (settings != NULL) {
        as_settings_destroy(settings);
    }
    as_text_free(&errors);

    return settings != NULL;
}


static void
others(void **state)
{
    static const operation_t  operations[] = {
        { "options", parses_options, MEMORY_FAILS },
        { "http", starts_http, MEMORY_FAILS },
        { "aws", starts_aws, MEMORY_ANY },
        { "settings", reads_settings, MEMORY_FAILS }
    };

    fail_each(state, operations, sizeof(operations) / sizeof(operations[0]));
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(parts),
        TEST(consumer),
        TEST(calls),
        TEST(copies),
        TEST(others)
    };

    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
