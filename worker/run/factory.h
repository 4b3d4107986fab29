/*
 * The factories: one object per endpoint, with its queue, limits and circuit
 * breaker.
 */

#ifndef AS_FACTORY_H
#define AS_FACTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "http/http.h"
#include "base/text.h"
#include "as_trace.h"
#include "as_uuid.h"
#include "run/worker.h"


typedef struct as_factories_s     as_factories_t;
typedef struct as_factory_s       as_factory_t;
typedef struct as_factory_call_s  as_factory_call_t;


typedef enum {
    AS_FACTORY_ACCEPTED = 0,
    AS_FACTORY_REFUSED,                /* most of 4xx: it will never accept this
                                          request */
    AS_FACTORY_FAILED,                 /* not accepted; a retry may succeed */
    AS_FACTORY_LOST                    /* no status received: the factory may
                                          have accepted it */
} as_factory_outcome_e;

typedef struct {
    as_factory_outcome_e  outcome;
    int                   status;      /* HTTP; 0: no answer */
    int64_t               retry_after_ms;        /* -1: none */
    bool                  outage;      /* FAILED, LOST: the fault may end by
                                          itself, at any time */
    const char           *reason;      /* for the log */
} as_factory_result_t;

/*
 * Embedded in its message.  The owner keeps it until done runs or it takes it
 * back.
 */
struct as_factory_call_s {
    /* set by the owner */
    const uint8_t                   *order_id;
    const uint8_t                   *product_id;
    const char                      *sku;
    const char                      *factory;    /* factory.identifier */
    const char                      *requester;
    int                              quantity;
    uint64_t                         key;        /* identifies the order */
    as_trace_t                       trace;      /* parent of the call's span,
                                                    or none */
    bool                           (*ready)(void *data);
                                       /* runs before the call is sent; false:
                                        * returns the call to its owner */
    void                           (*done)(void *data,
                                           const as_factory_result_t *result);
    void                            *data;

    /* private to factory*.c */
    TAILQ_ENTRY(as_factory_call_s)   link;
    as_factory_t                    *of;
    as_http_call_t                  *http;       /* NULL: waits */
    as_trace_t                       span;       /* of the call in flight */
    int64_t                          sent_ms;    /* Unix */
    bool                             away;       /* returned to its owner, which
                                                    will queue it again */
};


/* changed is called when the number of messages that may be received
 * changes. */
as_factories_t *as_factories_create(as_worker_t *worker,
    void (*changed)(void *data), void *data);
void as_factories_destroy(as_factories_t *all);

/* Queues a call. api is factory.API: a URL, or blank for FACTORY_API_URL.  0,
 * or -1 with errno: EINVAL where it is neither, ENOMEM. */
int as_factories_call(as_factories_t *all, const char *api,
    as_factory_call_t *call);

/*
 * Takes a waiting call back; false where it is in flight.  With comes_again,
 * and after ready returned false, the call still counts as in hand until the
 * owner queues it again (as_factories_call()) or calls as_factory_forget().
 */
bool as_factory_take_back(as_factory_call_t *call, bool comes_again);
void as_factory_forget(as_factory_call_t *call);

/* Aborts a call in flight; its done does not run. */
void as_factory_abort(as_factories_t *all, as_factory_call_t *call);

/* How many messages to receive now, at most max.  All breakers closed: max.
 * One open: max where another factory works and the messages of factories with
 * an open breaker fill less than half of AUTOSTOCK_IN_FLIGHT; otherwise 1 where
 * a breaker needs a message to probe with, or 0. */
size_t as_factories_room(const as_factories_t *all, size_t max);

/* One endpoint, for the metrics. */
typedef struct {
    const char  *name;                 /* its URL without secrets; unique */
    bool         open;                 /* its circuit breaker */
    size_t       waiting;
    size_t       calls;                /* in flight */
    int64_t      success_at;           /* when it last accepted or refused a
                                          request, as as_loop_now(); -1: not
                                          yet */
} as_factory_view_t;

typedef void (*as_factory_visit_pt)(void *data,
    const as_factory_view_t *view);
void as_factories_visit(const as_factories_t *all, as_factory_visit_pt fn,
    void *data);

/*
 * Writes the body of the request, exactly as the Factory API expects it.  0 or
 * -1.
 */
int as_factory_body(as_text_t *body, const as_settings_t *settings,
    const as_factory_call_t *call);


/* The AS_HTTP_... flags of a call to this endpoint. */
unsigned as_factory_flags(const as_settings_t *settings, const char *url);


#endif /* AS_FACTORY_H */
