/*
 * The providers of credentials, their order, and when keys are fetched anew.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "as_credentials.h"
#include "fake_http.h"


#define STS                                                                   \
    "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/"  \
    "doc/2011-06-15/\"><AssumeRoleWithWebIdentityResult><Credentials>"       \
    "<SessionToken>tok</SessionToken><SecretAccessKey>sec</SecretAccessKey>" \
    "<Expiration>2015-08-30T13:36:00Z</Expiration>"                          \
    "<AccessKeyId>ASIA1</AccessKeyId></Credentials>"                         \
    "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"

#define KEYS                                                                  \
    "{\"Code\":\"Success\",\"AccessKeyId\":\"ASIA2\",\"SecretAccessKey\":"   \
    "\"sec2\",\"Token\":\"tok2\",\"Expiration\":\"2015-08-30T13:36:00Z\"}"


typedef struct {
    fake_t            *fake;
    as_credentials_t  *creds;
    int                told;
    char               access[64];
    char               secret[64];
    char               token[64];
    char               source[128];
    char               error[1024];
    char               dir[64];
} test_t;


static void
told(void *data, const as_credentials_keys_t *keys, const char *error)
{
    test_t  *t = data;

    t->told++;
    t->access[0] = t->secret[0] = t->token[0] = t->error[0] = '\0';

    if (keys == NULL) {
        (void) snprintf(t->error, sizeof(t->error), "%s", error);
        return;
    }

    (void) snprintf(t->access, sizeof(t->access), "%s", keys->access_key);
    (void) snprintf(t->secret, sizeof(t->secret), "%s", keys->secret_key);
    (void) snprintf(t->token, sizeof(t->token), "%s",
                    keys->session_token ? keys->session_token : "");
    (void) snprintf(t->source, sizeof(t->source), "%s", keys->source);
}


static int
setup(void **state)
{
    test_t  *t;

    t = calloc(1, sizeof(test_t));
    t->fake = fake_create();
    strcpy(t->dir, "/tmp/autostock-test-XXXXXX");
    assert_non_null(mkdtemp(t->dir));
    *state = t;

    return 0;
}


static int
teardown(void **state)
{
    char     path[128];
    size_t   i;
    test_t  *t = *state;

    static const char *const  names[] = { "credentials", "config", "token" };

    for (i = 0; i < 3; i++) {
        (void) snprintf(path, sizeof(path), "%s/%s", t->dir, names[i]);
        (void) unlink(path);
    }

    (void) rmdir(t->dir);
    as_credentials_destroy(t->creds);
    fake_destroy(t->fake);
    free(t);

    return 0;
}


static char *
file(test_t *t, const char *name, const char *text)
{
    FILE         *f;
    static char   path[3][128];
    static int    n;

    n = (n + 1) % 3;
    (void) snprintf(path[n], sizeof(path[n]), "%s/%s", t->dir, name);
    f = fopen(path[n], "w");
    assert_non_null(f);
    (void) fputs(text, f);
    (void) fclose(f);

    return path[n];
}


static void
profiles(test_t *t, const char *credentials, const char *config)
{
    fake_setenv(t->fake, "AWS_SHARED_CREDENTIALS_FILE",
                file(t, "credentials", credentials));
    fake_setenv(t->fake, "AWS_CONFIG_FILE", file(t, "config", config));
}


static void
get(test_t *t)
{
    if (t->creds == NULL) {
        t->creds = as_credentials_create(t->fake->http, &t->fake->clock,
                                         fake_getenv, t->fake);
    }

    assert_int_equal(as_credentials_get(t->creds, told, t), 0);
    fake_run(t->fake);
}


static void
test_environment_first(void **state)
{
    test_t  *t = *state;

    profiles(t, "[default]\naws_access_key_id=P\n"
             "aws_secret_access_key=Q\n", "");
    fake_setenv(t->fake, "AWS_ACCESS_KEY_ID", "AKIA");
    fake_setenv(t->fake, "AWS_SECRET_ACCESS_KEY", "secret");
    fake_setenv(t->fake, "AWS_SESSION_TOKEN", "token");
    get(t);

    assert_string_equal(t->access, "AKIA");
    assert_string_equal(t->secret, "secret");
    assert_string_equal(t->token, "token");
    assert_int_equal(t->fake->ncalls, 0);
    assert_non_null(as_credentials_peek(t->creds));
}


static void
test_half_an_environment(void **state)
{
    test_t  *t = *state;

    fake_setenv(t->fake, "AWS_ACCESS_KEY_ID", "AKIA");
    get(t);
    assert_int_equal(t->told, 1);
    assert_non_null(strstr(t->error, "AWS_SECRET_ACCESS_KEY is not"));
    assert_null(strstr(t->error, "AKIA"));
}


static void
test_profile(void **state)
{
    test_t  *t = *state;

    profiles(t,
             "# a comment\n[default]\naws_access_key_id = D\n"
             "aws_secret_access_key = E\n\n[ shop ]\r\n"
             "aws_access_key_id = AKIASHOP  # mine\r\n"
             "aws_secret_access_key = a/b=c+d\r\n"
             "[other]\naws_access_key_id = X\n",
             "[profile shop]\nregion = ap-northeast-2\n"
             "s3 =\n    region = nested\n");
    fake_setenv(t->fake, "AWS_PROFILE", "shop");
    get(t);

    assert_string_equal(t->access, "AKIASHOP");
    assert_string_equal(t->secret, "a/b=c+d");
    assert_string_equal(t->source, "profile shop");
    assert_string_equal(as_credentials_region(t->creds), "ap-northeast-2");
}


static void
test_profile_that_is_not_there(void **state)
{
    test_t  *t = *state;

    profiles(t, "", "");
    fake_setenv(t->fake, "AWS_PROFILE", "none");
    get(t);
    assert_non_null(strstr(t->error, "AWS_PROFILE names profile none"));
    assert_int_equal(t->fake->ncalls, 0);
}


static void
test_web_identity(void **state)
{
    test_t      *t = *state;
    const char  *body;

    fake_setenv(t->fake, "AWS_REGION", "eu-west-1");
    fake_setenv(t->fake, "AWS_ROLE_ARN", "arn:aws:iam::1:role/r");
    fake_setenv(t->fake, "AWS_WEB_IDENTITY_TOKEN_FILE",
                file(t, "token", "a.b+c\n"));
    (void) fake_answer(t->fake, 200, STS);
    get(t);

    assert_string_equal(t->access, "ASIA1");
    assert_string_equal(t->secret, "sec");
    assert_string_equal(t->token, "tok");

    assert_string_equal(t->fake->calls[0].url,
                        "https://sts.eu-west-1.amazonaws.com/");
    assert_int_equal(t->fake->calls[0].flags, 0);
    assert_null(fake_header(t->fake, 0, "Authorization"));

    body = t->fake->calls[0].body;
    assert_non_null(strstr(body, "Action=AssumeRoleWithWebIdentity"));
    assert_non_null(strstr(body, "&WebIdentityToken=a.b%2Bc"));
    assert_null(strstr(body, "%0A"));
    assert_non_null(strstr(body,
                           "&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr"));
}


static void
test_role_of_a_profile(void **state)
{
    test_t  *t = *state;

    fake_setenv(t->fake, "AWS_REGION", "eu-west-1");
    profiles(t, "[base]\naws_access_key_id=AKIABASE\n"
             "aws_secret_access_key=s\n",
             "[default]\nrole_arn=arn:aws:iam::1:role/r\n"
             "source_profile=base\nexternal_id=x y\n");
    (void) fake_answer(t->fake, 200, STS);
    get(t);

    assert_string_equal(t->access, "ASIA1");
    assert_non_null(strstr(fake_header(t->fake, 0, "Authorization"),
                           "Credential=AKIABASE/20150830/eu-west-1/sts/"));
    assert_non_null(strstr(t->fake->calls[0].body, "Action=AssumeRole&"));
    assert_non_null(strstr(t->fake->calls[0].body, "&ExternalId=x%20y"));
}


static void
test_container_ecs(void **state)
{
    test_t  *t = *state;

    profiles(t, "", "");
    fake_setenv(t->fake, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x");
    (void) fake_answer(t->fake, 200, KEYS);
    get(t);

    assert_string_equal(t->access, "ASIA2");
    assert_string_equal(t->token, "tok2");
    assert_string_equal(t->fake->calls[0].url, "http://169.254.170.2/v2/x");
    assert_int_equal(t->fake->calls[0].flags,
                     AS_HTTP_PRIVATE | AS_HTTP_METADATA);
}


static void
test_container_eks(void **state)
{
    test_t  *t = *state;

    profiles(t, "", "");
    fake_setenv(t->fake, "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                "http://169.254.170.23/v1/credentials");
    fake_setenv(t->fake, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                file(t, "token", "pod-token\n"));
    (void) fake_answer(t->fake, 200, KEYS);
    get(t);

    assert_string_equal(t->access, "ASIA2");
    assert_string_equal(fake_header(t->fake, 0, "Authorization"),
                        "pod-token");
}


static void
test_container_elsewhere_is_refused(void **state)
{
    size_t   i;
    test_t  *t = *state;

    static const char *const  urls[] = {
        "http://10.0.0.1/", "http://169.254.169.254/", "http://example.com/",
        "http://127.0.0.1.example.com/", "http://localhost.example.com/",
        "ftp://127.0.0.1/", "http://user@127.0.0.1/"
    };

    profiles(t, "", "");

    for (i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        fake_setenv(t->fake, "AWS_CONTAINER_CREDENTIALS_FULL_URI", urls[i]);
        get(t);
        assert_non_null(strstr(t->error, "must be https"));
        assert_int_equal(t->fake->ncalls, 0);
    }
}


static void
test_container_that_fails_ends_the_chain(void **state)
{
    test_t  *t = *state;

    profiles(t, "", "");
    fake_setenv(t->fake, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
    (void) fake_answer(t->fake, 500, "oops");
    get(t);
    assert_non_null(strstr(t->error, "answered 500"));
    assert_int_equal(t->fake->ncalls, 1);
}


static void
test_imds(void **state)
{
    test_t  *t = *state;

    profiles(t, "", "");
    (void) fake_answer(t->fake, 200, "TOKEN==");
    (void) fake_answer(t->fake, 200, "my-role\n");
    (void) fake_answer(t->fake, 200, KEYS);
    get(t);

    assert_string_equal(t->access, "ASIA2");
    assert_int_equal(t->fake->ncalls, 3);
    assert_string_equal(t->fake->calls[0].method, "PUT");
    assert_string_equal(t->fake->calls[0].url,
                        "http://169.254.169.254/latest/api/token");
    assert_int_equal(t->fake->calls[0].timeout_ms, 1000);
    assert_string_equal(fake_header(t->fake, 1, "X-aws-ec2-metadata-token"),
                        "TOKEN==");
    assert_string_equal(t->fake->calls[2].url,
                        "http://169.254.169.254/latest/meta-data/iam/"
                        "security-credentials/my-role");
}


static void
test_imds_without_a_role(void **state)
{
    test_t  *t = *state;

    profiles(t, "", "");
    (void) fake_answer(t->fake, 200, "TOKEN==");
    (void) fake_answer(t->fake, 404, "");
    get(t);
    assert_non_null(strstr(t->error, "no role is attached"));
    assert_non_null(strstr(t->error, "AWS_ACCESS_KEY_ID is not set"));
}


static void
test_imds_disabled(void **state)
{
    test_t  *t = *state;

    profiles(t, "", "");
    fake_setenv(t->fake, "AWS_EC2_METADATA_DISABLED", "TRUE");
    get(t);
    assert_int_equal(t->fake->ncalls, 0);
    assert_string_not_equal(t->error, "");
}


static void
test_one_fetch_for_all(void **state)
{
    test_t  *t = *state;

    profiles(t, "", "");
    fake_setenv(t->fake, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
    t->creds = as_credentials_create(t->fake->http, &t->fake->clock,
                                     fake_getenv, t->fake);
    assert_null(as_credentials_peek(t->creds));
    assert_int_equal(as_credentials_get(t->creds, told, t), 0);
    assert_int_equal(as_credentials_get(t->creds, told, t), 0);
    assert_int_equal(as_credentials_get(t->creds, told, &t->told), 0);
    as_credentials_forget(t->creds, told, &t->told);
    assert_int_equal(t->told, 0);

    (void) fake_answer(t->fake, 200, KEYS);
    fake_run(t->fake);
    assert_int_equal(t->told, 2);
    assert_int_equal(t->fake->ncalls, 1);
}


static void
test_refreshed_ahead(void **state)
{
    test_t  *t = *state;

    profiles(t, "", "");
    fake_setenv(t->fake, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
    (void) fake_answer(t->fake, 200, KEYS);
    get(t);

    /* 4 minutes before their end: usable, and fetched anew beside. */
    t->fake->unix_ms += 56 * 60000;
    t->fake->mono_ms += 56 * 60000;
    assert_non_null(as_credentials_peek(t->creds));
    (void) fake_answer(t->fake, 500, "");
    fake_run(t->fake);
    assert_int_equal(t->fake->ncalls, 2);

    /* It failed: what there is still holds, the next try waits a little. */
    assert_non_null(as_credentials_peek(t->creds));
    fake_run(t->fake);
    assert_int_equal(t->fake->ncalls, 2);

    t->fake->mono_ms += 16000;
    assert_non_null(as_credentials_peek(t->creds));
    (void) fake_answer(t->fake, 200,
                       "{\"AccessKeyId\":\"ASIA3\",\"SecretAccessKey\":\"s\","
                       "\"Token\":\"t\",\"Expiration\":"
                       "\"2015-08-30T19:36:00.123Z\"}");
    fake_run(t->fake);
    assert_string_equal(as_credentials_peek(t->creds)->access_key, "ASIA3");
}


static void
test_expired_are_not_used(void **state)
{
    test_t  *t = *state;

    profiles(t, "", "");
    fake_setenv(t->fake, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
    (void) fake_answer(t->fake, 200, KEYS);
    get(t);
    t->fake->unix_ms += 3600000;
    assert_null(as_credentials_peek(t->creds));

    (void) fake_answer(t->fake, 500, "");
    get(t);
    assert_non_null(strstr(t->error, "answered 500"));
}


static void
test_invalidated(void **state)
{
    test_t  *t = *state;

    fake_setenv(t->fake, "AWS_ACCESS_KEY_ID", "A1");
    fake_setenv(t->fake, "AWS_SECRET_ACCESS_KEY", "s");
    get(t);
    fake_setenv(t->fake, "AWS_ACCESS_KEY_ID", "A2");
    assert_string_equal(as_credentials_peek(t->creds)->access_key, "A1");
    as_credentials_invalidate(t->creds);
    assert_null(as_credentials_peek(t->creds));
    get(t);
    assert_string_equal(t->access, "A2");
}


static void
test_garbled_answers(void **state)
{
    size_t   i;
    test_t  *t = *state;

    static const char *const  bodies[] = {
        "", "[]", "{", "{\"AccessKeyId\":\"A\"}", "<html>",
        "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"B\","
        "\"Expiration\":\"tomorrow\"}"
    };

    profiles(t, "", "");
    fake_setenv(t->fake, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");

    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        (void) fake_answer(t->fake, 200, bodies[i]);
        get(t);
        assert_string_not_equal(t->error, "");
        assert_null(as_credentials_peek(t->creds));
    }
}


/* A real loop, since the command's output is watched in it. */
static void
process(test_t *t, const char *command)
{
    char             config[1024];
    bool             over;
    int              n;
    as_http_t       *http;
    as_http_conf_t   conf;

    memset(&conf, 0, sizeof(conf));
    http = as_http_curl_create(&conf);
    assert_non_null(http);

    (void) snprintf(config, sizeof(config),
                    "[default]\ncredential_process = %s\n", command);
    profiles(t, "", config);
    t->told = 0;
    t->creds = as_credentials_create(http, &t->fake->clock, fake_getenv,
                                     t->fake);
    assert_int_equal(as_credentials_get(t->creds, told, t), 0);

    for (n = 0, over = false; n < 500 && !over; n++) {
        (void) as_http_poll(http, NULL, 0, 20);
        over = t->told > 0;
    }

    assert_int_equal(t->told, 1);
    as_credentials_destroy(t->creds);
    t->creds = NULL;
    as_http_destroy(http);
}


static void
test_process(void **state)
{
    test_t  *t = *state;

    process(t, "printf '{\"Version\":1,\"AccessKeyId\":\"PROC\","
            "\"SecretAccessKey\":\"s\",\"SessionToken\":\"t\"}'");
    assert_string_equal(t->access, "PROC");
    assert_string_equal(t->token, "t");

    process(t, "echo '{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\"}'; "
            "exit 3");
    assert_non_null(strstr(t->error, "ended with status 3"));

    process(t, "echo nonsense");
    assert_non_null(strstr(t->error, "not JSON"));

    process(t, "head -c 100000 /dev/zero");
    assert_non_null(strstr(t->error, "printed too much"));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_environment_first, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_half_an_environment, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_profile, setup, teardown),
        cmocka_unit_test_setup_teardown(test_profile_that_is_not_there,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_web_identity, setup, teardown),
        cmocka_unit_test_setup_teardown(test_role_of_a_profile, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_container_ecs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_container_eks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_container_elsewhere_is_refused,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_container_that_fails_ends_the_chain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_imds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_imds_without_a_role, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_imds_disabled, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_fetch_for_all, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_refreshed_ahead, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_expired_are_not_used, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_invalidated, setup, teardown),
        cmocka_unit_test_setup_teardown(test_garbled_answers, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_process, setup, teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
