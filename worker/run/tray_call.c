/*
 * The calls of the tray.
 */

#include <stdio.h>
#include <string.h>

#include "run/tray_parts.h"


#define AS_TRAY_EDGE_S  30             /* seconds of margin: SQS counts from its
                                          own time of receipt */


static as_aws_call_t *
as_tray_call_delete(as_tray_batch_t *batch, as_sqs_batch_done_pt done)
{
    size_t       i;
    const char  *receipts[AS_SQS_BATCH_MAX];

    for (i = 0; i < batch->n; i++) {
        receipts[i] = batch->letters[i]->receipt;
    }

    return as_sqs_delete_batch(batch->tray->worker->aws,
                               batch->tray->worker->settings->queue_url,
                               receipts, batch->n, done, batch);
}


/* SQS refuses a visibility beyond 12 hours after the receive. */
static unsigned
as_tray_visibility(const as_tray_batch_t *batch, const as_letter_t *letter)
{
    int64_t             ms, left;
    const as_worker_t  *worker = batch->tray->worker;

    ms = batch->kind == AS_TRAY_EXTEND ? worker->settings->visibility
                                       : letter->again_ms;
    left = INT64_C(1000) * (AS_SQS_VISIBILITY_MAX - AS_TRAY_EDGE_S)
           - (as_loop_now(worker->loop) - letter->received_at);
    ms = ms < left ? ms : left;

    return ms <= 0 ? 0 : (unsigned) ((ms + 999) / 1000);
}


static as_aws_call_t *
as_tray_call_visibility(as_tray_batch_t *batch, as_sqs_batch_done_pt done)
{
    size_t               i;
    as_sqs_visibility_t  entries[AS_SQS_BATCH_MAX];

    for (i = 0; i < batch->n; i++) {
        entries[i].receipt = batch->letters[i]->receipt;
        entries[i].visibility_s = as_tray_visibility(batch,
                                                     batch->letters[i]);
    }

    return as_sqs_visibility_batch(batch->tray->worker->aws,
                                   batch->tray->worker->settings->queue_url,
                                   entries, batch->n, done, batch);
}


typedef struct {
    char                      status[16];
    char                      attempts[16];
    as_sqs_send_attribute_t   all[AS_LETTER_ATTRIBUTES];
    size_t                    n;
} as_tray_attributes_t;


static void
as_tray_attribute(as_tray_attributes_t *to, const char *name,
    const char *type, const char *value)
{
    if (to->n < AS_LETTER_ATTRIBUTES) {
        to->all[to->n].name = name;
        to->all[to->n].type = type;
        to->all[to->n++].value = value;
    }
}


/* The letter's own attributes: those that the worker reads, or the others. */
static void
as_tray_attributes_own(as_tray_attributes_t *to, const as_letter_t *letter,
    bool ours)
{
    size_t                        i;
    const as_letter_attribute_t  *a;

    for (i = 0; i < letter->nattributes; i++) {
        a = &letter->attributes[i];
        if ((strncmp(a->name, "MessageAttribute", 16) == 0) == ours) {
            as_tray_attribute(to, a->name, a->type, a->value);
        }
    }
}


/* The attributes of a dead letter: the reason, those that the worker reads,
 * then the others, up to SQS's limit of ten. */
static void
as_tray_attributes(as_tray_attributes_t *to, const as_tray_t *tray,
    const as_letter_t *letter)
{
    to->n = 0;

    if (!letter->bare) {
        snprintf(to->status, sizeof(to->status), "%d", letter->status);
        snprintf(to->attempts, sizeof(to->attempts), "%u",
                 letter->receive_count);
        as_tray_attribute(to, AS_DEAD_REASON, "String", letter->error);
        as_tray_attribute(to, AS_DEAD_STATUS, "Number", to->status);
        as_tray_attribute(to, AS_DEAD_ATTEMPTS, "Number", to->attempts);
        as_tray_attribute(to, AS_DEAD_WORKER, "String",
                          tray->worker->settings->worker_name);
    }

    as_tray_attributes_own(to, letter, true);
    as_tray_attributes_own(to, letter, false);
}


static as_aws_call_t *
as_tray_call_bury(as_tray_batch_t *batch, as_sqs_batch_done_pt done)
{
    bool                   fifo;
    size_t                 i;
    const char            *url;
    as_letter_t           *letter;
    as_sqs_send_t          entries[AS_SQS_BATCH_MAX];
    as_tray_attributes_t   attributes[AS_SQS_BATCH_MAX];

    memset(entries, 0, sizeof(entries));
    url = batch->tray->worker->settings->dlq_url;
    fifo = as_sqs_is_fifo(url);

    for (i = 0; i < batch->n; i++) {
        letter = batch->letters[i];
        as_tray_attributes(&attributes[i], batch->tray, letter);
        entries[i].body = letter->body;
        entries[i].attributes = attributes[i].all;
        entries[i].nattributes = attributes[i].n;

        if (fifo) {
            entries[i].group_id = letter->group_id != NULL
                                  ? letter->group_id : letter->id;
            entries[i].dedup_id = letter->id;

        } else if (!letter->bare) {
            entries[i].group_id = letter->group_id;
        }
    }

    return as_sqs_send_batch(batch->tray->worker->aws, url, entries,
                             batch->n, done, batch);
}


as_aws_call_t *
as_tray_call(as_tray_batch_t *batch, as_sqs_batch_done_pt done)
{
    switch (batch->kind) {
    case AS_TRAY_DELETE:
        return as_tray_call_delete(batch, done);

    case AS_TRAY_BURY:
        return as_tray_call_bury(batch, done);

    default:
        return as_tray_call_visibility(batch, done);
    }
}
