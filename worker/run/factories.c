/*
 * The list of the factories.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "run/factory_parts.h"
#include "base/url.h"


#define AS_FACTORY_PROBES_MAX  10      /* messages held to probe with */
#define AS_FACTORY_PROBES_EACH  5      /* failed probes per further message */
#define AS_FACTORY_HEALTHY_MS  60000


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
        free(factory->name);
        free(factory);
    }

    free(all);
}


/* An order must not go to another factory than intended: a value that is
 * neither blank nor a URL is refused. */
static as_factory_t *
as_factories_get(as_factories_t *all, const char *api)
{
    char          *url;
    ptrdiff_t      len;
    const char    *meant;
    as_factory_t  *factory;

    url = malloc(strlen(api) + 1);
    if (url == NULL) {
        return NULL;
    }

    len = as_url_http(api, url);
    meant = len == 0 ? all->worker->settings->factory_api_url : url;

    for (factory = len < 0 ? NULL : all->first;
         factory != NULL && strcmp(factory->url, meant) != 0;
         factory = factory->next)
    {
        /* void */
    }

    if (factory == NULL && len >= 0) {
        factory = as_factory_new(all, meant);
    }

    free(url);
    errno = len < 0 ? EINVAL : ENOMEM;

    return factory;
}


int
as_factories_call(as_factories_t *all, const char *api,
    as_factory_call_t *call)
{
    as_factory_t  *factory;

    factory = as_factories_get(all, api);
    if (factory == NULL) {
        return -1;
    }

    as_factory_forget(call);
    call->of = factory;
    call->http = NULL;
    TAILQ_INSERT_TAIL(&factory->waiting, call, link);
    factory->nwaiting++;

    as_factory_start(factory);

    return 0;
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

    /* an outage of one factory does not stop the messages of others, unless its
     * messages fill half of those allowed in hand */
    if (healthy && held < (size_t) all->worker->settings->in_flight / 2) {
        return max;
    }

    return starved && max > 0 ? 1 : 0;
}


void
as_factories_visit(const as_factories_t *all, as_factory_visit_pt fn,
    void *data)
{
    as_factory_view_t    view;
    const as_factory_t  *factory;

    for (factory = all->first; factory != NULL; factory = factory->next) {
        view.name = factory->name;
        view.open = factory->breaker.open;
        view.waiting = factory->nwaiting;
        view.calls = factory->ncalling;
        view.success_at = factory->success_at;
        fn(data, &view);
    }
}
