/*
 * A call to AWS: credentials, signature, HTTP, and the handling of its error.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/aws_call.h"
#include "aws/aws_error.h"


#define AS_AWS_KEEP        512         /* call records kept for reuse */
#define AS_AWS_TIMEOUT_MS  10000


static int as_aws_call_attempt(as_aws_call_t *call,
    const as_credentials_keys_t *keys);
static void as_aws_call_credentials_done(void *data,
    const as_credentials_keys_t *keys, const char *error);
static void as_aws_call_failed(void *data);


static void
as_aws_call_unlink(as_aws_call_t *call)
{
    *call->prev = call->next;
    if (call->next != NULL) {
        call->next->prev = call->prev;
    }
}


void
as_aws_call_free(as_aws_call_t *call)
{
    as_text_free(&call->text);
    free(call->url);
    free(call);
}


static void
as_aws_call_end(as_aws_call_t *call)
{
    as_text_t   text;
    as_aws_t   *aws = call->aws;

    as_loop_clear(as_http_loop(aws->http), &call->failed);

    if (aws->nfree == AS_AWS_KEEP) {
        as_aws_call_free(call);
        return;
    }

    if (call->text.room > 4096) {
        as_text_free(&call->text);
    }

    free(call->url);
    text = call->text;
    memset(call, 0, sizeof(as_aws_call_t));
    call->text = text;
    as_text_clear(&call->text);
    call->next = aws->free;
    aws->free = call;
    aws->nfree++;
}


void
as_aws_call_cancel(as_aws_t *aws, as_aws_call_t *call)
{
    if (call == NULL) {
        return;
    }

    as_http_cancel(aws->http, call->http_call);
    call->http_call = NULL;

    if (call->waiting) {
        as_credentials_forget(aws->creds, as_aws_call_credentials_done, call);
        call->waiting = 0;
    }

    as_aws_call_unlink(call);

    if (call->dropped != NULL) {
        call->dropped(call->data);
    }

    as_aws_call_end(call);
}


static void
as_aws_call_finish(as_aws_call_t *call, const as_aws_error_t *err,
    const char *body, size_t len)
{
    as_aws_call_unlink(call);
    call->done(call->data, err, body, len);
    as_aws_call_end(call);
}


/*
 * Reports a failure of the worker itself in the next turn, never inside the
 * call that caused it.
 */
static void
as_aws_call_fail_later(as_aws_call_t *call, as_aws_class_e class,
    const char *code, const char *message)
{
    as_aws_error_own(&call->error, class, code, message);

    call->failed.fn = as_aws_call_failed;
    call->failed.data = call;
    as_loop_after(as_http_loop(call->aws->http), &call->failed, 0);
}


static void
as_aws_call_failed(void *data)
{
    as_aws_call_t  *call = data;

    as_aws_call_finish(call, &call->error, "", 0);
}


static int
as_aws_call_ask_credentials(as_aws_call_t *call)
{
    if (as_credentials_get(call->aws->creds, as_aws_call_credentials_done, call)
        != 0)
    {
        return -1;
    }

    call->waiting = 1;

    return 0;
}


/* Repeats a call after the cause of its failure was corrected. */
static void
as_aws_call_again(as_aws_call_t *call, const as_aws_error_t *err)
{
    const as_credentials_keys_t  *keys;

    keys = as_credentials_peek(call->aws->creds);

    if ((keys != NULL ? as_aws_call_attempt(call, keys)
                      : as_aws_call_ask_credentials(call)) != 0)
    {
        as_aws_call_finish(call, err, "", 0);
    }
}


/* Whether to repeat the call: at most once for each cause. */
static bool
as_aws_call_mend(as_aws_call_t *call, const as_aws_error_t *err,
    int64_t date_ms)
{
    bool                          again;
    as_aws_t                     *aws = call->aws;
    const as_credentials_keys_t  *keys;

    if (as_aws_error_expired(err, call->temporary)) {
        keys = as_credentials_peek(aws->creds);

        /* Another call may have renewed the keys in the meantime. */
        if (keys != NULL && strcmp(keys->access_key, call->access_key) == 0)
        {
            as_credentials_refused(aws->creds);
        }

        again = !call->renewed;
        call->renewed = 1;

        return again;
    }

    if (!call->corrected && as_aws_error_skewed(err)) {
        call->corrected = 1;
        return as_credentials_learn_time(aws->creds, date_ms);
    }

    return false;
}


static void
as_aws_call_http_done(void *data, const as_http_answer_t *answer)
{
    as_aws_call_t   *call = data;
    as_aws_error_t   err;

    call->http_call = NULL;

    if (answer->error == AS_HTTP_OK && answer->status / 100 == 2) {
        as_aws_call_finish(call, NULL, answer->body, answer->len);
        return;
    }

    as_aws_error_read(&err, answer);

    if (as_aws_call_mend(call, &err, answer->date_ms)) {
        as_aws_call_again(call, &err);
        return;
    }

    as_aws_call_finish(call, &err, answer->body, answer->len);
}


static int
as_aws_call_post(as_aws_call_t *call, const as_aws_endpoint_t *ep,
    const as_credentials_keys_t *keys, const char *authorization,
    const char *date)
{
    size_t              n;
    as_aws_t           *aws = call->aws;
    as_text_t           text = AS_TEXT_EMPTY;
    const char         *lines[5], *p;
    as_http_request_t   rq;

    /* Content-Type, date, token and target, each NUL-terminated. */
    as_text_printf(&text, "Content-Type: %s", as_aws_sign_content_type(call));
    as_text_add(&text, "", 1);
    as_text_printf(&text, "X-Amz-Date: %s", date);
    as_text_add(&text, "", 1);

    if (keys->session_token != NULL) {
        as_text_printf(&text, "X-Amz-Security-Token: %s",
                       keys->session_token);
        as_text_add(&text, "", 1);
    }

    if (call->target != NULL) {
        as_text_printf(&text, "X-Amz-Target: %s", call->target);
        as_text_add(&text, "", 1);
    }

    if (!as_text_ok(&text)) {
        as_text_free(&text);
        errno = ENOMEM;
        return -1;
    }

    lines[0] = authorization;

    for (n = 1, p = text.data; p < text.data + text.len; p += strlen(p) + 1)
    {
        lines[n++] = p;
    }

    memset(&rq, 0, sizeof(rq));
    rq.method = "POST";
    rq.url = ep->url;
    rq.headers = lines;
    rq.nheaders = n;
    rq.body = call->text.data;
    rq.body_len = call->body_len;
    rq.max_answer = call->max_answer;
    rq.timeout_ms = call->timeout_ms;
    rq.flags = ep->configured || aws->allow_private ? AS_HTTP_PRIVATE : 0;
    rq.done = as_aws_call_http_done;
    rq.data = call;

    call->http_call = as_http_send(aws->http, &rq);

    explicit_bzero(text.data, text.len);
    as_text_free(&text);

    return call->http_call ? 0 : -1;
}


static int
as_aws_call_attempt(as_aws_call_t *call, const as_credentials_keys_t *keys)
{
    int                rc;
    char               date[AS_SIGV4_DATE_LEN + 1], *authorization;
    char               err[AS_AWS_ERROR_LEN];
    as_aws_t          *aws = call->aws;
    as_aws_endpoint_t  other, *ep;

    ep = &aws->endpoints[call->service];

    if (call->url != NULL) {
        if (as_aws_endpoint_parse(&other, call->url, err) != 0) {
            errno = EINVAL;
            return -1;
        }

        other.configured = ep->configured;
        ep = &other;
    }

    (void) snprintf(call->access_key, sizeof(call->access_key), "%s",
                    keys->access_key);
    call->temporary = keys->session_token != NULL;

    as_sigv4_date((as_clock_unix_ms(aws->clock)
                   + as_credentials_skew_ms(aws->creds))
                  / 1000, date);

    authorization = as_aws_sign(call, ep, keys, date);
    rc = authorization == NULL
         ? -1 : as_aws_call_post(call, ep, keys, authorization, date);

    free(authorization);

    if (ep == &other) {
        as_aws_endpoint_free(&other);
    }

    return rc;
}


static void
as_aws_call_credentials_done(void *data, const as_credentials_keys_t *keys,
    const char *error)
{
    as_aws_call_t   *call = data;
    as_aws_error_t   err;

    call->waiting = 0;

    if (keys == NULL) {
        as_aws_error_own(&err, as_credentials_transient(call->aws->creds)
                         ? AS_AWS_RETRY : AS_AWS_AUTH, "NoCredentials",
                         error);
        as_aws_call_finish(call, &err, "", 0);
        return;
    }

    if (as_aws_call_attempt(call, keys) != 0) {
        as_aws_error_own(&err, errno == EAGAIN ? AS_AWS_RETRY
                                               : AS_AWS_PERMANENT,
                         "NotSent", strerror(errno));
        as_aws_call_finish(call, &err, "", 0);
    }
}


static as_aws_call_t *
as_aws_call_new(as_aws_t *aws, const as_aws_request_t *rq)
{
    size_t          target;
    as_aws_call_t  *call;

    call = aws->free;

    if (call != NULL) {
        aws->free = call->next;
        aws->nfree--;

    } else {
        call = calloc(1, sizeof(as_aws_call_t));
        if (call == NULL) {
            return NULL;
        }
    }

    call->aws = aws;
    call->service = rq->service;
    call->body_len = rq->body_len;
    call->max_answer = rq->max_answer;
    call->timeout_ms = rq->timeout_ms ? rq->timeout_ms : AS_AWS_TIMEOUT_MS;
    call->done = rq->done;
    call->dropped = rq->dropped;
    call->data = rq->data;
    call->url = rq->url ? strdup(rq->url) : NULL;

    as_text_add(&call->text, rq->body, rq->body_len);
    as_text_add(&call->text, "", 1);
    target = call->text.len;
    as_text_put(&call->text, rq->target ? rq->target : "");

    if (!as_text_ok(&call->text) || (rq->url != NULL && call->url == NULL))
    {
        as_aws_call_free(call);
        errno = ENOMEM;
        return NULL;
    }

    call->target = rq->target ? call->text.data + target : NULL;
    call->next = aws->calls;
    call->prev = &aws->calls;
    if (call->next != NULL) {
        call->next->prev = &call->next;
    }

    aws->calls = call;

    return call;
}


as_aws_call_t *
as_aws_call_send(as_aws_t *aws, const as_aws_request_t *rq)
{
    int                           rc, err;
    as_aws_call_t                *call;
    const as_credentials_keys_t  *keys;

    call = as_aws_call_new(aws, rq);
    if (call == NULL) {
        return NULL;
    }

    keys = as_credentials_peek(aws->creds);
    rc = keys != NULL ? as_aws_call_attempt(call, keys)
                      : as_aws_call_ask_credentials(call);

    if (rc != 0 && errno == EIO) {
        as_aws_call_fail_later(call, AS_AWS_PERMANENT, "NotSigned",
                               "libcrypto failed");

    } else if (rc != 0) {
        err = errno;
        as_aws_call_unlink(call);
        as_aws_call_end(call);
        errno = err;
        return NULL;
    }

    return call;
}
