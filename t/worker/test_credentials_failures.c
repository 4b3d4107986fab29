/*
 * Credentials that are not there: for each provider what is wrong with its
 * settings, its files or its answers, how many calls that took, and what is
 * said.  None of the failures has keys.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "creds_fixture.h"


#define ANSWERS  4

#define REFUSE   -1                    /* in place of a status: no call can be
                                          sent from here on */
#define BROKEN   -2                    /* the connection fails */


typedef struct {
    const char  *env[6];               /* names and values */
    const char  *config;               /* the profiles; NULL: none */
    struct {
        int          status;           /* 0: the end */
        const char  *body;
    } answers[ANSWERS];
    size_t       calls;
    const char  *error;                /* in what is said */
} case_t;


/* Answers the calls as they come. */
static void
answer(test_t *t, const case_t *c)
{
    size_t  i;

    for (i = 0; i < ANSWERS && c->answers[i].status != 0; i++) {
        if (c->answers[i].status == BROKEN) {
            (void) fake_error(t->fake, AS_HTTP_CONNECT);

        } else if (c->answers[i].status != REFUSE) {
            (void) fake_answer(t->fake, c->answers[i].status,
                               c->answers[i].body);
        }
    }
}


static void
check(void **state, const case_t *cases, size_t n)
{
    size_t   i, k;
    test_t  *t;

    for (i = 0; i < n; i++) {
        (void) creds_teardown(state);
        (void) creds_setup(state);
        t = *state;
        creds_profiles(t, "", cases[i].config == NULL ? "" : cases[i].config);

        for (k = 0; k < 6 && cases[i].env[k] != NULL; k += 2) {
            fake_setenv(t->fake, cases[i].env[k], cases[i].env[k + 1]);
        }

        t->fake->refuse = cases[i].answers[0].status == REFUSE;
        answer(t, &cases[i]);
        creds_get(t);

        if (t->told != 1 || t->access[0] != '\0'
            || t->fake->ncalls != cases[i].calls
            || strstr(t->error, cases[i].error) == NULL)
        {
            fail_msg("case %zu: told %d times, %zu calls, \"%s\"", i, t->told,
                     t->fake->ncalls, t->error);
        }
    }
}

#define CHECK(cases)  check(state, cases, sizeof(cases) / sizeof((cases)[0]))


static void
environment(void **state)
{
    static const case_t  cases[] = {
        { .env = { "AWS_ACCESS_KEY_ID", "A",
                   "AWS_EC2_METADATA_DISABLED", "true" },
          .error = "AWS_SECRET_ACCESS_KEY" },
        { .env = { "AWS_SECRET_ACCESS_KEY", "s",
                   "AWS_EC2_METADATA_DISABLED", "true" },
          .error = "AWS_ACCESS_KEY_ID" },
        { .env = { "AWS_EC2_METADATA_DISABLED", "TRUE" },
          .error = "AWS_EC2_METADATA_DISABLED is true" }
    };

    CHECK(cases);
}


static void
profile(void **state)
{
    static const case_t  cases[] = {
        { .env = { "AWS_PROFILE", "p" },
          .config = "[profile p]\naws_access_key_id=A\n",
          .error = "profile p has only one of aws_access_key_id" },
        { .env = { "AWS_PROFILE", "p" },
          .config = "[profile p]\naws_secret_access_key=s\n",
          .error = "profile p has only one of aws_access_key_id" },
        { .env = { "AWS_PROFILE", "p" },
          .config = "[profile p]\nsso_start_url=https://x\n",
          .error = "uses IAM Identity Center" },
        { .env = { "AWS_PROFILE", "p" },
          .config = "[profile p]\nsso_session=x\n",
          .error = "aws configure export-credentials" },
        { .env = { "AWS_PROFILE", "q" },
          .config = "[profile p]\nregion=eu-west-1\n", .error = "q" },
        { .env = { "AWS_PROFILE", "p" },
          .config = "[profile p]\nrole_arn=arn:x\nsource_profile=b\n"
                    "[profile b]\naws_access_key_id=A\n"
                    "aws_secret_access_key=s\n",
          .error = "STS: the region is not known: set AWS_REGION" }
    };

    CHECK(cases);
}


/* A profile without keys is not the end: the next providers are asked. */
static void
profile_without_keys(void **state)
{
    static const case_t  cases[] = {
        { .env = { "AWS_EC2_METADATA_DISABLED", "true" },
          .config = "[default]\nregion=eu-west-1\n",
          .error = "AWS_EC2_METADATA_DISABLED is true" },
        { .env = { "AWS_EC2_METADATA_DISABLED", "true" },
          .config = "[default]\nregion=eu-west-1\n",
          .error = "profile default has no keys" }
    };

    CHECK(cases);
}


static void
web_identity(void **state)
{
    static const case_t  cases[] = {
        { .env = { "AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent" },
          .error = "AWS_WEB_IDENTITY_TOKEN_FILE is set, AWS_ROLE_ARN is not" },
        { .env = { "AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent",
                   "AWS_ROLE_ARN", "arn:x", "AWS_REGION", "eu-west-1" },
          .error = "web identity token file /nonexistent: No such file" },
        { .env = { "AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent",
                   "AWS_ROLE_ARN", "arn:x" },
          .error = "STS: the region is not known" },
        { .env = { "AWS_WEB_IDENTITY_TOKEN_FILE", "/dev/null",
                   "AWS_ROLE_ARN", "arn:x", "AWS_REGION", "eu-west-1" },
          .answers = { { REFUSE, NULL } },
          .error = "STS: the request cannot be sent" },
        { .env = { "AWS_WEB_IDENTITY_TOKEN_FILE", "/dev/null",
                   "AWS_ROLE_ARN", "arn:x", "AWS_REGION", "eu-west-1" },
          .answers = { { BROKEN, NULL } }, .calls = 1, .error = "STS: " },
        { .env = { "AWS_WEB_IDENTITY_TOKEN_FILE", "/dev/null",
                   "AWS_ROLE_ARN", "arn:x", "AWS_REGION", "eu-west-1" },
          .answers = { { 200, "<a/>" } }, .calls = 1,
          .error = "STS: the answer has no credentials" },
        { .env = { "AWS_WEB_IDENTITY_TOKEN_FILE", "/dev/null",
                   "AWS_ROLE_ARN", "arn:x", "AWS_REGION", "eu-west-1" },
          .answers = { { 200, "not XML" } }, .calls = 1,
          .error = "STS: the answer has no credentials" }
    };

    CHECK(cases);
}


/* Of STS's answer no member may be missing, and its end must be a time. */
static void
parts_of_an_answer(void **state)
{
    size_t  i;
    char    body[400];
    case_t  c = { .env = { "AWS_WEB_IDENTITY_TOKEN_FILE", "/dev/null",
                           "AWS_ROLE_ARN", "arn:x",
                           "AWS_REGION", "eu-west-1" },
                  .calls = 1,
                  .error = "STS: the answer has no credentials" };

    static const char *const  parts[] = {
        "<AccessKeyId>A</AccessKeyId>",
        "<SecretAccessKey>s</SecretAccessKey>",
        "<SessionToken>t</SessionToken>",
        "<Expiration>2015-08-30T13:36:00Z</Expiration>"
    };

    for (i = 0; i <= 4; i++) {
        (void) snprintf(body, sizeof(body), "<R><Credentials>%s%s%s%s"
                        "</Credentials></R>", i == 0 ? "" : parts[0],
                        i == 1 ? "" : parts[1], i == 2 ? "" : parts[2],
                        i == 3 ? "" : i == 4 ? "<Expiration>soon</Expiration>"
                                             : parts[3]);
        c.answers[0].status = 200;
        c.answers[0].body = body;
        check(state, &c, 1);
    }
}


static void
container(void **state)
{
    static const case_t  cases[] = {
        { .env = { "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "v2" },
          .error = "RELATIVE_URI must begin with /" },
        { .env = { "AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/",
                   "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/nonexistent" },
          .error = "/nonexistent: No such file" },
        { .env = { "AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/",
                   "AWS_CONTAINER_AUTHORIZATION_TOKEN", "a\r\nHost: b" },
          .error = "the authorization token has a line break" },
        { .env = { "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2" },
          .answers = { { REFUSE, NULL } },
          .error = "the request cannot be sent: " },
        { .env = { "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2" },
          .answers = { { 200, "" } }, .calls = 1,
          .error = "the answer is not JSON" },
        { .env = { "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2" },
          .answers = { { 200, "[]" } }, .calls = 1,
          .error = "the answer has no AccessKeyId" },
        { .env = { "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2" },
          .answers = { { 200, "{\"AccessKeyId\":\"A\"}" } }, .calls = 1,
          .error = "the answer has no AccessKeyId" },
        { .env = { "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2" },
          .answers = { { 200, "{\"AccessKeyId\":1,\"SecretAccessKey\":2}" } },
          .calls = 1, .error = "the answer has no AccessKeyId" },
        { .env = { "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2" },
          .answers = { { 200, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":"
                              "\"s\",\"Expiration\":\"soon\"}" } },
          .calls = 1, .error = "Expiration is not a time: soon" },
        { .env = { "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2" },
          .answers = { { 200, "{\"AccessKeyId\":\"A\\n\","
                              "\"SecretAccessKey\":\"s\"}" } },
          .calls = 1, .error = "expected keys of printable" },
        { .env = { "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2" },
          .answers = { { 404, "{}" } }, .calls = 1,
          .error = "answered 404" }
    };

    CHECK(cases);
}


/* The last provider, in each of its three calls. */
static void
instance(void **state)
{
    static char  long_token[600];

    case_t  cases[] = {
        { .env = { "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ftp://h" },
          .error = "AWS_EC2_METADATA_SERVICE_ENDPOINT is not an http URL" },
        { .answers = { { REFUSE, NULL } },
          .error = "the request cannot be sent: " },
        { .answers = { { BROKEN, NULL } }, .calls = 1, .error = "a token: " },
        { .answers = { { 403, "" } }, .calls = 1, .error = "403" },
        { .answers = { { 200, long_token } }, .calls = 1,
          .error = "the token cannot be used" },
        { .answers = { { 200, "T" }, { BROKEN, NULL } }, .calls = 2,
          .error = "the role's name: " },
        { .answers = { { 200, "T" }, { 404, "" } }, .calls = 2,
          .error = "404" },
        { .answers = { { 200, "T" }, { 200, "" } }, .calls = 2,
          .error = "no role is attached" },
        { .answers = { { 200, "T" }, { 200, "\nrole" } }, .calls = 2,
          .error = "no role is attached" },
        { .answers = { { 200, "T" }, { 200, "a/../b" } }, .calls = 2,
          .error = "no role is attached" },
        { .answers = { { 200, "T" }, { 200, "<html>" } }, .calls = 2,
          .error = "no role is attached" },
        { .answers = { { 200, "T" }, { 200, "role" }, { 500, "" } },
          .calls = 3, .error = "500" },
        { .answers = { { 200, "T" }, { 200, "role" },
                       { 200, "{\"Code\":\"AssumeRoleUnauthorizedAccess\"}" }
          }, .calls = 3, .error = "the answer has no AccessKeyId" }
    };

    memset(long_token, 'T', sizeof(long_token) - 1);
    CHECK(cases);
}


/* Its address by the settings: of IPv6, and without slashes at its end. */
static void
address_of_the_instance(void **state)
{
    size_t   i;
    test_t  *t;

    static const struct {
        const char  *name;
        const char  *value;
        const char  *url;
    } cases[] = {
        { "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv6",
          "http://[fd00:ec2::254]/latest/api/token" },
        { "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv4",
          "http://169.254.169.254/latest/api/token" },
        { "AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1338//",
          "http://127.0.0.1:1338/latest/api/token" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) creds_teardown(state);
        (void) creds_setup(state);
        t = *state;
        creds_profiles(t, "", "");
        fake_setenv(t->fake, cases[i].name, cases[i].value);
        (void) fake_error(t->fake, AS_HTTP_TIMEOUT);
        creds_get(t);
        assert_int_equal(t->fake->ncalls, 1);
        assert_string_equal(t->fake->calls[0].url, cases[i].url);
    }
}


#define TEST(name)                                                            \
    cmocka_unit_test_setup_teardown(name, creds_setup, creds_teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(environment),
        TEST(profile),
        TEST(profile_without_keys),
        TEST(web_identity),
        TEST(parts_of_an_answer),
        TEST(container),
        TEST(instance),
        TEST(address_of_the_instance)
    };

    return cmocka_run_group_tests_name("credentials_failures", tests, NULL,
                                       NULL);
}
