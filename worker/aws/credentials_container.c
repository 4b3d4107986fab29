/*
 * The container's provider (SDKs and Tools Reference Guide, "Container
 * credential provider"): ECS by AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, EKS
 * Pod Identity and others by AWS_CONTAINER_CREDENTIALS_FULL_URI.
 */

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/aws_endpoint.h"
#include "aws/credentials_provider.h"


#define AS_CONTAINER_HOST        "http://169.254.170.2"
#define AS_CONTAINER_TIMEOUT_MS  2000


static void
as_credentials_container_done(void *data, const as_http_answer_t *answer)
{
    as_fetch_t  *fetch = data;

    if (answer->error != AS_HTTP_OK || answer->status != 200) {
        as_fetch_done(fetch, as_fetch_unanswered(fetch, "the container's "
                                                 "endpoint", answer));
        return;
    }

    as_fetch_done(fetch, as_fetch_json(fetch, answer->body, answer->len,
                                       "container"));
}


/*
 * Without TLS, only the hosts that the guide allows: loopback, ECS, EKS.  A
 * name that resolves to one of them is refused, since the check comes before
 * the DNS query.
 */
static bool
as_credentials_container_allowed(const char *url)
{
    bool                      ok;
    char                      err[AS_AWS_ERROR_LEN];
    size_t                    i, n;
    as_aws_endpoint_t         ep;
    static const char *const  hosts[] = {
        "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]", "127.0.0.1",
        "[::1]", "localhost"
    };

    if (strncasecmp(url, "https://", 8) == 0) {
        return true;
    }

    if (as_aws_endpoint_parse(&ep, url, err) != 0) {
        return false;
    }

    ok = strncmp(ep.host, "127.", 4) == 0
         && ep.host[strspn(ep.host, "0123456789.:")] == '\0';

    for (i = 0; !ok && i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        n = strlen(hosts[i]);
        ok = strncasecmp(ep.host, hosts[i], n) == 0
             && (ep.host[n] == '\0' || ep.host[n] == ':');
    }

    as_aws_endpoint_free(&ep);

    return ok;
}


/* "Authorization: TOKEN", allocated.  NULL where there is none; *rc says
 * whether that is an error. */
static char *
as_credentials_container_token(as_fetch_t *fetch, as_provider_e *rc)
{
    char        *line, *file;
    const char  *value;

    *rc = AS_PROVIDER_PENDING;
    line = NULL;
    file = NULL;

    value = as_fetch_env(fetch, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");

    if (value != NULL) {
        file = as_fetch_file(value, AS_FETCH_ANSWER_MAX, NULL);

        if (file == NULL) {
            *rc = as_fetch_failed(fetch, "%s: %s", value, strerror(errno));
            return NULL;
        }

        file[strcspn(file, "\r\n")] = '\0';
        value = file;

    } else {
        value = as_fetch_env(fetch, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    }

    if (value != NULL && strpbrk(value, "\r\n") != NULL) {
        *rc = as_fetch_failed(fetch, "the authorization token has a line "
                              "break in it");

    } else if (value != NULL
               && asprintf(&line, "Authorization: %s", value) == -1)
    {
        line = NULL;
        *rc = as_fetch_failed(fetch, "out of memory");
    }

    if (file != NULL) {
        OPENSSL_cleanse(file, strlen(file));
        free(file);
    }

    return line;
}


static as_provider_e
as_credentials_container_get(as_fetch_t *fetch, const char *url)
{
    char               *line;
    const char         *lines[2];
    as_provider_e       rc;
    as_http_request_t   rq;

    line = as_credentials_container_token(fetch, &rc);
    if (rc != AS_PROVIDER_PENDING) {
        return rc;
    }

    lines[0] = "Accept: application/json";
    lines[1] = line;

    memset(&rq, 0, sizeof(rq));
    rq.method = "GET";
    rq.url = url;
    rq.headers = lines;
    rq.nheaders = line ? 2 : 1;
    rq.max_answer = AS_FETCH_ANSWER_MAX;
    rq.connect_timeout_ms = AS_CONTAINER_TIMEOUT_MS;
    rq.timeout_ms = AS_CONTAINER_TIMEOUT_MS;
    rq.flags = AS_HTTP_PRIVATE | AS_HTTP_METADATA;
    rq.done = as_credentials_container_done;
    rq.data = fetch;

    fetch->call = as_http_send(fetch->http, &rq);

    if (fetch->call == NULL) {
        rc = as_fetch_failed(fetch, "the request cannot be sent: %s",
                             strerror(errno));
    }

    if (line != NULL) {
        OPENSSL_cleanse(line, strlen(line));
        free(line);
    }

    return rc;
}


static as_provider_e
as_credentials_container_start(as_fetch_t *fetch)
{
    char           *url;
    const char     *value;
    as_provider_e   rc;

    value = as_fetch_env(fetch, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");

    if (value != NULL) {
        if (*value != '/' || asprintf(&url, AS_CONTAINER_HOST "%s", value)
                             == -1)
        {
            return as_fetch_failed(fetch, "AWS_CONTAINER_CREDENTIALS_"
                                   "RELATIVE_URI must begin with /");
        }

    } else {
        value = as_fetch_env(fetch, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
        if (value == NULL) {
            return as_fetch_none(fetch, "AWS_CONTAINER_CREDENTIALS_*_URI are "
                                 "not set");
        }

        url = strdup(value);
        if (url == NULL) {
            return as_fetch_failed(fetch, "out of memory");
        }

        if (!as_credentials_container_allowed(url)) {
            free(url);
            return as_fetch_failed(fetch, "AWS_CONTAINER_CREDENTIALS_FULL_"
                                   "URI must be https, or http to loopback, "
                                   "169.254.170.2 or 169.254.170.23");
        }
    }

    rc = as_credentials_container_get(fetch, url);
    free(url);

    return rc;
}


const as_provider_t  as_provider_container = {
    "container", as_credentials_container_start, NULL
};
