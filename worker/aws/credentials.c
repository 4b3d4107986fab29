/*
 * The chain of credential providers, and the cached keys.
 */

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/credentials_profile.h"
#include "aws/profile.h"
#include "aws/credentials_provider.h"
#include "base/text.h"


/* ms: keys are renewed when they expire within this time.  AWS returns new ones
 * at least five minutes earlier (EC2 User Guide, instance metadata). */
#define AS_CREDENTIALS_AHEAD_MS  300000

/* ms: keys that expire within this time are not used. */
#define AS_CREDENTIALS_LEAST_MS  5000

/* ms between attempts to renew keys that are still valid. */
#define AS_CREDENTIALS_PAUSE_MS  15000

/*
 * ms: less than the minute after which a worker without progress counts as
 * stuck.
 */
#define AS_CREDENTIALS_PROCESS_MS  30000

/* ms between attempts to renew an instance's expired keys.  They are still
 * used, since AWS accepts them for longer during an outage of its own (SDKs and
 * Tools Reference Guide, "IMDS credential provider", static stability). */
#define AS_CREDENTIALS_STALE_MS  300000

/* ms between attempts while the provider has only keys that AWS refuses.
 * Doubled after each, up to AS_CREDENTIALS_PAUSE_MS. */
#define AS_CREDENTIALS_REFUSED_MS  1000


typedef struct as_waiter_s  as_waiter_t;

struct as_waiter_s {
    as_waiter_t             *next;
    as_credentials_done_pt   done;
    void                    *data;
};

struct as_credentials_s {
    as_fetch_t              fetch;     /* first: as_credentials_done() */
    bool                    fetching;
    size_t                  provider;
    as_text_t               error;

    as_keys_t               keys;
    as_credentials_keys_t   view;      /* of keys */
    bool                    valid;
    int64_t                 refreshed_ms;      /* last attempt, monotonic ms */
    bool                    refused;   /* AWS refused the keys since then */
    int64_t                 pause_ms;  /* ms from it to the next attempt */

    as_waiter_t            *waiters;
    as_waiter_t           **last;
    as_timer_t              turn;

    char                   *region;
};


static void as_credentials_next(as_credentials_t *creds);
static void as_credentials_done(as_fetch_t *fetch, as_provider_e result);
static void as_credentials_turn(void *data);


static const as_provider_t *const  as_credentials_chain[] = {
    &as_provider_env,
    &as_provider_web_identity,
    &as_provider_profile,
    &as_provider_container,
    &as_provider_imds
};

#define AS_CREDENTIALS_CHAIN                                                  \
    (sizeof(as_credentials_chain) / sizeof(as_credentials_chain[0]))


static const char *
as_credentials_getenv(void *data, const char *name)
{
    (void) data;

    return getenv(name);
}


as_credentials_t *
as_credentials_create(as_http_t *http, const as_clock_t *clock,
    as_getenv_pt get, void *getenv_data)
{
    as_credentials_t  *creds;

    creds = calloc(1, sizeof(as_credentials_t));
    if (creds == NULL) {
        return NULL;
    }

    creds->fetch.http = http;
    creds->fetch.clock = clock;
    creds->fetch.getenv = get ? get : as_credentials_getenv;
    creds->fetch.getenv_data = getenv_data;
    creds->fetch.done = as_credentials_done;
    creds->fetch.process_ms = AS_CREDENTIALS_PROCESS_MS;
    creds->last = &creds->waiters;
    creds->turn.fn = as_credentials_turn;
    creds->turn.data = creds;
    creds->region = as_profile_region(&creds->fetch);

    return creds;
}


static void
as_credentials_stop(as_credentials_t *creds)
{
    as_fetch_t  *fetch = &creds->fetch;

    if (!creds->fetching) {
        return;
    }

    as_http_cancel(fetch->http, fetch->call);
    fetch->call = NULL;

    if (fetch->cancel != NULL) {
        fetch->cancel(fetch);
    }

    as_credentials_profile_clear_roles(fetch);
    creds->fetching = false;
}


void
as_credentials_destroy(as_credentials_t *creds)
{
    as_waiter_t  *w;

    if (creds == NULL) {
        return;
    }

    as_credentials_stop(creds);

    while ((w = creds->waiters) != NULL) {
        creds->waiters = w->next;
        free(w);
    }

    as_loop_clear(as_http_loop(creds->fetch.http), &creds->turn);
    as_fetch_clear_keys(&creds->keys);
    as_fetch_clear_keys(&creds->fetch.keys);
    as_text_free(&creds->error);
    free(creds->region);
    free(creds);
}


const char *
as_credentials_region(as_credentials_t *creds)
{
    return creds->region;
}


/* Calls all waiting callbacks, except those added while this runs. */
static void
as_credentials_tell(as_credentials_t *creds, const char *error)
{
    as_waiter_t                  *w, *list;
    const as_credentials_keys_t  *keys;

    keys = error ? NULL : &creds->view;
    list = creds->waiters;
    creds->waiters = NULL;
    creds->last = &creds->waiters;

    while ((w = list) != NULL) {
        list = w->next;

        if (w->done != NULL) {
            w->done(w->data, keys, error);
        }

        free(w);
    }
}


static int64_t
as_credentials_left(const as_credentials_t *creds)
{
    return creds->keys.expires_ms == 0
           ? INT64_MAX
           : creds->keys.expires_ms - as_fetch_now(&creds->fetch);
}


static bool
as_credentials_holds(const as_credentials_t *creds)
{
    return as_credentials_left(creds) > AS_CREDENTIALS_LEAST_MS;
}


static bool
as_credentials_usable(const as_credentials_t *creds)
{
    return creds->valid
           && (creds->keys.instance || as_credentials_holds(creds));
}


static void
as_credentials_adopt(as_credentials_t *creds)
{
    as_fetch_clear_keys(&creds->keys);
    creds->keys = creds->fetch.keys;
    memset(&creds->fetch.keys, 0, sizeof(as_keys_t));

    creds->view.access_key = creds->keys.access_key;
    creds->view.secret_key = creds->keys.secret_key;
    creds->view.session_token = creds->keys.session_token;
    creds->view.expires_ms = creds->keys.expires_ms;
    creds->view.source = creds->keys.source;
    creds->valid = true;
}


static bool
as_credentials_same(const as_keys_t *a, const as_keys_t *b)
{
    return strcmp(a->access_key, b->access_key) == 0
           && strcmp(a->session_token ? a->session_token : "",
                     b->session_token ? b->session_token : "") == 0;
}


/* The same keys are used once more, since AWS may accept them again. */
static void
as_credentials_pause(as_credentials_t *creds, bool ready)
{
    int64_t  pause = creds->pause_ms * 2;

    if (!creds->refused
        || (ready && !as_credentials_same(&creds->keys, &creds->fetch.keys)))
    {
        creds->pause_ms = 0;

    } else if (pause == 0) {
        creds->pause_ms = AS_CREDENTIALS_REFUSED_MS;

    } else {
        creds->pause_ms = pause < AS_CREDENTIALS_PAUSE_MS
                          ? pause : AS_CREDENTIALS_PAUSE_MS;
    }

    if (ready) {
        creds->refused = false;
        as_text_clear(&creds->error);
        as_text_printf(&creds->error, "AWS refuses the keys of %s, which has "
                       "no others yet", creds->fetch.keys.source);
    }
}


static void
as_credentials_settle(as_credentials_t *creds, as_provider_e result)
{
    creds->fetching = false;
    as_credentials_pause(creds, result == AS_PROVIDER_READY);

    if (result == AS_PROVIDER_READY) {
        as_credentials_adopt(creds);
        as_credentials_tell(creds, NULL);

    } else if (as_credentials_usable(creds)) {
        /* An early renewal failed: the cached keys are still valid. */
        as_credentials_tell(creds, NULL);

    } else {
        as_credentials_tell(creds, as_text_get(&creds->error));
    }
}


/*
 * Handles a provider's result.  The chain continues where the provider is not
 * configured.
 */
static void
as_credentials_result(as_credentials_t *creds, as_provider_e result)
{
    const as_provider_t  *provider;

    provider = as_credentials_chain[creds->provider];

    if (result != AS_PROVIDER_PENDING && provider->more != NULL) {
        result = provider->more(&creds->fetch, result);
    }

    if (result == AS_PROVIDER_PENDING) {
        return;
    }

    if (result != AS_PROVIDER_READY) {
        as_text_printf(&creds->error, "%s%s: %s",
                       creds->error.len ? "; " : "", provider->name,
                       creds->fetch.reason);
    }

    if (result == AS_PROVIDER_FAILED && creds->fetch.again) {
        creds->fetch.again = false;
        creds->provider = 0;
        as_text_clear(&creds->error);
        as_credentials_next(creds);
        return;
    }

    if (result == AS_PROVIDER_NONE
        && creds->provider + 1 < AS_CREDENTIALS_CHAIN)
    {
        creds->provider++;
        as_credentials_next(creds);
        return;
    }

    as_credentials_settle(creds, result);
}


static void
as_credentials_next(as_credentials_t *creds)
{
    as_fetch_t  *fetch = &creds->fetch;

    fetch->reason[0] = '\0';
    fetch->call = NULL;
    fetch->state = NULL;
    fetch->cancel = NULL;

    as_credentials_result(creds,
                          as_credentials_chain[creds->provider]
                          ->start(fetch));
}


/* A pending provider has ended. */
static void
as_credentials_done(as_fetch_t *fetch, as_provider_e result)
{
    as_credentials_result((as_credentials_t *) fetch, result);
}


static void
as_credentials_fetch(as_credentials_t *creds)
{
    if (creds->fetching) {
        return;
    }

    creds->fetching = true;
    creds->provider = 0;
    creds->fetch.transient = false;
    creds->refreshed_ms = as_clock_mono_ms(creds->fetch.clock);
    as_text_clear(&creds->error);
    as_credentials_next(creds);
}


static void
as_credentials_turn(void *data)
{
    as_credentials_t  *creds = data;

    if (as_credentials_usable(creds)
        && as_credentials_left(creds) > AS_CREDENTIALS_AHEAD_MS)
    {
        as_credentials_tell(creds, NULL);
        return;
    }

    if (creds->refused && as_clock_mono_ms(creds->fetch.clock)
                          - creds->refreshed_ms < creds->pause_ms)
    {
        as_credentials_tell(creds, as_text_get(&creds->error));
        return;
    }

    as_credentials_fetch(creds);
}


static void
as_credentials_schedule(as_credentials_t *creds)
{
    if (!creds->turn.set && !creds->fetching) {
        as_loop_after(as_http_loop(creds->fetch.http), &creds->turn, 0);
    }
}


const as_credentials_keys_t *
as_credentials_peek(as_credentials_t *creds)
{
    int64_t  now, pause;

    if (!as_credentials_usable(creds)) {
        return NULL;
    }

    if (as_credentials_left(creds) < AS_CREDENTIALS_AHEAD_MS) {
        now = as_clock_mono_ms(creds->fetch.clock);
        pause = as_credentials_holds(creds) ? AS_CREDENTIALS_PAUSE_MS
                                            : AS_CREDENTIALS_STALE_MS;

        if (now - creds->refreshed_ms >= pause) {
            as_credentials_schedule(creds);
        }
    }

    return &creds->view;
}


int
as_credentials_get(as_credentials_t *creds, as_credentials_done_pt done,
    void *data)
{
    as_waiter_t  *w;

    w = malloc(sizeof(as_waiter_t));
    if (w == NULL) {
        return -1;
    }

    as_credentials_schedule(creds);

    w->next = NULL;
    w->done = done;
    w->data = data;

    *creds->last = w;
    creds->last = &w->next;

    return 0;
}


void
as_credentials_forget(as_credentials_t *creds, as_credentials_done_pt done,
    void *data)
{
    as_waiter_t  *w;

    for (w = creds->waiters; w != NULL; w = w->next) {
        if (w->done == done && w->data == data) {
            w->done = NULL;
            return;
        }
    }
}


bool
as_credentials_transient(const as_credentials_t *creds)
{
    return creds->fetch.transient;
}


void
as_credentials_invalidate(as_credentials_t *creds)
{
    creds->valid = false;
    creds->refused = false;
}


void
as_credentials_refused(as_credentials_t *creds)
{
    if (!creds->valid) {
        return;
    }

    creds->valid = false;
    creds->refused = true;

    /* AWS accepted the keys for a long time: a separate incident */
    if (as_clock_mono_ms(creds->fetch.clock) - creds->refreshed_ms
        > AS_CREDENTIALS_STALE_MS)
    {
        creds->pause_ms = 0;
    }
}


int64_t
as_credentials_skew_ms(const as_credentials_t *creds)
{
    return creds->fetch.skew_ms;
}


bool
as_credentials_learn_time(as_credentials_t *creds, int64_t date_ms)
{
    return as_fetch_learn_time(&creds->fetch, date_ms);
}


void
as_credentials_limit_process(as_credentials_t *creds, unsigned ms)
{
    creds->fetch.process_ms = ms;
}


void
as_credentials_process_environ(as_credentials_t *creds, as_environ_pt env)
{
    creds->fetch.environ = env;
}
