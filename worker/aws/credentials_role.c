/*
 * Roles: AssumeRoleWithWebIdentity and AssumeRole (AWS STS API Reference).
 */

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/aws_endpoint.h"
#include "aws/aws_error.h"
#include "aws/credentials_profile.h"
#include "aws/profile.h"
#include "aws/sigv4.h"
#include "base/text.h"
#include "aws/xml.h"


#define AS_ROLE_FORM  "application/x-www-form-urlencoded; charset=utf-8"


typedef struct {
    char     *access_key;
    char     *secret_key;
    char     *session_token;
    int64_t   expires_ms;
    bool      failed;
} as_role_read_t;


static void
as_credentials_role_field(as_text_t *t, const char *name, const char *value)
{
    as_text_printf(t, "&%s=", name);
    as_text_percent(t, value, strlen(value), "");
}


static void
as_credentials_role_element(void *data, const char *path, const char *text)
{
    as_role_read_t  *r = data;

    if (as_xml_ends(path, "Credentials/AccessKeyId")) {
        free(r->access_key);
        r->access_key = strdup(text);

    } else if (as_xml_ends(path, "Credentials/SecretAccessKey")) {
        as_profile_free(r->secret_key);
        r->secret_key = strdup(text);

    } else if (as_xml_ends(path, "Credentials/SessionToken")) {
        as_profile_free(r->session_token);
        r->session_token = strdup(text);

    } else if (as_xml_ends(path, "Credentials/Expiration")) {
        r->expires_ms = as_fetch_time(text);
    }
}


static void
as_credentials_role_done(void *data, const as_http_answer_t *answer)
{
    as_fetch_t      *fetch = data;
    as_provider_e    rc;
    as_role_read_t   r;
    as_aws_error_t   err;

    if (answer->error != AS_HTTP_OK || answer->status != 200) {
        as_aws_error_read(&err, answer);
        fetch->transient = err.class == AS_AWS_RETRY
                           || err.class == AS_AWS_THROTTLED;

        fetch->again = as_aws_error_skewed(&err)
                       && as_fetch_learn_time(fetch, answer->date_ms);

        as_fetch_done(fetch, as_fetch_failed(fetch, "STS: %s: %s", err.code,
                                             err.message));
        return;
    }

    memset(&r, 0, sizeof(r));

    if (as_xml_read(answer->body, answer->len, as_credentials_role_element, &r)
        != 0 || r.access_key == NULL || r.secret_key == NULL
        || r.session_token == NULL || r.expires_ms <= 0)
    {
        rc = as_fetch_failed(fetch, "STS: the answer has no credentials");

    } else {
        rc = as_fetch_keys(fetch, r.access_key, r.secret_key,
                           r.session_token, r.expires_ms,
                           "role assumed at STS");
    }

    as_profile_free(r.access_key);
    as_profile_free(r.secret_key);
    as_profile_free(r.session_token);
    as_fetch_done(fetch, rc);
}


/* 0, or -1. text receives the headers as NUL-terminated lines. */
static int
as_credentials_role_sign(as_fetch_t *fetch, const as_role_t *role,
    const as_aws_endpoint_t *ep, const char *region, const as_text_t *body,
    as_text_t *text)
{
    char                *value, date[AS_SIGV4_DATE_LEN + 1];
    size_t               n;
    as_sigv4_t          *signer;
    as_sigv4_header_t    headers[4];
    as_sigv4_request_t   rq;

    signer = as_sigv4_create(region, "sts");
    if (signer == NULL) {
        return -1;
    }

    as_sigv4_date(as_fetch_now(fetch) / 1000, date);

    n = 0;
    headers[n++] = (as_sigv4_header_t) { "content-type", AS_ROLE_FORM };
    headers[n++] = (as_sigv4_header_t) { "host", ep->host };
    headers[n++] = (as_sigv4_header_t) { "x-amz-date", date };

    if (role->session_token != NULL) {
        headers[n++] = (as_sigv4_header_t) {
            "x-amz-security-token", role->session_token
        };
    }

    memset(&rq, 0, sizeof(rq));
    rq.method = "POST";
    rq.path = ep->path;
    rq.query = "";
    rq.headers = headers;
    rq.nheaders = n;
    rq.body = body->data;
    rq.body_len = body->len;

    value = as_sigv4_sign(signer, &rq, role->access_key, role->secret_key,
                          date);
    as_sigv4_destroy(signer);

    if (value == NULL) {
        return -1;
    }

    as_text_printf(text, "Authorization: %s", value);
    as_text_add(text, "", 1);
    as_text_printf(text, "X-Amz-Date: %s", date);
    as_text_add(text, "", 1);

    if (role->session_token != NULL) {
        as_text_printf(text, "X-Amz-Security-Token: %s",
                       role->session_token);
        as_text_add(text, "", 1);
    }

    free(value);

    return 0;
}


static int
as_credentials_role_post(as_fetch_t *fetch, const as_aws_endpoint_t *ep,
    const as_text_t *body, const as_text_t *text)
{
    size_t              n;
    const char         *lines[4], *p;
    as_http_request_t   rq;

    lines[0] = "Content-Type: " AS_ROLE_FORM;
    n = 1;

    for (p = text->data; p != NULL && p < text->data + text->len;
         p += strlen(p) + 1)
    {
        lines[n++] = p;
    }

    memset(&rq, 0, sizeof(rq));
    rq.method = "POST";
    rq.url = ep->url;
    rq.headers = lines;
    rq.nheaders = n;
    rq.body = body->data;
    rq.body_len = body->len;
    rq.max_answer = AS_FETCH_ANSWER_MAX;
    rq.timeout_ms = 10000;
    rq.flags = ep->configured ? AS_HTTP_PRIVATE : 0;
    rq.done = as_credentials_role_done;
    rq.data = fetch;

    fetch->call = as_http_send(fetch->http, &rq);

    return fetch->call ? 0 : -1;
}


/*
 * Reads the identity token each time: the file is replaced when the token is
 * renewed.
 */
static as_provider_e
as_credentials_role_body(as_fetch_t *fetch, const as_role_t *role,
    as_text_t *body)
{
    char    *token;
    size_t   len;

    as_text_put(body, role->token_file
                ? "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
                : "Action=AssumeRole&Version=2011-06-15");
    as_credentials_role_field(body, "RoleArn", role->role_arn);
    as_credentials_role_field(body, "RoleSessionName",
                              role->session_name ? role->session_name
                              : "autostock");

    if (role->external_id != NULL) {
        as_credentials_role_field(body, "ExternalId", role->external_id);
    }

    if (role->duration_s != 0) {
        as_text_printf(body, "&DurationSeconds=%u", role->duration_s);
    }

    if (role->token_file == NULL) {
        return AS_PROVIDER_PENDING;
    }

    token = as_fetch_file(role->token_file, AS_FETCH_ANSWER_MAX, &len);
    if (token == NULL) {
        return as_fetch_failed(fetch, "web identity token file %s: %s",
                               role->token_file, strerror(errno));
    }

    token[strcspn(token, "\r\n")] = '\0';
    as_credentials_role_field(body, "WebIdentityToken", token);
    OPENSSL_cleanse(token, len);
    free(token);

    return AS_PROVIDER_PENDING;
}


as_provider_e
as_credentials_role_start(as_fetch_t *fetch, const as_role_t *role)
{
    char               *region, err[AS_AWS_ERROR_LEN];
    as_text_t           body = AS_TEXT_EMPTY, text = AS_TEXT_EMPTY;
    as_provider_e       rc;
    as_aws_endpoint_t   ep;

    memset(&ep, 0, sizeof(ep));
    region = as_profile_region(fetch);

    if (region == NULL) {
        rc = as_fetch_failed(fetch, "STS: the region is not known: set "
                             "AWS_REGION");
        goto out;
    }

    if (as_aws_endpoint_find(&ep, AS_AWS_STS, region, fetch->getenv,
                             fetch->getenv_data, err) != 0)
    {
        rc = as_fetch_failed(fetch, "STS: %s", err);
        goto out;
    }

    rc = as_credentials_role_body(fetch, role, &body);
    if (rc != AS_PROVIDER_PENDING) {
        goto out;
    }

    if ((role->token_file == NULL
         && as_credentials_role_sign(fetch, role, &ep, region, &body, &text)
         != 0) || !as_text_ok(&body) || !as_text_ok(&text)
        || as_credentials_role_post(fetch, &ep, &body, &text) != 0)
    {
        rc = as_fetch_failed(fetch, "STS: the request cannot be sent");
    }

out:

    if (body.data != NULL) {
        OPENSSL_cleanse(body.data, body.len);
    }

    if (text.data != NULL) {
        OPENSSL_cleanse(text.data, text.len);
    }

    as_text_free(&body);
    as_text_free(&text);
    as_aws_endpoint_free(&ep);
    free(region);

    return rc;
}


static as_provider_e
as_credentials_role_web_identity(as_fetch_t *fetch)
{
    char           *file, *arn, *name;
    as_role_t       role;
    const char     *value;
    as_provider_e   rc;

    value = as_fetch_env(fetch, "AWS_WEB_IDENTITY_TOKEN_FILE");
    if (value == NULL) {
        return as_fetch_none(fetch, "AWS_WEB_IDENTITY_TOKEN_FILE is not "
                             "set");
    }

    file = strdup(value);
    value = as_fetch_env(fetch, "AWS_ROLE_ARN");
    arn = value ? strdup(value) : NULL;
    value = as_fetch_env(fetch, "AWS_ROLE_SESSION_NAME");
    name = value ? strdup(value) : NULL;

    if (file == NULL || arn == NULL) {
        rc = as_fetch_failed(fetch, "AWS_WEB_IDENTITY_TOKEN_FILE is set, "
                             "AWS_ROLE_ARN is not");
    } else {
        memset(&role, 0, sizeof(role));
        role.token_file = file;
        role.role_arn = arn;
        role.session_name = name;
        rc = as_credentials_role_start(fetch, &role);
    }

    free(file);
    free(arn);
    free(name);

    return rc;
}


const as_provider_t  as_provider_web_identity = {
    "web identity", as_credentials_role_web_identity, NULL
};
