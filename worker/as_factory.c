/*
 * The factories.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "as_breaker.h"
#include "as_factory.h"


#define AS_FACTORY_PROBES_MAX  10      /* letters held for probing */
#define AS_FACTORY_PROBES_EACH  5      /* probes before another is fetched */
#define AS_FACTORY_HEALTHY_MS  60000


typedef TAILQ_HEAD(as_factory_queue_s, as_factory_call_s)  as_factory_queue_t;

struct as_factory_s {
    as_factory_t        *next;
    as_factories_t      *all;
    char                *url;
    unsigned             flags;        /* of as_http */
    as_breaker_t         breaker;
    as_factory_queue_t   waiting;
    as_factory_queue_t   calling;
    size_t               nwaiting;
    size_t               ncalling;
    size_t               naway;
    double               allowance;    /* of the rate limit, calls */
    int64_t              allowed_at;
    int64_t              success_at;   /* -1: none yet */
    as_timer_t           timer;
};

struct as_factories_s {
    as_worker_t         *worker;
    as_factory_t        *first;
    void               (*changed)(void *data);
    void                *changed_data;
};


static void as_factory_start(void *data);


as_factories_t *
as_factories_create(as_worker_t *worker, void (*changed)(void *data),
    void *data)
{
    as_factories_t  *all;

    all = calloc(1, sizeof(*all));
    if (all != NULL) {
        all->worker = worker;
        all->changed = changed;
        all->changed_data = data;
    }

    return all;
}


void
as_factories_destroy(as_factories_t *all)
{
    as_factory_t       *factory;
    as_factory_call_t  *call;

    while (all != NULL && all->first != NULL) {
        factory = all->first;
        all->first = factory->next;

        as_loop_clear(all->worker->loop, &factory->timer);
        TAILQ_FOREACH(call, &factory->calling, link) {
            as_http_cancel(all->worker->http, call->http);
        }

        free(factory->url);
        free(factory);
    }

    free(all);
}


/* Loopback, private or local by its look: what the operator configured so
 * for FACTORY_API_URL goes for factory.API too. */
static bool
as_factory_is_private(const char *url)
{
    size_t                    i;
    const char               *host;
    static const char *const  prefixes[] = {
        "127.", "10.", "192.168.", "localhost", "[::1]", "[fc", "[fd",
        "172.16.", "172.17.", "172.18.", "172.19.", "172.2", "172.30.",
        "172.31."
    };

    host = strstr(url, "://");
    host = host == NULL ? url : host + 3;

    for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (strncmp(host, prefixes[i], strlen(prefixes[i])) == 0) {
            return true;
        }
    }

    return false;
}


static unsigned
as_factory_flags(const as_settings_t *settings, const char *url)
{
    if (strcmp(url, settings->factory_api_url) == 0
        || settings->factory_private == AS_ON
        || (settings->factory_private == AS_AUTO
            && as_factory_is_private(settings->factory_api_url)))
    {
        return AS_HTTP_ONCE | AS_HTTP_PRIVATE;
    }

    return AS_HTTP_ONCE;
}


static as_factory_t *
as_factory_get(as_factories_t *all, const char *api)
{
    const char           *url;
    as_factory_t         *factory;
    const as_settings_t  *settings = all->worker->settings;

    url = strncmp(api, "http://", 7) == 0 || strncmp(api, "https://", 8) == 0
          ? api : settings->factory_api_url;

    for (factory = all->first; factory != NULL; factory = factory->next) {
        if (strcmp(factory->url, url) == 0) {
            return factory;
        }
    }

    factory = calloc(1, sizeof(*factory));
    if (factory == NULL) {
        return NULL;
    }

    factory->url = strdup(url);
    if (factory->url == NULL) {
        free(factory);
        return NULL;
    }

    factory->all = all;
    factory->flags = as_factory_flags(settings, url);
    factory->success_at = -1;
    factory->allowed_at = as_loop_now(all->worker->loop);
    factory->timer.fn = as_factory_start;
    factory->timer.data = factory;
    TAILQ_INIT(&factory->waiting);
    TAILQ_INIT(&factory->calling);
    as_breaker_init(&factory->breaker, settings->breaker_min,
                    settings->breaker_max);

    factory->next = all->first;
    all->first = factory;

    return factory;
}


/* Whether a call may go now; otherwise a timer is set for when it may. */
static bool
as_factory_may(as_factory_t *factory)
{
    double        burst;
    int64_t       now, rate;
    as_worker_t  *worker = factory->all->worker;

    now = as_loop_now(worker->loop);
    rate = worker->settings->factory_rate;

    if (factory->breaker.open) {
        if (factory->ncalling > 0) {
            return false;
        }
        if (now < factory->breaker.probe_at) {
            as_loop_after(worker->loop, &factory->timer,
                          factory->breaker.probe_at - now);
            return false;
        }
        return true;
    }

    if ((int64_t) factory->ncalling >= worker->settings->factory_concurrency)
    {
        return false;
    }

    if (rate == 0) {
        return true;
    }

    burst = rate > 10 ? (double) rate / 10 : 1;
    factory->allowance += (double) (now - factory->allowed_at)
                          * (double) rate / 1000;
    factory->allowance = factory->allowance > burst ? burst
                                                    : factory->allowance;
    factory->allowed_at = now;

    if (factory->allowance < 1) {
        as_loop_after(worker->loop, &factory->timer, 1 + (int64_t)
                      ((1 - factory->allowance) * 1000 / (double) rate));
        return false;
    }

    factory->allowance -= 1;

    return true;
}


static void
as_factory_count(as_worker_t *worker, const as_http_answer_t *answer)
{
    int             i;
    int64_t         us, limit;
    as_counters_t  *counters = &worker->counters;

    i = answer->error != AS_HTTP_OK ? 0 : answer->status / 100;
    counters->calls[i >= 0 && i < 6 ? i : 0]++;

    us = answer->elapsed_us;
    for (i = 0, limit = 1000; i < AS_LATENCY_BUCKETS && us > limit; i++) {
        limit *= 2;
    }

    counters->call_us[i]++;
    counters->call_us_sum += us > 0 ? (uint64_t) us : 0;
}


/* What the answer means. */
static void
as_factory_judge(const as_http_answer_t *answer, char *reason, size_t room,
    as_factory_result_t *result)
{
    result->status = answer->status;
    result->retry_after_ms = answer->retry_after_ms;
    result->reason = reason;
    reason[0] = '\0';

    if (answer->error != AS_HTTP_OK) {
        snprintf(reason, room, "the factory gave no answer (%s): %s",
                 as_http_error_text(answer->error), answer->reason);
        result->status = 0;
        result->outcome = answer->maybe_sent ? AS_FACTORY_LOST
                                             : AS_FACTORY_FAILED;
        return;
    }

    if (answer->status / 100 == 2) {
        result->outcome = AS_FACTORY_ACCEPTED;
        return;
    }

    result->outcome = answer->status / 100 == 4 && answer->status != 408
                      && answer->status != 429 ? AS_FACTORY_REFUSED
                                               : AS_FACTORY_FAILED;
    snprintf(reason, room, "the factory answered %d", answer->status);
}


/* Tells the breaker.  True where this opened it. */
static bool
as_factory_note(as_factory_t *factory, as_factory_call_t *call,
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
            as_log_write(worker->log, AS_LOG_INFO, "factory", "circuit "
                         "closed: %s answers again after %" PRId64 " s",
                         factory->url,
                         (now - factory->breaker.since) / 1000);
            factory->all->changed(factory->all->changed_data);
        }
        return false;
    }

    if (!as_breaker_failure(&factory->breaker, call->message, now,
                            result->retry_after_ms,
                            (unsigned) as_loop_random(worker->loop, 1000)))
    {
        return false;
    }

    as_log_write(worker->log, AS_LOG_ERROR, "factory", "circuit opened: %s: "
                 "%s; no further letters are taken until a probe succeeds",
                 factory->url, result->reason);
    factory->all->changed(factory->all->changed_data);

    return true;
}


/*
 * Whether a letter stays in hand, at the queue's end: the one that opened
 * the breaker and those that probe it.  The end, so that one letter that can
 * never succeed does not keep the breaker open alone.
 */
static bool
as_factory_keeps(const as_factory_t *factory,
    const as_factory_result_t *result, bool opened, bool probe)
{
    if (!factory->breaker.open || result->outcome < AS_FACTORY_FAILED
        || (result->outcome == AS_FACTORY_LOST
            && factory->all->worker->settings->lost_answer == AS_STOP))
    {
        return false;
    }

    return opened || probe
           || factory->nwaiting + factory->ncalling + factory->naway == 0;
}


static void
as_factory_answered(void *data, const as_http_answer_t *answer)
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

    as_factory_count(factory->all->worker, answer);
    as_factory_judge(answer, reason, sizeof(reason), &result);
    opened = as_factory_note(factory, call, &result);

    if (as_factory_keeps(factory, &result, opened, probe)) {
        TAILQ_INSERT_TAIL(&factory->waiting, call, link);
        factory->nwaiting++;
        factory->all->changed(factory->all->changed_data);

    } else {
        call->done(call->data, &result);
    }

    as_factory_start(factory);
}


static void
as_factory_unsent(as_factory_call_t *call, const char *why)
{
    as_factory_result_t  result;

    result.outcome = AS_FACTORY_FAILED;
    result.status = 0;
    result.retry_after_ms = -1;
    result.reason = why;
    call->done(call->data, &result);
}


static void
as_factory_send(as_factory_t *factory, as_factory_call_t *call)
{
    as_text_t                 body = AS_TEXT_EMPTY;
    as_worker_t              *worker = factory->all->worker;
    as_http_request_t         rq;
    static const char *const  headers[] = {
        "Content-Type: application/json", "Accept: application/json"
    };

    memset(&rq, 0, sizeof(rq));

    if (as_factory_body(&body, worker->settings, call) == 0) {
        rq.method = "POST";
        rq.url = factory->url;
        rq.headers = headers;
        rq.nheaders = 2;
        rq.body = as_text_get(&body);
        rq.body_len = body.len;
        rq.timeout_ms = (unsigned) worker->settings->factory_timeout;
        rq.connect_timeout_ms = rq.timeout_ms < 5000 ? rq.timeout_ms : 5000;
        rq.flags = factory->flags;
        rq.done = as_factory_answered;
        rq.data = call;
        call->http = as_http_send(worker->http, &rq);
    }

    as_text_free(&body);

    if (call->http == NULL) {
        as_factory_unsent(call, "the call could not be made: out of memory "
                          "or of places");
        return;
    }

    TAILQ_INSERT_TAIL(&factory->calling, call, link);
    factory->ncalling++;
}


static void
as_factory_start(void *data)
{
    as_factory_t       *factory = data;
    as_factory_call_t  *call;

    while (factory->nwaiting > 0 && as_factory_may(factory)) {
        call = TAILQ_FIRST(&factory->waiting);
        TAILQ_REMOVE(&factory->waiting, call, link);
        factory->nwaiting--;

        call->away = true;
        factory->naway++;

        if (call->ready(call->data)) {
            as_factories_forget(call);
            as_factory_send(factory, call);
        }
    }
}


int
as_factories_call(as_factories_t *all, const char *api,
    as_factory_call_t *call)
{
    as_factory_t  *factory;

    factory = as_factory_get(all, api);
    if (factory == NULL) {
        errno = ENOMEM;
        return -1;
    }

    as_factories_forget(call);
    call->of = factory;
    call->http = NULL;
    TAILQ_INSERT_TAIL(&factory->waiting, call, link);
    factory->nwaiting++;

    as_factory_start(factory);

    return 0;
}


bool
as_factories_take_back(as_factory_call_t *call, bool comes_again)
{
    as_factory_t  *factory = call->of;

    if (call->http != NULL) {
        return false;
    }

    TAILQ_REMOVE(&factory->waiting, call, link);
    factory->nwaiting--;
    call->away = comes_again;
    factory->naway += comes_again;

    return true;
}


void
as_factories_forget(as_factory_call_t *call)
{
    if (call->away) {
        call->away = false;
        call->of->naway--;
    }
}


void
as_factories_abort(as_factories_t *all, as_factory_call_t *call)
{
    as_http_cancel(all->worker->http, call->http);
    call->http = NULL;
    TAILQ_REMOVE(&call->of->calling, call, link);
    call->of->ncalling--;
}


static size_t
as_factory_held(const as_factory_t *factory)
{
    return factory->nwaiting + factory->ncalling + factory->naway;
}


size_t
as_factories_room(const as_factories_t *all, size_t max)
{
    bool                 open, healthy, starved;
    size_t               held;
    int64_t              now;
    const as_factory_t  *factory;

    now = as_loop_now(all->worker->loop);
    open = healthy = starved = false;
    held = 0;

    for (factory = all->first; factory != NULL; factory = factory->next) {
        if (!factory->breaker.open) {
            healthy |= factory->success_at >= 0
                       && now - factory->success_at < AS_FACTORY_HEALTHY_MS;
            continue;
        }

        open = true;
        held += as_factory_held(factory);
        starved |= as_factory_held(factory)
                   < 1 + factory->breaker.probes / AS_FACTORY_PROBES_EACH
                   && as_factory_held(factory) < AS_FACTORY_PROBES_MAX;
    }

    if (!open) {
        return max;
    }

    /* one factory's outage does not stop another's letters, as long as the
     * hand is not full of the first one's */
    if (healthy && held < (size_t) all->worker->settings->in_flight / 2) {
        return max;
    }

    return starved && max > 0 ? 1 : 0;
}


void
as_factories_visit(const as_factories_t *all, as_factory_visit_pt fn,
    void *data)
{
    const as_factory_t  *factory;

    for (factory = all->first; factory != NULL; factory = factory->next) {
        fn(data, factory->url, factory->breaker.open, factory->nwaiting,
           factory->ncalling);
    }
}
