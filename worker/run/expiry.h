/*
 * Releases the holds that are due.  Every worker does this: a transaction locks
 * the rows that it releases, and the other workers skip them.
 */

#ifndef AS_EXPIRY_H
#define AS_EXPIRY_H

#include "run/worker.h"


typedef struct as_expiry_s  as_expiry_t;


/* Starts it.  NULL with errno. */
as_expiry_t *as_expiry_create(as_worker_t *worker);
void as_expiry_destroy(as_expiry_t *expiry);

/* Applies new settings, after SIGHUP. */
void as_expiry_reload(as_expiry_t *expiry);

/* Begins no further batch. */
void as_expiry_stop(as_expiry_t *expiry);

/* The time of its last progress, as as_loop_now(). */
int64_t as_expiry_progress(const as_expiry_t *expiry);


#endif /* AS_EXPIRY_H */
