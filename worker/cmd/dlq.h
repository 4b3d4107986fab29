/*
 * Access to the dead letters, for the command `dlq`.  Blocking.  It does not
 * use SQS's redrive, so that the order of each message can be checked first.
 */

#ifndef AS_DLQ_H
#define AS_DLQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "run/dead.h"
#include "aws/sync.h"


#define AS_DLQ_HOLD_S  600             /* seconds of visibility time-out */


typedef struct {
    as_sync_t     sync;
    const char   *queue_url;
    const char   *dlq_url;
    as_dead_t    *dead;
    size_t        n;
    size_t        room;
    size_t        max;
    bool          more;                /* there may be more than max */
    size_t        most;                /* messages per receive, at most */
    size_t        asked;               /* of the current receive */
    size_t        got;                 /* received by it */
    bool          unread;              /* SQS returned messages that cannot be
                                          read */
} as_dlq_t;


void as_dlq_init(as_dlq_t *dlq, as_aws_t *aws, int stop_fd,
    const char *queue_url, const char *dlq_url);

/* Gives back all messages in hand and frees all. */
void as_dlq_free(as_dlq_t *dlq);

/* Receives further dead letters, until there are max in all or the queue
 * returns none.  0, or -1 with dlq->sync.error. */
int as_dlq_collect(as_dlq_t *dlq, size_t max);

/* Sets spelling to the SKU as the product's row has it, where sku matches one
 * as AUTOSTOCK_SKU_MATCH says; otherwise to NULL.  The caller frees it. */
as_db_status_e as_dlq_spelling(as_db_t *db, const char *sku, char **spelling);

/* Finds the SKUs of the products, as their rows have them. */
as_db_status_e as_dlq_skus(as_dlq_t *dlq, as_db_t *db);

/* Sends the message to the queue again, or deletes it.  0, or -1. */
int as_dlq_send(as_dlq_t *dlq, const as_dead_t *dead);
int as_dlq_delete(as_dlq_t *dlq, as_dead_t *dead);


#endif /* AS_DLQ_H */
