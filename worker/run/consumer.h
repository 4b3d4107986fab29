/*
 * The consumer: letters of the queue become requests to the factory.
 */

#ifndef AS_CONSUMER_H
#define AS_CONSUMER_H

#include <stdint.h>

#include "run/factory.h"
#include "run/letter.h"
#include "run/worker.h"


/* Starts it.  NULL with errno. */
as_consumer_t *as_consumer_create(as_worker_t *worker);
void as_consumer_destroy(as_consumer_t *consumer);

/* Looks again whether letters may be taken: the database is back. */
void as_consumer_wake(as_consumer_t *consumer);

/* The worker's settings were read again. */
void as_consumer_reload(as_consumer_t *consumer);

/* Takes no more; stopped(data) once nothing is in hand. */
void as_consumer_stop(as_consumer_t *consumer, void (*stopped)(void *data),
    void *data);

/* The time to stop is over: gives back whatever is left in hand. */
void as_consumer_hurry(as_consumer_t *consumer);

/* The queue allows so many receives (its redrive policy); 0: not known. */
void as_consumer_set_max_receive(as_consumer_t *consumer, unsigned n);

size_t as_consumer_in_hand(const as_consumer_t *consumer);
const as_factories_t *as_consumer_factories(const as_consumer_t *consumer);

/* Nothing is in hand, and it knows why: an outage, or no room by a circuit
 * breaker. */
bool as_consumer_waits(const as_consumer_t *consumer);

/* When it last got something done, or knew why not; as as_loop_now(). */
int64_t as_consumer_progress(const as_consumer_t *consumer);


#endif /* AS_CONSUMER_H */
