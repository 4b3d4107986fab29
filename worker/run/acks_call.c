/*
 * The SQS calls of the acknowledgements.
 */

#include <stdio.h>
#include <string.h>

#include "run/acks_parts.h"


#define AS_ACKS_EDGE_S  30             /* seconds of margin: SQS counts from its
                                          own time of receipt */


static as_aws_call_t *
as_acks_call_delete(as_acks_batch_t *batch, as_sqs_batch_done_pt done)
{
    size_t       i;
    const char  *receipts[AS_SQS_BATCH_MAX];

    for (i = 0; i < batch->n; i++) {
        receipts[i] = batch->deliveries[i]->receipt;
    }

    return as_sqs_delete_batch(batch->acks->worker->aws,
                               batch->acks->worker->settings->queue_url,
                               receipts, batch->n, done, batch);
}


/* SQS refuses a visibility beyond 12 hours after the receive. */
static unsigned
as_acks_call_seconds(const as_acks_batch_t *batch,
    const as_delivery_t *delivery)
{
    int64_t             ms, left;
    const as_worker_t  *worker = batch->acks->worker;

    ms = batch->kind == AS_ACKS_EXTEND ? worker->settings->visibility
                                       : delivery->again_ms;
    left = INT64_C(1000) * (AS_SQS_VISIBILITY_MAX - AS_ACKS_EDGE_S)
           - (as_loop_now(worker->loop) - delivery->received_at);
    ms = ms < left ? ms : left;

    return ms <= 0 ? 0 : (unsigned) ((ms + 999) / 1000);
}


static as_aws_call_t *
as_acks_call_visibility(as_acks_batch_t *batch, as_sqs_batch_done_pt done)
{
    size_t               i;
    as_sqs_visibility_t  entries[AS_SQS_BATCH_MAX];

    for (i = 0; i < batch->n; i++) {
        entries[i].receipt = batch->deliveries[i]->receipt;
        entries[i].visibility_s = as_acks_call_seconds(batch,
                                                       batch->deliveries[i]);
    }

    return as_sqs_visibility_batch(batch->acks->worker->aws,
                                   batch->acks->worker->settings->queue_url,
                                   entries, batch->n, done, batch);
}


typedef struct {
    char                      status[16];
    char                      attempts[16];
    as_sqs_send_attribute_t   all[AS_DELIVERY_ATTRIBUTES];
    size_t                    n;
} as_acks_attributes_t;


static void
as_acks_call_attribute(as_acks_attributes_t *to, const char *name,
    const char *type, const char *value)
{
    if (to->n < AS_DELIVERY_ATTRIBUTES) {
        to->all[to->n].name = name;
        to->all[to->n].type = type;
        to->all[to->n++].value = value;
    }
}


/* The message's own attributes: those that the worker reads, or the others. */
static void
as_acks_call_attributes_own(as_acks_attributes_t *to,
    const as_delivery_t *delivery, bool ours)
{
    size_t                          i;
    const as_delivery_attribute_t  *a;

    for (i = 0; i < delivery->nattributes; i++) {
        a = &delivery->attributes[i];
        if ((strncmp(a->name, "MessageAttribute", 16) == 0
             || strcmp(a->name, AS_MESSAGE_TRACE) == 0) == ours)
        {
            as_acks_call_attribute(to, a->name, a->type, a->value);
        }
    }
}


/* The attributes of a dead letter: the reason, those that the worker reads,
 * then the others, up to SQS's limit of ten. */
static void
as_acks_call_attributes(as_acks_attributes_t *to, const as_acks_t *acks,
    const as_delivery_t *delivery)
{
    to->n = 0;

    if (!delivery->bare) {
        snprintf(to->status, sizeof(to->status), "%d", delivery->status);
        snprintf(to->attempts, sizeof(to->attempts), "%u",
                 delivery->receive_count);
        as_acks_call_attribute(to, AS_DEAD_REASON, "String", delivery->error);
        as_acks_call_attribute(to, AS_DEAD_STATUS, "Number", to->status);
        as_acks_call_attribute(to, AS_DEAD_ATTEMPTS, "Number", to->attempts);
        as_acks_call_attribute(to, AS_DEAD_WORKER, "String",
                               acks->worker->settings->worker_name);
    }

    as_acks_call_attributes_own(to, delivery, true);
    as_acks_call_attributes_own(to, delivery, false);
}


static as_aws_call_t *
as_acks_call_dead(as_acks_batch_t *batch, as_sqs_batch_done_pt done)
{
    bool                   fifo;
    size_t                 i;
    const char            *url;
    as_delivery_t         *delivery;
    as_sqs_send_t          entries[AS_SQS_BATCH_MAX];
    as_acks_attributes_t   attributes[AS_SQS_BATCH_MAX];

    memset(entries, 0, sizeof(entries));
    url = batch->acks->worker->settings->dlq_url;
    fifo = as_aws_is_fifo(url);

    for (i = 0; i < batch->n; i++) {
        delivery = batch->deliveries[i];
        as_acks_call_attributes(&attributes[i], batch->acks, delivery);
        entries[i].body = delivery->body;
        entries[i].attributes = attributes[i].all;
        entries[i].nattributes = attributes[i].n;

        if (fifo) {
            entries[i].group_id = delivery->group_id != NULL
                                  ? delivery->group_id : delivery->id;
            entries[i].dedup_id = delivery->id;

        } else if (!delivery->bare) {
            entries[i].group_id = delivery->group_id;
        }
    }

    return as_sqs_send_batch(batch->acks->worker->aws, url, entries,
                             batch->n, done, batch);
}


as_aws_call_t *
as_acks_call(as_acks_batch_t *batch, as_sqs_batch_done_pt done)
{
    switch (batch->kind) {
    case AS_ACKS_DELETE:
        return as_acks_call_delete(batch, done);

    case AS_ACKS_DEAD:
        return as_acks_call_dead(batch, done);

    default:
        return as_acks_call_visibility(batch, done);
    }
}
