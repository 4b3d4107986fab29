/*
 * The signature of one call.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/aws_call.h"


const char *
as_aws_sign_content_type(const as_aws_call_t *call)
{
    return call->target ? "application/x-amz-json-1.0"
                        : "application/x-www-form-urlencoded; charset=utf-8";
}


char *
as_aws_sign(as_aws_call_t *call, const as_aws_endpoint_t *ep,
    const as_credentials_keys_t *keys, const char *date)
{
    char                *value, *line;
    size_t               n;
    as_sigv4_header_t    headers[5];
    as_sigv4_request_t   rq;

    n = 0;
    headers[n++] = (as_sigv4_header_t) {
        "content-type", as_aws_sign_content_type(call)
    };
    headers[n++] = (as_sigv4_header_t) { "host", ep->host };
    headers[n++] = (as_sigv4_header_t) { "x-amz-date", date };

    if (keys->session_token != NULL) {
        headers[n++] = (as_sigv4_header_t) {
            "x-amz-security-token", keys->session_token
        };
    }

    if (call->target != NULL) {
        headers[n++] = (as_sigv4_header_t) { "x-amz-target", call->target };
    }

    memset(&rq, 0, sizeof(rq));
    rq.method = "POST";
    rq.path = ep->path;
    rq.query = "";
    rq.headers = headers;
    rq.nheaders = n;
    rq.body = call->text.data;
    rq.body_len = call->body_len;

    value = as_sigv4_sign(call->aws->signers[call->service], &rq,
                          keys->access_key, keys->secret_key, date);
    if (value == NULL) {
        return NULL;
    }

    if (asprintf(&line, "Authorization: %s", value) == -1) {
        line = NULL;
        errno = ENOMEM;
    }

    free(value);

    return line;
}
