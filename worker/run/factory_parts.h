/*
 * Shared by the factories' files: their list (factories.c), one factory's queue
 * (factory.c) and its calls (factory_call.c).  No other file includes this.
 */

#ifndef AS_FACTORY_PARTS_H
#define AS_FACTORY_PARTS_H

#include "run/breaker.h"
#include "run/factory.h"


typedef TAILQ_HEAD(as_factory_queue_s, as_factory_call_s)  as_factory_queue_t;

struct as_factory_s {
    as_factory_t        *next;
    as_factories_t      *all;
    char                *url;
    char                *name;         /* shown in logs; unique */
    unsigned             flags;        /* AS_HTTP_... */
    as_breaker_t         breaker;
    as_factory_queue_t   waiting;
    as_factory_queue_t   calling;
    size_t               nwaiting;
    size_t               ncalling;
    size_t               naway;
    double               allowance;    /* calls that the rate limit allows */
    int64_t              allowed_at;
    int64_t              success_at;   /* -1: none yet */
    as_timer_t           timer;        /* starts the calls that may start */
};

struct as_factories_s {
    as_worker_t         *worker;
    as_factory_t        *first;
    void               (*changed)(void *data);
    void                *changed_data;
};


/* Adds a factory to the list.  NULL: out of memory.  factory.c. */
as_factory_t *as_factory_new(as_factories_t *all, const char *url);

/* Starts the calls that may start now.  data is the factory: this is its
 * timer's function.  factory.c. */
void as_factory_start(void *data);

/* Sends a call; its done reports the result.  factory_call.c. */
void as_factory_call_send(as_factory_t *factory, as_factory_call_t *call);

/*
 * The factory's calls in hand: waiting, in flight, or returned to their owner.
 */
static inline size_t
as_factory_held(const as_factory_t *factory)
{
    return factory->nwaiting + factory->ncalling + factory->naway;
}


#endif /* AS_FACTORY_PARTS_H */
