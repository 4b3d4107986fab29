/*
 * A factory: its queue, limits and breaker.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/address.h"
#include "run/factory_parts.h"
#include "base/url_shown.h"


/* Judges by the URL: a private address, or a name of the local host.  If
 * FACTORY_API_URL is private, factory.API may be private too. */
static bool
as_factory_is_private(const char *url)
{
    char         host[256];
    size_t       len;
    const char  *start;

    start = strstr(url, "://");
    start = start == NULL ? url : start + 3;
    start += *start == '[';
    len = strcspn(start, start[-1] == '[' ? "]" : ":/?#");

    if (len >= sizeof(host)) {
        return false;
    }

    memcpy(host, start, len);
    host[len] = '\0';

    return strcasecmp(host, "localhost") == 0
           || as_address_text_class(host) == AS_ADDRESS_PRIVATE;
}


unsigned
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


/* The URL without possible secrets, allocated.  URLs that differ only in these
 * get a number each. */
static char *
as_factory_name(const as_factories_t *all, const char *url)
{
    char                 shown[AS_URL_SHOWN_LEN], *name;
    size_t               len;
    unsigned             n;
    const as_factory_t  *other;

    (void) as_url_shown(url, shown);
    len = strcspn(shown, "?");

    for (n = 1, other = all->first; other != NULL; other = other->next) {
        n += strcspn(other->name, "#") == len
             && memcmp(other->name, shown, len) == 0;
    }

    return (n == 1 ? asprintf(&name, "%.*s", (int) len, shown)
                   : asprintf(&name, "%.*s#%u", (int) len, shown, n)) == -1
           ? NULL : name;
}


as_factory_t *
as_factory_new(as_factories_t *all, const char *url)
{
    as_factory_t         *factory;
    const as_settings_t  *settings = all->worker->settings;

    factory = calloc(1, sizeof(*factory));
    if (factory == NULL) {
        return NULL;
    }

    factory->url = strdup(url);
    factory->name = as_factory_name(all, url);
    if (factory->url == NULL || factory->name == NULL) {
        free(factory->url);
        free(factory->name);
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


/* Whether a call may start now; otherwise sets a timer. */
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


void
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
            as_factory_forget(call);
            as_factory_call_send(factory, call);
        }
    }
}


bool
as_factory_take_back(as_factory_call_t *call, bool comes_again)
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
as_factory_forget(as_factory_call_t *call)
{
    if (call->away) {
        call->away = false;
        call->of->naway--;
    }
}


void
as_factory_abort(as_factories_t *all, as_factory_call_t *call)
{
    as_http_cancel(all->worker->http, call->http);
    call->http = NULL;
    TAILQ_REMOVE(&call->of->calling, call, link);
    call->of->ncalling--;
}
