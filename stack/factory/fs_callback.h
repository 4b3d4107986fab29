/*
 * The callbacks in flight.  Each is tried once: connect time-out 8 s, answer
 * time-out 5 s.  The result is written to the journal and ignored.  Used by one
 * thread, except fs_callbacks_wake.
 */

#ifndef FS_CALLBACK_H
#define FS_CALLBACK_H

#include "fs_journal.h"
#include "fs_orders.h"

typedef struct fs_callbacks  fs_callbacks_t;

fs_callbacks_t *fs_callbacks_create(fs_journal_t *journal);
void fs_callbacks_destroy(fs_callbacks_t *callbacks);

/* Takes ownership of the order. */
void fs_callbacks_start(fs_callbacks_t *callbacks, fs_order_t *order);

/* Processes the callbacks.  Returns after timeout_ms at the latest, or 1 when
 * fd is readable. */
int fs_callbacks_run(fs_callbacks_t *callbacks, int timeout_ms, int fd);

/* Makes fs_callbacks_run return now.  Safe from any thread. */
void fs_callbacks_wake(fs_callbacks_t *callbacks);

#endif
