/*
 * The factories: one object for each endpoint, with its queue, its limits
 * and its circuit breaker.
 */

#ifndef AS_FACTORY_H
#define AS_FACTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "http/http.h"
#include "base/text.h"
#include "as_uuid.h"
#include "run/worker.h"


typedef struct as_factories_s     as_factories_t;
typedef struct as_factory_s       as_factory_t;
typedef struct as_factory_call_s  as_factory_call_t;


typedef enum {
    AS_FACTORY_ACCEPTED = 0,
    AS_FACTORY_REFUSED,                /* most of 4xx: it will never accept
                                          this */
    AS_FACTORY_FAILED,                 /* it did not accept; again later */
    AS_FACTORY_LOST                    /* no status came back: perhaps */
} as_factory_outcome_e;

typedef struct {
    as_factory_outcome_e  outcome;
    int                   status;      /* HTTP; 0: no answer */
    int64_t               retry_after_ms;        /* -1: none */
    bool                  outage;      /* FAILED, LOST: it may pass by itself,
                                          however long it takes */
    const char           *reason;      /* for a person */
} as_factory_result_t;

/* Embedded in its letter; the owner keeps it until done or taken back. */
struct as_factory_call_s {
    /* asked */
    const uint8_t                   *order_id;
    const uint8_t                   *product_id;
    const char                      *sku;
    const char                      *factory;    /* factory.identifier */
    const char                      *requester;
    int                              quantity;
    uint64_t                         key;        /* tells orders apart */
    bool                           (*ready)(void *data);
                                       /* before it goes out; false: the
                                          owner has it back */
    void                           (*done)(void *data,
                                           const as_factory_result_t *result);
    void                            *data;

    /* the factory's own */
    TAILQ_ENTRY(as_factory_call_s)   link;
    as_factory_t                    *of;
    as_http_call_t                  *http;       /* NULL: waits */
    bool                             away;       /* with its owner, who
                                                    brings it back */
};


/* changed is called when letters may be taken again, or may not. */
as_factories_t *as_factories_create(as_worker_t *worker,
    void (*changed)(void *data), void *data);
void as_factories_destroy(as_factories_t *all);

/* Queues a call; api is factory.API: a URL, or blank for FACTORY_API_URL.
 * 0, or -1 with errno: EINVAL where it is neither, ENOMEM. */
int as_factories_call(as_factories_t *all, const char *api,
    as_factory_call_t *call);

/*
 * Takes back a call that waits; false where it is under way.  Where the
 * owner will bring it again (as_factories_call()), as also after ready said
 * false, it still counts as in hand; as_factories_forget() where it does not
 * come again after all.
 */
bool as_factories_take_back(as_factory_call_t *call, bool comes_again);
void as_factories_forget(as_factory_call_t *call);

/* Ends a call under way; its done does not run. */
void as_factories_abort(as_factories_t *all, as_factory_call_t *call);

/* How many messages may be asked for while held are in hand: max where all
 * is well, 1 where a breaker needs a probe, 0 while it has one. */
size_t as_factories_room(const as_factories_t *all, size_t max);

/* For metrics: each endpoint. */
typedef struct {
    const char  *name;                 /* its URL without secrets */
    bool         open;                 /* its circuit */
    size_t       waiting;
    size_t       calls;                /* under way */
    int64_t      success_at;           /* as as_loop_now(); -1: not yet */
} as_factory_view_t;

typedef void (*as_factory_visit_pt)(void *data,
    const as_factory_view_t *view);
void as_factories_visit(const as_factories_t *all, as_factory_visit_pt fn,
    void *data);

/* The request's body, exactly as the Factory API wants it.  0 or -1. */
int as_factory_body(as_text_t *body, const as_settings_t *settings,
    const as_factory_call_t *call);


/* AS_HTTP_... of a call to this endpoint. */
unsigned as_factory_flags(const as_settings_t *settings, const char *url);


#endif /* AS_FACTORY_H */
