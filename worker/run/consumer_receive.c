/*
 * The consumer's receives: long polls, as many in parallel as there is room and
 * there are messages.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "run/consumer_parts.h"


#define AS_POLL_WAIT_S      20
#define AS_POLL_HASTE_MS    1000       /* ms: a poll that ends sooner is
                                          hasty */
#define AS_POLL_PATIENT_MS  5000       /* ms: a poll that waited is patient */
#define AS_POLL_HASTY_MIN   3          /* hasty polls in a row before a pause */
#define AS_POLL_HASTY_MAX   8          /* the pause stops growing */
#define AS_POLL_PAUSE_MS    50         /* the first pause, ms */


/*
 * An endpoint that answers long polls at once and without messages must not be
 * polled in a tight loop.  One or two such answers are normal: another worker
 * received the message that ended the poll.  Polls that were in flight together
 * count once, since one of them received it.
 */
static void
as_consumer_receive_empty(as_consumer_t *consumer,
    const as_consumer_poll_t *call)
{
    int64_t       pause, waited;
    as_worker_t  *worker = consumer->worker;

    waited = as_loop_now(worker->loop) - call->asked_at;

    if (call->wait_s == 0 || waited >= AS_POLL_HASTE_MS) {
        if (waited >= AS_POLL_PATIENT_MS) {
            consumer->hasty = 0;
        }
        return;
    }

    if (call->number <= consumer->hasty_poll) {
        return;
    }

    consumer->hasty_poll = consumer->polls;

    if (consumer->hasty < AS_POLL_HASTY_MAX
        && ++consumer->hasty == AS_POLL_HASTY_MAX)
    {
        as_log_write(worker->log, AS_LOG_WARN, AS_CONSUMER_PART, "the queue "
                     "answers long polls at once and without messages: polling "
                     "it about once per second");
    }

    if (consumer->hasty < AS_POLL_HASTY_MIN) {
        return;
    }

    pause = AS_POLL_PAUSE_MS << (consumer->hasty - AS_POLL_HASTY_MIN);
    as_loop_after(worker->loop, &consumer->receive_timer,
                  pause < AS_POLL_HASTE_MS ? pause : AS_POLL_HASTE_MS);
}


/*
 * Whether an error came with an answer of SQS: one that is too large as a
 * whole, or has messages that cannot be read.  Those come back when their
 * visibility time-out ends.
 */
static bool
as_consumer_receive_partly(as_consumer_t *consumer,
    const as_consumer_poll_t *call,
    const as_aws_error_t *err)
{
    as_log_t  *log = consumer->worker->log;

    if (err->http_error == AS_HTTP_TOO_LARGE && call->asked > 1) {
        consumer->most = call->asked / 2;
        as_log_write(log, AS_LOG_WARN, AS_CONSUMER_PART, "the queue's answer "
                     "to a receive of %zu messages is too large: receiving "
                     "%zu", call->asked, consumer->most);
        return true;
    }

    if (strcmp(err->code, AS_SQS_PARTLY) == 0) {
        as_log_write(log, AS_LOG_ERROR, AS_CONSUMER_PART, "the queue: %s",
                     err->message);
        return true;
    }

    return false;
}


static void
as_consumer_receive_done(void *data, const as_aws_error_t *err,
    const as_sqs_message_t *messages, size_t n)
{
    char                         reason[AS_AWS_REASON_LEN];
    size_t                       i;
    int64_t                      now;
    as_delivery_t               *delivery;
    as_consumer_poll_t  *call = data;
    as_consumer_t               *consumer = call->consumer;
    as_worker_t                 *worker = consumer->worker;

    now = as_loop_now(worker->loop);
    call->call = NULL;
    consumer->ncalls--;
    consumer->asked -= call->asked;
    consumer->progress = now;

    if (err != NULL && !as_consumer_receive_partly(consumer, call, err)) {
        as_aws_error_tell(err, reason);
        as_health_down(&worker->sqs, worker->log, now, reason);
        consumer->eager = 1;
        as_loop_after(worker->loop, &consumer->receive_timer,
                      as_health_wait_ms(&worker->sqs,
                                        as_loop_random(worker->loop,
                                                       1000)));
        return;
    }

    as_health_up(&worker->sqs, worker->log, now);

    if (err != NULL) {
        consumer->hasty = 0;

    } else if (n == 0) {
        as_consumer_receive_empty(consumer, call);
    } else {
        consumer->hasty = 0;
        consumer->most += consumer->most < AS_SQS_BATCH_MAX;
    }

    /*
     * double the polls while all are full; an empty answer reduces them to one
     */
    consumer->eager = n == 0 ? 1 : n < call->asked ? consumer->eager
                      : consumer->eager * 2;
    if (consumer->eager > AS_CONSUMER_POLLS) {
        consumer->eager = AS_CONSUMER_POLLS;
    }

    for (i = 0; i < n; i++) {
        delivery = as_delivery_create(consumer, &messages[i]);
        if (delivery == NULL) {
            as_log_write(worker->log, AS_LOG_ERROR, AS_CONSUMER_PART,
                         "out of memory: message %s is received again after "
                         "its visibility time-out", messages[i].id);
            continue;
        }

        worker->counters.received++;
        as_consumer_delivery_received(delivery);
    }

    as_consumer_receive_more(consumer);
}


/* How many messages to ask for now. */
static size_t
as_consumer_receive_room(const as_consumer_t *consumer)
{
    size_t        limit, taken;
    as_worker_t  *worker = consumer->worker;

    limit = (size_t) worker->settings->in_flight;
    taken = consumer->in_hand + consumer->asked;

    if (consumer->stopping || worker->db.down || consumer->receive_timer.set
        || taken >= limit)
    {
        return 0;
    }

    limit = as_factories_room(consumer->factories, limit - taken);

    /* receive one probe at a time */
    if (limit == 1 && consumer->ncalls > 0) {
        return 0;
    }

    return limit < consumer->most ? limit : consumer->most;
}


static bool
as_consumer_receive_send(as_consumer_t *consumer,
    as_consumer_poll_t *call, size_t n)
{
    as_worker_t       *worker = consumer->worker;
    as_sqs_receive_t   rq;

    /* an answer without wait shows sooner that SQS is back */
    call->wait_s = worker->sqs.down ? 0 : AS_POLL_WAIT_S;
    call->asked_at = as_loop_now(worker->loop);
    call->number = ++consumer->polls;

    rq.queue_url = worker->settings->queue_url;
    rq.max = (unsigned) n;
    rq.wait_s = call->wait_s;
    rq.visibility_s = (int) (worker->settings->visibility / 1000);

    call->consumer = consumer;
    call->asked = n;
    call->call = as_sqs_receive(worker->aws, &rq, as_consumer_receive_done,
                                call);

    if (call->call == NULL) {
        as_log_write(worker->log, AS_LOG_ERROR, AS_CONSUMER_PART,
                     "cannot poll the queue: %s", strerror(errno));
        as_loop_after(worker->loop, &consumer->receive_timer, 1000);
        return false;
    }

    consumer->ncalls++;
    consumer->asked += n;

    return true;
}


void
as_consumer_receive_more(as_consumer_t *consumer)
{
    size_t  i, n;

    for (i = 0; i < AS_CONSUMER_POLLS; i++) {
        n = as_consumer_receive_room(consumer);
        if (n == 0 || consumer->ncalls >= consumer->eager) {
            break;
        }

        if (consumer->calls[i].call == NULL
            && !as_consumer_receive_send(consumer, &consumer->calls[i], n))
        {
            return;
        }
    }

    /* no room, because of an outage: a poll in flight would use up receives */
    if (consumer->ncalls > 0
        && (consumer->worker->db.down
            || as_factories_room(consumer->factories, 2) == 0))
    {
        as_consumer_receive_cancel(consumer);
    }
}


void
as_consumer_receive_cancel(as_consumer_t *consumer)
{
    size_t  i;

    for (i = 0; i < AS_CONSUMER_POLLS; i++) {
        if (consumer->calls[i].call != NULL) {
            as_aws_call_cancel(consumer->worker->aws, consumer->calls[i].call);
            consumer->calls[i].call = NULL;
            consumer->asked -= consumer->calls[i].asked;
            consumer->ncalls--;
        }
    }
}
