/*
 * The consumer: the course of a letter.
 *
 *     arrived -> (opened) -> leased -> factory -> noted -> gone
 *
 * A letter is deleted only after the factory accepted its order, or there is
 * nothing left to ask for.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "as_consumer_parts.h"


#define AS_CONSUMER_KEEP_MS   500      /* between looks at visibilities */
#define AS_CONSUMER_LEASE_MS  2000     /* left of a lease: taken anew */
#define AS_CONSUMER_HOLD_MS   INT64_C(41400000)   /* 11.5 of SQS's 12 h */


static bool as_consumer_ready(void *data);
static void as_consumer_answered(void *data,
    const as_factory_result_t *result);


static void __attribute__((format(printf, 3, 4)))
as_consumer_say(as_letter_t *letter, as_log_level_e level,
    const char *fmt, ...)
{
    char        text[600];
    va_list     args;
    as_log_t   *log = letter->consumer->worker->log;

    if (!as_log_wants(log, level)) {
        return;
    }

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    if (letter->opens) {
        as_log_write(log, level, AS_CONSUMER_PART, "%s message=%s", text,
                     letter->id);
    } else {
        as_log_order(log, level, AS_CONSUMER_PART, letter->lease.id,
                     "%s message=%s", text, letter->id);
    }
}


static void
as_consumer_delete(as_letter_t *letter)
{
    letter->stage = AS_LETTER_TRAY;
    as_tray_delete(letter->consumer->tray, letter);
}


static void
as_consumer_give_back(as_letter_t *letter, int64_t ms)
{
    letter->stage = AS_LETTER_TRAY;
    letter->again_ms = ms;
    as_tray_give_back(letter->consumer->tray, letter);
}


/* Nothing can come of it: to the dead letters, then the order fails. */
static void
as_consumer_bury(as_letter_t *letter, const char *reason)
{
    if (reason != letter->error) {
        snprintf(letter->error, sizeof(letter->error), "%s", reason);
    }

    as_consumer_say(letter, AS_LOG_ERROR, "to the dead letters: %s",
                    letter->error);
    letter->stage = AS_LETTER_TRAY;
    as_tray_bury(letter->consumer->tray, letter);
}


/* Full jitter over a bound that doubles with each receive. */
static int64_t
as_consumer_backoff(const as_letter_t *letter, int64_t retry_after_ms)
{
    int64_t               bound, wait;
    unsigned              i;
    as_worker_t          *worker = letter->consumer->worker;
    const as_settings_t  *settings = worker->settings;

    bound = settings->backoff_min;
    for (i = 1; i < letter->receive_count && bound < settings->backoff_max;
         i++)
    {
        bound *= 2;
    }

    if (bound > settings->backoff_max) {
        bound = settings->backoff_max;
    }

    wait = as_loop_random(worker->loop, bound + 1);

    return retry_after_ms > wait ? retry_after_ms : wait;
}


void
as_consumer_arrived(as_letter_t *letter)
{
    as_consumer_t        *consumer = letter->consumer;
    const as_settings_t  *settings = consumer->worker->settings;

    letter->received_at = as_loop_now(consumer->worker->loop);
    letter->visible_at = letter->received_at + settings->visibility;
    TAILQ_INSERT_TAIL(&consumer->all, letter, all);
    consumer->in_hand++;
    as_loop_within(consumer->worker->loop, &consumer->keeper,
                   AS_CONSUMER_KEEP_MS);

    if (letter->message.has_order) {
        memcpy(letter->lease.id, letter->message.order_id, AS_UUID_LEN);
    } else {
        letter->opens = true;
    }

    if (letter->message.poison != NULL) {
        as_consumer_bury(letter, letter->message.poison);
        return;
    }

    if (consumer->stopping) {
        as_consumer_give_back(letter, 0);
        return;
    }

    if (letter->opens) {
        letter->open.product = letter->message.product;
        letter->open.quantity = letter->message.quantity;
        letter->open.pause_min_ms = settings->failure_pause_min;
        letter->open.pause_max_ms = settings->failure_pause_max;

        if (as_letter_order_id(letter, letter->open.id) != 0) {
            as_consumer_give_back(letter, settings->backoff_min);
            return;
        }
    }

    as_desk_add(letter, AS_LEASE_TAKE);
}


void
as_consumer_opened(as_letter_t *letter)
{
    as_counters_t  *counters = &letter->consumer->worker->counters;

    if (letter->open.outcome == AS_ORDER_NO_PRODUCT) {
        as_consumer_bury(letter, "the product is unknown");
        return;
    }

    letter->opens = false;
    memcpy(letter->lease.id, letter->open.order_id, AS_UUID_LEN);

    switch (letter->open.outcome) {
    case AS_ORDER_JOINED:
        counters->joined++;
        as_consumer_say(letter, AS_LOG_INFO,
                        "joined: the product has an open order");
        as_consumer_delete(letter);
        return;

    case AS_ORDER_PAUSED:
        counters->opened++;
        as_consumer_say(letter, AS_LOG_WARN, "opened, to be sent later: the "
                        "product's last orders failed");
        as_consumer_delete(letter);
        return;

    case AS_ORDER_OPENED:
        counters->opened++;
        as_consumer_say(letter, AS_LOG_INFO,
                        "opened for a message without an order");
        break;

    default:
        break;
    }

    as_desk_add(letter, AS_LEASE_TAKE);
}


static void
as_consumer_call(as_letter_t *letter)
{
    as_consumer_t      *consumer = letter->consumer;
    as_factory_call_t  *call = &letter->call;

    if (letter->lease.sku == NULL) {
        as_consumer_bury(letter, "the order's product is gone");
        return;
    }

    if (consumer->stopping) {
        letter->again_ms = 0;
        snprintf(letter->error, sizeof(letter->error), "the worker stopped");
        as_desk_add(letter, AS_LEASE_RELEASE);
        return;
    }

    call->order_id = letter->lease.id;
    call->product_id = letter->lease.product_id;
    call->sku = letter->lease.sku;
    call->factory = letter->lease.factory;
    call->requester = letter->message.requester;
    call->quantity = letter->lease.quantity;
    call->message = as_letter_key(letter);
    call->ready = as_consumer_ready;
    call->done = as_consumer_answered;
    call->data = letter;

    letter->stage = AS_LETTER_FACTORY;
    if (as_factories_call(consumer->factories, letter->lease.api, call) != 0)
    {
        as_consumer_give_back(letter, as_consumer_backoff(letter, -1));
    }
}


void
as_consumer_leased(as_letter_t *letter)
{
    as_worker_t  *worker = letter->consumer->worker;

    switch (letter->lease.answer) {
    case AS_LEASE_MINE:
        as_consumer_call(letter);
        return;

    case AS_LEASE_NO_ORDER:
        as_consumer_bury(letter, "the order is unknown");
        return;

    case AS_LEASE_OTHERS:
        worker->counters.duplicates++;
        as_consumer_say(letter, AS_LOG_DEBUG, "another letter of the order "
                        "is with the factory");
        as_consumer_give_back(letter, letter->lease.left_ms
                              + as_loop_random(worker->loop, 1000));
        return;

    case AS_LEASE_LOST:
        as_consumer_bury(letter, "a worker ended while it called the "
                         "factory: it cannot be known whether it accepted");
        return;

    case AS_LEASE_FAILED:
        as_consumer_say(letter, AS_LOG_WARN,
                        "dropped: its order has failed before");
        break;

    default:
        as_consumer_say(letter, AS_LOG_INFO, "deleted without a call: %s",
                        letter->lease.answer == AS_LEASE_ASKED
                        ? "the factory has been asked already"
                        : letter->lease.answer == AS_LEASE_FULFILLED
                        ? "the goods have come" : "the order is cancelled");
    }

    worker->counters.duplicates++;
    as_consumer_delete(letter);
}


/* Right before the call: is the lease still long enough? */
static bool
as_consumer_ready(void *data)
{
    as_letter_t  *letter = data;
    as_worker_t  *worker = letter->consumer->worker;

    if (letter->lease_end - as_loop_now(worker->loop)
        > worker->settings->factory_timeout + 1000)
    {
        letter->calling = true;
        return true;
    }

    as_desk_add(letter, AS_LEASE_TAKE);

    return false;
}


static bool
as_consumer_is_last(const as_letter_t *letter)
{
    return letter->consumer->max_receive > 0
           && letter->receive_count >= letter->consumer->max_receive;
}


static void
as_consumer_answered(void *data, const as_factory_result_t *result)
{
    as_letter_t  *letter = data;
    as_worker_t  *worker = letter->consumer->worker;

    letter->calling = false;
    letter->status = result->status;
    snprintf(letter->error, sizeof(letter->error), "%s", result->reason);

    if (result->outcome == AS_FACTORY_ACCEPTED) {
        worker->counters.requested++;
        if (letter->lease.age_ms >= 0) {
            worker->counters.lead_count++;
            worker->counters.lead_sum_s += (double) (letter->lease.age_ms
                + as_loop_now(worker->loop) - letter->leased_at) / 1000;
        }
        as_consumer_say(letter, AS_LOG_INFO, "requested of the factory: %d",
                        letter->lease.quantity);
        as_desk_add(letter, AS_LEASE_REQUESTED);
        return;
    }

    if (result->outcome == AS_FACTORY_REFUSED
        || (result->outcome == AS_FACTORY_LOST
            && worker->settings->lost_answer == AS_STOP))
    {
        as_consumer_bury(letter, letter->error);
        return;
    }

    if (as_consumer_is_last(letter)) {
        snprintf(letter->error, sizeof(letter->error), "gave up after %u "
                 "receives: %.200s", letter->receive_count, result->reason);
        as_consumer_bury(letter, letter->error);
        return;
    }

    letter->again_ms = as_consumer_backoff(letter, result->retry_after_ms);
    worker->counters.backed_off++;
    as_consumer_say(letter, AS_LOG_WARN, "%s; again in %" PRId64 " ms "
                    "(receive %u of %u)", letter->error, letter->again_ms,
                    letter->receive_count, letter->consumer->max_receive);
    as_desk_add(letter, AS_LEASE_RELEASE);
}


/* The database has it. */
void
as_consumer_noted(as_letter_t *letter)
{
    if (letter->lease.kind == AS_LEASE_RELEASE) {
        as_consumer_give_back(letter, letter->again_ms);
    } else {
        as_consumer_delete(letter);
    }
}


static void
as_consumer_buried(void *data, as_letter_t *letter, bool done)
{
    as_consumer_t  *consumer = data;

    if (!done) {
        /* the queue's own redrive policy is the second net */
        as_consumer_give_back(letter, consumer->worker->settings->visibility);
        return;
    }

    consumer->worker->counters.dead++;

    if (letter->opens || letter->lease.answer == AS_LEASE_NO_ORDER) {
        as_consumer_delete(letter);
    } else {
        as_desk_add(letter, AS_LEASE_FAIL);
    }
}


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


/* Keeps what is in hand invisible, and lets go what SQS would take. */
static void
as_consumer_keep(void *data)
{
    int64_t         now, half;
    as_letter_t    *letter;
    as_consumer_t  *consumer = data;

    now = as_loop_now(consumer->worker->loop);
    half = consumer->worker->settings->visibility / 2;

    TAILQ_FOREACH(letter, &consumer->all, all) {
        /* so that no other worker takes the order for lost */
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
    consumer->token = (uint64_t) as_loop_unix_ms(worker->loop) * 1000;
    consumer->progress = as_loop_now(worker->loop);
    consumer->keeper.fn = as_consumer_keep;
    consumer->keeper.data = consumer;
    consumer->intake_timer.fn = as_consumer_changed;
    consumer->intake_timer.data = consumer;
    consumer->desk_timer.fn = as_desk_go;
    consumer->desk_timer.data = consumer;
    TAILQ_INIT(&consumer->all);
    TAILQ_INIT(&consumer->desk);

    consumer->factories = as_factories_create(worker, as_consumer_changed,
                                              consumer);
    consumer->tray = as_tray_create(worker, as_consumer_left,
                                    as_consumer_buried, consumer);
    consumer->clerk = as_clerk_create(AS_CONSUMER_PART, worker->http,
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
            letter->again_ms = 0;
            snprintf(letter->error, sizeof(letter->error),
                     "the worker stopped");
            as_desk_add(letter, AS_LEASE_RELEASE);
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
            as_consumer_say(letter, AS_LOG_WARN, "given back in mid-call: "
                            "the time to stop is over");
            as_factories_abort(consumer->factories, &letter->call);
            as_consumer_give_back(letter, 0);
        }
    }
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
