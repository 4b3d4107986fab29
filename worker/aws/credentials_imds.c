/*
 * The provider for EC2 instances: IMDSv2 only (EC2 User Guide, "Use the
 * Instance Metadata Service").  It requests a token, the role's name, then the
 * role's keys.
 */

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/aws_endpoint.h"
#include "aws/credentials_provider.h"


#define AS_IMDS_ROLES       "/latest/meta-data/iam/security-credentials/"
#define AS_IMDS_TIMEOUT_MS  1000
#define AS_IMDS_TOKEN_LEN   512


typedef struct {
    char  base[256];                   /* the endpoint, without a slash */
    char  token[AS_IMDS_TOKEN_LEN];    /* the whole header line */
    char  path[512];
} as_imds_t;


static void as_credentials_imds_role_done(void *data,
    const as_http_answer_t *answer);


static void
as_credentials_imds_cancel(as_fetch_t *fetch)
{
    if (fetch->state != NULL) {
        OPENSSL_cleanse(fetch->state, sizeof(as_imds_t));
        free(fetch->state);
        fetch->state = NULL;
    }
}


static void
as_credentials_imds_end(as_fetch_t *fetch, as_provider_e rc)
{
    as_credentials_imds_cancel(fetch);
    as_fetch_done(fetch, rc);
}


static int
as_credentials_imds_call(as_fetch_t *fetch, const char *method,
    const char *path, const char *header, as_http_done_pt done)
{
    char                url[768];
    as_imds_t          *imds = fetch->state;
    as_http_request_t   rq;

    (void) snprintf(url, sizeof(url), "%s%s", imds->base, path);

    memset(&rq, 0, sizeof(rq));
    rq.method = method;
    rq.url = url;
    rq.headers = &header;
    rq.nheaders = 1;
    rq.max_answer = AS_FETCH_ANSWER_MAX;
    rq.connect_timeout_ms = AS_IMDS_TIMEOUT_MS;
    rq.timeout_ms = AS_IMDS_TIMEOUT_MS;
    rq.flags = AS_HTTP_PRIVATE | AS_HTTP_METADATA;
    rq.done = done;
    rq.data = fetch;

    fetch->call = as_http_send(fetch->http, &rq);

    return fetch->call ? 0 : -1;
}


/* True where the answer is good; otherwise it has ended the provider. */
static bool
as_credentials_imds_answer(as_fetch_t *fetch, const as_http_answer_t *answer,
    const char *what)
{
    fetch->call = NULL;

    if (answer->error != AS_HTTP_OK) {
        fetch->transient = ((as_imds_t *) fetch->state)->token[0] != '\0';
        as_credentials_imds_end(fetch, as_fetch_none(fetch, "%s: %s", what,
                                                     answer->reason));
        return false;
    }

    /* without an endpoint this is not an instance */
    fetch->transient = answer->status >= 500 || answer->status == 429;

    if (answer->status != 200) {
        as_credentials_imds_end(fetch,
                                as_fetch_none(fetch, "it answered %d for %s%s",
                                              answer->status, what,
                                              answer->status == 404
                                              ? ": no role is attached" : ""));
        return false;
    }

    return true;
}


static void
as_credentials_imds_keys_done(void *data, const as_http_answer_t *answer)
{
    as_fetch_t     *fetch = data;
    as_provider_e   rc;

    if (!as_credentials_imds_answer(fetch, answer, "the role's keys")) {
        return;
    }

    rc = as_fetch_json(fetch, answer->body, answer->len, "instance metadata");
    fetch->keys.instance = rc == AS_PROVIDER_READY;
    as_credentials_imds_end(fetch, rc);
}


static void
as_credentials_imds_role_done(void *data, const as_http_answer_t *answer)
{
    size_t       len;
    as_imds_t   *imds;
    as_fetch_t  *fetch = data;

    if (!as_credentials_imds_answer(fetch, answer, "the role's name")) {
        return;
    }

    imds = fetch->state;
    len = strcspn(answer->body, "\r\n");

    if (len == 0 || len > 128
        || strspn(answer->body, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
                  "qrstuvwxyz0123456789+=,.@_-") < len)
    {
        as_credentials_imds_end(fetch, as_fetch_none(fetch, "no role is "
                                                     "attached"));
        return;
    }

    (void) snprintf(imds->path, sizeof(imds->path), AS_IMDS_ROLES "%.*s",
                    (int) len, answer->body);

    if (as_credentials_imds_call(fetch, "GET", imds->path, imds->token,
                                 as_credentials_imds_keys_done) != 0)
    {
        as_credentials_imds_end(fetch,
                                as_fetch_failed(fetch,
                                                "the request cannot be sent"));
    }
}


static void
as_credentials_imds_token_done(void *data, const as_http_answer_t *answer)
{
    int          n;
    size_t       len;
    as_imds_t   *imds;
    as_fetch_t  *fetch = data;

    if (!as_credentials_imds_answer(fetch, answer, "a token")) {
        return;
    }

    imds = fetch->state;
    len = strcspn(answer->body, "\r\n");
    n = snprintf(imds->token, sizeof(imds->token),
                 "X-aws-ec2-metadata-token: %.*s", (int) len, answer->body);

    if (n >= (int) sizeof(imds->token)
        || as_credentials_imds_call(fetch, "GET", AS_IMDS_ROLES, imds->token,
                                    as_credentials_imds_role_done) != 0)
    {
        as_credentials_imds_end(fetch,
                                as_fetch_failed(fetch,
                                                "the token cannot be used"));
    }
}


static int
as_credentials_imds_base(as_fetch_t *fetch, as_imds_t *imds)
{
    char                err[AS_AWS_ERROR_LEN];
    size_t              len;
    const char         *value;
    as_aws_endpoint_t   ep;

    value = as_fetch_env(fetch, "AWS_EC2_METADATA_SERVICE_ENDPOINT");

    if (value == NULL) {
        value = as_fetch_env(fetch, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
        value = value != NULL && strcasecmp(value, "IPv6") == 0
                ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
    }

    len = strlen(value);
    while (len > 0 && value[len - 1] == '/') {
        len--;
    }

    if (len >= sizeof(imds->base)) {
        return -1;
    }

    memcpy(imds->base, value, len);
    imds->base[len] = '\0';

    if (as_aws_endpoint_parse(&ep, imds->base, err) != 0) {
        return -1;
    }

    as_aws_endpoint_free(&ep);

    return 0;
}


static as_provider_e
as_credentials_imds_start(as_fetch_t *fetch)
{
    const char  *value;

    value = as_fetch_env(fetch, "AWS_EC2_METADATA_DISABLED");
    if (value != NULL && strcasecmp(value, "true") == 0) {
        return as_fetch_none(fetch, "AWS_EC2_METADATA_DISABLED is true");
    }

    fetch->state = calloc(1, sizeof(as_imds_t));
    if (fetch->state == NULL) {
        return as_fetch_failed(fetch, "out of memory");
    }

    fetch->cancel = as_credentials_imds_cancel;

    if (as_credentials_imds_base(fetch, fetch->state) != 0) {
        as_credentials_imds_cancel(fetch);
        return as_fetch_failed(fetch, "AWS_EC2_METADATA_SERVICE_ENDPOINT is "
                               "not an http URL");
    }

    if (as_credentials_imds_call(fetch, "PUT", "/latest/api/token",
                                 "X-aws-ec2-metadata-token-ttl-seconds: 21600",
                                 as_credentials_imds_token_done) != 0)
    {
        as_credentials_imds_cancel(fetch);
        return as_fetch_failed(fetch, "the request cannot be sent: %s",
                               strerror(errno));
    }

    return AS_PROVIDER_PENDING;
}


const as_provider_t  as_provider_imds = {
    "instance metadata", as_credentials_imds_start, NULL
};
