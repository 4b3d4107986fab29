/*
 * The tray: letters on their way out of our hands, in batches of ten, and
 * the visibility of those that stay.
 */

#ifndef AS_TRAY_H
#define AS_TRAY_H

#include <stdbool.h>
#include <stddef.h>

#include "run/letter.h"
#include "run/worker.h"


typedef struct as_tray_s  as_tray_t;

/* The letter has left us, or (done false) could not: it comes back by
 * itself when its visibility ends. */
typedef void (*as_tray_left_pt)(void *data, as_letter_t *letter, bool done);


/* dead: a letter is among the dead letters, or could not be moved. */
as_tray_t *as_tray_create(as_worker_t *worker, as_tray_left_pt left,
    as_tray_left_pt dead, void *data);
void as_tray_destroy(as_tray_t *tray);

/* Deletes it from the queue. */
void as_tray_delete(as_tray_t *tray, as_letter_t *letter);

/* Gives it back: invisible for letter->again_ms, rounded up to seconds. */
void as_tray_give_back(as_tray_t *tray, as_letter_t *letter);

/* Copies it to the dead letters, with letter->error and ->status. */
void as_tray_bury(as_tray_t *tray, as_letter_t *letter);

/* Keeps it invisible for as_settings_t.visibility from now. */
void as_tray_extend(as_tray_t *tray, as_letter_t *letter);


#endif /* AS_TRAY_H */
