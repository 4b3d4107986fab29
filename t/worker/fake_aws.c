#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_aws.h"


as_aws_t *
fake_aws_create(fake_t *fake)
{
    char            err[AS_AWS_ERROR_LEN];
    as_aws_t       *aws;
    as_aws_conf_t   conf;

    fake_setenv(fake, "AWS_REGION", "eu-west-1");
    fake_setenv(fake, "AWS_ACCESS_KEY_ID", "A");
    fake_setenv(fake, "AWS_SECRET_ACCESS_KEY", "s");

    memset(&conf, 0, sizeof(conf));
    conf.http = fake->http;
    conf.clock = &fake->clock;
    conf.getenv = fake_getenv;
    conf.getenv_data = fake;

    aws = as_aws_create(&conf, err);
    if (aws == NULL) {
        fail_msg("%s", err);
    }

    return aws;
}
