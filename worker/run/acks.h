/*
 * Acknowledgements of messages, in batches of ten: a message is deleted, given
 * back, or moved to the dead-letter queue, or its visibility is extended.
 */

#ifndef AS_ACKS_H
#define AS_ACKS_H

#include <stdbool.h>
#include <stddef.h>

#include "run/delivery.h"
#include "run/worker.h"


typedef struct as_acks_s  as_acks_t;

/* The message was removed, or (done false) could not be: then it comes back
 * when its visibility time-out ends. */
typedef void (*as_acks_removed_pt)(void *data, as_delivery_t *delivery,
    bool done);


/*
 * removed is called when a message was deleted or given back, or could not be.
 * dead is called when it was sent to the dead-letter queue, or could not be.
 * NULL where memory is out.
 */
as_acks_t *as_acks_create(as_worker_t *worker, as_acks_removed_pt removed,
    as_acks_removed_pt dead, void *data);
void as_acks_destroy(as_acks_t *acks);

/* Deletes it from the queue. */
void as_acks_delete(as_acks_t *acks, as_delivery_t *delivery);

/* Gives it back: invisible for delivery->again_ms, rounded up to seconds. */
void as_acks_give_back(as_acks_t *acks, as_delivery_t *delivery);

/* Sends it to the dead-letter queue, with delivery->error and ->status. */
void as_acks_dead_letter(as_acks_t *acks, as_delivery_t *delivery);

/* Extends its visibility time-out to as_settings_t.visibility from now. */
void as_acks_extend(as_acks_t *acks, as_delivery_t *delivery);


#endif /* AS_ACKS_H */
