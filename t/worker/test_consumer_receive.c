/*
 * How many messages the consumer asks for.
 */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "run/consumer.h"
#include "fake_http.h"


typedef struct {
    fake_t          *fake;
    as_settings_t    settings;
    as_worker_t      worker;
    as_consumer_t   *consumer;
    as_timer_t       end;
    int              log;
} test_t;


static void
stop(void *data)
{
    test_t  *t = data;

    as_loop_stop(t->worker.loop);
}


static void
run(test_t *t)
{
    t->end.fn = stop;
    t->end.data = t;
    as_loop_after(t->worker.loop, &t->end, 10);
    as_loop_run(t->worker.loop);
}


static int
setup(void **state)
{
    char           err[AS_AWS_ERROR_LEN];
    test_t        *t;
    as_aws_conf_t  conf;

    t = calloc(1, sizeof(test_t));
    t->fake = fake_create();
    fake_setenv(t->fake, "AWS_REGION", "eu-west-1");
    fake_setenv(t->fake, "AWS_ACCESS_KEY_ID", "A");
    fake_setenv(t->fake, "AWS_SECRET_ACCESS_KEY", "s");

    memset(&conf, 0, sizeof(conf));
    conf.http = t->fake->http;
    conf.clock = &t->fake->clock;
    conf.getenv = fake_getenv;
    conf.getenv_data = t->fake;

    t->log = open("/dev/null", O_WRONLY | O_CLOEXEC);
    t->settings.queue_url = "https://sqs.eu-west-1.amazonaws.com/1/q";
    t->settings.dlq_url = "https://sqs.eu-west-1.amazonaws.com/1/d";
    t->settings.visibility = 60000;
    t->settings.in_flight = 200;
    t->settings.worker_name = "w";
    t->worker.settings = &t->settings;
    t->worker.http = t->fake->http;
    t->worker.aws = as_aws_create(&conf, err);
    t->worker.loop = t->fake->loop;
    t->worker.log = as_log_create(t->log, AS_LOG_INFO, false);
    as_health_init(&t->worker.sqs, "SQS");
    t->consumer = as_consumer_create(&t->worker);
    assert_non_null(t->consumer);
    *state = t;

    return 0;
}


static int
teardown(void **state)
{
    test_t  *t = *state;

    as_consumer_destroy(t->consumer);
    as_aws_destroy(t->worker.aws);
    as_log_destroy(t->worker.log);
    fake_destroy(t->fake);
    (void) close(t->log);
    free(t);

    return 0;
}


/* What the call under way asks for. */
static int
asked(const test_t *t)
{
    const char  *p;

    p = strstr(t->fake->calls[t->fake->ncalls - 1].body,
               "\"MaxNumberOfMessages\":");

    return p == NULL ? 0 : atoi(p + 22);
}


/* An answer that is larger than it may be would be so again. */
static void
fewer(void **state)
{
    size_t             i;
    test_t            *t = *state;

    static const int   wanted[] = { 5, 2, 1 };

    run(t);
    assert_int_equal(asked(t), 10);

    for (i = 0; i < 3; i++) {
        (void) fake_error(t->fake, AS_HTTP_TOO_LARGE);
        run(t);
        assert_int_equal(t->fake->ncalls, i + 2);
        assert_int_equal(asked(t), wanted[i]);
        assert_false(t->worker.sqs.down);
    }

    /* a single one that is too large is an error as others are */
    (void) fake_error(t->fake, AS_HTTP_TOO_LARGE);
    run(t);
    assert_true(t->worker.sqs.down);
}


/* Messages that cannot be read are no outage of the queue. */
static void
unreadable(void **state)
{
    test_t  *t = *state;

    run(t);
    (void) fake_answer(t->fake, 200, "{\"Messages\":[{\"ReceiptHandle\":"
                       "\"1\",\"Body\":\"\xff\"}]}");
    run(t);
    assert_false(t->worker.sqs.down);
    assert_int_equal(t->fake->ncalls, 2);
    assert_int_equal(asked(t), 10);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(fewer, setup, teardown),
        cmocka_unit_test_setup_teardown(unreadable, setup, teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
