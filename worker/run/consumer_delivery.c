/*
 * The steps of a message, from its receipt to its removal:
 *
 * received -> (opened) -> leased -> factory -> stored -> removed
 *
 * A message is deleted only after the factory accepted its order, or where
 * nothing is left to request.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "run/consumer_parts.h"


#define AS_CONSUMER_RECEIVES  3        /* the limit of receives where the
                                          queue's policy is not known */


static bool as_consumer_delivery_ready(void *data);
static void as_consumer_delivery_answered(void *data,
    const as_factory_result_t *result);


void
as_consumer_delivery_log(as_delivery_t *delivery, as_log_level_e level,
    const char *fmt, ...)
{
    char        text[600];
    va_list     args;
    as_log_t   *log = delivery->consumer->worker->log;

    if (!as_log_wants(log, level)) {
        return;
    }

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    if (delivery->opens) {
        as_log_write(log, level, AS_CONSUMER_PART, "%s message=%s", text,
                     delivery->id);
    } else {
        as_log_order(log, level, AS_CONSUMER_PART, delivery->lease.id,
                     &delivery->trace, "%s message=%s", text, delivery->id);
    }
}


static void
as_consumer_delivery_delete(as_delivery_t *delivery)
{
    delivery->stage = AS_DELIVERY_ACKS;
    as_acks_delete(delivery->consumer->acks, delivery);
}


void
as_consumer_delivery_give_back(as_delivery_t *delivery, int64_t ms)
{
    delivery->stage = AS_DELIVERY_ACKS;
    delivery->again_ms = ms;
    as_acks_give_back(delivery->consumer->acks, delivery);
}


/*
 * The message can never succeed: moves it to the dead-letter queue; then the
 * order fails.
 */
static void
as_consumer_delivery_dead(as_delivery_t *delivery, const char *reason)
{
    if (reason != delivery->error) {
        snprintf(delivery->error, sizeof(delivery->error), "%s", reason);
    }

    as_consumer_delivery_log(delivery, AS_LOG_ERROR, "to the dead letters: %s",
                             delivery->error);
    delivery->stage = AS_DELIVERY_ACKS;
    as_acks_dead_letter(delivery->consumer->acks, delivery);
}


/*
 * True where SQS would move it to the dead-letter queue instead of delivering
 * it again.
 */
static bool
as_consumer_delivery_is_last(const as_delivery_t *delivery)
{
    unsigned  max = delivery->consumer->max_receive;

    return delivery->receive_count >= (max > 0 ? max : AS_CONSUMER_RECEIVES);
}


/*
 * Retries the message after ms.  While receives are left the queue delivers it
 * again.  After that the order becomes pending again, and the relay publishes
 * it when ms have passed.  So an outage does not use up an order's receives.
 */
void
as_consumer_delivery_later(as_delivery_t *delivery, int64_t ms)
{
    delivery->again_ms = ms;
    as_consumer_db_add(delivery, as_consumer_delivery_is_last(delivery)
                                 ? AS_LEASE_PUT_OFF : AS_LEASE_RELEASE);
}


/*
 * Full jitter over a bound.  The bound doubles with each receive and is at
 * least a quarter of the order's age.
 */
static int64_t
as_consumer_delivery_backoff(const as_delivery_t *delivery,
    int64_t retry_after_ms)
{
    int64_t               bound, wait;
    unsigned              i;
    as_worker_t          *worker = delivery->consumer->worker;
    const as_settings_t  *settings = worker->settings;

    bound = settings->backoff_min;
    for (i = 1; i < delivery->receive_count && bound < settings->backoff_max;
         i++)
    {
        bound *= 2;
    }

    if (bound < delivery->lease.age_ms / 4) {
        bound = delivery->lease.age_ms / 4;
    }

    if (bound > settings->backoff_max) {
        bound = settings->backoff_max;
    }

    wait = as_loop_random(worker->loop, bound + 1);

    return retry_after_ms > wait ? retry_after_ms : wait;
}


void
as_consumer_delivery_received(as_delivery_t *delivery)
{
    as_trace_t            made;
    as_consumer_t        *consumer = delivery->consumer;
    const as_settings_t  *settings = consumer->worker->settings;

    as_delivery_trace(delivery, &delivery->message.trace,
                      &consumer->worker->uuid);
    delivery->began_ms = as_loop_unix_ms(consumer->worker->loop);
    delivery->received_at = as_loop_now(consumer->worker->loop);
    delivery->visible_at = delivery->received_at + settings->visibility;
    TAILQ_INSERT_TAIL(&consumer->all, delivery, all);
    consumer->in_hand++;
    as_loop_within(consumer->worker->loop, &consumer->keeper,
                   AS_CONSUMER_KEEP_MS);

    if (delivery->message.has_order) {
        memcpy(delivery->lease.id, delivery->message.order_id, AS_UUID_LEN);
    } else {
        delivery->opens = true;
    }

    if (delivery->message.poison != NULL) {
        as_consumer_delivery_dead(delivery, delivery->message.poison);
        return;
    }

    if (consumer->stopping) {
        as_consumer_delivery_give_back(delivery, 0);
        return;
    }

    if (delivery->opens) {
        delivery->open.product = delivery->message.product;
        delivery->open.quantity = delivery->message.quantity;
        delivery->open.pause_min_ms = settings->failure_pause_min;
        delivery->open.pause_max_ms = settings->failure_pause_max;

        if (!as_trace_is_set(&delivery->trace)) {
            as_trace_make(&made, &consumer->worker->uuid);
            as_delivery_trace(delivery, &made, &consumer->worker->uuid);
        }
        delivery->open.trace = delivery->trace;

        if (as_delivery_order_id(delivery, delivery->open.id) != 0) {
            as_consumer_delivery_give_back(delivery, settings->backoff_min);
            return;
        }
    }

    as_consumer_db_add(delivery, AS_LEASE_TAKE);
}


static void
as_consumer_delivery_opened(as_delivery_t *delivery)
{
    as_counters_t  *counters = &delivery->consumer->worker->counters;

    if (delivery->open.outcome == AS_ORDER_NO_PRODUCT) {
        as_consumer_delivery_dead(delivery, "the product is unknown");
        return;
    }

    delivery->opens = false;
    memcpy(delivery->lease.id, delivery->open.order_id, AS_UUID_LEN);

    switch (delivery->open.outcome) {
    case AS_ORDER_JOINED:
        counters->joined++;
        as_consumer_delivery_log(delivery, AS_LOG_INFO,
                                 "joined: the product has an open order");
        as_consumer_delivery_delete(delivery);
        return;

    case AS_ORDER_PAUSED:
        counters->opened++;
        as_consumer_delivery_log(delivery, AS_LOG_WARN,
                                 "opened, to be sent later: the "
                                 "product's last orders failed");
        as_consumer_delivery_delete(delivery);
        return;

    case AS_ORDER_OPENED:
        counters->opened++;
        as_consumer_delivery_log(delivery, AS_LOG_INFO,
                                 "opened for a message without an order");
        break;

    default:
        break;
    }

    as_consumer_db_add(delivery, AS_LEASE_TAKE);
}


static void
as_consumer_delivery_call(as_delivery_t *delivery)
{
    as_consumer_t      *consumer = delivery->consumer;
    as_factory_call_t  *call = &delivery->call;

    if (delivery->lease.sku == NULL) {
        as_consumer_delivery_dead(delivery, "the order's product was deleted");
        return;
    }

    if (consumer->stopping) {
        snprintf(delivery->error, sizeof(delivery->error),
                 "the worker stopped");
        as_consumer_delivery_later(delivery, 0);
        return;
    }

    call->order_id = delivery->lease.id;
    call->product_id = delivery->lease.product_id;
    call->sku = delivery->lease.sku;
    call->factory = delivery->lease.factory;
    call->requester = delivery->message.requester;
    call->quantity = delivery->lease.quantity;
    call->key = as_delivery_key(delivery);
    call->trace = delivery->span;
    call->ready = as_consumer_delivery_ready;
    call->done = as_consumer_delivery_answered;
    call->data = delivery;

    delivery->stage = AS_DELIVERY_FACTORY;
    if (as_factories_call(consumer->factories, delivery->lease.api, call) == 0)
    {
        return;
    }

    if (errno == EINVAL) {
        snprintf(delivery->error, sizeof(delivery->error),
                 "factory.API of %s is neither an http or https URL nor empty: "
                 "correct it in the database", delivery->lease.factory);
        as_consumer_delivery_dead(delivery, delivery->error);
        return;
    }

    as_consumer_delivery_give_back(delivery,
                                   as_consumer_delivery_backoff(delivery, -1));
}


/*
 * Whether an operator redrove the message of a failed order: with dlq redrive,
 * or with AWS's redrive, which sends it again.  A message that was sent before
 * its order failed is only another copy.
 */
static bool
as_consumer_delivery_was_put_back(const as_delivery_t *delivery)
{
    return delivery->was_dead || (delivery->lease.failed_ms > 0
                                  && delivery->sent_ms
                                     > delivery->lease.failed_ms);
}


/* The message's trace is that of its order, unless another program sent it. */
static void
as_consumer_delivery_trace(as_delivery_t *delivery)
{
    const as_trace_t  *own = &delivery->lease.trace;

    if (as_trace_is_set(own)
        && memcmp(own->id, delivery->trace.id, AS_TRACE_ID_LEN) != 0)
    {
        as_delivery_trace(delivery, own, &delivery->consumer->worker->uuid);
    }
}


static void
as_consumer_delivery_leased(as_delivery_t *delivery)
{
    as_worker_t  *worker = delivery->consumer->worker;

    as_consumer_delivery_trace(delivery);

    switch (delivery->lease.answer) {
    case AS_LEASE_MINE:
        as_consumer_delivery_call(delivery);
        return;

    case AS_LEASE_NO_ORDER:
        as_consumer_delivery_dead(delivery, "the order is unknown");
        return;

    case AS_LEASE_OTHERS:
        worker->counters.duplicates++;
        as_consumer_delivery_log(delivery, AS_LOG_DEBUG,
                                 "another message of the order is being "
                                 "processed");
        as_consumer_delivery_give_back(delivery, delivery->lease.left_ms
                                       + as_loop_random(worker->loop, 1000));
        return;

    case AS_LEASE_LOST:
        as_consumer_delivery_dead(delivery,
                                  "a worker ended during its call to the "
                                  "factory: the answer is not known");
        return;

    case AS_LEASE_FAILED:
        if (as_consumer_delivery_was_put_back(delivery)) {
            delivery->reopens = true;
            memcpy(delivery->reopen.id, delivery->lease.id, AS_UUID_LEN);
            delivery->reopen.published = true;
            as_consumer_db_add(delivery, AS_LEASE_TAKE);
            return;
        }
        as_consumer_delivery_log(delivery, AS_LOG_WARN,
                                 "dropped: its order failed before");
        break;

    default:
        as_consumer_delivery_log(delivery, AS_LOG_INFO,
                                 "deleted without a call: %s",
                                 delivery->lease.answer == AS_LEASE_ASKED
                                 ? "the factory has accepted the order already"
                                 : delivery->lease.answer == AS_LEASE_FULFILLED
                                 ? "the goods have arrived"
                                 : "the order is cancelled");
    }

    worker->counters.duplicates++;
    as_consumer_delivery_delete(delivery);
}


/* The job ended for a message that was sent again by AWS's redrive. */
static void
as_consumer_delivery_reopened(as_delivery_t *delivery)
{
    char  text[AS_DELIVERY_ERROR_LEN];

    delivery->reopens = false;

    if (delivery->reopen.outcome == AS_REOPEN_DONE) {
        as_consumer_delivery_log(delivery, AS_LOG_INFO,
                                 "reopened: its dead letter was returned to "
                                 "the queue");
        if (as_order_reopen_surplus(&delivery->reopen, text, sizeof(text))) {
            as_consumer_delivery_log(delivery, AS_LOG_WARN, "%s", text);
        }
        as_consumer_db_add(delivery, AS_LEASE_TAKE);
        return;
    }

    if (delivery->reopen.outcome == AS_REOPEN_NEWER) {
        as_order_reopen_newer(&delivery->reopen, text, sizeof(text));
        as_consumer_delivery_log(delivery, AS_LOG_WARN,
                                 "dropped: the order failed, and "
                                 "%s", text);
        as_consumer_delivery_delete(delivery);
        return;
    }

    /* the order's state changed in the meantime */
    delivery->was_dead = false;
    as_consumer_db_add(delivery, AS_LEASE_TAKE);
}


/* Runs before the call is sent: checks that the lease is still long enough. */
static bool
as_consumer_delivery_ready(void *data)
{
    as_delivery_t  *delivery = data;
    as_worker_t    *worker = delivery->consumer->worker;

    if (delivery->lease_end - as_loop_now(worker->loop)
        > worker->settings->factory_timeout + 1000)
    {
        delivery->calling = true;
        return true;
    }

    as_consumer_db_add(delivery, AS_LEASE_TAKE);

    return false;
}


static void
as_consumer_delivery_answered(void *data, const as_factory_result_t *result)
{
    int64_t         wait;
    as_delivery_t  *delivery = data;
    as_worker_t    *worker = delivery->consumer->worker;

    delivery->calling = false;
    delivery->status = result->status;
    snprintf(delivery->error, sizeof(delivery->error), "%s", result->reason);

    if (result->outcome == AS_FACTORY_ACCEPTED) {
        worker->counters.requested++;
        if (delivery->lease.age_ms >= 0) {
            worker->counters.lead_count++;
            worker->counters.lead_sum_s += (double) (delivery->lease.age_ms
                + as_loop_now(worker->loop) - delivery->leased_at) / 1000;
        }
        as_consumer_delivery_log(delivery, AS_LOG_INFO,
                                 "requested from the factory: %d",
                                 delivery->lease.quantity);
        as_consumer_db_add(delivery, AS_LEASE_REQUESTED);
        return;
    }

    if (result->outcome == AS_FACTORY_REFUSED
        || (result->outcome == AS_FACTORY_LOST
            && worker->settings->lost_answer == AS_STOP))
    {
        as_consumer_delivery_dead(delivery, delivery->error);
        return;
    }

    if (!result->outage && as_consumer_delivery_is_last(delivery)) {
        snprintf(delivery->error, sizeof(delivery->error), "failed after %u "
                 "receives: %.200s", delivery->receive_count, result->reason);
        as_consumer_delivery_dead(delivery, delivery->error);
        return;
    }

    worker->counters.backed_off++;
    wait = as_consumer_delivery_backoff(delivery, result->retry_after_ms);
    as_consumer_delivery_later(delivery, wait);
    as_consumer_delivery_log(delivery, AS_LOG_WARN,
                             "%s; again in %" PRId64 " ms "
                             "(receive %u of %u%s)", delivery->error,
                             delivery->again_ms, delivery->receive_count,
                             delivery->consumer->max_receive,
                             delivery->lease.kind == AS_LEASE_PUT_OFF
                             ? ": by a new message" : "");
}


/* The result is in the database. */
static void
as_consumer_delivery_stored(as_delivery_t *delivery)
{
    const as_settings_t  *settings = delivery->consumer->worker->settings;

    if (delivery->lease.kind == AS_LEASE_RELEASE) {
        as_consumer_delivery_give_back(delivery, delivery->again_ms);

    } else if (delivery->stays) {
        as_consumer_delivery_give_back(delivery, settings->visibility);

    } else {
        as_consumer_delivery_delete(delivery);
    }
}


void
as_consumer_delivery_db_done(as_delivery_t *delivery)
{
    if (delivery->reopens) {
        as_consumer_delivery_reopened(delivery);

    } else if (delivery->opens) {
        as_consumer_delivery_opened(delivery);

    } else if (delivery->lease.kind == AS_LEASE_TAKE) {
        as_consumer_delivery_leased(delivery);

    } else {
        as_consumer_delivery_stored(delivery);
    }
}


/* The job took too long: gives the message back, for another worker. */
void
as_consumer_delivery_db_dropped(as_delivery_t *delivery)
{
    as_consumer_delivery_log(delivery, AS_LOG_WARN, "returned to the queue "
                             "without a database job: AUTOSTOCK_STOP_TIMEOUT "
                             "passed");
    as_consumer_delivery_give_back(delivery,
                                   delivery->lease.kind == AS_LEASE_RELEASE
                                   ? delivery->again_ms : 0);
}


void
as_consumer_delivery_dead_done(void *data, as_delivery_t *delivery, bool done)
{
    bool            order;
    size_t          len;
    as_consumer_t  *consumer = data;

    order = !delivery->opens && delivery->lease.answer != AS_LEASE_NO_ORDER;
    consumer->worker->counters.dead += done;

    if (!done && (!order || (!delivery->bare
                             && !as_consumer_delivery_is_last(delivery)))) {
        /* leave it to the queue's redrive policy */
        as_consumer_delivery_give_back(delivery,
                                       consumer->worker->settings->visibility);
        return;
    }

    if (!order) {
        as_consumer_delivery_delete(delivery);
        return;
    }

    /* the order fails even where its message cannot be moved */
    delivery->stays = !done;
    if (delivery->stays) {
        len = strlen(delivery->error);
        snprintf(delivery->error + len, sizeof(delivery->error) - len,
                 "; its message could not be moved to the dead letters");
    }

    as_consumer_db_add(delivery, AS_LEASE_FAIL);
}
