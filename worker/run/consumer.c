/*
 * The consumer: creates, starts and stops its parts.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/consumer_parts.h"
#include "run/spans.h"


#define AS_CONSUMER_LEASE_MS  2000     /* renew a lease that ends sooner */
#define AS_CONSUMER_HOLD_MS   INT64_C(41400000)   /* 11.5 h of SQS's limit of 12
                                                     h */


/* A message was processed: its span. */
static void
as_consumer_span(const as_delivery_t *delivery)
{
    char                 name[300];
    as_span_t            span;
    const as_worker_t   *worker = delivery->consumer->worker;
    as_span_attribute_t  attributes[] = {
        { "messaging.system", "aws_sqs", 0 },
        { "messaging.operation.type", "process", 0 },
        { "messaging.destination.name", NULL, 0 },
        { "messaging.message.id", delivery->id, 0 }
    };

    if (!as_spans_on(worker->spans)) {
        return;
    }

    attributes[2].text = as_spans_name_of(worker->settings->queue_url);
    snprintf(name, sizeof(name), "process %s", attributes[2].text);

    memset(&span, 0, sizeof(span));
    span.trace = delivery->span;
    span.parent = delivery->trace.span;
    span.kind = AS_SPAN_CONSUMER;
    span.name = name;
    span.start_ms = delivery->began_ms;
    span.order_id = delivery->lease.id;
    span.error = delivery->error[0] != '\0' ? delivery->error : NULL;
    span.attributes = attributes;
    span.nattributes = 4;

    as_spans_end(worker->spans, &span);
}


static void
as_consumer_removed(void *data, as_delivery_t *delivery, bool done)
{
    as_consumer_t  *consumer = data;

    (void) done;

    TAILQ_REMOVE(&consumer->all, delivery, all);
    consumer->in_hand--;
    consumer->progress = as_loop_now(consumer->worker->loop);
    as_factory_forget(&delivery->call);
    as_consumer_span(delivery);
    as_delivery_destroy(delivery);

    if (consumer->stopping && consumer->in_hand == 0
        && consumer->stopped != NULL)
    {
        consumer->stopped(consumer->stopped_data);
        consumer->stopped = NULL;
        return;
    }

    as_consumer_receive_more(consumer);
}


/*
 * Extends the visibility of messages in hand.  Gives back those that near the
 * limit of SQS.
 */
static void
as_consumer_keep(void *data)
{
    int64_t         now, half;
    as_delivery_t  *delivery;
    as_consumer_t  *consumer = data;

    now = as_loop_now(consumer->worker->loop);
    half = consumer->worker->settings->visibility / 2;

    TAILQ_FOREACH(delivery, &consumer->all, all) {
        if (now - delivery->received_at > AS_CONSUMER_HOLD_MS
            && delivery->stage == AS_DELIVERY_FACTORY
            && as_factory_take_back(&delivery->call, false))
        {
            snprintf(delivery->error, sizeof(delivery->error),
                     "kept invisible as long as SQS allows");
            as_consumer_delivery_later(delivery, 0);
        }

        /* so that no other worker treats the order as lost */
        if (delivery->stage == AS_DELIVERY_FACTORY
            && delivery->lease_end - now < AS_CONSUMER_LEASE_MS
            && as_factory_take_back(&delivery->call, true))
        {
            as_consumer_db_add(delivery, AS_LEASE_TAKE);
        }

        if (delivery->extending || delivery->stage == AS_DELIVERY_ACKS
            || delivery->visible_at - now > half
            || now - delivery->received_at > AS_CONSUMER_HOLD_MS)
        {
            continue;
        }

        as_acks_extend(consumer->acks, delivery);
    }

    if (consumer->in_hand > 0) {
        as_loop_after(consumer->worker->loop, &consumer->keeper,
                      AS_CONSUMER_KEEP_MS);
    }
}


static void
as_consumer_changed(void *data)
{
    as_consumer_receive_more(data);
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
    consumer->receive_timer.fn = as_consumer_changed;
    consumer->receive_timer.data = consumer;
    consumer->db_timer.fn = as_consumer_db_start;
    consumer->db_timer.data = consumer;
    consumer->db_soon.fn = as_consumer_db_start;
    consumer->db_soon.data = consumer;
    consumer->db_done = as_consumer_delivery_db_done;
    consumer->db_dropped = as_consumer_delivery_db_dropped;
    consumer->db_idle = as_consumer_receive_more;
    TAILQ_INIT(&consumer->all);
    TAILQ_INIT(&consumer->db_queue);

    consumer->factories = as_factories_create(worker, as_consumer_changed,
                                              consumer);
    consumer->acks = as_acks_create(worker, as_consumer_removed,
                                    as_consumer_delivery_dead_done, consumer);
    consumer->db_thread = as_db_thread_create(AS_CONSUMER_PART, worker->loop,
                                              worker->settings, worker->log);

    if (consumer->factories == NULL || consumer->acks == NULL
        || consumer->db_thread == NULL)
    {
        as_consumer_destroy(consumer);
        return NULL;
    }

    as_consumer_receive_more(consumer);

    return consumer;
}


void
as_consumer_destroy(as_consumer_t *consumer)
{
    as_delivery_t  *delivery;

    if (consumer == NULL) {
        return;
    }

    if (consumer->db_thread != NULL) {
        as_db_thread_abort(consumer->db_thread);
        as_db_thread_destroy(consumer->db_thread);
    }

    as_consumer_receive_cancel(consumer);
    as_factories_destroy(consumer->factories);
    as_acks_destroy(consumer->acks);
    as_loop_clear(consumer->worker->loop, &consumer->keeper);
    as_loop_clear(consumer->worker->loop, &consumer->receive_timer);
    as_loop_clear(consumer->worker->loop, &consumer->db_timer);
    as_loop_clear(consumer->worker->loop, &consumer->db_soon);

    while ((delivery = TAILQ_FIRST(&consumer->all)) != NULL) {
        TAILQ_REMOVE(&consumer->all, delivery, all);
        as_delivery_destroy(delivery);
    }

    free(consumer);
}


void
as_consumer_wake(as_consumer_t *consumer)
{
    as_consumer_receive_more(consumer);
}


void
as_consumer_reload(as_consumer_t *consumer)
{
    as_db_thread_reload(consumer->db_thread, consumer->worker->settings);
}


void
as_consumer_stop(as_consumer_t *consumer, void (*stopped)(void *data),
    void *data)
{
    as_delivery_t  *delivery;

    consumer->stopping = true;
    consumer->stopped = stopped;
    consumer->stopped_data = data;
    as_consumer_receive_cancel(consumer);

    TAILQ_FOREACH(delivery, &consumer->all, all) {
        if (delivery->stage == AS_DELIVERY_FACTORY
            && as_factory_take_back(&delivery->call, false))
        {
            snprintf(delivery->error, sizeof(delivery->error),
                     "the worker stopped");
            as_consumer_delivery_later(delivery, 0);
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
    as_delivery_t  *delivery;

    TAILQ_FOREACH(delivery, &consumer->all, all) {
        if (delivery->stage == AS_DELIVERY_FACTORY
            && delivery->call.http != NULL)
        {
            as_consumer_delivery_log(delivery, AS_LOG_WARN,
                                     "returned to the queue during a call: "
                                     "AUTOSTOCK_STOP_TIMEOUT passed");
            as_factory_abort(consumer->factories, &delivery->call);
            as_consumer_delivery_give_back(delivery, 0);
        }
    }

    as_consumer_db_hurry(consumer);
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
