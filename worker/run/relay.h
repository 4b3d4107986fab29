/*
 * The relay: publishes pending orders to the SNS topic.
 */

#ifndef AS_RELAY_H
#define AS_RELAY_H

#include <stdbool.h>

#include "run/worker.h"


typedef struct as_relay_s  as_relay_t;


/* Starts it.  NULL with errno. */
as_relay_t *as_relay_create(as_worker_t *worker);
void as_relay_destroy(as_relay_t *relay);

/* Applies new settings, after SIGHUP. */
void as_relay_reload(as_relay_t *relay);

/*
 * Claims no more orders.  Calls stopped(data) when all claimed orders are
 * marked.
 */
void as_relay_stop(as_relay_t *relay, void (*stopped)(void *data),
    void *data);

/*
 * Time of the last progress, or of the last failure with a known reason; as
 * as_loop_now().
 */
int64_t as_relay_progress(const as_relay_t *relay);


#endif /* AS_RELAY_H */
