/*
 * The tray: the queue of acknowledgements.
 *
 * There is no timer to fill a batch: an entry is sent at once where no call of
 * its kind is in flight; entries that arrive during a call form the next batch.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/tray_parts.h"


#define AS_TRAY_PART   "consumer"
#define AS_TRAY_TRIES  6


static void as_tray_go(void *data);


as_tray_t *
as_tray_create(as_worker_t *worker, as_tray_left_pt left,
    as_tray_left_pt dead, void *data)
{
    int         i, k;
    as_tray_t  *tray;
    static const char *const  names[AS_TRAY_KINDS] = {
        "SQS (deletes)", "SQS (back-off)", "SQS (visibility)",
        "SQS (dead letters)"
    };

    tray = calloc(1, sizeof(*tray));
    if (tray == NULL) {
        return NULL;
    }

    tray->worker = worker;
    tray->left = left;
    tray->dead = dead;
    tray->data = data;
    tray->soon.fn = as_tray_go;
    tray->soon.data = tray;

    for (k = 0; k < AS_TRAY_KINDS; k++) {
        TAILQ_INIT(&tray->items[k]);
        tray->timers[k].fn = as_tray_go;
        tray->timers[k].data = tray;
        as_health_init(&tray->allowed[k], names[k]);
        for (i = 0; i < AS_TRAY_CALLS; i++) {
            tray->batches[k][i].tray = tray;
            tray->batches[k][i].kind = (as_tray_kind_e) k;
        }
    }

    return tray;
}


void
as_tray_destroy(as_tray_t *tray)
{
    int  i, k;

    if (tray == NULL) {
        return;
    }

    as_loop_clear(tray->worker->loop, &tray->soon);

    for (k = 0; k < AS_TRAY_KINDS; k++) {
        as_loop_clear(tray->worker->loop, &tray->timers[k]);
        for (i = 0; i < AS_TRAY_CALLS; i++) {
            as_aws_cancel(tray->worker->aws, tray->batches[k][i].call);
        }
    }

    free(tray);
}


/* In the next turn of the loop, so that entries of one turn share a batch. */
static void
as_tray_soon(as_tray_t *tray)
{
    as_loop_within(tray->worker->loop, &tray->soon, 0);
}


static void
as_tray_add(as_tray_t *tray, as_tray_kind_e kind, as_letter_t *letter)
{
    as_tray_item_t  *item;

    item = kind == AS_TRAY_EXTEND ? &letter->extends : &letter->leaves;
    item->letter = letter;
    TAILQ_INSERT_TAIL(&tray->items[kind], item, link);
    tray->nitems[kind]++;
    as_tray_soon(tray);
}


/*
 * Removes an extension that is not sent yet: a leaving letter does not need it.
 */
static void
as_tray_leave(as_tray_t *tray, as_letter_t *letter)
{
    as_tray_item_t   *item;
    as_tray_items_t  *items = &tray->items[AS_TRAY_EXTEND];

    letter->tries = 0;

    if (!letter->extending) {
        return;
    }

    TAILQ_FOREACH(item, items, link) {
        if (item->letter == letter) {
            TAILQ_REMOVE(items, item, link);
            tray->nitems[AS_TRAY_EXTEND]--;
            letter->extending = false;
            return;
        }
    }
}


void
as_tray_delete(as_tray_t *tray, as_letter_t *letter)
{
    as_tray_leave(tray, letter);
    as_tray_add(tray, AS_TRAY_DELETE, letter);
}


void
as_tray_give_back(as_tray_t *tray, as_letter_t *letter)
{
    as_tray_leave(tray, letter);
    as_tray_add(tray, AS_TRAY_GIVE_BACK, letter);
}


void
as_tray_bury(as_tray_t *tray, as_letter_t *letter)
{
    as_tray_leave(tray, letter);
    as_tray_add(tray, AS_TRAY_BURY, letter);
}


void
as_tray_extend(as_tray_t *tray, as_letter_t *letter)
{
    letter->extending = true;
    as_tray_add(tray, AS_TRAY_EXTEND, letter);
}


/* Ends an entry: done, to be retried, or given up. */
static void
as_tray_settle(as_tray_batch_t *batch, as_letter_t *letter,
    as_aws_class_e class, const char *message)
{
    bool         done;
    as_tray_t   *tray = batch->tray;
    static const char *const  names[AS_TRAY_KINDS] = {
        "deleted", "given back", "kept invisible", "moved to the dead letters"
    };

    done = class == AS_AWS_OK;

    if (batch->kind == AS_TRAY_EXTEND) {
        letter->extending = false;
        if (done) {
            letter->visible_at = as_loop_now(tray->worker->loop)
                                 + tray->worker->settings->visibility;
        }
        return;
    }

    /* too large with our attributes, or SQS refuses a character in them */
    if (batch->kind == AS_TRAY_BURY && class == AS_AWS_PERMANENT
        && !letter->bare)
    {
        letter->bare = true;
        as_tray_add(tray, batch->kind, letter);
        return;
    }

    if (!done && class != AS_AWS_PERMANENT && class != AS_AWS_NOT_FOUND
        && ++letter->tries < AS_TRAY_TRIES)
    {
        as_tray_add(tray, batch->kind, letter);
        return;
    }

    if (!done && letter->opens) {
        as_log_write(tray->worker->log, AS_LOG_WARN, AS_TRAY_PART,
                     "message %s cannot be %s: %s", letter->id,
                     names[batch->kind], message);
    } else if (!done) {
        as_log_order(tray->worker->log, AS_LOG_WARN, AS_TRAY_PART,
                     letter->lease.id, "message %s cannot be %s: %s",
                     letter->id, names[batch->kind], message);
    }

    if (batch->kind == AS_TRAY_BURY) {
        tray->dead(tray->data, letter, done);
        return;
    }

    tray->worker->counters.deleted += done && batch->kind == AS_TRAY_DELETE;
    tray->worker->counters.delete_failed += !done
                                            && batch->kind == AS_TRAY_DELETE;
    tray->left(tray->data, letter, done);
}


/*
 * A missing right affects only this kind of call and does not mean that the
 * queue is out of reach: otherwise each receive would report the queue as in
 * reach again.
 */
static void
as_tray_failed(as_tray_batch_t *batch, const as_aws_error_t *err,
    const char *reason)
{
    as_tray_t    *tray = batch->tray;
    as_health_t  *health;
    as_worker_t  *worker = tray->worker;

    health = err->status == 0 || err->class == AS_AWS_RETRY
             || err->class == AS_AWS_THROTTLED
             ? &worker->sqs : &tray->allowed[batch->kind];

    as_health_down(health, worker->log, as_loop_now(worker->loop), reason);
    as_loop_after(worker->loop, &tray->timers[batch->kind],
                  as_health_wait_ms(health,
                                    as_loop_random(worker->loop, 1000)));
}


static void
as_tray_answered(void *data, const as_aws_error_t *err,
    const as_sqs_result_t *results, size_t n)
{
    char              reason[AS_AWS_REASON_LEN];
    size_t            i, count;
    int64_t           now;
    as_tray_batch_t  *batch = data;
    as_worker_t      *worker = batch->tray->worker;

    (void) n;

    now = as_loop_now(worker->loop);
    count = batch->n;
    batch->call = NULL;
    batch->n = 0;
    batch->tray->ncalls[batch->kind]--;

    if (err != NULL) {
        as_aws_error_tell(err, reason);
        as_tray_failed(batch, err, reason);
    } else {
        as_health_up(&worker->sqs, worker->log, now);
        as_health_up(&batch->tray->allowed[batch->kind], worker->log, now);
    }

    for (i = 0; i < count; i++) {
        as_tray_settle(batch, batch->letters[i],
                       err != NULL ? err->class : results[i].class,
                       err != NULL ? reason : results[i].message);
    }

    as_tray_soon(batch->tray);
}


static void
as_tray_send(as_tray_batch_t *batch)
{
    as_aws_error_t  err;

    batch->tray->ncalls[batch->kind]++;

    batch->call = as_tray_call(batch, as_tray_answered);
    if (batch->call == NULL) {
        as_aws_error_set(&err, 0, "NotSent", 7, strerror(errno),
                         strlen(strerror(errno)));
        as_tray_answered(batch, &err, NULL, 0);
    }
}


/* Takes up to ten entries.  A letter whose extension is in flight waits for its
 * result: the delete must neither overtake it nor be undone by it. */
static void
as_tray_fill(as_tray_t *tray, as_tray_batch_t *batch)
{
    size_t            room;
    as_tray_item_t   *item, *next;

    /* a dead letter has a body, and a batch is limited to 256 KB */
    room = batch->kind == AS_TRAY_BURY ? 1 : AS_SQS_BATCH_MAX;

    for (item = TAILQ_FIRST(&tray->items[batch->kind]);
         item != NULL && batch->n < room; item = next)
    {
        next = TAILQ_NEXT(item, link);

        if (batch->kind != AS_TRAY_EXTEND && item->letter->extending) {
            continue;
        }

        TAILQ_REMOVE(&tray->items[batch->kind], item, link);
        tray->nitems[batch->kind]--;
        batch->letters[batch->n++] = item->letter;
    }
}


static void
as_tray_go(void *data)
{
    int               i, k;
    as_tray_t        *tray = data;
    as_tray_batch_t  *batch;

    for (k = 0; k < AS_TRAY_KINDS; k++) {
        /* while SQS is out of reach, the timer starts the retry */
        for (i = 0; i < AS_TRAY_CALLS && !tray->timers[k].set; i++) {
            batch = &tray->batches[k][i];

            if (batch->call != NULL || batch->n > 0) {
                continue;
            }
            if (tray->ncalls[k] > 0 && tray->nitems[k] < AS_SQS_BATCH_MAX) {
                break;
            }

            as_tray_fill(tray, batch);
            if (batch->n == 0) {
                break;
            }

            as_tray_send(batch);
        }
    }
}
