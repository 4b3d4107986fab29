/*
 * Spans: their queue and their export.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/health.h"
#include "run/spans.h"
#include "run/spans_text.h"


#define AS_SPANS_DELAY_MS  5000        /* the longest wait for more */
#define AS_SPANS_CALL_MS   10000       /* time-out of a request */
#define AS_SPANS_STOP_MS   2000


struct as_spans_s {
    as_worker_t     *worker;
    as_health_t      health;
    as_timer_t       timer;            /* sends; at the stop: gives up */
    as_http_call_t  *call;
    char            *queue[AS_SPANS_MAX];        /* as JSON; a ring */
    size_t           first;
    size_t           n;
    size_t           sending;          /* of them in the call */
    void           (*stopped)(void *data);
    void            *stopped_data;
};


static void as_spans_send(void *data);


/* Takes the first n out of the queue. */
static void
as_spans_remove(as_spans_t *spans, size_t n)
{
    for ( /* void */ ; n > 0; n--) {
        free(spans->queue[spans->first]);
        spans->first = (spans->first + 1) % AS_SPANS_MAX;
        spans->n--;
    }
}


/* True where the collector may take the same later (OTLP, "Failures"). */
static bool
as_spans_again(const as_http_answer_t *answer)
{
    return answer->error != AS_HTTP_OK || answer->status == 429
           || answer->status == 502 || answer->status == 503
           || answer->status == 504;
}


static void
as_spans_end_stop(as_spans_t *spans)
{
    void  (*stopped)(void *data) = spans->stopped;

    as_loop_clear(spans->worker->loop, &spans->timer);
    spans->worker->counters.spans_dropped += spans->n;
    as_spans_remove(spans, spans->n);
    spans->stopped = NULL;
    stopped(spans->stopped_data);
}


/* When to send again. */
static void
as_spans_next(as_spans_t *spans, int64_t retry_after_ms)
{
    int64_t     wait;
    as_loop_t  *loop = spans->worker->loop;

    if (spans->stopped != NULL) {
        if (spans->n == 0 || spans->health.down) {
            as_spans_end_stop(spans);
        } else {
            as_spans_send(spans);
        }
        return;
    }

    if (spans->n == 0) {
        return;
    }

    wait = 0;
    if (spans->health.down) {
        wait = as_health_wait_ms(&spans->health, as_loop_random(loop, 1000));
        wait = retry_after_ms > wait ? retry_after_ms : wait;

    } else if (spans->n < AS_SPANS_BATCH) {
        wait = AS_SPANS_DELAY_MS;
    }

    as_loop_after(loop, &spans->timer, wait);
}


static void
as_spans_answered(void *data, const as_http_answer_t *answer)
{
    char         reason[128];
    int64_t      now;
    as_spans_t  *spans = data;
    as_worker_t *worker = spans->worker;

    spans->call = NULL;
    now = as_loop_now(worker->loop);

    if (answer->error == AS_HTTP_OK && answer->status / 100 == 2) {
        as_health_up(&spans->health, worker->log, now);
        worker->counters.spans_exported += spans->sending;
        as_spans_remove(spans, spans->sending);
        as_spans_next(spans, -1);
        return;
    }

    if (answer->error == AS_HTTP_OK) {
        snprintf(reason, sizeof(reason), "refused: it answered %d",
                 answer->status);
    } else {
        snprintf(reason, sizeof(reason), "%.100s", answer->reason);
    }

    as_health_down(&spans->health, worker->log, now, reason);

    if (!as_spans_again(answer)) {
        worker->counters.spans_dropped += spans->sending;
        as_spans_remove(spans, spans->sending);
    }

    as_spans_next(spans, answer->retry_after_ms);
}


static const char *
as_spans_url(const as_spans_t *spans, as_text_t *url)
{
    size_t                len;
    const as_settings_t  *settings = spans->worker->settings;

    if (settings->otlp_traces_endpoint != NULL) {
        return settings->otlp_traces_endpoint;
    }

    len = strlen(settings->otlp_endpoint);
    as_text_printf(url, "%s%sv1/traces", settings->otlp_endpoint,
                   settings->otlp_endpoint[len - 1] == '/' ? "" : "/");

    return as_text_get(url);
}


static void
as_spans_send(void *data)
{
    size_t                    i;
    as_text_t                 body = AS_TEXT_EMPTY, url = AS_TEXT_EMPTY;
    as_spans_t               *spans = data;
    as_http_request_t         rq;
    static const char *const  headers[] = { "Content-Type: application/json" };

    if (spans->call != NULL || spans->n == 0) {
        return;
    }

    /* the endpoint was removed from the settings */
    if (!as_spans_on(spans)) {
        spans->worker->counters.spans_dropped += spans->n;
        as_spans_remove(spans, spans->n);
        return;
    }

    spans->sending = spans->n < AS_SPANS_BATCH ? spans->n : AS_SPANS_BATCH;

    as_spans_text_begin(spans->worker->settings, &body);
    for (i = 0; i < spans->sending; i++) {
        as_text_put(&body, i == 0 ? "" : ",");
        as_text_put(&body, spans->queue[(spans->first + i) % AS_SPANS_MAX]);
    }
    as_spans_text_end(&body);

    memset(&rq, 0, sizeof(rq));
    rq.method = "POST";
    rq.url = as_spans_url(spans, &url);
    rq.headers = headers;
    rq.nheaders = 1;
    rq.body = as_text_get(&body);
    rq.body_len = body.len;
    rq.timeout_ms = AS_SPANS_CALL_MS;
    rq.flags = AS_HTTP_PRIVATE;
    rq.done = as_spans_answered;
    rq.data = spans;

    if (as_text_ok(&body) && as_text_ok(&url)) {
        spans->call = as_http_send(spans->worker->http, &rq);
    }

    as_text_free(&body);
    as_text_free(&url);

    if (spans->call == NULL && spans->stopped == NULL) {
        as_loop_after(spans->worker->loop, &spans->timer, AS_SPANS_DELAY_MS);
    }
}


as_spans_t *
as_spans_create(as_worker_t *worker)
{
    as_spans_t  *spans;

    spans = calloc(1, sizeof(*spans));
    if (spans == NULL) {
        return NULL;
    }

    spans->worker = worker;
    spans->timer.fn = as_spans_send;
    spans->timer.data = spans;
    as_health_init(&spans->health, "collector");

    return spans;
}


void
as_spans_destroy(as_spans_t *spans)
{
    if (spans == NULL) {
        return;
    }

    as_http_cancel(spans->worker->http, spans->call);
    as_loop_clear(spans->worker->loop, &spans->timer);
    as_spans_remove(spans, spans->n);
    free(spans);
}


bool
as_spans_on(const as_spans_t *spans)
{
    return spans != NULL
           && (spans->worker->settings->otlp_endpoint != NULL
               || spans->worker->settings->otlp_traces_endpoint != NULL);
}


/* Sets the timer for the span that was added last. */
static void
as_spans_added(as_spans_t *spans)
{
    as_loop_t  *loop = spans->worker->loop;

    if (spans->stopped != NULL) {
        return;
    }

    if (!spans->health.down) {
        as_loop_within(loop, &spans->timer,
                       spans->n < AS_SPANS_BATCH ? AS_SPANS_DELAY_MS : 0);

    } else if (spans->n == 1) {
        /* a refusal emptied the queue; if others wait, the timer is set */
        as_loop_after(loop, &spans->timer,
                      as_health_wait_ms(&spans->health,
                                        as_loop_random(loop, 1000)));
    }
}


void
as_spans_end(as_spans_t *spans, const as_span_t *span)
{
    as_text_t  text = AS_TEXT_EMPTY;

    if (!as_spans_on(spans) || !as_trace_is_set(&span->trace)
        || !(span->trace.flags & AS_TRACE_SAMPLED))
    {
        return;
    }

    if (spans->n < AS_SPANS_MAX) {
        as_spans_text(span, as_loop_unix_ms(spans->worker->loop), &text);
    }

    if (spans->n == AS_SPANS_MAX || !as_text_ok(&text)) {
        spans->worker->counters.spans_dropped++;
        as_text_free(&text);
        return;
    }

    spans->queue[(spans->first + spans->n++) % AS_SPANS_MAX] = text.data;
    as_spans_added(spans);
}


static void
as_spans_give_up(void *data)
{
    as_spans_t  *spans = data;

    as_http_cancel(spans->worker->http, spans->call);
    spans->call = NULL;
    as_spans_end_stop(spans);
}


void
as_spans_stop(as_spans_t *spans, void (*stopped)(void *data), void *data)
{
    spans->stopped = stopped;
    spans->stopped_data = data;

    if (spans->n == 0 || spans->health.down || !as_spans_on(spans)) {
        as_spans_give_up(spans);
        return;
    }

    spans->timer.fn = as_spans_give_up;
    as_loop_after(spans->worker->loop, &spans->timer, AS_SPANS_STOP_MS);
    as_spans_send(spans);
}


const char *
as_spans_name_of(const char *address)
{
    const char  *p;

    p = address + strcspn(address, "?");
    while (p > address && p[-1] != '/' && p[-1] != ':') {
        p--;
    }

    return p;
}
