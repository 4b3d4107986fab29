/*
 * Shared by the two files of the acknowledgements: the queues (acks.c) and the
 * calls (acks_call.c).  No other file includes this.
 */

#ifndef AS_ACKS_PARTS_H
#define AS_ACKS_PARTS_H

#include <sys/queue.h>

#include "run/acks.h"


#define AS_ACKS_CALLS  6               /* parallel calls of one kind */


typedef enum {
    AS_ACKS_DELETE = 0,
    AS_ACKS_GIVE_BACK,
    AS_ACKS_EXTEND,
    AS_ACKS_DEAD,
    AS_ACKS_KINDS
} as_acks_kind_e;

typedef struct {
    as_acks_t       *acks;
    as_acks_kind_e   kind;
    as_aws_call_t   *call;             /* NULL: free */
    as_delivery_t   *deliveries[AS_SQS_BATCH_MAX];
    size_t           n;
} as_acks_batch_t;

/*
 * A message has a separate entry for its extension: it may be removed at the
 * same time.
 */
typedef TAILQ_HEAD(as_acks_items_s, as_acks_item_s)  as_acks_items_t;

struct as_acks_s {
    as_worker_t         *worker;
    as_acks_removed_pt   removed;
    as_acks_removed_pt   dead;
    void                *data;
    as_acks_items_t      items[AS_ACKS_KINDS];
    size_t               nitems[AS_ACKS_KINDS];
    size_t               ncalls[AS_ACKS_KINDS];
    as_acks_batch_t      batches[AS_ACKS_KINDS][AS_ACKS_CALLS];
    as_health_t          allowed[AS_ACKS_KINDS];
    as_timer_t           timers[AS_ACKS_KINDS];  /* set while SQS is
                                                    unreachable */
    as_timer_t           soon;
};


/* Starts the call of a batch.  NULL with errno. */
as_aws_call_t *as_acks_call(as_acks_batch_t *batch,
    as_sqs_batch_done_pt done);


#endif /* AS_ACKS_PARTS_H */
