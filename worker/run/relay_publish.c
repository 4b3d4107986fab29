/*
 * The relay: its SNS part.  Publishes orders in batches of ten.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "run/relay_parts.h"


#define AS_RELAY_GIVE_UP   -1
#define AS_RELAY_ENTRY_MS  1000        /* ms: retry of an entry that failed
                                          alone */

/* An order that SNS refuses is put off for this time, so that it does not
 * block others.  This many in a row show that the topic is at fault, not the
 * orders. */
#define AS_RELAY_REFUSED_MS   60000
#define AS_RELAY_REFUSED_MAX  5

#define AS_RELAY_SUBJECT   "도너츠 재고 부족"
#define AS_RELAY_TEXT                                                         \
    "도너츠 재고가 없습니다. 제품을 생산해주세요! \n메시지 작성 시각: %s"


static void as_relay_publish_send(as_relay_t *relay, as_relay_batch_t *batch);


/* The relay's next step: in a later turn of the loop. */
static void
as_relay_publish_soon(as_relay_t *relay)
{
    as_loop_within(relay->worker->loop, &relay->soon, 0);
}


/* True where SNS answered and a repeated request would be refused again. */
static bool
as_relay_publish_refused(const as_aws_error_t *err)
{
    return err != NULL && err->class == AS_AWS_PERMANENT
           && err->http_error == AS_HTTP_OK && err->status / 100 == 4;
}


static int64_t
as_relay_publish_again(as_relay_t *relay, const as_aws_error_t *err)
{
    int64_t       random;
    as_worker_t  *worker = relay->worker;

    random = as_loop_random(worker->loop, 1000);

    return err == NULL ? AS_RELAY_ENTRY_MS + random
           : as_relay_publish_refused(err) ? AS_RELAY_REFUSED_MS + random
           : as_health_wait_ms(&worker->sns, random);
}


static void
as_relay_publish_entry(as_relay_t *relay, const as_outbox_order_t *order,
    const as_aws_error_t *err, const as_sqs_result_t *result)
{
    bool               never;
    const char        *code, *message;
    as_worker_t       *worker = relay->worker;
    as_outbox_mark_t  *mark;

    if (relay->nmarks == 0) {
        relay->marks_at = as_loop_now(worker->loop);
    }

    mark = &relay->marks[relay->nmarks++];
    memset(mark, 0, sizeof(*mark));
    memcpy(mark->id, order->id, AS_UUID_LEN);

    if (err == NULL && result->class == AS_AWS_OK) {
        mark->published = true;
        snprintf(mark->message_id, sizeof(mark->message_id), "%s",
                 result->message_id);
        worker->counters.published++;
        as_log_order(worker->log, AS_LOG_INFO, AS_RELAY_PART, order->id,
                     &order->trace, "published as %s", mark->message_id);
        return;
    }

    code = err != NULL ? err->code : result->code;
    message = err != NULL ? err->message : result->message;

    /* only the permanent refusal of a single entry fails its order */
    never = err == NULL && result->class == AS_AWS_PERMANENT;
    mark->again_ms = never ? AS_RELAY_GIVE_UP
                     : as_relay_publish_again(relay, err);
    snprintf(mark->error, sizeof(mark->error), "SNS: %.60s: %.120s", code,
             message);
    worker->counters.publish_failed++;

    if (err == NULL || as_relay_publish_refused(err)) {
        as_log_order(worker->log, AS_LOG_ERROR, AS_RELAY_PART, order->id,
                     &order->trace, "%s: %s",
                     never ? "failed" : "not published", mark->error);
    }
}


static as_outbox_order_t *
as_relay_publish_take(as_relay_t *relay)
{
    as_outbox_order_t  *order;

    order = &relay->queue[relay->first];
    relay->first = (relay->first + 1) % AS_RELAY_QUEUE;
    relay->nqueue--;

    return order;
}


void
as_relay_publish_give_back(as_relay_t *relay, const as_aws_error_t *err)
{
    as_outbox_order_t  *order;

    while (relay->nqueue > 0 && relay->nmarks < AS_RELAY_MARKS) {
        order = as_relay_publish_take(relay);
        as_relay_publish_entry(relay, order, err, NULL);
        free(order->factory);
    }
}


/*
 * Updates the health of SNS by a call's result.  True where nothing more should
 * be sent now.
 */
static bool
as_relay_publish_health(as_relay_t *relay, const as_aws_error_t *err)
{
    char          reason[AS_AWS_REASON_LEN];
    int64_t       now;
    as_worker_t  *worker = relay->worker;

    now = as_loop_now(worker->loop);

    if (err == NULL) {
        relay->refused = 0;
        as_health_up(&worker->sns, worker->log, now);
        return false;
    }

    if (as_relay_publish_refused(err)
        && ++relay->refused < AS_RELAY_REFUSED_MAX)
    {
        return false;
    }

    as_aws_error_tell(err, reason);
    as_health_down(&worker->sns, worker->log, now, reason);
    as_loop_after(worker->loop, &relay->timer,
                  as_health_wait_ms(&worker->sns,
                                    as_loop_random(worker->loop, 1000)));

    return true;
}


/* result is NULL where the call failed with err. */
static void
as_relay_publish_span(const as_relay_batch_t *batch,
    const as_outbox_order_t *order, const as_aws_error_t *err,
    const as_sqs_result_t *result)
{
    char                 name[300];
    as_span_t            span;
    as_worker_t         *worker = batch->relay->worker;
    as_span_attribute_t  attributes[4] = {
        { "messaging.system", "aws_sns", 0 },
        { "messaging.operation.type", "send", 0 },
        { "messaging.destination.name", NULL, 0 },
        { "messaging.message.id", NULL, 0 }
    };

    /* none while its lease was too short to send it */
    if (!as_spans_on(worker->spans) || !as_trace_is_set(&order->span)) {
        return;
    }

    attributes[2].text = as_spans_name_of(worker->settings->topic_arn);
    snprintf(name, sizeof(name), "publish %s", attributes[2].text);

    memset(&span, 0, sizeof(span));
    span.trace = order->span;
    span.parent = order->root ? NULL : order->trace.span;
    span.kind = AS_SPAN_PRODUCER;
    span.name = name;
    span.start_ms = batch->sent_ms;
    span.order_id = order->id;
    span.attributes = attributes;
    span.nattributes = 3;

    if (err != NULL) {
        span.error = err->code;

    } else if (result->class != AS_AWS_OK) {
        span.error = result->code;

    } else {
        attributes[3].text = result->message_id;
        span.nattributes = 4;
    }

    as_spans_end(worker->spans, &span);
}


/* Marks the first n orders of a batch and removes them from it. */
static void
as_relay_publish_batch_done(as_relay_batch_t *batch, size_t n,
    const as_aws_error_t *err, const as_sqs_result_t *results)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        as_relay_publish_entry(batch->relay, &batch->orders[i], err,
                               err == NULL ? &results[i] : NULL);
        as_relay_publish_span(batch, &batch->orders[i], err,
                              err == NULL ? &results[i] : NULL);
        free(batch->orders[i].factory);
    }

    batch->n -= n;
    memmove(batch->orders, batch->orders + n,
            batch->n * sizeof(batch->orders[0]));
}


/* Sends the next order of a batch that was refused as a whole.  True where a
 * call is in flight. */
static bool
as_relay_publish_single(as_relay_batch_t *batch)
{
    int64_t         now;
    as_aws_error_t  err;
    as_relay_t     *relay = batch->relay;

    static const char  why[] = "its batch was refused, and its lease ended "
                               "before it could be sent alone";

    now = as_loop_now(relay->worker->loop);

    if (batch->n > 0 && !relay->stopping
        && batch->orders[0].lease_end - now >= AS_RELAY_LEASE_MS / 3)
    {
        batch->single = true;
        as_relay_publish_send(relay, batch);
        return true;
    }

    memset(&err, 0, sizeof(err));
    as_aws_error_set(&err, 0, "Late", 4, why, sizeof(why) - 1);
    as_relay_publish_batch_done(batch, batch->n, &err, NULL);
    batch->single = false;

    return false;
}


static void
as_relay_publish_done(void *data, const as_aws_error_t *err,
    const as_sqs_result_t *results, size_t n)
{
    bool               down;
    as_relay_batch_t  *batch = data;
    as_relay_t        *relay = batch->relay;

    (void) n;

    batch->call = NULL;
    relay->calls--;
    relay->progress = as_loop_now(relay->worker->loop);

    /* find the order that SNS refuses by sending one by one */
    if (as_relay_publish_refused(err) && batch->n > 1 && !batch->single) {
        if (!as_relay_publish_single(batch)) {
            as_relay_publish_soon(relay);
        }
        return;
    }

    down = as_relay_publish_health(relay, err);
    as_relay_publish_batch_done(batch, batch->single && !down ? 1 : batch->n,
                                err, results);

    if (down) {
        batch->single = false;
        as_relay_publish_give_back(relay, err);

    } else if (batch->single && as_relay_publish_single(batch)) {
        return;
    }

    as_relay_publish_soon(relay);
}


typedef struct {
    char                product[AS_UUID_TEXT_LEN + 1];
    char                order[AS_UUID_TEXT_LEN + 1];
    char                count[16];
    char                trace[AS_TRACE_TEXT_LEN + 1];
    as_sns_attribute_t  attributes[6];
} as_relay_entry_t;


static void
as_relay_publish_fill(const as_relay_t *relay, as_relay_entry_t *own,
    const as_outbox_order_t *order, const char *text, bool fifo,
    as_sns_publish_t *entry)
{
    as_sns_attribute_t  *a = own->attributes;

    *as_uuid_text(order->product_id, own->product) = '\0';
    *as_uuid_text(order->id, own->order) = '\0';
    snprintf(own->count, sizeof(own->count), "%d", order->quantity);

    a[0].name = "MessageAttributeProductId";
    a[0].value = own->product;
    a[1].name = "MessageAttributeFactoryId";
    a[1].value = order->factory;
    a[2].name = "MessageAttributeProductCnt";
    a[2].value = own->count;
    a[3].name = "MessageAttributeRequester";
    a[3].value = relay->worker->settings->requester;
    a[4].name = "MessageAttributeOrderId";
    a[4].value = own->order;

    /* raw delivery drops a message of more than ten attributes */
    if (as_trace_is_set(&order->trace)) {
        *as_trace_text(&order->span, own->trace) = '\0';
        a[5].name = AS_MESSAGE_TRACE;
        a[5].value = own->trace;
    }

    entry->subject = AS_RELAY_SUBJECT;
    entry->message = text;
    entry->group_id = fifo ? own->product : NULL;
    entry->dedup_id = NULL;
    entry->attributes = a;
    entry->nattributes = as_trace_is_set(&order->trace) ? 6 : 5;
}


static void
as_relay_publish_time(const as_relay_t *relay, char *text, size_t room)
{
    time_t     now;
    char       when[40];
    struct tm  tm;

    now = (time_t) (as_loop_unix_ms(relay->worker->loop) / 1000);
    gmtime_r(&now, &tm);
    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
    snprintf(text, room, AS_RELAY_TEXT, when);
}


/* Each publication is a span.  Where spans are exported, it starts the trace of
 * an order that has none. */
static void
as_relay_publish_trace(const as_relay_t *relay, as_outbox_order_t *order)
{
    as_uuid_gen_t  *gen = &relay->worker->uuid;

    if (as_trace_is_set(&order->trace) && !order->root) {
        as_trace_child(&order->span, &order->trace, gen);

    } else if (as_spans_on(relay->worker->spans)) {
        as_trace_make(&order->span, gen);
        order->trace = order->span;
        order->root = true;
    }
}


/* Sends a batch, or its first order.  An order that is requested again needs a
 * new de-duplication id. */
static void
as_relay_publish_send(as_relay_t *relay, as_relay_batch_t *batch)
{
    bool               fifo;
    size_t             n;
    char               text[256], dedup[AS_SNS_BATCH_MAX][80];
    size_t             i;
    const char        *topic;
    as_aws_error_t     err;
    as_sns_publish_t   entries[AS_SNS_BATCH_MAX];
    as_relay_entry_t  own[AS_SNS_BATCH_MAX];

    topic = relay->worker->settings->topic_arn;
    fifo = as_aws_is_fifo(topic);
    as_relay_publish_time(relay, text, sizeof(text));

    n = batch->single ? 1 : batch->n;
    batch->sent_ms = as_loop_unix_ms(relay->worker->loop);

    for (i = 0; i < n; i++) {
        as_relay_publish_trace(relay, &batch->orders[i]);
        as_relay_publish_fill(relay, &own[i], &batch->orders[i], text, fifo,
                              &entries[i]);
        if (fifo) {
            snprintf(dedup[i], sizeof(dedup[i]), "%s-%" PRIu64,
                     own[i].order, relay->seq);
            entries[i].dedup_id = dedup[i];
        }
    }

    relay->calls++;
    batch->call = as_sns_publish_batch(relay->worker->aws, topic, entries, n,
                                       as_relay_publish_done, batch);
    if (batch->call == NULL) {
        as_aws_error_set(&err, 0, "NotSent", 7, strerror(errno),
                         strlen(strerror(errno)));
        as_relay_publish_done(batch, &err, NULL, 0);
    }
}


/*
 * Drops orders that have waited so long for a slow SNS that their lease may
 * expire.
 */
static void
as_relay_publish_drop_late(as_relay_t *relay)
{
    int64_t             now;
    as_aws_error_t      err;
    as_outbox_order_t  *order;

    now = as_loop_now(relay->worker->loop);

    while (relay->nqueue > 0 && relay->nmarks < AS_RELAY_MARKS
           && relay->queue[relay->first].lease_end - now
              < AS_RELAY_LEASE_MS / 3)
    {
        order = as_relay_publish_take(relay);
        as_aws_error_set(&err, 0, "Late", 4, "the lease ran out", 17);
        as_relay_publish_entry(relay, order, &err, NULL);
        free(order->factory);
    }
}


/*
 * Fills free batches.  Sends nothing while the timer is set: SNS is
 * unreachable.
 */
void
as_relay_publish(as_relay_t *relay)
{
    size_t             i;
    as_relay_batch_t  *batch;

    as_relay_publish_drop_late(relay);

    for (i = 0; i < AS_RELAY_CALLS && !relay->timer.set; i++) {
        batch = &relay->batches[i];

        if (batch->call != NULL || relay->nqueue == 0
            || relay->nmarks + (relay->calls + 1) * AS_SNS_BATCH_MAX
               > AS_RELAY_MARKS)
        {
            continue;
        }

        while (batch->n < AS_SNS_BATCH_MAX && relay->nqueue > 0) {
            batch->orders[batch->n++] = *as_relay_publish_take(relay);
        }

        as_relay_publish_send(relay, batch);
    }
}
