/*
 * Reads the numbers of messages in the queue and the dead-letter queue, and the
 * receives after which SQS moves a message to the latter.
 */

#ifndef AS_DEPTH_H
#define AS_DEPTH_H

#include <stdbool.h>

#include "run/worker.h"


/* ok: the queue answered. max_receive 0: it has no redrive policy, or the
 * policy's limit is not known. */
typedef void (*as_depth_looked_pt)(void *data, bool ok,
    unsigned max_receive);

/* Embedded in its owner; zeroed before as_depth_init(). */
typedef struct {
    as_worker_t         *worker;
    as_depth_looked_pt   looked;
    void                *data;

    /* private to depth.c */
    as_health_t          queue;
    as_health_t          dlq;
    as_aws_call_t       *queue_call;
    as_aws_call_t       *dlq_call;
} as_depth_t;


void as_depth_init(as_depth_t *depth, as_worker_t *worker,
    as_depth_looked_pt looked, void *data);
void as_depth_free(as_depth_t *depth);

/*
 * Queries both queues and fills worker->counters.  True: looked will be called.
 */
bool as_depth_look(as_depth_t *depth);


#endif /* AS_DEPTH_H */
