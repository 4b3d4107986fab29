/*
 * The tray's calls.
 */

#include <stdio.h>
#include <string.h>

#include "run/tray_parts.h"


#define AS_TRAY_EDGE_S  30             /* SQS counts from its own receive */


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


/* SQS refuses what would keep a message longer than 12 hours in all. */
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


/* The letter's own attributes, then why it is here; SQS allows ten. */
static size_t
as_tray_bury_attributes(const as_tray_t *tray, const as_letter_t *letter,
    char numbers[2][16], as_sqs_send_attribute_t *out)
{
    size_t  i, n;

    snprintf(numbers[0], sizeof(numbers[0]), "%d", letter->status);
    snprintf(numbers[1], sizeof(numbers[1]), "%u", letter->receive_count);

    for (i = 0, n = 0; i < letter->nattributes && n < 6; i++, n++) {
        out[n].name = letter->attributes[i].name;
        out[n].type = letter->attributes[i].type;
        out[n].value = letter->attributes[i].value;
    }

    out[n].name = AS_DEAD_REASON;
    out[n].type = "String";
    out[n++].value = letter->error;
    out[n].name = AS_DEAD_STATUS;
    out[n].type = "Number";
    out[n++].value = numbers[0];
    out[n].name = AS_DEAD_ATTEMPTS;
    out[n].type = "Number";
    out[n++].value = numbers[1];
    out[n].name = AS_DEAD_WORKER;
    out[n].type = "String";
    out[n++].value = tray->worker->settings->worker_name;

    return n;
}


static as_aws_call_t *
as_tray_call_bury(as_tray_batch_t *batch, as_sqs_batch_done_pt done)
{
    char                      numbers[AS_SQS_BATCH_MAX][2][16];
    size_t                    i;
    as_letter_t              *letter;
    as_sqs_send_t             entries[AS_SQS_BATCH_MAX];
    as_sqs_send_attribute_t   attributes[AS_SQS_BATCH_MAX][10];

    memset(entries, 0, sizeof(entries));

    for (i = 0; i < batch->n; i++) {
        letter = batch->letters[i];
        entries[i].body = letter->body;
        entries[i].attributes = attributes[i];
        entries[i].nattributes = as_tray_bury_attributes(batch->tray, letter,
                                                         numbers[i],
                                                         attributes[i]);
        if (letter->group_id != NULL) {
            entries[i].group_id = letter->group_id;
            entries[i].dedup_id = letter->id;
        }
    }

    return as_sqs_send_batch(batch->tray->worker->aws,
                             batch->tray->worker->settings->dlq_url, entries,
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
