/*
 * The dead letters, for an operator's command.  Blocking.  Nothing depends on
 * SQS's own redrive, so that each letter's order can be looked at.
 */

#ifndef AS_DLQ_H
#define AS_DLQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "run/letter.h"
#include "aws/sync.h"


#define AS_DLQ_HOLD_S  600             /* that letters stay in hand */


typedef struct {
    as_letter_t  *letter;              /* without our own attributes */
    char         *reason;              /* NULL: SQS moved it itself */
    char         *status;
    char         *attempts;
    char         *worker;
    int64_t       sent_ms;
    char         *sku;                 /* as_dlq_skus(); NULL: not known */
    bool          gone;                /* deleted: not to be given back */
} as_dead_t;

typedef struct {
    as_sync_t     sync;
    const char   *queue_url;
    const char   *dlq_url;
    as_dead_t    *dead;
    size_t        n;
    size_t        room;
    size_t        max;
    bool          more;                /* there may be more than max */
    size_t        most;                /* of one receive */
    size_t        asked;               /* by the receive under way */
    size_t        got;                 /* by it */
    bool          unread;              /* there are such as cannot be read */
} as_dlq_t;


void as_dlq_init(as_dlq_t *dlq, as_aws_t *aws, int stop_fd,
    const char *queue_url, const char *dlq_url);

/* Gives back what is in hand, and frees all. */
void as_dlq_free(as_dlq_t *dlq);

/* Takes up to max dead letters in hand.  0, or -1 with dlq->sync.error. */
int as_dlq_collect(as_dlq_t *dlq, size_t max);

/* A product's SKU as its row has it, in spelling (to be freed), where sku
 * names one as AUTOSTOCK_SKU_MATCH says; otherwise NULL. */
as_db_status_e as_dlq_spelling(as_db_t *db, const char *sku, char **spelling);

/* Finds the products' SKUs, as their rows have them. */
as_db_status_e as_dlq_skus(as_dlq_t *dlq, as_db_t *db);

/* Sends it to the queue again, or deletes it.  0, or -1. */
int as_dlq_send(as_dlq_t *dlq, const as_dead_t *dead);
int as_dlq_delete(as_dlq_t *dlq, as_dead_t *dead);

/* Its order's id as text, or NULL. */
const char *as_dlq_order(const as_dead_t *dead,
    char text[AS_UUID_TEXT_LEN + 1]);

/* What is shown of it, with its body or without. */
json_t *as_dlq_record(const as_dead_t *dead, bool body);


#endif /* AS_DLQ_H */
