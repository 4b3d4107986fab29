/*
 * Checks, without starting, what would make `run` fail at its start.
 */

#include <errno.h>
#include <string.h>

#include "aws/aws.h"
#include "run/run.h"


static int
as_run_check_aws(const as_settings_t *settings, as_http_t *http,
    as_text_t *errors)
{
    char            err[AS_AWS_ERROR_LEN];
    as_aws_t       *aws;
    as_aws_conf_t   conf;

    memset(&conf, 0, sizeof(conf));
    conf.http = http;
    conf.clock = as_clock_system();
    conf.getenv = as_env_aws;
    conf.getenv_data = settings->env;

    aws = as_aws_create(&conf, err);
    if (aws == NULL) {
        as_text_printf(errors, "AWS: %s\n", err);
        return -1;
    }

    as_aws_destroy(aws);

    return 0;
}


int
as_run_check(const as_settings_t *settings, as_text_t *errors)
{
    int              rc;
    as_http_t       *http;
    as_loop_t       *loop;
    as_http_conf_t   conf;

    memset(&conf, 0, sizeof(conf));
    conf.proxy = settings->proxy;
    conf.ca_file = settings->ca_bundle;

    loop = as_loop_create(as_clock_system());
    http = loop ? as_http_curl_create(&conf, loop) : NULL;

    if (http == NULL) {
        as_text_printf(errors, "libcurl cannot start: %s\n", strerror(errno));
        as_loop_destroy(loop);
        return -1;
    }

    rc = as_run_check_aws(settings, http, errors);
    as_http_destroy(http);
    as_loop_destroy(loop);

    return rc;
}
