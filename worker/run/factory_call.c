/*
 * A factory's calls, and the interpretation of its answers.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "run/factory_parts.h"
#include "run/spans.h"


/*
 * The final status of the answer, 0 where there is none.  It counts once its
 * line is read (RFC 9112, section 4): a body that is truncated, too large or
 * endless does not change what the factory did.  A status below 200 is not
 * final.
 */
static int
as_factory_call_status(const as_http_answer_t *answer)
{
    return answer->maybe_sent && answer->status >= 200 ? answer->status : 0;
}


static void
as_factory_call_count(as_worker_t *worker, const as_http_answer_t *answer)
{
    int             i;
    int64_t         us, limit;
    as_counters_t  *counters = &worker->counters;

    i = as_factory_call_status(answer);
    counters->calls[i < AS_STATUS_CODES ? i : 0]++;

    us = answer->elapsed_us;
    for (i = 0, limit = 1000; i < AS_LATENCY_BUCKETS && us > limit; i++) {
        limit *= 2;
    }

    counters->call_us[i]++;
    counters->call_us_sum += us > 0 ? (uint64_t) us : 0;
}


/* Whether the factory will never accept the request: most of 4xx, except
 * temporary ones (RFC 9110: 408, 421; RFC 8470: 425; RFC 6585: 429) and a
 * proxy's own (407). */
static bool
as_factory_call_refuses(int status)
{
    return status / 100 == 4 && status != 407 && status != 408
           && status != 421 && status != 425 && status != 429;
}


/* What the answer means. */
static void
as_factory_call_judge(const as_http_answer_t *answer, char *reason, size_t room,
    as_factory_result_t *result)
{
    result->status = as_factory_call_status(answer);
    result->retry_after_ms = answer->retry_after_ms;
    result->outage = true;
    result->reason = reason;
    reason[0] = '\0';

    if (result->status == 0) {
        snprintf(reason, room, "the factory gave no answer (%s): %s",
                 as_http_error_text(answer->error), answer->reason);
        result->outcome = answer->maybe_sent ? AS_FACTORY_LOST
                                             : AS_FACTORY_FAILED;
        result->outage = answer->error != AS_HTTP_FORBIDDEN
                         && answer->error != AS_HTTP_BAD_URL;
        return;
    }

    if (result->status / 100 == 2) {
        result->outcome = AS_FACTORY_ACCEPTED;
        return;
    }

    result->outcome = as_factory_call_refuses(result->status)
                      ? AS_FACTORY_REFUSED : AS_FACTORY_FAILED;
    snprintf(reason, room, "the factory answered %d", result->status);
}


/* Reports the result to the breaker.  True where this opened it. */
static bool
as_factory_call_note(as_factory_t *factory, as_factory_call_t *call,
    const as_factory_result_t *result)
{
    int64_t       now;
    as_worker_t  *worker = factory->all->worker;

    now = as_loop_now(worker->loop);

    if (result->outcome == AS_FACTORY_ACCEPTED
        || result->outcome == AS_FACTORY_REFUSED)
    {
        factory->success_at = now;
        if (as_breaker_success(&factory->breaker)) {
            as_log_write(worker->log, AS_LOG_ERROR, "factory", "circuit "
                         "closed: %s answers again after %" PRId64 " s",
                         factory->name,
                         (now - factory->breaker.since) / 1000);
            factory->all->changed(factory->all->changed_data);
        }
        return false;
    }

    if (!as_breaker_failure(&factory->breaker, call->key, now,
                            result->retry_after_ms,
                            (unsigned) as_loop_random(worker->loop, 1000)))
    {
        return false;
    }

    as_log_write(worker->log, AS_LOG_ERROR, "factory", "circuit opened: %s: "
                 "%s; its orders wait until a probe succeeds", factory->name,
                 result->reason);
    factory->all->changed(factory->all->changed_data);

    return true;
}


/*
 * Whether a message stays in hand and goes to the end of the queue: the one
 * that opened the breaker, and those that probe.  To the end, so that one
 * message that always fails does not keep the breaker open.
 */
static bool
as_factory_call_keeps(const as_factory_t *factory,
    const as_factory_result_t *result, bool opened, bool probe)
{
    if (!factory->breaker.open || result->outcome < AS_FACTORY_FAILED
        || (result->outcome == AS_FACTORY_LOST
            && factory->all->worker->settings->lost_answer == AS_STOP))
    {
        return false;
    }

    return opened || probe
           || as_factory_held(factory) == 0;
}


static void
as_factory_call_span(const as_factory_t *factory,
    const as_factory_call_t *call, const as_factory_result_t *result)
{
    as_span_t            span;
    as_span_attribute_t  attributes[] = {
        { "http.request.method", "POST", 0 },
        { "url.full", factory->name, 0 },
        { "http.response.status_code", NULL, result->status }
    };

    memset(&span, 0, sizeof(span));
    span.trace = call->span;
    span.parent = call->trace.span;
    span.kind = AS_SPAN_CLIENT;
    span.name = "POST";
    span.start_ms = call->sent_ms;
    span.order_id = call->order_id;
    span.error = result->outcome == AS_FACTORY_ACCEPTED ? NULL
                                                        : result->reason;
    span.attributes = attributes;
    span.nattributes = result->status == 0 ? 2 : 3;

    as_spans_end(factory->all->worker->spans, &span);
}


static void
as_factory_call_answered(void *data, const as_http_answer_t *answer)
{
    char                 reason[256];
    bool                 probe, opened;
    as_factory_t        *factory;
    as_factory_call_t   *call = data;
    as_factory_result_t  result;

    factory = call->of;
    probe = factory->breaker.open && factory->ncalling == 1;

    call->http = NULL;
    TAILQ_REMOVE(&factory->calling, call, link);
    factory->ncalling--;

    as_factory_call_count(factory->all->worker, answer);
    as_factory_call_judge(answer, reason, sizeof(reason), &result);
    as_factory_call_span(factory, call, &result);
    opened = as_factory_call_note(factory, call, &result);

    if (as_factory_call_keeps(factory, &result, opened, probe)) {
        TAILQ_INSERT_TAIL(&factory->waiting, call, link);
        factory->nwaiting++;
        factory->all->changed(factory->all->changed_data);

    } else {
        call->done(call->data, &result);
    }

    /* factory.c starts the calls that may follow */
    as_loop_within(factory->all->worker->loop, &factory->timer, 0);
}


static void
as_factory_call_unsent(as_factory_call_t *call, const char *why)
{
    as_factory_result_t  result;

    result.outcome = AS_FACTORY_FAILED;
    result.status = 0;
    result.retry_after_ms = -1;
    result.outage = true;
    result.reason = why;
    call->done(call->data, &result);
}


void
as_factory_call_send(as_factory_t *factory, as_factory_call_t *call)
{
    as_text_t                 body = AS_TEXT_EMPTY;
    as_worker_t              *worker = factory->all->worker;
    as_http_request_t         rq;
    char                      trace[sizeof("traceparent: ")
                                    + AS_TRACE_TEXT_LEN];
    const char               *headers[4] = {
        "Content-Type: application/json", "Accept: application/json"
    };

    memset(&rq, 0, sizeof(rq));
    rq.nheaders = 2;

    /* Where the factory closes a kept connection at the moment of its reuse,
     * this looks like a lost answer.  Where a lost answer stops an order,
     * connections are not kept. */
    if (worker->settings->lost_answer == AS_STOP) {
        headers[rq.nheaders++] = "Connection: close";
    }

    if (as_trace_is_set(&call->trace)) {
        as_trace_child(&call->span, &call->trace, &worker->uuid);
        call->sent_ms = as_loop_unix_ms(worker->loop);
        *as_trace_text(&call->span, stpcpy(trace, "traceparent: ")) = '\0';
        headers[rq.nheaders++] = trace;
    }

    if (as_factory_body(&body, worker->settings, call) == 0) {
        rq.method = "POST";
        rq.url = factory->url;
        rq.headers = headers;
        rq.body = as_text_get(&body);
        rq.body_len = body.len;
        rq.timeout_ms = (unsigned) worker->settings->factory_timeout;
        rq.connect_timeout_ms = rq.timeout_ms < 5000 ? rq.timeout_ms : 5000;
        rq.flags = factory->flags;
        rq.done = as_factory_call_answered;
        rq.data = call;
        call->http = as_http_send(worker->http, &rq);
    }

    as_text_free(&body);

    if (call->http == NULL) {
        as_factory_call_unsent(call, "the call could not be made: out of "
                               "memory or connections");
        return;
    }

    TAILQ_INSERT_TAIL(&factory->calling, call, link);
    factory->ncalling++;
}
