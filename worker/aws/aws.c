/*
 * The AWS client: region, endpoints, credentials.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/aws_call.h"
#include "aws/profile.h"


static const char *
as_aws_getenv(void *data, const char *name)
{
    (void) data;

    return getenv(name);
}


static int
as_aws_services(as_aws_t *aws, as_getenv_pt get, void *data,
    char err[AS_AWS_ERROR_LEN])
{
    int          i;
    const char  *service;

    for (i = 0; i < AS_AWS_SERVICES; i++) {
        if (as_aws_endpoint_find(&aws->endpoints[i], (as_aws_service_e) i,
                                 aws->region, get, data, err) != 0)
        {
            return -1;
        }

        service = as_aws_endpoint_service((as_aws_service_e) i);
        aws->signers[i] = as_sigv4_create(aws->region, service);
        if (aws->signers[i] == NULL) {
            (void) snprintf(err, AS_AWS_ERROR_LEN, "out of memory");
            return -1;
        }
    }

    return 0;
}


/* The region may be in a profile file that cannot be read. */
static void
as_aws_no_region(as_getenv_pt get, void *data, char err[AS_AWS_ERROR_LEN])
{
    char        why[160];
    as_fetch_t  fetch;

    memset(&fetch, 0, sizeof(fetch));
    fetch.getenv = get;
    fetch.getenv_data = data;
    as_profile_unread(&fetch, why, sizeof(why));

    (void) snprintf(err, AS_AWS_ERROR_LEN, "the region is not known: set "
                    "AWS_REGION%s", why);
}


as_aws_t *
as_aws_create(const as_aws_conf_t *conf, char err[AS_AWS_ERROR_LEN])
{
    as_aws_t      *aws;
    const char    *region;
    as_getenv_pt   get;

    get = conf->getenv ? conf->getenv : as_aws_getenv;

    aws = calloc(1, sizeof(as_aws_t));
    if (aws == NULL) {
        (void) snprintf(err, AS_AWS_ERROR_LEN, "out of memory");
        return NULL;
    }

    aws->http = conf->http;
    aws->clock = conf->clock;
    aws->allow_private = conf->allow_private;
    aws->creds = as_credentials_create(conf->http, conf->clock, get,
                                       conf->getenv_data);

    if (aws->creds == NULL) {
        (void) snprintf(err, AS_AWS_ERROR_LEN, "out of memory");
        goto failed;
    }

    region = as_credentials_region(aws->creds);

    if (region == NULL) {
        as_aws_no_region(get, conf->getenv_data, err);
        goto failed;
    }

    as_credentials_process_environ(aws->creds, conf->environ);
    aws->region = strdup(region);
    if (aws->region == NULL) {
        (void) snprintf(err, AS_AWS_ERROR_LEN, "out of memory");
        goto failed;
    }

    if (as_aws_services(aws, get, conf->getenv_data, err) != 0) {
        goto failed;
    }

    return aws;

failed:

    as_aws_destroy(aws);

    return NULL;
}


void
as_aws_destroy(as_aws_t *aws)
{
    int             i;
    as_aws_call_t  *call;

    if (aws == NULL) {
        return;
    }

    while ((call = aws->calls) != NULL) {
        as_aws_call_cancel(aws, call);
    }

    while ((call = aws->free) != NULL) {
        aws->free = call->next;
        as_aws_call_free(call);
    }

    for (i = 0; i < AS_AWS_SERVICES; i++) {
        as_aws_endpoint_free(&aws->endpoints[i]);
        as_sigv4_destroy(aws->signers[i]);
    }

    as_credentials_destroy(aws->creds);
    free(aws->region);
    free(aws);
}


const char *
as_aws_region(const as_aws_t *aws)
{
    return aws->region;
}


as_http_t *
as_aws_http(as_aws_t *aws)
{
    return aws->http;
}


const as_clock_t *
as_aws_clock(const as_aws_t *aws)
{
    return aws->clock;
}


as_credentials_t *
as_aws_credentials(as_aws_t *aws)
{
    return aws->creds;
}


bool
as_aws_is_fifo(const char *name)
{
    size_t  len;

    len = strlen(name);

    return len > 5 && strcmp(name + len - 5, ".fifo") == 0;
}


int64_t
as_aws_skew_ms(const as_aws_t *aws)
{
    return as_credentials_skew_ms(aws->creds);
}


void
as_aws_reload(as_aws_t *aws)
{
    as_credentials_invalidate(aws->creds);
}


int64_t
as_aws_retry_ms(const as_aws_error_t *err, unsigned n, unsigned base_ms,
    unsigned max_ms, uint32_t random)
{
    int64_t  bound, ms;

    if (err->class == AS_AWS_PERMANENT || err->class == AS_AWS_NOT_FOUND) {
        return -1;
    }

    bound = base_ms;

    while (n > 1 && bound < max_ms) {
        bound *= 2;
        n--;
    }

    if (bound > max_ms) {
        bound = max_ms;
    }

    ms = (int64_t) random * (bound + 1) >> 32;

    return err->retry_after_ms > ms ? err->retry_after_ms : ms;
}
