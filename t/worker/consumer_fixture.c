#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "consumer_fixture.h"


static consumer_fixture_t  *consumer;


static int64_t
consumer_now(void)
{
    return consumer->w.fake->mono_ms;
}


static void
consumer_unlease(consumer_order_t *order)
{
    order->owner[0] = '\0';
    order->lease_until = 0;
}


static bool
consumer_may_lease(const consumer_order_t *order, const char *own,
    const char *owner)
{
    return order->state <= CONSUMER_PUBLISHED
           && (order->lease_until <= consumer_now()
               || strncmp(order->owner, "relay:", 6) == 0
               || strcmp(order->owner, own) == 0
               || strcmp(order->owner, owner) == 0);
}


static void
consumer_take(consumer_order_t *order, as_lease_t *lease, const char *own,
    const char *owner, int64_t lease_ms)
{
    if (consumer_may_lease(order, own, owner)) {
        order->state = CONSUMER_PUBLISHED;
        order->lease_until = consumer_now() + lease_ms;
        (void) snprintf(order->owner, sizeof(order->owner), "%s", owner);
    }

    as_lease_free(lease);
    lease->quantity = 10;
    lease->left_ms = order->lease_until - consumer_now();
    lease->age_ms = consumer->age_ms;
    lease->failed_ms = order->failed_ms;

    if (!order->gone) {
        lease->sku = strdup("CP-502101");
        lease->factory = strdup("FF-500293");
        lease->api = strdup(consumer->api);
    }
}


static as_lease_answer_e
consumer_answer(const consumer_order_t *order, const char *owner)
{
    switch (order->state) {
    case CONSUMER_REQUESTED:
        return AS_LEASE_ASKED;

    case CONSUMER_FULFILLED:
        return AS_LEASE_FULFILLED;

    case CONSUMER_CANCELLED:
        return AS_LEASE_CANCELLED;

    case CONSUMER_FAILED:
        return AS_LEASE_FAILED;

    default:
        return strcmp(order->owner, owner) == 0 ? AS_LEASE_MINE
                                                : AS_LEASE_OTHERS;
    }
}


/* The result of the call of an order that has the lease. */
static void
consumer_result(consumer_order_t *order, const as_lease_t *lease,
    const char *own)
{
    if (lease->kind == AS_LEASE_REQUESTED
        && order->state <= CONSUMER_PUBLISHED)
    {
        order->state = CONSUMER_REQUESTED;
        consumer_unlease(order);

    } else if (lease->kind == AS_LEASE_FAIL
               && order->state <= CONSUMER_PUBLISHED)
    {
        order->state = CONSUMER_FAILED;
        (void) snprintf(order->error, sizeof(order->error), "%s",
                        lease->error);
        consumer_unlease(order);

    } else if ((lease->kind == AS_LEASE_RELEASE
                || lease->kind == AS_LEASE_PUT_OFF)
               && order->state == CONSUMER_PUBLISHED
               && strcmp(order->owner, own) == 0)
    {
        order->state = lease->kind == AS_LEASE_PUT_OFF ? CONSUMER_PENDING
                                                       : CONSUMER_PUBLISHED;
        order->next = consumer_now() + lease->again_ms;
        (void) snprintf(order->error, sizeof(order->error), "%s",
                        lease->error);
        consumer_unlease(order);
    }
}


static void
consumer_lease(as_lease_t *lease, const char *worker, uint64_t token,
    int64_t lease_ms, bool stop_on_lost)
{
    char               own[80], owner[80];
    consumer_order_t  *order;

    assert_in_range(lease->id[15], 0, CONSUMER_ORDERS - 1);
    order = &consumer->orders[lease->id[15]];
    (void) snprintf(own, sizeof(own), "call:%s:%" PRIu64, worker,
                    lease->token);
    (void) snprintf(owner, sizeof(owner), "call:%s:%" PRIu64, worker, token);

    lease->trace = order->trace;

    if (lease->kind != AS_LEASE_TAKE) {
        consumer_result(order, lease, own);

    } else if (order->state == CONSUMER_NONE) {
        lease->answer = AS_LEASE_NO_ORDER;

    } else if (stop_on_lost && order->state == CONSUMER_PUBLISHED
               && strncmp(order->owner, "call:", 5) == 0
               && strcmp(order->owner, own) != 0
               && strcmp(order->owner, owner) != 0
               && order->lease_until <= consumer_now())
    {
        consumer_take(order, lease, own, owner, lease_ms);
        lease->answer = AS_LEASE_LOST;

    } else {
        consumer_take(order, lease, own, owner, lease_ms);
        lease->answer = consumer_answer(order, owner);
        lease->token = lease->answer == AS_LEASE_MINE ? token : 0;
    }
}


as_db_status_e
as_lease_run(as_db_t *db, const char *worker, uint64_t token,
    int64_t lease_ms, bool stop_on_lost, as_lease_t *const *leases, size_t n)
{
    bool    fails;
    size_t  i;

    assert_non_null(db);
    assert_true(token > 0 && lease_ms > 0);

    for (i = 0, fails = false; i < n; i++) {
        fails |= consumer->fails > 0
                 && leases[i]->kind == consumer->fail_kind;
        consumer->jobs[leases[i]->kind]++;
    }

    for (i = 0; i < n && (!fails || consumer->fail_after); i++) {
        consumer_lease(leases[i], worker, token, lease_ms, stop_on_lost);
        if (fails) {
            /* the result is lost: the caller has no token */
            leases[i]->token = leases[i]->kind == AS_LEASE_TAKE
                               ? 0 : leases[i]->token;
        }
    }

    consumer->fails -= fails;

    return fails ? consumer->fail_status : AS_DB_OK;
}


as_db_status_e
as_order_open(as_db_t *db, as_order_open_t *open)
{
    assert_non_null(db);
    consumer->opens++;
    consumer->opened = *open;
    open->outcome = consumer->open_outcome;
    memset(open->order_id, 0, AS_UUID_LEN);

    return AS_DB_OK;
}


as_db_status_e
as_order_reopen(as_db_t *db, as_order_reopen_t *reopen)
{
    consumer_order_t  *order;

    assert_non_null(db);
    assert_true(reopen->published);
    consumer->reopens++;
    order = &consumer->orders[reopen->id[15]];
    reopen->outcome = consumer->reopen_outcome;
    reopen->product = consumer->surplus;
    reopen->stock = 9;
    reopen->reorder_point = 3;

    if (reopen->outcome == AS_REOPEN_DONE && order->newer) {
        reopen->outcome = AS_REOPEN_NEWER;
        (void) snprintf(reopen->newer_state, sizeof(reopen->newer_state),
                        "published");

    } else if (reopen->outcome == AS_REOPEN_DONE) {
        order->state = CONSUMER_PUBLISHED;
    }

    return AS_DB_OK;
}


int
consumer_setup(void **state)
{
    consumer_fixture_t  *t;

    t = consumer = calloc(1, sizeof(consumer_fixture_t));
    worker_setup(&t->w);
    t->api = FIXTURE_FACTORY;
    t->age_ms = 1000;
    t->consumer = as_consumer_create(&t->w.worker);
    assert_non_null(t->consumer);
    as_consumer_set_max_receive(t->consumer, 5);
    *state = t;

    return 0;
}


int
consumer_teardown(void **state)
{
    consumer_fixture_t  *t = *state;

    as_consumer_destroy(t->consumer);
    worker_teardown(&t->w);
    free(t);

    return 0;
}


void
consumer_deliver(consumer_fixture_t *t, const consumer_message_t *message)
{
    char       *to;
    as_text_t   text = AS_TEXT_EMPTY;

    as_text_printf(&text, "{\"Messages\":[{\"MessageId\":\"m%u\","
                   "\"ReceiptHandle\":\"r%u\",\"Body\":", t->messages,
                   t->messages);
    if (message->body != NULL) {
        as_text_json_string(&text, message->body, strlen(message->body));
    } else {
        as_text_printf(&text, "\"x\",\"MessageAttributes\":{"
                       "\"MessageAttributeOrderId\":{\"DataType\":\"String\","
                       "\"StringValue\":\"00000000-0000-0000-0000-0000000000"
                       "%02zx\"}}", message->order);
    }

    as_text_printf(&text, ",\"Attributes\":{\"ApproximateReceiveCount\":"
                   "\"%u\"", message->receives > 0 ? message->receives : 1);
    if (message->dead_source != NULL) {
        as_text_printf(&text, ",\"DeadLetterQueueSourceArn\":\"%s\"",
                       message->dead_source);
    }
    if (message->group != NULL) {
        as_text_printf(&text, ",\"MessageGroupId\":\"%s\"", message->group);
    }
    if (message->sent_ms != 0) {
        as_text_printf(&text, ",\"SentTimestamp\":\"%" PRId64 "\"",
                       message->sent_ms);
    }
    as_text_put(&text, "}}]}");

    t->messages++;
    to = t->answers[t->nanswers++];
    (void) snprintf(to, sizeof(t->answers[0]), "%s", as_text_get(&text));
    as_text_free(&text);
    (void) fake_answer_to(t->w.fake, CONSUMER_RECEIVE, 200, to);
}


void
consumer_deliver_order(consumer_fixture_t *t, size_t order,
    unsigned receives)
{
    consumer_message_t  message;

    memset(&message, 0, sizeof(message));
    message.order = order;
    message.receives = receives;
    consumer_deliver(t, &message);
}


void
consumer_done(consumer_fixture_t *t, const char *operation)
{
    (void) fake_answer_to(t->w.fake, operation, 200,
                          "{\"Successful\":[{\"Id\":\"0\"}]}");
}


fake_answer_t *
consumer_factory(consumer_fixture_t *t, int status)
{
    return fake_answer_to(t->w.fake, FIXTURE_FACTORY, status, "{}");
}


void
consumer_fails(consumer_fixture_t *t, as_lease_kind_e kind, unsigned times,
    as_db_status_e status, bool after)
{
    t->fail_kind = kind;
    t->fails = times;
    t->fail_status = status;
    t->fail_after = after;
}


size_t
consumer_calls(const consumer_fixture_t *t, const char *operation)
{
    size_t  i, n;

    for (i = 0, n = 0; i < t->w.fake->ncalls; i++) {
        n += fake_is_to(&t->w.fake->calls[i], operation);
    }

    return n;
}


int
consumer_hidden_s(consumer_fixture_t *t, size_t n)
{
    const char            *p;
    const as_http_call_t  *call;

    call = worker_call(&t->w, CONSUMER_BACK, n);
    p = call == NULL ? NULL : strstr(call->body, "\"VisibilityTimeout\":");

    return p == NULL ? -1 : atoi(p + 20);
}


void
consumer_stopped(void *data)
{
    ((consumer_fixture_t *) data)->stopped++;
}


const char *
consumer_state_name(consumer_state_e state)
{
    static const char *const  names[] = {
        "pending", "published", "requested", "fulfilled", "failed",
        "cancelled", "none"
    };

    return names[state];
}
