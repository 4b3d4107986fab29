/*
 * A call to AWS: signature, endpoint, the single retry with a new clock or new
 * keys, and the meaning of errors.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aws/aws_call.h"
#include "fake_http.h"


#define OK  "{\"x\":1}"
#define EXPIRED                                                               \
    "<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code>"     \
    "<Message>The security token is expired</Message></Error>"               \
    "<RequestId>r</RequestId></ErrorResponse>"


typedef struct {
    fake_t          *fake;
    as_aws_t        *aws;
    int              told;
    bool             failed;
    int              dropped;
    as_aws_error_t   err;
    char             body[256];
} test_t;


static int
setup(void **state)
{
    test_t  *t;

    t = calloc(1, sizeof(test_t));
    t->fake = fake_create();
    fake_setenv(t->fake, "AWS_REGION", "ap-northeast-2");
    fake_setenv(t->fake, "AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    fake_setenv(t->fake, "AWS_SECRET_ACCESS_KEY", "secret");
    fake_setenv(t->fake, "AWS_SESSION_TOKEN", "token");
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


static as_aws_t *
create(test_t *t, char err[AS_AWS_ERROR_LEN])
{
    as_aws_conf_t  conf;

    memset(&conf, 0, sizeof(conf));
    conf.http = t->fake->http;
    conf.clock = &t->fake->clock;
    conf.getenv = fake_getenv;
    conf.getenv_data = t->fake;

    return as_aws_create(&conf, err);
}


static void
told(void *data, const as_aws_error_t *err, const char *body, size_t len)
{
    test_t  *t = data;

    t->told++;
    t->failed = err != NULL;
    (void) snprintf(t->body, sizeof(t->body), "%.*s", (int) len, body);

    if (err != NULL) {
        t->err = *err;
    }
}


static void
dropped(void *data)
{
    ((test_t *) data)->dropped++;
}


static as_aws_call_t *
send_call(test_t *t, const char *target)
{
    char              err[AS_AWS_ERROR_LEN];
    as_aws_request_t  rq;

    if (t->aws == NULL) {
        t->aws = create(t, err);
        assert_non_null(t->aws);
    }

    memset(&rq, 0, sizeof(rq));
    rq.service = target ? AS_AWS_SQS : AS_AWS_SNS;
    rq.target = target;
    rq.body = "{}";
    rq.body_len = 2;
    rq.done = told;
    rq.dropped = dropped;
    rq.data = t;

    return as_aws_call_send(t->aws, &rq);
}


static void
test_signed_json_call(void **state)
{
    test_t  *t = *state;

    (void) fake_answer(t->fake, 200, OK);
    assert_non_null(send_call(t, "AmazonSQS.ReceiveMessage"));
    assert_int_equal(t->told, 0);
    fake_run(t->fake);

    assert_int_equal(t->told, 1);
    assert_false(t->failed);
    assert_string_equal(t->body, OK);
    assert_string_equal(t->fake->calls[0].url,
                        "https://sqs.ap-northeast-2.amazonaws.com/");
    assert_int_equal(t->fake->calls[0].flags, 0);
    assert_string_equal(fake_header(t->fake, 0, "X-Amz-Target"),
                        "AmazonSQS.ReceiveMessage");
    assert_string_equal(fake_header(t->fake, 0, "X-Amz-Date"),
                        "20150830T123600Z");
    assert_string_equal(fake_header(t->fake, 0, "X-Amz-Security-Token"),
                        "token");
    assert_string_equal(fake_header(t->fake, 0, "Content-Type"),
                        "application/x-amz-json-1.0");
    assert_non_null(strstr(fake_header(t->fake, 0, "Authorization"),
        "Credential=AKIDEXAMPLE/20150830/ap-northeast-2/sqs/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;"
        "x-amz-target, Signature="));
}


static void
test_query_call(void **state)
{
    test_t  *t = *state;

    (void) fake_answer(t->fake, 200, OK);
    assert_non_null(send_call(t, NULL));
    fake_run(t->fake);
    assert_string_equal(t->fake->calls[0].url,
                        "https://sns.ap-northeast-2.amazonaws.com/");
    assert_null(fake_header(t->fake, 0, "X-Amz-Target"));
}


static void
test_endpoints(void **state)
{
    char     err[AS_AWS_ERROR_LEN];
    test_t  *t = *state;

    fake_setenv(t->fake, "AWS_ENDPOINT_URL", "http://127.0.0.1:4566");
    fake_setenv(t->fake, "AWS_ENDPOINT_URL_SQS", "http://127.0.0.2:80/x");
    (void) fake_answer(t->fake, 200, OK);
    (void) fake_answer(t->fake, 200, OK);
    assert_non_null(send_call(t, "A.B"));
    assert_non_null(send_call(t, NULL));
    fake_run(t->fake);
    assert_string_equal(t->fake->calls[0].url, "http://127.0.0.2:80/x");
    assert_string_equal(t->fake->calls[1].url, "http://127.0.0.1:4566");
    assert_int_equal(t->fake->calls[0].flags, AS_HTTP_PRIVATE);
    as_aws_destroy(t->aws);

    fake_setenv(t->fake, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    fake_setenv(t->fake, "AWS_REGION", "cn-north-1");
    t->aws = create(t, err);
    assert_string_equal(t->aws->endpoints[AS_AWS_SQS].url,
                        "https://sqs.cn-north-1.amazonaws.com.cn/");
}


static void
test_settings_refused(void **state)
{
    size_t   i;
    char     err[AS_AWS_ERROR_LEN];
    test_t  *t = *state;

    static const char *const  bad[][2] = {
        { "AWS_REGION", "evil.com/" },
        { "AWS_REGION", "a@b" },
        { "AWS_ENDPOINT_URL", "ftp://x" },
        { "AWS_ENDPOINT_URL", "http://" },
        { "AWS_ENDPOINT_URL", "http://u:p@h/" },
        { "AWS_ENDPOINT_URL", "http://h/?a=b" }
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        fake_setenv(t->fake, bad[i][0], bad[i][1]);
        err[0] = '\0';
        assert_null(create(t, err));
        assert_string_not_equal(err, "");
        fake_setenv(t->fake, "AWS_REGION", "ap-northeast-2");
        fake_setenv(t->fake, "AWS_ENDPOINT_URL", "");
    }
}


static void
test_expired_token_once_more(void **state)
{
    test_t  *t = *state;

    (void) fake_answer(t->fake, 403, EXPIRED);
    (void) fake_answer(t->fake, 200, OK);
    assert_non_null(send_call(t, NULL));
    fake_setenv(t->fake, "AWS_ACCESS_KEY_ID", "AKIANEW");
    assert_int_equal(t->fake->ncalls, 0);
    fake_run(t->fake);

    assert_int_equal(t->told, 1);
    assert_false(t->failed);
    assert_int_equal(t->fake->ncalls, 2);

    /* With a limit. */
    t->fake->mono_ms += 1000;
    (void) fake_answer(t->fake, 403, EXPIRED);
    (void) fake_answer(t->fake, 403, EXPIRED);
    assert_non_null(send_call(t, NULL));
    fake_run(t->fake);
    assert_int_equal(t->fake->ncalls, 4);
    assert_true(t->failed);
    assert_int_equal(t->err.class, AS_AWS_AUTH);
    assert_string_equal(t->err.code, "ExpiredToken");

    /* The next call is not sent at once with the same keys. */
    assert_non_null(send_call(t, NULL));
    fake_run(t->fake);
    assert_int_equal(t->fake->ncalls, 4);
    assert_true(t->failed);
    assert_int_equal(t->err.class, AS_AWS_AUTH);
    assert_non_null(strstr(t->err.message, "AWS refuses the keys"));

    t->fake->mono_ms += 2000;
    (void) fake_answer(t->fake, 200, OK);
    assert_non_null(send_call(t, NULL));
    fake_run(t->fake);
    assert_int_equal(t->fake->ncalls, 5);
    assert_false(t->failed);
}


static void
test_new_keys_sign_the_second_attempt(void **state)
{
    test_t  *t = *state;

    (void) fake_answer(t->fake, 200, OK);
    assert_non_null(send_call(t, NULL));
    fake_run(t->fake);

    fake_setenv(t->fake, "AWS_ACCESS_KEY_ID", "AKIANEW");
    (void) fake_answer(t->fake, 403, EXPIRED);
    (void) fake_answer(t->fake, 200, OK);
    assert_non_null(send_call(t, NULL));
    fake_run(t->fake);
    assert_non_null(strstr(fake_header(t->fake, 1, "Authorization"),
                           "AKIDEXAMPLE/"));
    assert_non_null(strstr(fake_header(t->fake, 2, "Authorization"),
                           "AKIANEW/"));
}


static void
test_clock_corrected(void **state)
{
    test_t         *t = *state;
    fake_answer_t  *a;

    a = fake_answer(t->fake, 403, "{\"__type\":\"com.amazon.coral.service#"
                    "InvalidSignatureException\",\"message\":\"Signature "
                    "expired\"}");
    a->date_ms = t->fake->unix_ms + 3600000;
    (void) fake_answer(t->fake, 200, OK);
    assert_non_null(send_call(t, "A.B"));
    fake_run(t->fake);

    assert_false(t->failed);
    assert_string_equal(fake_header(t->fake, 1, "X-Amz-Date"),
                        "20150830T133600Z");
    assert_true(as_aws_skew_ms(t->aws) == 3600000);

    /* A wrong signature with the correct time is not a matter of the clock. */
    a = fake_answer(t->fake, 403, "{\"__type\":\"SignatureDoesNotMatch\"}");
    a->date_ms = t->fake->unix_ms + 3601000;
    assert_non_null(send_call(t, "A.B"));
    fake_run(t->fake);
    assert_true(t->failed);
    assert_int_equal(t->fake->ncalls, 3);
}


static void
test_no_credentials(void **state)
{
    test_t  *t = *state;

    fake_setenv(t->fake, "AWS_ACCESS_KEY_ID", "");
    fake_setenv(t->fake, "AWS_CONFIG_FILE", "/nonexistent");
    fake_setenv(t->fake, "AWS_SHARED_CREDENTIALS_FILE", "/nonexistent");
    fake_setenv(t->fake, "AWS_EC2_METADATA_DISABLED", "true");
    assert_non_null(send_call(t, NULL));
    assert_int_equal(t->told, 0);
    fake_run(t->fake);
    assert_true(t->failed);
    assert_int_equal(t->err.class, AS_AWS_AUTH);
    assert_string_equal(t->err.code, "NoCredentials");
    assert_int_equal(t->fake->ncalls, 0);
}


static void
test_cancelled(void **state)
{
    test_t         *t = *state;
    as_aws_call_t  *call;

    /* While it waits for credentials, and while it is under way. */
    call = send_call(t, NULL);
    as_aws_call_cancel(t->aws, call);
    fake_run(t->fake);
    assert_int_equal(t->dropped, 1);
    assert_int_equal(t->fake->ncalls, 0);

    call = send_call(t, NULL);
    fake_run(t->fake);
    assert_int_equal(t->fake->ncalls, 1);
    as_aws_call_cancel(t->aws, call);
    assert_true(t->fake->calls[0].cancelled);
    (void) fake_answer(t->fake, 200, OK);
    fake_run(t->fake);
    assert_int_equal(t->told, 0);
    assert_int_equal(t->dropped, 2);

    /* Destroyed during a call. */
    assert_non_null(send_call(t, NULL));
    as_aws_destroy(t->aws);
    t->aws = NULL;
    assert_int_equal(t->told, 0);
    assert_int_equal(t->dropped, 3);
}


typedef struct {
    int              status;
    const char      *body;
    as_aws_class_e   class;
    const char      *code;
} meaning_t;


static void
test_meanings(void **state)
{
    size_t           i;
    test_t          *t = *state;
    const meaning_t *m;

    static const meaning_t  meanings[] = {
        { 400, "{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\","
          "\"message\":\"m\"}", AS_AWS_NOT_FOUND, "QueueDoesNotExist" },
        { 400, "{\"__type\":\"AWS.SimpleQueueService.NonExistentQueue\"}",
          AS_AWS_NOT_FOUND, "AWS.SimpleQueueService.NonExistentQueue" },
        { 403, "{\"__type\":\"com.amazonaws.sqs#RequestThrottled\"}",
          AS_AWS_THROTTLED, "RequestThrottled" },
        { 403, "{\"__type\":\"com.amazonaws.sqs#OverLimit\"}",
          AS_AWS_THROTTLED, "OverLimit" },
        { 400, "{\"__type\":\"com.amazon.coral.service#"
          "AccessDeniedException\",\"Message\":\"m\"}", AS_AWS_AUTH,
          "AccessDeniedException" },
        { 400, "<ErrorResponse xmlns=\"x\"><Error><Code>Throttling</Code>"
          "<Message>m</Message></Error></ErrorResponse>", AS_AWS_THROTTLED,
          "Throttling" },
        { 404, "<ErrorResponse><Error><Code>NotFound</Code></Error>"
          "</ErrorResponse>", AS_AWS_NOT_FOUND, "NotFound" },
        { 400, "<ErrorResponse><Error><Code>InvalidParameter</Code></Error>"
          "</ErrorResponse>", AS_AWS_PERMANENT, "InvalidParameter" },
        { 500, "<ErrorResponse><Error><Code>InternalFailure</Code></Error>"
          "</ErrorResponse>", AS_AWS_RETRY, "InternalFailure" },
        { 503, "<html>busy</html>", AS_AWS_RETRY, "HTTP 503" },
        { 429, "", AS_AWS_THROTTLED, "HTTP 429" },
        { 403, "no", AS_AWS_AUTH, "HTTP 403" },
        { 301, "", AS_AWS_PERMANENT, "HTTP 301" },
        { 400, "<!DOCTYPE a [<!ENTITY b \"c\">]><Error><Code>&b;</Code>"
          "</Error>", AS_AWS_PERMANENT, "HTTP 400" },
        { 400, "{\"__type\":7}", AS_AWS_PERMANENT, "HTTP 400" }
    };

    for (i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        m = &meanings[i];
        (void) fake_answer(t->fake, m->status, m->body);
        assert_non_null(send_call(t, "A.B"));
        fake_run(t->fake);
        assert_true(t->failed);
        assert_string_equal(t->err.code, m->code);
        assert_int_equal(t->err.class, m->class);
        assert_int_equal(t->err.status, m->status);
    }
}


static void
test_network(void **state)
{
    test_t         *t = *state;
    fake_answer_t  *a;

    a = fake_error(t->fake, AS_HTTP_TIMEOUT);
    assert_non_null(send_call(t, NULL));
    fake_run(t->fake);
    assert_int_equal(t->err.class, AS_AWS_RETRY);
    assert_int_equal(t->err.http_error, AS_HTTP_TIMEOUT);
    assert_true(t->err.maybe_done);

    a = fake_error(t->fake, AS_HTTP_CONNECT);
    a->maybe_sent = false;
    assert_non_null(send_call(t, NULL));
    fake_run(t->fake);
    assert_int_equal(t->err.class, AS_AWS_RETRY);
    assert_false(t->err.maybe_done);

    (void) fake_error(t->fake, AS_HTTP_FORBIDDEN);
    assert_non_null(send_call(t, NULL));
    fake_run(t->fake);
    assert_int_equal(t->err.class, AS_AWS_PERMANENT);
}


static void
test_retry_advice(void **state)
{
    as_aws_error_t  err;

    (void) state;

    memset(&err, 0, sizeof(err));
    err.class = AS_AWS_RETRY;
    err.retry_after_ms = -1;

    assert_true(as_aws_retry_ms(&err, 1, 100, 20000, 0) == 0);
    assert_true(as_aws_retry_ms(&err, 1, 100, 20000, UINT32_MAX) == 100);
    assert_true(as_aws_retry_ms(&err, 4, 100, 20000, UINT32_MAX) == 800);
    assert_true(as_aws_retry_ms(&err, 400, 100, 20000, UINT32_MAX) == 20000);

    err.retry_after_ms = 30000;
    assert_true(as_aws_retry_ms(&err, 1, 100, 20000, 0) == 30000);

    err.class = AS_AWS_PERMANENT;
    assert_true(as_aws_retry_ms(&err, 1, 100, 20000, 0) == -1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_signed_json_call, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_query_call, setup, teardown),
        cmocka_unit_test_setup_teardown(test_endpoints, setup, teardown),
        cmocka_unit_test_setup_teardown(test_settings_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_expired_token_once_more, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            test_new_keys_sign_the_second_attempt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clock_corrected, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_no_credentials, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_cancelled, setup, teardown),
        cmocka_unit_test_setup_teardown(test_meanings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_network, setup, teardown),
        cmocka_unit_test(test_retry_advice)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
