/*
 * The course of a letter: the steps from its receipt to its removal.
 *
 * arrived -> (opened) -> leased -> factory -> noted -> gone
 *
 * A letter is deleted only after the factory accepted its order, or where
 * nothing is left to request.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "run/consumer_parts.h"


#define AS_COURSE_RECEIVES  3          /* the limit of receives where the
                                          queue's policy is not known */


static bool as_course_ready(void *data);
static void as_course_answered(void *data,
    const as_factory_result_t *result);


void
as_course_say(as_letter_t *letter, as_log_level_e level,
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
as_course_delete(as_letter_t *letter)
{
    letter->stage = AS_LETTER_TRAY;
    as_tray_delete(letter->consumer->tray, letter);
}


void
as_course_give_back(as_letter_t *letter, int64_t ms)
{
    letter->stage = AS_LETTER_TRAY;
    letter->again_ms = ms;
    as_tray_give_back(letter->consumer->tray, letter);
}


/*
 * The letter can never succeed: moves it to the dead-letter queue; then the
 * order fails.
 */
static void
as_course_bury(as_letter_t *letter, const char *reason)
{
    if (reason != letter->error) {
        snprintf(letter->error, sizeof(letter->error), "%s", reason);
    }

    as_course_say(letter, AS_LOG_ERROR, "to the dead letters: %s",
                    letter->error);
    letter->stage = AS_LETTER_TRAY;
    as_tray_bury(letter->consumer->tray, letter);
}


/*
 * True where SQS would move it to the dead-letter queue instead of delivering
 * it again.
 */
static bool
as_course_is_last(const as_letter_t *letter)
{
    unsigned  max = letter->consumer->max_receive;

    return letter->receive_count >= (max > 0 ? max : AS_COURSE_RECEIVES);
}


/*
 * Retries the letter after ms.  While receives are left the queue delivers it
 * again.  After that the order becomes pending again, and the relay publishes
 * it when ms have passed.  So an outage does not use up an order's receives.
 */
void
as_course_later(as_letter_t *letter, int64_t ms)
{
    letter->again_ms = ms;
    as_desk_add(letter, as_course_is_last(letter) ? AS_LEASE_PUT_OFF
                                                  : AS_LEASE_RELEASE);
}


/*
 * Full jitter over a bound.  The bound doubles with each receive and is at
 * least a quarter of the order's age.
 */
static int64_t
as_course_backoff(const as_letter_t *letter, int64_t retry_after_ms)
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

    if (bound < letter->lease.age_ms / 4) {
        bound = letter->lease.age_ms / 4;
    }

    if (bound > settings->backoff_max) {
        bound = settings->backoff_max;
    }

    wait = as_loop_random(worker->loop, bound + 1);

    return retry_after_ms > wait ? retry_after_ms : wait;
}


void
as_course_arrived(as_letter_t *letter)
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
        as_course_bury(letter, letter->message.poison);
        return;
    }

    if (consumer->stopping) {
        as_course_give_back(letter, 0);
        return;
    }

    if (letter->opens) {
        letter->open.product = letter->message.product;
        letter->open.quantity = letter->message.quantity;
        letter->open.pause_min_ms = settings->failure_pause_min;
        letter->open.pause_max_ms = settings->failure_pause_max;

        if (as_letter_order_id(letter, letter->open.id) != 0) {
            as_course_give_back(letter, settings->backoff_min);
            return;
        }
    }

    as_desk_add(letter, AS_LEASE_TAKE);
}


void
as_course_opened(as_letter_t *letter)
{
    as_counters_t  *counters = &letter->consumer->worker->counters;

    if (letter->open.outcome == AS_ORDER_NO_PRODUCT) {
        as_course_bury(letter, "the product is unknown");
        return;
    }

    letter->opens = false;
    memcpy(letter->lease.id, letter->open.order_id, AS_UUID_LEN);

    switch (letter->open.outcome) {
    case AS_ORDER_JOINED:
        counters->joined++;
        as_course_say(letter, AS_LOG_INFO,
                        "joined: the product has an open order");
        as_course_delete(letter);
        return;

    case AS_ORDER_PAUSED:
        counters->opened++;
        as_course_say(letter, AS_LOG_WARN, "opened, to be sent later: the "
                        "product's last orders failed");
        as_course_delete(letter);
        return;

    case AS_ORDER_OPENED:
        counters->opened++;
        as_course_say(letter, AS_LOG_INFO,
                        "opened for a message without an order");
        break;

    default:
        break;
    }

    as_desk_add(letter, AS_LEASE_TAKE);
}


static void
as_course_call(as_letter_t *letter)
{
    as_consumer_t      *consumer = letter->consumer;
    as_factory_call_t  *call = &letter->call;

    if (letter->lease.sku == NULL) {
        as_course_bury(letter, "the order's product is gone");
        return;
    }

    if (consumer->stopping) {
        snprintf(letter->error, sizeof(letter->error), "the worker stopped");
        as_course_later(letter, 0);
        return;
    }

    call->order_id = letter->lease.id;
    call->product_id = letter->lease.product_id;
    call->sku = letter->lease.sku;
    call->factory = letter->lease.factory;
    call->requester = letter->message.requester;
    call->quantity = letter->lease.quantity;
    call->key = as_letter_key(letter);
    call->ready = as_course_ready;
    call->done = as_course_answered;
    call->data = letter;

    letter->stage = AS_LETTER_FACTORY;
    if (as_factories_call(consumer->factories, letter->lease.api, call) == 0)
    {
        return;
    }

    if (errno == EINVAL) {
        snprintf(letter->error, sizeof(letter->error), "factory.API of %s is "
                 "neither an http or https URL nor empty: mend it in the "
                 "database", letter->lease.factory);
        as_course_bury(letter, letter->error);
        return;
    }

    as_course_give_back(letter, as_course_backoff(letter, -1));
}


/*
 * Whether an operator redrove the letter of a failed order: with dlq redrive,
 * or with AWS's redrive, which sends it again.  A letter that was sent before
 * its order failed is only another copy.
 */
static bool
as_course_was_put_back(const as_letter_t *letter)
{
    return letter->was_dead || (letter->lease.failed_ms > 0
                                && letter->sent_ms > letter->lease.failed_ms);
}


void
as_course_leased(as_letter_t *letter)
{
    as_worker_t  *worker = letter->consumer->worker;

    switch (letter->lease.answer) {
    case AS_LEASE_MINE:
        as_course_call(letter);
        return;

    case AS_LEASE_NO_ORDER:
        as_course_bury(letter, "the order is unknown");
        return;

    case AS_LEASE_OTHERS:
        worker->counters.duplicates++;
        as_course_say(letter, AS_LOG_DEBUG, "another letter of the order "
                        "is with the factory");
        as_course_give_back(letter, letter->lease.left_ms
                              + as_loop_random(worker->loop, 1000));
        return;

    case AS_LEASE_LOST:
        as_course_bury(letter, "a worker ended while it called the "
                         "factory: it cannot be known whether it accepted");
        return;

    case AS_LEASE_FAILED:
        if (as_course_was_put_back(letter)) {
            letter->reopens = true;
            memcpy(letter->reopen.id, letter->lease.id, AS_UUID_LEN);
            letter->reopen.published = true;
            as_desk_add(letter, AS_LEASE_TAKE);
            return;
        }
        as_course_say(letter, AS_LOG_WARN,
                        "dropped: its order has failed before");
        break;

    default:
        as_course_say(letter, AS_LOG_INFO, "deleted without a call: %s",
                        letter->lease.answer == AS_LEASE_ASKED
                        ? "the factory has been asked already"
                        : letter->lease.answer == AS_LEASE_FULFILLED
                        ? "the goods have come" : "the order is cancelled");
    }

    worker->counters.duplicates++;
    as_course_delete(letter);
}


/* The job ended for a letter that was redriven with AWS's means. */
void
as_course_reopened(as_letter_t *letter)
{
    char  text[AS_LETTER_ERROR_LEN];

    letter->reopens = false;

    if (letter->reopen.outcome == AS_REOPEN_DONE) {
        as_course_say(letter, AS_LOG_INFO,
                      "reopened: its dead letter was put back");
        if (as_order_reopen_surplus(&letter->reopen, text, sizeof(text))) {
            as_course_say(letter, AS_LOG_WARN, "%s", text);
        }
        as_desk_add(letter, AS_LEASE_TAKE);
        return;
    }

    if (letter->reopen.outcome == AS_REOPEN_NEWER) {
        as_order_reopen_newer(&letter->reopen, text, sizeof(text));
        as_course_say(letter, AS_LOG_WARN, "dropped: the order failed, and "
                      "%s", text);
        as_course_delete(letter);
        return;
    }

    /* the order's state changed in the meantime */
    letter->was_dead = false;
    as_desk_add(letter, AS_LEASE_TAKE);
}


/* Runs before the call is sent: checks that the lease is still long enough. */
static bool
as_course_ready(void *data)
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


static void
as_course_answered(void *data, const as_factory_result_t *result)
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
        as_course_say(letter, AS_LOG_INFO, "requested of the factory: %d",
                        letter->lease.quantity);
        as_desk_add(letter, AS_LEASE_REQUESTED);
        return;
    }

    if (result->outcome == AS_FACTORY_REFUSED
        || (result->outcome == AS_FACTORY_LOST
            && worker->settings->lost_answer == AS_STOP))
    {
        as_course_bury(letter, letter->error);
        return;
    }

    if (!result->outage && as_course_is_last(letter)) {
        snprintf(letter->error, sizeof(letter->error), "gave up after %u "
                 "receives: %.200s", letter->receive_count, result->reason);
        as_course_bury(letter, letter->error);
        return;
    }

    worker->counters.backed_off++;
    as_course_later(letter, as_course_backoff(letter,
                                              result->retry_after_ms));
    as_course_say(letter, AS_LOG_WARN, "%s; again in %" PRId64 " ms "
                    "(receive %u of %u%s)", letter->error, letter->again_ms,
                    letter->receive_count, letter->consumer->max_receive,
                    letter->lease.kind == AS_LEASE_PUT_OFF
                    ? ": by a new letter" : "");
}


/* The result is in the database. */
void
as_course_noted(as_letter_t *letter)
{
    if (letter->lease.kind == AS_LEASE_RELEASE) {
        as_course_give_back(letter, letter->again_ms);

    } else if (letter->stays) {
        as_course_give_back(letter,
                            letter->consumer->worker->settings->visibility);
    } else {
        as_course_delete(letter);
    }
}


void
as_course_buried(void *data, as_letter_t *letter, bool done)
{
    bool            order;
    size_t          len;
    as_consumer_t  *consumer = data;

    order = !letter->opens && letter->lease.answer != AS_LEASE_NO_ORDER;
    consumer->worker->counters.dead += done;

    if (!done && (!order || (!letter->bare && !as_course_is_last(letter)))) {
        /* leave it to the queue's redrive policy */
        as_course_give_back(letter, consumer->worker->settings->visibility);
        return;
    }

    if (!order) {
        as_course_delete(letter);
        return;
    }

    /* the order fails even where its letter cannot be moved */
    letter->stays = !done;
    if (letter->stays) {
        len = strlen(letter->error);
        snprintf(letter->error + len, sizeof(letter->error) - len,
                 "; its letter could not be moved to the dead letters");
    }

    as_desk_add(letter, AS_LEASE_FAIL);
}
