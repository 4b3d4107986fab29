/*
 * The callbacks under way, each tried once: connect time-out 8 s, answer
 * time-out 5 s, the result written to the journal and ignored.  Of one
 * thread, but for fs_callbacks_wake.
 */

#ifndef FS_CALLBACK_H
#define FS_CALLBACK_H

#include "fs_journal.h"
#include "fs_orders.h"

typedef struct fs_callbacks  fs_callbacks_t;

fs_callbacks_t *fs_callbacks_create(fs_journal_t *journal);
void fs_callbacks_destroy(fs_callbacks_t *callbacks);

/* Takes the order. */
void fs_callbacks_start(fs_callbacks_t *callbacks, fs_order_t *order);

/* Moves what is under way; returns after timeout_ms at the latest, or when
 * fd is readable: 1. */
int fs_callbacks_run(fs_callbacks_t *callbacks, int timeout_ms, int fd);

/* Makes fs_callbacks_run return now; from any thread. */
void fs_callbacks_wake(fs_callbacks_t *callbacks);

#endif
