/*
 * The tray: the acknowledgements of letters, in batches of ten.  It deletes
 * them, gives them back, moves them to the dead-letter queue, or extends their
 * visibility.
 */

#ifndef AS_TRAY_H
#define AS_TRAY_H

#include <stdbool.h>
#include <stddef.h>

#include "run/letter.h"
#include "run/worker.h"


typedef struct as_tray_s  as_tray_t;

/* The letter was removed, or (done false) could not be: then it comes back when
 * its visibility time-out ends. */
typedef void (*as_tray_left_pt)(void *data, as_letter_t *letter, bool done);


/*
 * dead is called when a letter was moved to the dead-letter queue, or could not
 * be.
 */
as_tray_t *as_tray_create(as_worker_t *worker, as_tray_left_pt left,
    as_tray_left_pt dead, void *data);
void as_tray_destroy(as_tray_t *tray);

/* Deletes it from the queue. */
void as_tray_delete(as_tray_t *tray, as_letter_t *letter);

/* Gives it back: invisible for letter->again_ms, rounded up to seconds. */
void as_tray_give_back(as_tray_t *tray, as_letter_t *letter);

/* Sends it to the dead-letter queue, with letter->error and ->status. */
void as_tray_bury(as_tray_t *tray, as_letter_t *letter);

/* Extends its visibility time-out to as_settings_t.visibility from now. */
void as_tray_extend(as_tray_t *tray, as_letter_t *letter);


#endif /* AS_TRAY_H */
