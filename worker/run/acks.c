/*
 * The queues of acknowledgements.
 *
 * There is no timer to fill a batch: an entry is sent at once where no call of
 * its kind is in flight.  Entries that arrive during a call form the next
 * batch, which is sent after the call, or when ten wait.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/acks_parts.h"


#define AS_ACKS_PART   "consumer"
#define AS_ACKS_TRIES  6


static void as_acks_go(void *data);


as_acks_t *
as_acks_create(as_worker_t *worker, as_acks_removed_pt removed,
    as_acks_removed_pt dead, void *data)
{
    int         i, k;
    as_acks_t  *acks;
    static const char *const  names[AS_ACKS_KINDS] = {
        "SQS (deletes)", "SQS (back-off)", "SQS (visibility)",
        "SQS (dead letters)"
    };

    acks = calloc(1, sizeof(*acks));
    if (acks == NULL) {
        return NULL;
    }

    acks->worker = worker;
    acks->removed = removed;
    acks->dead = dead;
    acks->data = data;
    acks->soon.fn = as_acks_go;
    acks->soon.data = acks;

    for (k = 0; k < AS_ACKS_KINDS; k++) {
        TAILQ_INIT(&acks->items[k]);
        acks->timers[k].fn = as_acks_go;
        acks->timers[k].data = acks;
        as_health_init(&acks->allowed[k], names[k]);
        for (i = 0; i < AS_ACKS_CALLS; i++) {
            acks->batches[k][i].acks = acks;
            acks->batches[k][i].kind = (as_acks_kind_e) k;
        }
    }

    return acks;
}


void
as_acks_destroy(as_acks_t *acks)
{
    int  i, k;

    if (acks == NULL) {
        return;
    }

    as_loop_clear(acks->worker->loop, &acks->soon);

    for (k = 0; k < AS_ACKS_KINDS; k++) {
        as_loop_clear(acks->worker->loop, &acks->timers[k]);
        for (i = 0; i < AS_ACKS_CALLS; i++) {
            as_aws_call_cancel(acks->worker->aws, acks->batches[k][i].call);
        }
    }

    free(acks);
}


/* In the next turn of the loop, so that entries of one turn share a batch. */
static void
as_acks_soon(as_acks_t *acks)
{
    as_loop_within(acks->worker->loop, &acks->soon, 0);
}


static void
as_acks_add(as_acks_t *acks, as_acks_kind_e kind, as_delivery_t *delivery)
{
    as_acks_item_t  *item;

    item = kind == AS_ACKS_EXTEND ? &delivery->extension : &delivery->removal;
    item->delivery = delivery;
    TAILQ_INSERT_TAIL(&acks->items[kind], item, link);
    acks->nitems[kind]++;
    as_acks_soon(acks);
}


/*
 * Removes an extension that is not sent yet: a message that is to be removed
 * does not need it.
 */
static void
as_acks_drop_extension(as_acks_t *acks, as_delivery_t *delivery)
{
    as_acks_item_t   *item;
    as_acks_items_t  *items = &acks->items[AS_ACKS_EXTEND];

    delivery->tries = 0;

    if (!delivery->extending) {
        return;
    }

    TAILQ_FOREACH(item, items, link) {
        if (item->delivery == delivery) {
            TAILQ_REMOVE(items, item, link);
            acks->nitems[AS_ACKS_EXTEND]--;
            delivery->extending = false;
            return;
        }
    }
}


void
as_acks_delete(as_acks_t *acks, as_delivery_t *delivery)
{
    as_acks_drop_extension(acks, delivery);
    as_acks_add(acks, AS_ACKS_DELETE, delivery);
}


void
as_acks_give_back(as_acks_t *acks, as_delivery_t *delivery)
{
    as_acks_drop_extension(acks, delivery);
    as_acks_add(acks, AS_ACKS_GIVE_BACK, delivery);
}


void
as_acks_dead_letter(as_acks_t *acks, as_delivery_t *delivery)
{
    as_acks_drop_extension(acks, delivery);
    as_acks_add(acks, AS_ACKS_DEAD, delivery);
}


void
as_acks_extend(as_acks_t *acks, as_delivery_t *delivery)
{
    delivery->extending = true;
    as_acks_add(acks, AS_ACKS_EXTEND, delivery);
}


/* Ends an entry: done, to be retried, or given up. */
static void
as_acks_settle(as_acks_batch_t *batch, as_delivery_t *delivery,
    as_aws_class_e class, const char *message)
{
    bool         done;
    as_acks_t   *acks = batch->acks;
    static const char *const  names[AS_ACKS_KINDS] = {
        "deleted", "returned to the "
                   "queue", "kept invisible", "moved to the dead letters"
    };

    done = class == AS_AWS_OK;

    if (batch->kind == AS_ACKS_EXTEND) {
        delivery->extending = false;
        if (done) {
            delivery->visible_at = as_loop_now(acks->worker->loop)
                                 + acks->worker->settings->visibility;
        }
        return;
    }

    /* too large with the worker's attributes, or SQS refuses a character in
     * them */
    if (batch->kind == AS_ACKS_DEAD && class == AS_AWS_PERMANENT
        && !delivery->bare)
    {
        delivery->bare = true;
        as_acks_add(acks, batch->kind, delivery);
        return;
    }

    if (!done && class != AS_AWS_PERMANENT && class != AS_AWS_NOT_FOUND
        && ++delivery->tries < AS_ACKS_TRIES)
    {
        as_acks_add(acks, batch->kind, delivery);
        return;
    }

    if (!done && delivery->opens) {
        as_log_write(acks->worker->log, AS_LOG_WARN, AS_ACKS_PART,
                     "message %s cannot be %s: %s", delivery->id,
                     names[batch->kind], message);
    } else if (!done) {
        as_log_order(acks->worker->log, AS_LOG_WARN, AS_ACKS_PART,
                     delivery->lease.id, &delivery->trace,
                     "message %s cannot be %s: %s", delivery->id,
                     names[batch->kind], message);
    }

    if (batch->kind == AS_ACKS_DEAD) {
        acks->dead(acks->data, delivery, done);
        return;
    }

    acks->worker->counters.deleted += done && batch->kind == AS_ACKS_DELETE;
    acks->worker->counters.delete_failed += !done
                                            && batch->kind == AS_ACKS_DELETE;
    acks->removed(acks->data, delivery, done);
}


/*
 * A missing right affects only this kind of call and does not mean that the
 * queue is unreachable: otherwise each receive would report the queue as in
 * reach again.
 */
static void
as_acks_failed(as_acks_batch_t *batch, const as_aws_error_t *err,
    const char *reason)
{
    as_acks_t    *acks = batch->acks;
    as_health_t  *health;
    as_worker_t  *worker = acks->worker;

    health = err->status == 0 || err->class == AS_AWS_RETRY
             || err->class == AS_AWS_THROTTLED
             ? &worker->sqs : &acks->allowed[batch->kind];

    as_health_down(health, worker->log, as_loop_now(worker->loop), reason);
    as_loop_after(worker->loop, &acks->timers[batch->kind],
                  as_health_wait_ms(health,
                                    as_loop_random(worker->loop, 1000)));
}


static void
as_acks_answered(void *data, const as_aws_error_t *err,
    const as_sqs_result_t *results, size_t n)
{
    char              reason[AS_AWS_REASON_LEN];
    size_t            i, count;
    int64_t           now;
    as_acks_batch_t  *batch = data;
    as_worker_t      *worker = batch->acks->worker;

    (void) n;

    now = as_loop_now(worker->loop);
    count = batch->n;
    batch->call = NULL;
    batch->n = 0;
    batch->acks->ncalls[batch->kind]--;

    if (err != NULL) {
        as_aws_error_tell(err, reason);
        as_acks_failed(batch, err, reason);
    } else {
        as_health_up(&worker->sqs, worker->log, now);
        as_health_up(&batch->acks->allowed[batch->kind], worker->log, now);
    }

    for (i = 0; i < count; i++) {
        as_acks_settle(batch, batch->deliveries[i],
                       err != NULL ? err->class : results[i].class,
                       err != NULL ? reason : results[i].message);
    }

    as_acks_soon(batch->acks);
}


static void
as_acks_send(as_acks_batch_t *batch)
{
    as_aws_error_t  err;

    batch->acks->ncalls[batch->kind]++;

    batch->call = as_acks_call(batch, as_acks_answered);
    if (batch->call == NULL) {
        as_aws_error_set(&err, 0, "NotSent", 7, strerror(errno),
                         strlen(strerror(errno)));
        err.class = AS_AWS_RETRY;
        as_acks_answered(batch, &err, NULL, 0);
    }
}


/* Takes up to ten entries, or one dead letter.  A message whose extension is in
 * flight waits for its result: the delete must neither overtake it nor be
 * undone by it. */
static void
as_acks_fill(as_acks_t *acks, as_acks_batch_t *batch)
{
    size_t            room;
    as_acks_item_t   *item, *next;

    /* a dead letter has a body, and a batch is limited to 256 KB */
    room = batch->kind == AS_ACKS_DEAD ? 1 : AS_SQS_BATCH_MAX;

    for (item = TAILQ_FIRST(&acks->items[batch->kind]);
         item != NULL && batch->n < room; item = next)
    {
        next = TAILQ_NEXT(item, link);

        if (batch->kind != AS_ACKS_EXTEND && item->delivery->extending) {
            continue;
        }

        TAILQ_REMOVE(&acks->items[batch->kind], item, link);
        acks->nitems[batch->kind]--;
        batch->deliveries[batch->n++] = item->delivery;
    }
}


static void
as_acks_go(void *data)
{
    int               i, k;
    as_acks_t        *acks = data;
    as_acks_batch_t  *batch;

    for (k = 0; k < AS_ACKS_KINDS; k++) {
        /* while SQS is unreachable, the timer starts the retry */
        for (i = 0; i < AS_ACKS_CALLS && !acks->timers[k].set; i++) {
            batch = &acks->batches[k][i];

            if (batch->call != NULL || batch->n > 0) {
                continue;
            }
            if (acks->ncalls[k] > 0 && acks->nitems[k] < AS_SQS_BATCH_MAX) {
                break;
            }

            as_acks_fill(acks, batch);
            if (batch->n == 0) {
                break;
            }

            as_acks_send(batch);
        }
    }
}
