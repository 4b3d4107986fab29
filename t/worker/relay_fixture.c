#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relay_fixture.h"


#define RELAY_LOOK_MS  2               /* of a look at an empty outbox */


static relay_fixture_t  *relay;


/* Returns whether the operation is to be performed. */
static bool
relay_op(relay_op_e which, as_db_status_e *status)
{
    bool         does;
    relay_op_t  *op = &relay->ops[which];

    op->calls++;
    *status = op->times > 0 ? op->status : AS_DB_OK;
    does = op->times == 0 || op->after;
    op->times -= op->times > 0;

    return does;
}


static bool
relay_due(const relay_order_t *order)
{
    return order->state == RELAY_PENDING
           && order->due <= relay->w.fake->mono_ms;
}


static relay_order_t *
relay_by_id(const uint8_t *id)
{
    assert_in_range(id[0], 0, relay->norders - 1);

    return &relay->orders[id[0]];
}


as_db_status_e
as_outbox_watch(as_db_t *db, int64_t interval_ms, unsigned looks, bool *due)
{
    size_t          i;
    as_db_status_e  status;

    assert_non_null(db);
    assert_true(interval_ms > 0 && looks > 0);
    *due = false;

    if (relay_op(RELAY_WATCH, &status)) {
        for (i = 0; i < relay->norders; i++) {
            *due |= relay_due(&relay->orders[i]);
        }
    }

    if (!*due) {
        relay->w.fake->mono_ms += RELAY_LOOK_MS;
        relay->w.fake->unix_ms += RELAY_LOOK_MS;
    }

    return status;
}


static void
relay_lease(as_outbox_claim_t *claim, relay_order_t *order)
{
    as_outbox_order_t  *to;

    to = &claim->orders[claim->n++];
    memset(to, 0, sizeof(*to));
    to->id[0] = (uint8_t) (order - relay->orders);
    to->product_id[0] = to->id[0];
    to->quantity = 10;
    to->fresh = order->fresh;
    to->claimed = true;
    to->pause_ms = order->pause_ms;
    to->failures = order->pause_ms > 0;
    to->factory = strdup("FF-500293");
    to->trace = order->trace;

    order->due = relay->w.fake->mono_ms
                 + (to->pause_ms > 0 ? to->pause_ms : claim->lease_ms);
    order->pause_ms = 0;
    (void) snprintf(order->owner, sizeof(order->owner), "%s", claim->owner);
}


as_db_status_e
as_outbox_claim(as_db_t *db, as_outbox_claim_t *claim)
{
    size_t          i;
    as_db_status_e  status;

    assert_non_null(db);
    assert_int_equal(claim->n, 0);

    if (relay_op(RELAY_CLAIM, &status)) {
        for (i = 0; i < relay->norders && claim->n < claim->max; i++) {
            if (relay_due(&relay->orders[i])) {
                relay_lease(claim, &relay->orders[i]);
            }
        }
    }

    return status;
}


as_db_status_e
as_outbox_unclaim(as_db_t *db, const char *owner)
{
    size_t          i;
    as_db_status_e  status;

    assert_non_null(db);

    if (!relay_op(RELAY_UNCLAIM, &status)) {
        return status;
    }

    for (i = 0; i < relay->norders; i++) {
        if (relay->orders[i].state == RELAY_PENDING
            && strcmp(relay->orders[i].owner, owner) == 0)
        {
            relay->orders[i].owner[0] = '\0';
            relay->orders[i].due = relay->w.fake->mono_ms;
        }
    }

    return status;
}


static void
relay_mark(const as_outbox_mark_t *mark)
{
    relay_order_t  *order;

    order = relay_by_id(mark->id);
    order->owner[0] = '\0';

    if (mark->published) {
        order->published++;
        order->state = RELAY_PUBLISHED;
        (void) snprintf(order->message_id, sizeof(order->message_id), "%s",
                        mark->message_id);
        return;
    }

    (void) snprintf(order->error, sizeof(order->error), "%s", mark->error);

    if (mark->again_ms < 0) {
        order->state = RELAY_FAILED;
    } else {
        order->due = relay->w.fake->mono_ms + mark->again_ms;
    }
}


as_db_status_e
as_outbox_mark(as_db_t *db, const char *worker,
    const as_outbox_mark_t *marks, size_t n)
{
    size_t          i;
    as_db_status_e  status;

    assert_non_null(db);
    assert_string_equal(worker, "w");

    if (relay_op(RELAY_MARK, &status)) {
        for (i = 0; i < n; i++) {
            relay_mark(&marks[i]);
        }
    }

    return status;
}


int
relay_setup(void **state)
{
    relay_fixture_t  *t;

    t = relay = calloc(1, sizeof(relay_fixture_t));
    worker_setup(&t->w);
    t->relay = as_relay_create(&t->w.worker);
    assert_non_null(t->relay);
    *state = t;

    return 0;
}


int
relay_teardown(void **state)
{
    relay_fixture_t  *t = *state;

    as_relay_destroy(t->relay);
    worker_teardown(&t->w);
    free(t);

    return 0;
}


void
relay_open(relay_fixture_t *t, size_t n)
{
    relay_order_t  *order;

    while (n-- > 0) {
        order = &t->orders[t->norders++];
        order->state = RELAY_PENDING;
        order->due = t->w.fake->mono_ms;
        order->fresh = true;
    }
}


void
relay_fails(relay_fixture_t *t, relay_op_e op, unsigned times,
    as_db_status_e status, bool after)
{
    t->ops[op].times = times;
    t->ops[op].status = status;
    t->ops[op].after = after;
}


static void
relay_entry(as_text_t *text, size_t i, char what)
{
    if (what == 'o') {
        as_text_printf(text, "<Successful><member><Id>%zu</Id><MessageId>"
                       "id-%zu</MessageId></member></Successful>", i, i);

    } else if (what != '-') {
        as_text_printf(text, "<Failed><member><Id>%zu</Id><Code>%s</Code>"
                       "<Message>no</Message><SenderFault>%s</SenderFault>"
                       "</member></Failed>", i,
                       what == 'p' ? "InvalidParameter" : "InternalError",
                       what == 'p' ? "true" : "false");
    }
}


void
relay_answer(relay_fixture_t *t, const char *entries)
{
    char       *body;
    size_t      i;
    as_text_t   text = AS_TEXT_EMPTY;

    as_text_put(&text, "<PublishBatchResponse xmlns=\"http://sns.amazonaws"
                ".com/doc/2010-03-31/\"><PublishBatchResult>");
    for (i = 0; entries[i] != '\0'; i++) {
        relay_entry(&text, i, entries[i]);
    }
    as_text_put(&text, "</PublishBatchResult></PublishBatchResponse>");

    body = t->answers[t->nanswers++];
    (void) snprintf(body, sizeof(t->answers[0]), "%s", as_text_get(&text));
    as_text_free(&text);
    (void) fake_answer_to(t->w.fake, RELAY_CALL, 200, body);
}


size_t
relay_count(const relay_fixture_t *t, relay_state_e state)
{
    size_t  i, n;

    for (i = 0, n = 0; i < t->norders; i++) {
        n += t->orders[i].state == state;
    }

    return n;
}


size_t
relay_calls(const relay_fixture_t *t)
{
    size_t  i, n;

    for (i = 0, n = 0; i < t->w.fake->ncalls; i++) {
        n += fake_is_to(&t->w.fake->calls[i], RELAY_CALL);
    }

    return n;
}


void
relay_stopped(void *data)
{
    ((relay_fixture_t *) data)->stopped++;
}
