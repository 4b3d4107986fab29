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

#include "fake_aws.h"
#include "settings_fixture.h"
#include "worker_fixture.h"


void
worker_setup(worker_fixture_t *t)
{
    t->fake = fake_create();
    fake_db_reset(t->fake);

    assert_int_equal(pipe2(t->log, O_NONBLOCK | O_CLOEXEC), 0);
    t->settings = *settings_fixture();
    t->worker.settings = &t->settings;
    t->worker.http = t->fake->http;
    t->worker.aws = fake_aws_create(t->fake);
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
