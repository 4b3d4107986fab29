/*
 * The consumer's database jobs: those of many messages run in one transaction.
 * Messages that arrive while a job runs wait for the next one.
 */

#include <string.h>

#include "run/consumer_parts.h"


#define AS_CONSUMER_LEASE_EXTRA_MS  15000        /* beyond the factory's
                                                    time-out */


void
as_consumer_db_add(as_delivery_t *delivery, as_lease_kind_e kind)
{
    as_consumer_t  *consumer = delivery->consumer;

    delivery->stage = AS_DELIVERY_DB;
    delivery->lease.kind = kind;
    delivery->lease.error = delivery->error;
    delivery->lease.again_ms = delivery->again_ms;

    TAILQ_INSERT_TAIL(&consumer->db_queue, delivery, link);
    consumer->db_queued++;

    as_loop_within(consumer->worker->loop, &consumer->db_soon, 0);
}


static int64_t
as_consumer_db_lease_ms(const as_consumer_t *consumer)
{
    return consumer->worker->settings->factory_timeout
           + AS_CONSUMER_LEASE_EXTRA_MS;
}


/* Runs in the database thread. */
static as_db_status_e
as_consumer_db_open_run(void *data, as_db_t *db)
{
    size_t           i;
    as_delivery_t   *delivery;
    as_consumer_t   *consumer = data;
    as_db_status_e   status;

    for (i = 0; i < consumer->nbatch; i++) {
        delivery = consumer->batch[i];
        status = delivery->reopens ? as_order_reopen(db, &delivery->reopen)
                                 : as_order_open(db, &delivery->open);
        if (status != AS_DB_OK) {
            return status;
        }
    }

    return AS_DB_OK;
}


/* Runs in the database thread. */
static as_db_status_e
as_consumer_db_lease_run(void *data, as_db_t *db)
{
    as_consumer_t        *consumer = data;
    const as_settings_t  *settings = consumer->worker->settings;

    return as_lease_run(db, settings->worker_name, consumer->token,
                        as_consumer_db_lease_ms(consumer),
                        settings->lost_answer == AS_STOP, consumer->leases,
                        consumer->nbatch);
}


/* The time to stop is over. */
static void
as_consumer_db_drop(as_consumer_t *consumer)
{
    as_delivery_t  *delivery;

    while ((delivery = TAILQ_FIRST(&consumer->db_queue)) != NULL) {
        TAILQ_REMOVE(&consumer->db_queue, delivery, link);
        consumer->db_queued--;
        consumer->db_dropped(delivery);
    }
}


/* A job failed: puts its messages back at the head of the list. */
static void
as_consumer_db_failed(as_consumer_t *consumer, as_db_status_e status)
{
    size_t  i;

    for (i = consumer->nbatch; i > 0; i--) {
        consumer->batch[i - 1]->stage = AS_DELIVERY_DB;
        TAILQ_INSERT_HEAD(&consumer->db_queue, consumer->batch[i - 1], link);
    }

    consumer->db_queued += consumer->nbatch;

    if (consumer->hurried) {
        as_consumer_db_drop(consumer);
        return;
    }

    as_loop_after(consumer->worker->loop, &consumer->db_timer,
                  status == AS_DB_GONE
                  ? as_health_wait_ms(&consumer->worker->db,
                                      as_loop_random(consumer->worker->loop,
                                                     1000)) : 1000);
}


static void
as_consumer_db_done(void *data, as_db_status_e status, const char *error)
{
    size_t          i;
    as_consumer_t  *consumer = data;

    consumer->working = false;
    consumer->in_doubt = status != AS_DB_OK;
    consumer->progress = as_loop_now(consumer->worker->loop);
    as_worker_db(consumer->worker, status,
                 consumer->job.run == as_consumer_db_lease_run, error);
    as_refusal_note(&consumer->refusal, consumer->worker->log,
                    consumer->progress, AS_CONSUMER_PART,
                    "orders cannot be leased or updated", status, error);

    if (status != AS_DB_OK) {
        as_consumer_db_failed(consumer, status);
        return;
    }

    for (i = 0; i < consumer->nbatch; i++) {
        consumer->batch[i]->leased_at = consumer->batch_at;
        consumer->batch[i]->lease_end = consumer->batch_at
                                        + as_consumer_db_lease_ms(consumer);
        consumer->db_done(consumer->batch[i]);
    }

    as_consumer_db_start(consumer);
    consumer->db_idle(consumer);
}


/* A job has either messages that open orders, each in its own transaction, or
 * other messages, all in one transaction. */
static void
as_consumer_db_fill(as_consumer_t *consumer)
{
    bool            opens;
    as_delivery_t  *delivery, *next;

    consumer->nbatch = 0;
    delivery = TAILQ_FIRST(&consumer->db_queue);
    opens = delivery->opens || delivery->reopens;

    for (delivery = TAILQ_FIRST(&consumer->db_queue);
         delivery != NULL && consumer->nbatch < AS_CONSUMER_DB_MAX;
         delivery = next)
    {
        next = TAILQ_NEXT(delivery, link);

        if ((delivery->opens || delivery->reopens) == opens) {
            TAILQ_REMOVE(&consumer->db_queue, delivery, link);
            consumer->db_queued--;
            delivery->stage = AS_DELIVERY_IN_DB;
            consumer->leases[consumer->nbatch] = &delivery->lease;
            consumer->batch[consumer->nbatch++] = delivery;
        }
    }

    consumer->job.run = opens ? as_consumer_db_open_run
                        : as_consumer_db_lease_run;
}


void
as_consumer_db_start(void *data)
{
    as_consumer_t  *consumer = data;

    if (consumer->working || consumer->db_queued == 0
        || consumer->db_timer.set)
    {
        return;
    }

    as_consumer_db_fill(consumer);

    consumer->working = true;

    /* the leases of a job whose result was lost are this worker's own, however
     * its repetitions failed */
    if (!consumer->in_doubt) {
        consumer->token++;
    }
    consumer->batch_at = as_loop_now(consumer->worker->loop);
    consumer->job.done = as_consumer_db_done;
    consumer->job.data = consumer;
    as_db_thread_submit(consumer->db_thread, &consumer->job);
}


void
as_consumer_db_hurry(as_consumer_t *consumer)
{
    consumer->hurried = true;

    if (consumer->working) {
        as_db_thread_abort(consumer->db_thread);
    }

    as_consumer_db_drop(consumer);
}
