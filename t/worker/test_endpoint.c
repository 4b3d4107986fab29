/*
 * The endpoint of a service: variables, the profile, FIPS, dual-stack.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "aws/aws_endpoint.h"
#include "creds_fixture.h"


#define CONFIG                                                                \
    "[default]\nendpoint_url = http://of-profile:1\nservices = local\n"       \
    "[services local]\nsns =\n  endpoint_url = http://of-services:2\n"        \
    "  other = x\nsqs =\n  other = http://no\n"                               \
    "[services other]\nsqs =\n  endpoint_url = http://of-other:3\n"           \
    "[profile plain]\nregion = eu-west-1\n"                                   \
    "[profile fips]\nUSE_FIPS_endpoint = True\n"                              \
    "[profile dual]\nuse_dualstack_endpoint = true\n"                         \
    "[profile ignoring]\nignore_configured_endpoint_urls = true\n"            \
    "endpoint_url = http://of-profile:1\n"

#define F  "AWS_USE_FIPS_ENDPOINT"
#define D  "AWS_USE_DUALSTACK_ENDPOINT"
#define E  "AWS_ENDPOINT_URL"
#define P  "AWS_PROFILE"
#define I  "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"


typedef struct {
    as_aws_service_e   service;
    const char        *region;
    const char        *env[6];         /* names and values */
    const char        *url;            /* or a part of the error */
} case_t;


static const case_t  cases[] = {
    { AS_AWS_SNS, "eu-west-1", { P, "plain" },
      "https://sns.eu-west-1.amazonaws.com/" },
    { AS_AWS_SQS, "us-gov-west-1", { P, "plain" },
      "https://sqs.us-gov-west-1.amazonaws.com/" },
    { AS_AWS_STS, "eusc-de-east-1", { P, "plain" },
      "https://sts.eusc-de-east-1.amazonaws.eu/" },

    /* the profile, and what comes before it */
    { AS_AWS_SNS, "eu-west-1", { NULL }, "http://of-services:2" },
    { AS_AWS_SQS, "eu-west-1", { NULL }, "http://of-profile:1" },
    { AS_AWS_SNS, "eu-west-1", { E, "http://e:4" }, "http://e:4" },
    { AS_AWS_SNS, "eu-west-1",
      { E, "http://e:4", "AWS_ENDPOINT_URL_SNS", "http://s:5" },
      "http://s:5" },
    { AS_AWS_SQS, "eu-west-1", { I, "true" },
      "https://sqs.eu-west-1.amazonaws.com/" },
    { AS_AWS_SQS, "eu-west-1", { P, "ignoring" },
      "https://sqs.eu-west-1.amazonaws.com/" },

    /* FIPS and dual-stack */
    { AS_AWS_SQS, "us-east-1", { P, "plain", F, "true" },
      "https://sqs-fips.us-east-1.amazonaws.com/" },
    { AS_AWS_STS, "us-gov-east-1", { P, "plain", F, "TRUE" },
      "https://sts.us-gov-east-1.amazonaws.com/" },
    { AS_AWS_SNS, "ca-central-1", { P, "fips" },
      "https://sns-fips.ca-central-1.amazonaws.com/" },
    { AS_AWS_SNS, "ca-central-1", { P, "fips", F, "false" },
      "https://sns.ca-central-1.amazonaws.com/" },
    { AS_AWS_SQS, "us-west-2", { P, "dual" },
      "https://sqs.us-west-2.api.aws/" },
    { AS_AWS_SQS, "us-west-2", { P, "plain", F, "true", D, "true" },
      "https://sqs-fips.us-west-2.api.aws/" },
    { AS_AWS_SNS, "us-gov-west-1", { P, "plain", F, "true", D, "true" },
      "https://sns-fips.us-gov-west-1.api.aws/" },
    { AS_AWS_SNS, "cn-north-1", { P, "dual" },
      "https://sns.cn-north-1.api.amazonwebservices.com.cn/" },

    /* refused with an error */
    { AS_AWS_SNS, "cn-north-1", { P, "fips" }, "has no such endpoint" },
    { AS_AWS_SNS, "us-iso-east-1", { P, "dual" },
      "AWS_USE_DUALSTACK_ENDPOINT is true" },
    { AS_AWS_SNS, "us-east-1", { P, "plain", F, "1" },
      "expected true or false, found \"1\"" },
    { AS_AWS_SNS, "us-east-1", { P, "fips", E, "http://e:4" },
      "an endpoint for sns is configured too" },
    { AS_AWS_SQS, "us-east-1", { D, "true" },
      "an endpoint for sqs is configured too" }
};


static void
test_endpoints(void **state)
{
    int                 rc;
    char                err[AS_AWS_ERROR_LEN];
    size_t              i, k;
    test_t             *t = *state;
    as_aws_endpoint_t   ep;

    creds_profiles(t, "", CONFIG);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (k = 0; k < 6 && cases[i].env[k] != NULL; k += 2) {
            fake_setenv(t->fake, cases[i].env[k], cases[i].env[k + 1]);
        }

        err[0] = '\0';
        rc = as_aws_endpoint_find(&ep, cases[i].service, cases[i].region,
                                  fake_getenv, t->fake, err);
        print_message("# case %zu: %s%s\n", i, rc == 0 ? ep.url : "", err);

        if (strncmp(cases[i].url, "http", 4) == 0) {
            assert_int_equal(rc, 0);
            assert_string_equal(ep.url, cases[i].url);
            assert_int_equal(ep.configured,
                             strncmp(cases[i].url, "http:", 5) == 0);
            as_aws_endpoint_free(&ep);

        } else {
            assert_int_equal(rc, -1);
            assert_non_null(strstr(err, cases[i].url));
        }

        for (k = 0; k < 6 && cases[i].env[k] != NULL; k += 2) {
            fake_setenv(t->fake, cases[i].env[k], "");
        }
    }
}


static void
test_no_region(void **state)
{
    char            err[AS_AWS_ERROR_LEN];
    test_t         *t = *state;
    as_aws_conf_t   conf;

    memset(&conf, 0, sizeof(conf));
    conf.http = t->fake->http;
    conf.clock = &t->fake->clock;
    conf.getenv = fake_getenv;
    conf.getenv_data = t->fake;

    assert_null(as_aws_create(&conf, err));
    assert_string_equal(err, "the region is not known: set AWS_REGION");

    fake_setenv(t->fake, "AWS_CONFIG_FILE", t->dir);
    assert_null(as_aws_create(&conf, err));
    assert_non_null(strstr(err, "set AWS_REGION; /tmp/"));
    assert_non_null(strstr(err, ": Is a directory"));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_endpoints, creds_setup,
                                        creds_teardown),
        cmocka_unit_test_setup_teardown(test_no_region, creds_setup,
                                        creds_teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
