/*
 * The consumer's desk: runs the database jobs of letters, many in one
 * transaction.  While a job runs, the letters for the next one gather.
 */

#include <string.h>

#include "run/consumer_parts.h"


#define AS_DESK_LEASE_EXTRA_MS  15000  /* beyond the factory's time-out */


void
as_desk_add(as_letter_t *letter, as_lease_kind_e kind)
{
    as_consumer_t  *consumer = letter->consumer;

    letter->stage = AS_LETTER_DESK;
    letter->lease.kind = kind;
    letter->lease.error = letter->error;
    letter->lease.again_ms = letter->again_ms;

    TAILQ_INSERT_TAIL(&consumer->desk, letter, link);
    consumer->ndesk++;

    as_loop_within(consumer->worker->loop, &consumer->desk_soon, 0);
}


/* Runs in the database thread. */
static as_db_status_e
as_desk_open_run(void *data, as_db_t *db)
{
    size_t           i;
    as_letter_t     *letter;
    as_consumer_t   *consumer = data;
    as_db_status_e   status;

    for (i = 0; i < consumer->nbatch; i++) {
        letter = consumer->batch[i];
        status = letter->reopens ? as_order_reopen(db, &letter->reopen)
                                 : as_order_open(db, &letter->open);
        if (status != AS_DB_OK) {
            return status;
        }
    }

    return AS_DB_OK;
}


/* Runs in the database thread. */
static as_db_status_e
as_desk_lease_run(void *data, as_db_t *db)
{
    as_consumer_t        *consumer = data;
    const as_settings_t  *settings = consumer->worker->settings;

    return as_lease_run(db, settings->worker_name, consumer->token,
                        settings->factory_timeout + AS_DESK_LEASE_EXTRA_MS,
                        settings->lost_answer == AS_STOP, consumer->leases,
                        consumer->nbatch);
}


static void
as_desk_settle(as_consumer_t *consumer, as_letter_t *letter)
{
    if (letter->reopens) {
        as_course_reopened(letter);

    } else if (letter->opens) {
        as_course_opened(letter);

    } else if (letter->lease.kind == AS_LEASE_TAKE) {
        letter->leased_at = consumer->batch_at;
        letter->lease_end = consumer->batch_at + AS_DESK_LEASE_EXTRA_MS
                            + consumer->worker->settings->factory_timeout;
        as_course_leased(letter);

    } else {
        as_course_noted(letter);
    }
}


/* The job took too long: gives its letters back, for another worker. */
static void
as_desk_give_back(as_consumer_t *consumer)
{
    as_letter_t  *letter;

    while ((letter = TAILQ_FIRST(&consumer->desk)) != NULL) {
        TAILQ_REMOVE(&consumer->desk, letter, link);
        consumer->ndesk--;
        as_course_say(letter, AS_LOG_WARN, "given back without a word to the "
                      "database: the time to stop is over");
        as_course_give_back(letter, letter->lease.kind == AS_LEASE_RELEASE
                                    ? letter->again_ms : 0);
    }
}


/* A job failed: puts its letters back at the head of the list. */
static void
as_desk_failed(as_consumer_t *consumer, as_db_status_e status)
{
    size_t  i;

    for (i = consumer->nbatch; i > 0; i--) {
        consumer->batch[i - 1]->stage = AS_LETTER_DESK;
        TAILQ_INSERT_HEAD(&consumer->desk, consumer->batch[i - 1], link);
    }

    consumer->ndesk += consumer->nbatch;

    if (consumer->hurried) {
        as_desk_give_back(consumer);
        return;
    }

    as_loop_after(consumer->worker->loop, &consumer->desk_timer,
                  status == AS_DB_GONE
                  ? as_health_wait_ms(&consumer->worker->db,
                                      as_loop_random(consumer->worker->loop,
                                                     1000)) : 1000);
}


static void
as_desk_done(void *data, as_db_status_e status, const char *error)
{
    size_t          i;
    as_consumer_t  *consumer = data;

    consumer->working = false;
    consumer->progress = as_loop_now(consumer->worker->loop);
    as_worker_db(consumer->worker, status, error);
    as_refusal_note(&consumer->refusal, consumer->worker->log,
                    consumer->progress, AS_CONSUMER_PART,
                    "orders cannot be leased or noted", status, error);

    if (status != AS_DB_OK) {
        as_desk_failed(consumer, status);
        return;
    }

    for (i = 0; i < consumer->nbatch; i++) {
        as_desk_settle(consumer, consumer->batch[i]);
    }

    as_desk_go(consumer);
    as_intake_go(consumer);
}


/* A job has either letters that open orders, each in its own transaction, or
 * other letters, all in one transaction. */
static void
as_desk_fill(as_consumer_t *consumer)
{
    bool          opens;
    as_letter_t  *letter, *next;

    consumer->nbatch = 0;
    letter = TAILQ_FIRST(&consumer->desk);
    opens = letter->opens || letter->reopens;

    for (letter = TAILQ_FIRST(&consumer->desk);
         letter != NULL && consumer->nbatch < AS_DESK_MAX; letter = next)
    {
        next = TAILQ_NEXT(letter, link);

        if ((letter->opens || letter->reopens) == opens) {
            TAILQ_REMOVE(&consumer->desk, letter, link);
            consumer->ndesk--;
            letter->stage = AS_LETTER_DESKING;
            consumer->leases[consumer->nbatch] = &letter->lease;
            consumer->batch[consumer->nbatch++] = letter;
        }
    }

    consumer->job.run = opens ? as_desk_open_run : as_desk_lease_run;
}


void
as_desk_go(void *data)
{
    as_consumer_t  *consumer = data;

    if (consumer->working || consumer->ndesk == 0
        || consumer->desk_timer.set)
    {
        return;
    }

    as_desk_fill(consumer);

    consumer->working = true;
    consumer->token++;
    consumer->batch_at = as_loop_now(consumer->worker->loop);
    consumer->job.done = as_desk_done;
    consumer->job.data = consumer;
    as_clerk_submit(consumer->clerk, &consumer->job);
}


void
as_desk_hurry(as_consumer_t *consumer)
{
    consumer->hurried = true;

    if (consumer->working) {
        as_clerk_abort(consumer->clerk);
    }

    as_desk_give_back(consumer);
}
