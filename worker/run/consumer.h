/*
 * The consumer: receives messages from the queue and calls the factory for
 * each.
 */

#ifndef AS_CONSUMER_H
#define AS_CONSUMER_H

#include <stdint.h>

#include "run/factory.h"
#include "run/delivery.h"
#include "run/worker.h"


/* Starts it.  NULL with errno. */
as_consumer_t *as_consumer_create(as_worker_t *worker);
void as_consumer_destroy(as_consumer_t *consumer);

/* Checks again whether to receive, when the database is back. */
void as_consumer_wake(as_consumer_t *consumer);

/* Applies new settings, after SIGHUP. */
void as_consumer_reload(as_consumer_t *consumer);

/* Stops receiving.  Calls stopped(data) once no message is in hand. */
void as_consumer_stop(as_consumer_t *consumer, void (*stopped)(void *data),
    void *data);

/* The time to stop is over: gives back the messages that are in a call to the
 * factory or wait for the database. */
void as_consumer_hurry(as_consumer_t *consumer);

/* Sets the limit of receives in the queue's redrive policy; 0: not known. */
void as_consumer_set_max_receive(as_consumer_t *consumer, unsigned n);

size_t as_consumer_in_hand(const as_consumer_t *consumer);
const as_factories_t *as_consumer_factories(const as_consumer_t *consumer);

/* Whether an outage or an open circuit breaker limits the receives: then
 * missing progress is no fault. */
bool as_consumer_waits(const as_consumer_t *consumer);

/*
 * Time of the last progress, or of the last failure with a known reason; as
 * as_loop_now().
 */
int64_t as_consumer_progress(const as_consumer_t *consumer);


#endif /* AS_CONSUMER_H */
