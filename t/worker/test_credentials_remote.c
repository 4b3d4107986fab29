/*
 * The providers that use HTTP: STS, the container, the instance.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "creds_fixture.h"


static void
test_web_identity(void **state)
{
    test_t      *t = *state;
    const char  *body;

    fake_setenv(t->fake, "AWS_REGION", "eu-west-1");
    fake_setenv(t->fake, "AWS_ROLE_ARN", "arn:aws:iam::1:role/r");
    fake_setenv(t->fake, "AWS_WEB_IDENTITY_TOKEN_FILE",
                creds_file(t, "token", "a.b+c\n"));
    (void) fake_answer(t->fake, 200, STS);
    creds_get(t);

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
    creds_profiles(t, "[base]\naws_access_key_id=AKIABASE\n"
             "aws_secret_access_key=s\n",
             "[default]\nrole_arn=arn:aws:iam::1:role/r\n"
             "source_profile=base\nexternal_id=x y\n");
    (void) fake_answer(t->fake, 200, STS);
    creds_get(t);

    assert_string_equal(t->access, "ASIA1");
    assert_non_null(strstr(fake_header(t->fake, 0, "Authorization"),
                           "Credential=AKIABASE/20150830/eu-west-1/sts/"));
    assert_non_null(strstr(t->fake->calls[0].body, "Action=AssumeRole&"));
    assert_non_null(strstr(t->fake->calls[0].body, "&ExternalId=x%20y"));
}


/* Each role is assumed with the keys of the previous one, the
 * outermost last. */
static void
test_roles_in_a_chain(void **state)
{
    test_t  *t = *state;

    fake_setenv(t->fake, "AWS_REGION", "eu-west-1");
    fake_setenv(t->fake, "AWS_PROFILE", "outer");
    creds_profiles(t, "",
             "[profile outer]\nrole_arn=arn:aws:iam::1:role/outer\n"
             "source_profile=middle\nduration_seconds=900\n"
             "[profile middle]\nrole_arn=arn:aws:iam::1:role/middle\n"
             "source_profile=inner\nrole_session_name=shop\n"
             "[profile inner]\nrole_arn=arn:aws:iam::1:role/inner\n"
             "credential_source=EcsContainer\n");
    fake_setenv(t->fake, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
    (void) fake_answer(t->fake, 200, KEYS);
    (void) fake_answer(t->fake, 200, STS);
    (void) fake_answer(t->fake, 200, STS);
    (void) fake_answer(t->fake, 200, STS);
    creds_get(t);

    assert_string_equal(t->access, "ASIA1");
    assert_int_equal(t->fake->ncalls, 4);
    assert_non_null(strstr(fake_header(t->fake, 1, "Authorization"),
                           "Credential=ASIA2/"));
    assert_string_equal(fake_header(t->fake, 1, "X-Amz-Security-Token"),
                        "tok2");
    assert_non_null(strstr(t->fake->calls[1].body, "role%2Finner"));
    assert_non_null(strstr(fake_header(t->fake, 2, "Authorization"),
                           "Credential=ASIA1/"));
    assert_non_null(strstr(t->fake->calls[2].body, "role%2Fmiddle"));
    assert_non_null(strstr(t->fake->calls[2].body,
                           "&RoleSessionName=shop"));
    assert_non_null(strstr(t->fake->calls[3].body, "role%2Fouter"));
    assert_non_null(strstr(t->fake->calls[3].body, "&DurationSeconds=900"));

    /* A failure ends the chain, and the next attempt begins at its start. */
    as_credentials_invalidate(t->creds);
    (void) fake_answer(t->fake, 404, "");
    creds_get(t);
    assert_non_null(strstr(t->error, "answered 404"));
    assert_int_equal(t->fake->ncalls, 5);
    (void) fake_answer(t->fake, 200, KEYS);
    (void) fake_answer(t->fake, 403, "");
    creds_get(t);
    assert_non_null(strstr(t->error, "STS: HTTP 403"));
    assert_int_equal(t->fake->ncalls, 7);
}


static void
test_chains_that_are_none(void **state)
{
    size_t   i;
    test_t  *t = *state;

    static const char *const  profiles[][2] = {
        { "source_profile=default\n", "profile default has no keys" },
        { "source_profile=other\n[profile other]\nrole_arn=arn:x\n"
          "source_profile=default\n", "refers back" },
        { "source_profile=missing\n", "names profile missing" },
        { "credential_source=Elsewhere\n", "found Elsewhere" },
        { "", "needs one of" },
        { "source_profile=a\ncredential_source=Environment\n",
          "needs one of" },
        { "source_profile=a\nmfa_serial=arn:y\n", "mfa_serial" },
        { "credential_source=Environment\n", "AWS_ACCESS_KEY_ID is not set" }
    };

    fake_setenv(t->fake, "AWS_REGION", "eu-west-1");

    for (i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
        char  config[512];

        (void) snprintf(config, sizeof(config), "[default]\n"
                        "role_arn=arn:x\n%s", profiles[i][0]);
        creds_profiles(t, "", config);
        creds_get(t);
        assert_non_null(strstr(t->error, profiles[i][1]));
        assert_int_equal(t->fake->ncalls, 0);
    }
}


/* STS reports that this host's clock is wrong: called again with STS's time. */
static void
test_role_with_a_wrong_clock(void **state)
{
    test_t         *t = *state;
    fake_answer_t  *a;

    fake_setenv(t->fake, "AWS_REGION", "eu-west-1");
    creds_profiles(t, "", "[default]\naws_access_key_id=AKIABASE\n"
             "aws_secret_access_key=s\nrole_arn=arn:aws:iam::1:role/r\n"
             "source_profile=default\n");
    a = fake_answer(t->fake, 403, "<ErrorResponse><Error><Code>"
                    "SignatureDoesNotMatch</Code><Message>expired</Message>"
                    "</Error></ErrorResponse>");
    a->date_ms = t->fake->unix_ms - 3600000;
    (void) fake_answer(t->fake, 200, STS);
    creds_get(t);

    assert_string_equal(t->access, "ASIA1");
    assert_int_equal(t->fake->ncalls, 2);
    assert_string_equal(fake_header(t->fake, 1, "X-Amz-Date"),
                        "20150830T113600Z");

    /* not called again if the clock was not the cause */
    as_credentials_invalidate(t->creds);
    a = fake_answer(t->fake, 403, "<ErrorResponse><Error><Code>"
                    "SignatureDoesNotMatch</Code></Error></ErrorResponse>");
    a->date_ms = t->fake->unix_ms - 3600000;
    creds_get(t);
    assert_int_equal(t->fake->ncalls, 3);
    assert_non_null(strstr(t->error, "SignatureDoesNotMatch"));
}


static void
test_container_ecs(void **state)
{
    test_t  *t = *state;

    creds_profiles(t, "", "");
    fake_setenv(t->fake, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x");
    (void) fake_answer(t->fake, 200, KEYS);
    creds_get(t);

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

    creds_profiles(t, "", "");
    fake_setenv(t->fake, "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                "http://169.254.170.23/v1/credentials");
    fake_setenv(t->fake, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                creds_file(t, "token", "pod-token\n"));
    (void) fake_answer(t->fake, 200, KEYS);
    creds_get(t);

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

    creds_profiles(t, "", "");

    for (i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        fake_setenv(t->fake, "AWS_CONTAINER_CREDENTIALS_FULL_URI", urls[i]);
        creds_get(t);
        assert_non_null(strstr(t->error, "must be https"));
        assert_int_equal(t->fake->ncalls, 0);
    }
}


static void
test_container_that_fails_ends_the_chain(void **state)
{
    test_t  *t = *state;

    creds_profiles(t, "", "");
    fake_setenv(t->fake, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
    (void) fake_answer(t->fake, 500, "oops");
    creds_get(t);
    assert_non_null(strstr(t->error, "answered 500"));
    assert_int_equal(t->fake->ncalls, 1);
}


static void
test_imds(void **state)
{
    test_t  *t = *state;

    creds_profiles(t, "", "");
    (void) fake_answer(t->fake, 200, "TOKEN==");
    (void) fake_answer(t->fake, 200, "my-role\n");
    (void) fake_answer(t->fake, 200, KEYS);
    creds_get(t);

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


/* Expired keys of an instance stay in use while there are no newer ones, and
 * the instance is polled at intervals. */
static void
test_imds_that_fails_later(void **state)
{
    size_t   n;
    test_t  *t = *state;

    creds_profiles(t, "", "");
    (void) fake_answer(t->fake, 200, "TOKEN==");
    (void) fake_answer(t->fake, 200, "my-role\n");
    (void) fake_answer(t->fake, 200, KEYS);
    creds_get(t);

    /* an hour and a minute later */
    t->fake->unix_ms += 61 * 60000;
    t->fake->mono_ms += 61 * 60000;
    assert_string_equal(as_credentials_peek(t->creds)->access_key, "ASIA2");
    (void) fake_answer(t->fake, 503, "");
    fake_run(t->fake);
    assert_int_equal(t->fake->ncalls, 4);

    for (n = 0; n < 4; n++) {
        t->fake->mono_ms += 60000;
        assert_non_null(as_credentials_peek(t->creds));
        fake_run(t->fake);
        assert_int_equal(t->fake->ncalls, 4);
    }

    /* the same old keys again: no change */
    t->fake->mono_ms += 61000;
    assert_non_null(as_credentials_peek(t->creds));
    (void) fake_answer(t->fake, 200, "TOKEN==");
    (void) fake_answer(t->fake, 200, "my-role\n");
    (void) fake_answer(t->fake, 200, KEYS);
    fake_run(t->fake);
    assert_int_equal(t->fake->ncalls, 7);
    assert_non_null(as_credentials_peek(t->creds));
    fake_run(t->fake);
    assert_int_equal(t->fake->ncalls, 7);

    /* AWS refuses them: then they are not used any more */
    as_credentials_invalidate(t->creds);
    assert_null(as_credentials_peek(t->creds));
    (void) fake_answer(t->fake, 503, "");
    creds_get(t);
    assert_string_equal(t->access, "");
    assert_non_null(strstr(t->error, "answered 503"));
}


static void
imds_answers(test_t *t)
{
    (void) fake_answer(t->fake, 200, "TOKEN==");
    (void) fake_answer(t->fake, 200, "my-role\n");
    (void) fake_answer(t->fake, 200, KEYS);
}


/* AWS refuses the keys, and the instance has no others: it is polled at growing
 * intervals, and a request in between fails at once. */
static void
test_imds_whose_keys_are_refused(void **state)
{
    size_t   i, calls;
    test_t  *t = *state;

    static const int64_t  pauses[] = { 1000, 2000, 4000, 8000, 15000, 15000 };

    creds_profiles(t, "", "");
    imds_answers(t);
    creds_get(t);
    as_credentials_refused(t->creds);
    imds_answers(t);
    creds_get(t);
    calls = t->fake->ncalls;
    assert_int_equal(calls, 6);

    for (i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
        assert_string_equal(t->access, "ASIA2");
        as_credentials_refused(t->creds);
        assert_null(as_credentials_peek(t->creds));
        creds_get(t);
        t->fake->mono_ms += pauses[i] - 1;
        creds_get(t);
        assert_string_equal(t->access, "");
        assert_non_null(strstr(t->error, "AWS refuses the keys of"));
        assert_int_equal(t->fake->ncalls, calls);

        t->fake->mono_ms += 1;
        imds_answers(t);
        creds_get(t);
        calls += 3;
        assert_int_equal(t->fake->ncalls, calls);
    }

    /* a later incident begins with the first interval */
    t->fake->mono_ms += 300001;
    as_credentials_refused(t->creds);
    imds_answers(t);
    creds_get(t);
    as_credentials_refused(t->creds);
    t->fake->mono_ms += 1000;
    imds_answers(t);
    creds_get(t);
    calls += 6;
    assert_int_equal(t->fake->ncalls, calls);

    /* a failure does not shorten the interval */
    as_credentials_refused(t->creds);
    t->fake->mono_ms += 2000;
    (void) fake_answer(t->fake, 503, "");
    creds_get(t);
    assert_int_equal(t->fake->ncalls, calls + 1);
    creds_get(t);
    assert_non_null(strstr(t->error, "answered 503"));
    assert_true(as_credentials_transient(t->creds));
    assert_int_equal(t->fake->ncalls, calls + 1);

    /* SIGHUP does not wait, and forgets the pause */
    as_credentials_invalidate(t->creds);
    imds_answers(t);
    creds_get(t);
    assert_string_equal(t->access, "ASIA2");
    as_credentials_refused(t->creds);
    imds_answers(t);
    creds_get(t);
    assert_int_equal(t->fake->ncalls, calls + 7);
}


/* Failures that may pass, and failures that will not. */
static void
test_transient_failures(void **state)
{
    size_t   i;
    test_t  *t = *state;

    static const struct {
        int          status;           /* 0: no answer */
        const char  *body;
        bool         container;
        bool         transient;
    } cases[] = {
        { 500, "", true, true }, { 503, "", true, true },
        { 429, "", true, true }, { 0, "", true, true },
        { 404, "", true, false }, { 400, "", true, false },
        { 200, "nonsense", true, false },
        { 400, "<E><Error><Code>Throttling</Code></Error></E>", false, true },
        { 500, "", false, true }, { 0, "", false, true },
        { 403, "<E><Error><Code>AccessDenied</Code></Error></E>", false,
          false }
    };

    fake_setenv(t->fake, "AWS_REGION", "eu-west-1");
    fake_setenv(t->fake, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        creds_profiles(t, "", cases[i].container ? ""
                       : "[default]\naws_access_key_id=A\n"
                         "aws_secret_access_key=s\nrole_arn=arn:x\n"
                         "source_profile=default\n");
        if (cases[i].status == 0) {
            (void) fake_error(t->fake, AS_HTTP_TIMEOUT);
        } else {
            (void) fake_answer(t->fake, cases[i].status, cases[i].body);
        }

        creds_get(t);
        print_message("# case %zu: %s\n", i, t->error);
        assert_string_not_equal(t->error, "");
        assert_int_equal(as_credentials_transient(t->creds),
                         cases[i].transient);
    }

    (void) fake_answer(t->fake, 200, KEYS);
    creds_profiles(t, "", "");
    creds_get(t);
    assert_false(as_credentials_transient(t->creds));
}


static void
test_imds_without_a_role(void **state)
{
    test_t  *t = *state;

    creds_profiles(t, "", "");
    (void) fake_answer(t->fake, 200, "TOKEN==");
    (void) fake_answer(t->fake, 404, "");
    creds_get(t);
    assert_non_null(strstr(t->error, "no role is attached"));
    assert_non_null(strstr(t->error, "AWS_ACCESS_KEY_ID is not set"));
}


static void
test_imds_disabled(void **state)
{
    test_t  *t = *state;

    creds_profiles(t, "", "");
    fake_setenv(t->fake, "AWS_EC2_METADATA_DISABLED", "TRUE");
    creds_get(t);
    assert_int_equal(t->fake->ncalls, 0);
    assert_string_not_equal(t->error, "");
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

    creds_profiles(t, "", "");
    fake_setenv(t->fake, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");

    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        (void) fake_answer(t->fake, 200, bodies[i]);
        creds_get(t);
        assert_string_not_equal(t->error, "");
        assert_null(as_credentials_peek(t->creds));
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_web_identity, creds_setup,
                                        creds_teardown),
        cmocka_unit_test_setup_teardown(test_role_of_a_profile, creds_setup,
                                        creds_teardown),
        cmocka_unit_test_setup_teardown(test_roles_in_a_chain, creds_setup,
                                        creds_teardown),
        cmocka_unit_test_setup_teardown(test_chains_that_are_none,
                                        creds_setup, creds_teardown),
        cmocka_unit_test_setup_teardown(test_role_with_a_wrong_clock,
                                        creds_setup, creds_teardown),
        cmocka_unit_test_setup_teardown(test_container_ecs, creds_setup,
                                        creds_teardown),
        cmocka_unit_test_setup_teardown(test_container_eks, creds_setup,
                                        creds_teardown),
        cmocka_unit_test_setup_teardown(
            test_container_elsewhere_is_refused, creds_setup, creds_teardown),
        cmocka_unit_test_setup_teardown(
            test_container_that_fails_ends_the_chain, creds_setup,
            creds_teardown),
        cmocka_unit_test_setup_teardown(test_imds, creds_setup,
                                        creds_teardown),
        cmocka_unit_test_setup_teardown(test_imds_that_fails_later,
                                        creds_setup, creds_teardown),
        cmocka_unit_test_setup_teardown(test_imds_whose_keys_are_refused,
                                        creds_setup, creds_teardown),
        cmocka_unit_test_setup_teardown(test_transient_failures,
                                        creds_setup, creds_teardown),
        cmocka_unit_test_setup_teardown(test_imds_without_a_role, creds_setup,
                                        creds_teardown),
        cmocka_unit_test_setup_teardown(test_imds_disabled, creds_setup,
                                        creds_teardown),
        cmocka_unit_test_setup_teardown(test_garbled_answers, creds_setup,
                                        creds_teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
