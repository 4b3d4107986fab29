#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "fake_http.h"


/* Not by a function that memory_fixture.h lets fail. */
static char *
fake_copy(const void *data, size_t len)
{
    char  *copy;

    copy = reallocarray(NULL, 1, len + 1);
    assert_non_null(copy);
    copy[len] = '\0';

    if (len > 0) {
        memcpy(copy, data, len);
    }

    return copy;
}


static as_http_call_t *
fake_send(void *ctx, const as_http_request_t *rq)
{
    size_t           i, len;
    fake_t          *fake = ctx;
    as_http_call_t  *call;

    if (fake->refuse || fake->ncalls == FAKE_MAX) {
        errno = EAGAIN;
        return NULL;
    }

    call = &fake->calls[fake->ncalls++];
    call->used = true;
    call->method = fake_copy(rq->method, strlen(rq->method));
    call->url = fake_copy(rq->url, strlen(rq->url));
    call->body = fake_copy(rq->body, rq->body_len);
    call->flags = rq->flags;
    call->timeout_ms = rq->timeout_ms;
    call->max_answer = rq->max_answer;
    call->done = rq->done;
    call->data = rq->data;

    for (i = 0, len = 1; i < rq->nheaders; i++) {
        len += strlen(rq->headers[i]) + 1;
    }

    call->headers = reallocarray(NULL, 1, len);
    assert_non_null(call->headers);
    call->headers[0] = '\0';

    for (i = 0; i < rq->nheaders; i++) {
        strcat(call->headers, rq->headers[i]);
        strcat(call->headers, "\n");
    }

    return call;
}


static void
fake_cancel(void *ctx, as_http_call_t *call)
{
    (void) ctx;

    call->over = true;
    call->cancelled = true;
}


bool
fake_is_to(const as_http_call_t *call, const char *text)
{
    return strstr(call->url, text) != NULL
           || strstr(call->headers, text) != NULL
           || strstr(call->body, text) != NULL;
}


static fake_answer_t *
fake_find(fake_t *fake, const as_http_call_t *call)
{
    size_t          i;
    fake_answer_t  *a;

    for (i = 0; i < fake->nanswers; i++) {
        a = &fake->answers[i];

        if (!a->used && (a->to == NULL || fake_is_to(call, a->to))) {
            a->used = true;
            return a;
        }
    }

    return NULL;
}


static bool
fake_turn(fake_t *fake)
{
    size_t             i;
    as_http_call_t    *call;
    fake_answer_t     *a;
    as_http_answer_t   answer;

    for (i = 0; i < fake->ncalls; i++) {
        call = &fake->calls[i];

        a = call->over ? NULL : fake_find(fake, call);
        if (a == NULL) {
            continue;
        }

        call->over = true;

        if (a->silent) {
            return false;
        }

        memset(&answer, 0, sizeof(answer));
        answer.error = a->error;
        answer.status = a->status;
        answer.maybe_sent = a->maybe_sent;
        answer.reason = a->error ? "as the test wishes" : "";
        answer.body = a->body ? a->body : "";
        answer.len = strlen(answer.body);
        answer.content_type = "";
        answer.request_id = "rq-1";
        answer.date_ms = a->date_ms;
        answer.retry_after_ms = a->retry_after_ms;
        call->done(call->data, &answer);

        return true;
    }

    return false;
}


/* In place of waiting: delivers a response, or else advances the clock. */
static bool
fake_wait(void *data, int64_t ms)
{
    fake_t  *fake = data;

    if (fake_turn(fake)) {
        return true;
    }

    if (ms > 0) {
        fake->mono_ms += ms;
        fake->unix_ms += ms;
    }

    return false;
}


static int64_t
fake_unix(void *data)
{
    return ((fake_t *) data)->unix_ms;
}


static int64_t
fake_mono(void *data)
{
    return ((fake_t *) data)->mono_ms;
}


fake_t *
fake_create(void)
{
    fake_t                      *fake;
    static const as_http_ops_t   ops = {
        fake_send, fake_cancel, NULL
    };

    fake = calloc(1, sizeof(fake_t));
    fake->clock.unix_ms = fake_unix;
    fake->clock.mono_ms = fake_mono;
    fake->clock.data = fake;
    fake->unix_ms = 1440938160000;     /* 2015-08-30T12:36:00Z */
    fake->mono_ms = 1000000;
    fake->loop = as_loop_create_fake(&fake->clock, fake_wait, fake);
    fake->http = as_http_fake(&ops, fake, fake->loop);

    return fake;
}


void
fake_forget(fake_t *fake)
{
    size_t  i;

    for (i = 0; i < fake->ncalls; i++) {
        free(fake->calls[i].method);
        free(fake->calls[i].url);
        free(fake->calls[i].headers);
        free(fake->calls[i].body);
    }

    memset(fake->calls, 0, sizeof(fake->calls));
    fake->ncalls = 0;
}


void
fake_destroy(fake_t *fake)
{
    fake_forget(fake);
    as_http_destroy(fake->http);
    as_loop_destroy(fake->loop);
    free(fake);
}


void
fake_setenv(fake_t *fake, const char *name, const char *value)
{
    fake->env[fake->nenv][0] = name;
    fake->env[fake->nenv++][1] = value;
}


const char *
fake_getenv(void *data, const char *name)
{
    size_t   i;
    fake_t  *fake = data;

    for (i = fake->nenv; i > 0; i--) {
        if (strcmp(fake->env[i - 1][0], name) == 0) {
            return fake->env[i - 1][1];
        }
    }

    return NULL;
}


fake_answer_t *
fake_answer(fake_t *fake, int status, const char *body)
{
    fake_answer_t  *a;

    a = &fake->answers[fake->nanswers++];
    a->status = status;
    a->body = body;
    a->retry_after_ms = -1;
    a->maybe_sent = true;

    return a;
}


fake_answer_t *
fake_answer_to(fake_t *fake, const char *to, int status, const char *body)
{
    fake_answer_t  *a;

    a = fake_answer(fake, status, body);
    a->to = to;

    return a;
}


fake_answer_t *
fake_error(fake_t *fake, as_http_error_e error)
{
    fake_answer_t  *a;

    a = fake_answer(fake, 0, "");
    a->error = error;

    return a;
}


void
fake_run(fake_t *fake)
{
    while (as_loop_turn(fake->loop, 0)) {
        /* void */
    }
}


const char *
fake_header(fake_t *fake, size_t call, const char *name)
{
    size_t        len;
    const char   *p;
    static char   value[4096];

    len = strlen(name);

    for (p = fake->calls[call].headers; p != NULL && *p != '\0';
         p = strchr(p, '\n') + 1)
    {
        if (strncasecmp(p, name, len) == 0 && p[len] == ':') {
            (void) snprintf(value, sizeof(value), "%.*s",
                            (int) strcspn(p + len + 2, "\n"), p + len + 2);
            return value;
        }
    }

    return NULL;
}
