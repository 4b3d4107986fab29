/*
 * Reads dead letters for the dashboard, and gives them back at once.
 *
 * A read receives each letter once, as the command `dlq list` does, and only
 * while the dead-letter queue has any.  Until they are given back, other
 * readers of the queue do not see them.
 */

#ifndef AS_LETTERS_H
#define AS_LETTERS_H

#include <jansson.h>

#include "run/worker.h"


#define AS_LETTERS_MAX       30        /* letters of one read */
#define AS_LETTERS_HOLD_S    10        /* visibility time-out: if this process
                                          ends during a read */
#define AS_LETTERS_EVERY_MS  30000     /* between reads of the same letters */
#define AS_LETTERS_SOON_MS   2000      /* where their number has changed */


typedef struct as_letters_s  as_letters_t;


/* NULL where memory is out. */
as_letters_t *as_letters_create(as_worker_t *worker);
void as_letters_destroy(as_letters_t *letters);

/* Begins a read where the last one is old. */
void as_letters_refresh(as_letters_t *letters);

/*
 * The last read, with skew_ms as as_backlog_view(): {"at": Unix time in ms or
 * null, "error": text or null, "more": whether there are more, "rows": as
 * as_dead_record()}; json_decref().
 */
json_t *as_letters_json(const as_letters_t *letters, int64_t skew_ms);


#endif /* AS_LETTERS_H */
