/*
 * The consumer: creates, starts and stops its parts.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/consumer_parts.h"


#define AS_CONSUMER_LEASE_MS  2000     /* renew a lease that ends sooner */
#define AS_CONSUMER_HOLD_MS   INT64_C(41400000)   /* 11.5 h of SQS's limit of 12
                                                     h */


static void
as_consumer_left(void *data, as_letter_t *letter, bool done)
{
    as_consumer_t  *consumer = data;

    (void) done;

    TAILQ_REMOVE(&consumer->all, letter, all);
    consumer->in_hand--;
    consumer->progress = as_loop_now(consumer->worker->loop);
    as_factories_forget(&letter->call);
    as_letter_destroy(letter);

    if (consumer->stopping && consumer->in_hand == 0
        && consumer->stopped != NULL)
    {
        consumer->stopped(consumer->stopped_data);
        consumer->stopped = NULL;
        return;
    }

    as_intake_go(consumer);
}


/*
 * Extends the visibility of letters in hand.  Gives back those that near the
 * limit of SQS.
 */
static void
as_consumer_keep(void *data)
{
    int64_t         now, half;
    as_letter_t    *letter;
    as_consumer_t  *consumer = data;

    now = as_loop_now(consumer->worker->loop);
    half = consumer->worker->settings->visibility / 2;

    TAILQ_FOREACH(letter, &consumer->all, all) {
        if (now - letter->received_at > AS_CONSUMER_HOLD_MS
            && letter->stage == AS_LETTER_FACTORY
            && as_factories_take_back(&letter->call, false))
        {
            snprintf(letter->error, sizeof(letter->error),
                     "held as long as SQS allows");
            as_course_later(letter, 0);
        }

        /* so that no other worker treats the order as lost */
        if (letter->stage == AS_LETTER_FACTORY
            && letter->lease_end - now < AS_CONSUMER_LEASE_MS
            && as_factories_take_back(&letter->call, true))
        {
            as_desk_add(letter, AS_LEASE_TAKE);
        }

        if (letter->extending || letter->stage == AS_LETTER_TRAY
            || letter->visible_at - now > half
            || now - letter->received_at > AS_CONSUMER_HOLD_MS)
        {
            continue;
        }

        as_tray_extend(consumer->tray, letter);
    }

    if (consumer->in_hand > 0) {
        as_loop_after(consumer->worker->loop, &consumer->keeper,
                      AS_CONSUMER_KEEP_MS);
    }
}


static void
as_consumer_changed(void *data)
{
    as_intake_go(data);
}


as_consumer_t *
as_consumer_create(as_worker_t *worker)
{
    as_consumer_t  *consumer;

    consumer = calloc(1, sizeof(*consumer));
    if (consumer == NULL) {
        return NULL;
    }

    consumer->worker = worker;
    consumer->eager = 1;
    consumer->most = AS_SQS_BATCH_MAX;
    consumer->token = (uint64_t) as_loop_unix_ms(worker->loop) * 1000;
    consumer->progress = as_loop_now(worker->loop);
    consumer->keeper.fn = as_consumer_keep;
    consumer->keeper.data = consumer;
    consumer->intake_timer.fn = as_consumer_changed;
    consumer->intake_timer.data = consumer;
    consumer->desk_timer.fn = as_desk_go;
    consumer->desk_timer.data = consumer;
    consumer->desk_soon.fn = as_desk_go;
    consumer->desk_soon.data = consumer;
    TAILQ_INIT(&consumer->all);
    TAILQ_INIT(&consumer->desk);

    consumer->factories = as_factories_create(worker, as_consumer_changed,
                                              consumer);
    consumer->tray = as_tray_create(worker, as_consumer_left,
                                    as_course_buried, consumer);
    consumer->clerk = as_clerk_create(AS_CONSUMER_PART, worker->loop,
                                      worker->settings, worker->log);

    if (consumer->factories == NULL || consumer->tray == NULL
        || consumer->clerk == NULL)
    {
        as_consumer_destroy(consumer);
        return NULL;
    }

    as_intake_go(consumer);

    return consumer;
}


void
as_consumer_destroy(as_consumer_t *consumer)
{
    as_letter_t  *letter;

    if (consumer == NULL) {
        return;
    }

    if (consumer->clerk != NULL) {
        as_clerk_abort(consumer->clerk);
        as_clerk_destroy(consumer->clerk);
    }

    as_intake_cancel(consumer);
    as_factories_destroy(consumer->factories);
    as_tray_destroy(consumer->tray);
    as_loop_clear(consumer->worker->loop, &consumer->keeper);
    as_loop_clear(consumer->worker->loop, &consumer->intake_timer);
    as_loop_clear(consumer->worker->loop, &consumer->desk_timer);
    as_loop_clear(consumer->worker->loop, &consumer->desk_soon);

    while ((letter = TAILQ_FIRST(&consumer->all)) != NULL) {
        TAILQ_REMOVE(&consumer->all, letter, all);
        as_letter_destroy(letter);
    }

    free(consumer);
}


void
as_consumer_wake(as_consumer_t *consumer)
{
    as_intake_go(consumer);
}


void
as_consumer_reload(as_consumer_t *consumer)
{
    as_clerk_reload(consumer->clerk, consumer->worker->settings);
}


void
as_consumer_stop(as_consumer_t *consumer, void (*stopped)(void *data),
    void *data)
{
    as_letter_t  *letter;

    consumer->stopping = true;
    consumer->stopped = stopped;
    consumer->stopped_data = data;
    as_intake_cancel(consumer);

    TAILQ_FOREACH(letter, &consumer->all, all) {
        if (letter->stage == AS_LETTER_FACTORY
            && as_factories_take_back(&letter->call, false))
        {
            snprintf(letter->error, sizeof(letter->error),
                     "the worker stopped");
            as_course_later(letter, 0);
        }
    }

    if (consumer->in_hand == 0) {
        consumer->stopped = NULL;
        stopped(data);
    }
}


void
as_consumer_hurry(as_consumer_t *consumer)
{
    as_letter_t  *letter;

    TAILQ_FOREACH(letter, &consumer->all, all) {
        if (letter->stage == AS_LETTER_FACTORY && letter->call.http != NULL)
        {
            as_course_say(letter, AS_LOG_WARN, "given back in mid-call: "
                            "the time to stop is over");
            as_factories_abort(consumer->factories, &letter->call);
            as_course_give_back(letter, 0);
        }
    }

    as_desk_hurry(consumer);
}


void
as_consumer_set_max_receive(as_consumer_t *consumer, unsigned n)
{
    consumer->max_receive = n;
}


size_t
as_consumer_in_hand(const as_consumer_t *consumer)
{
    return consumer->in_hand;
}


const as_factories_t *
as_consumer_factories(const as_consumer_t *consumer)
{
    return consumer->factories;
}


int64_t
as_consumer_progress(const as_consumer_t *consumer)
{
    return consumer->progress;
}


bool
as_consumer_waits(const as_consumer_t *consumer)
{
    return consumer->worker->db.down || consumer->worker->sqs.down
           || as_factories_room(consumer->factories, 2) < 2;
}
