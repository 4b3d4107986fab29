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

#include "worker_fixture.h"


/* What has no default. */
static const char *const  worker_settings[][2] = {
    { "DB_HOSTNAME", "127.0.0.1" },
    { "DB_USERNAME", "shop" },
    { "DB_DATABASE", "shop" },
    { "TOPIC_ARN", FIXTURE_TOPIC },
    { "QUEUE_URL", FIXTURE_QUEUE },
    { "DLQ_URL", FIXTURE_DLQ },
    { "FACTORY_API_URL", FIXTURE_FACTORY },
    { "CALLBACK_URL", "http://shop/{sku}" },
    { "AUTOSTOCK_CALLBACK_SECRET", "s3cret-of-the-test" },
    { "AUTOSTOCK_WORKER_NAME", "w" }
};


/* From the environment: the settings know no other source without a file.  Read
 * once, since that includes a check of all CA certificates. */
static const as_settings_t *
worker_defaults(void)
{
    size_t                 i, n;
    as_text_t              errors = AS_TEXT_EMPTY;
    static as_settings_t  *settings;

    if (settings != NULL) {
        return settings;
    }

    n = sizeof(worker_settings) / sizeof(worker_settings[0]);

    for (i = 0; i < n; i++) {
        (void) setenv(worker_settings[i][0], worker_settings[i][1], 1);
    }

    settings = as_settings_create(NULL, AS_NEED_RUN, &errors);
    if (settings == NULL) {
        fail_msg("%s", as_text_get(&errors));
    }

    for (i = 0; i < n; i++) {
        (void) unsetenv(worker_settings[i][0]);
    }

    as_text_free(&errors);

    return settings;
}


void
worker_setup(worker_fixture_t *t)
{
    char           err[AS_AWS_ERROR_LEN];
    as_aws_conf_t  conf;

    t->fake = fake_create();
    fake_db_reset(t->fake);
    fake_setenv(t->fake, "AWS_REGION", "eu-west-1");
    fake_setenv(t->fake, "AWS_ACCESS_KEY_ID", "A");
    fake_setenv(t->fake, "AWS_SECRET_ACCESS_KEY", "s");

    memset(&conf, 0, sizeof(conf));
    conf.http = t->fake->http;
    conf.clock = &t->fake->clock;
    conf.getenv = fake_getenv;
    conf.getenv_data = t->fake;

    assert_int_equal(pipe2(t->log, O_NONBLOCK | O_CLOEXEC), 0);
    t->settings = *worker_defaults();
    t->worker.settings = &t->settings;
    t->worker.http = t->fake->http;
    t->worker.aws = as_aws_create(&conf, err);
    t->worker.loop = t->fake->loop;
    t->worker.log = as_log_create(t->log[1], AS_LOG_DEBUG, false);
    t->worker.counters.queue_visible = -1;
    t->worker.counters.queue_in_flight = -1;
    t->worker.counters.dlq_visible = -1;
    assert_int_equal(as_uuid_init(&t->worker.uuid), 0);
    as_health_init(&t->worker.db, "the database");
    as_health_init(&t->worker.sns, "SNS");
    as_health_init(&t->worker.sqs, "SQS");
}


void
worker_teardown(worker_fixture_t *t)
{
    assert_int_equal(fake_db.threads, 0);

    as_loop_clear(t->worker.loop, &t->end);
    as_aws_destroy(t->worker.aws);
    as_log_destroy(t->worker.log);
    fake_destroy(t->fake);
    (void) close(t->log[0]);
    (void) close(t->log[1]);
}


static void
worker_stop(void *data)
{
    worker_fixture_t  *t = data;

    as_loop_stop(t->worker.loop);
}


void
worker_run(worker_fixture_t *t, int64_t ms)
{
    t->end.fn = worker_stop;
    t->end.data = t;
    as_loop_after(t->worker.loop, &t->end, ms);
    as_loop_run(t->worker.loop);
}


int
worker_said(worker_fixture_t *t, const char *what)
{
    int          n;
    size_t       len;
    ssize_t      got;
    const char  *p;

    len = strlen(t->said);
    got = read(t->log[0], t->said + len, sizeof(t->said) - len - 1);
    t->said[len + (got > 0 ? (size_t) got : 0)] = '\0';

    for (n = 0, p = t->said; (p = strstr(p, what)) != NULL; p++) {
        n++;
    }

    return n;
}


void
worker_forget(worker_fixture_t *t)
{
    (void) worker_said(t, "\n");
    t->said[0] = '\0';
}


as_http_call_t *
worker_call(worker_fixture_t *t, const char *text, size_t n)
{
    size_t  i;

    for (i = 0; i < t->fake->ncalls; i++) {
        if (fake_is_to(&t->fake->calls[i], text) && n-- == 0) {
            return &t->fake->calls[i];
        }
    }

    return NULL;
}
