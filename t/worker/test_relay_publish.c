/*
 * The relay and SNS: its calls, the effect of each response on the orders, and
 * a topic that cannot be reached, is slow, or refuses.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "relay_fixture.h"


#define TRACE  "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

#define REFUSED                                                               \
    "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error>"\
    "<Type>Sender</Type><Code>InvalidParameter</Code><Message>no</Message>"   \
    "</Error></ErrorResponse>"


static void
what_is_sent(void **state)
{
    size_t            i;
    as_http_call_t   *call;
    relay_fixture_t  *t = *state;

    static const char *const  parts[] = {
        "TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A1%3At",
        ".Subject=%EB%8F%84%EB%84%88%EC%B8%A0%20%EC%9E%AC%EA%B3%A0%20"
        "%EB%B6%80%EC%A1%B1",
        "2015-08-30T12%3A36%3A00Z",
        "Name=MessageAttributeProductId",
        "Value.StringValue=00000000-0000-0000-0000-000000000000",
        "Name=MessageAttributeFactoryId",
        "Value.StringValue=FF-500293",
        "Name=MessageAttributeProductCnt",
        "Value.StringValue=10",
        "Name=MessageAttributeRequester",
        "Name=MessageAttributeOrderId",
        "Value.StringValue=01000000-0000-0000-0000-000000000000"
    };

    relay_open(t, 2);
    worker_run(&t->w, 20);
    call = worker_call(&t->w, RELAY_CALL, 0);
    assert_non_null(call);

    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (strstr(call->body, parts[i]) == NULL) {
            fail_msg("%s is not in %s", parts[i], call->body);
        }
    }

    assert_null(strstr(call->body, "MessageGroupId"));
    assert_null(strstr(call->body, "MessageDeduplicationId"));
}


/* The attribute with the trace of the n-th call; "" where there is none. */
static const char *
published_trace(relay_fixture_t *t, size_t n)
{
    const char   *at;
    static char   text[AS_TRACE_TEXT_LEN + 1];
    static const char  name[] = "Name=traceparent&";

    at = strstr(worker_call(&t->w, RELAY_CALL, n)->body, name);
    if (at == NULL) {
        return "";
    }

    at = strstr(at, "StringValue=");
    assert_non_null(at);
    (void) snprintf(text, sizeof(text), "%s", at + 12);

    return text;
}


/* Each publication has its own span in the order's trace. */
static void
trace(void **state)
{
    char              first[AS_TRACE_TEXT_LEN + 1];
    relay_fixture_t  *t = *state;

    relay_open(t, 1);
    as_trace_read(&t->orders[0].trace, TRACE);
    relay_answer(t, "r");
    relay_answer(t, "o");
    worker_run(&t->w, 3000);
    assert_int_equal(relay_calls(t), 2);

    (void) snprintf(first, sizeof(first), "%s", published_trace(t, 0));
    assert_memory_equal(first, TRACE, 36);
    assert_string_not_equal(first, TRACE);
    assert_memory_equal(published_trace(t, 1), TRACE, 36);
    assert_string_not_equal(published_trace(t, 1), first);
    assert_string_equal(first + 52, "-01");
    assert_int_equal(worker_said(&t->w,
                                 " trace=4bf92f3577b34da6a3ce929d0e0e4736\n"),
                     2);
    relay_open(t, 1);
    memset(&t->orders[t->norders - 1].trace, 0, sizeof(as_trace_t));
    worker_run(&t->w, 100);
    assert_string_equal(published_trace(t, 2), "");
    assert_int_equal(worker_said(&t->w, "trace="), 2);
}


static void
deduplication(const as_http_call_t *call, char *id, size_t room)
{
    const char  *p;

    assert_non_null(call);
    p = strstr(call->body, "MessageDeduplicationId=");
    assert_non_null(p);
    (void) snprintf(id, room, "%.*s", (int) strcspn(p, "&"), p);
}


/* A FIFO topic drops what it saw within five minutes: an order that is sent
 * again is another message, and a call that is repeated is not. */
static void
fifo_topic(void **state)
{
    char              first[160], second[160];
    relay_fixture_t  *t = *state;

    t->w.settings.topic_arn = "arn:aws:sns:eu-west-1:1:t.fifo";
    relay_open(t, 1);
    relay_answer(t, "r");
    worker_run(&t->w, 100);
    worker_run(&t->w, 3000);

    assert_int_equal(relay_calls(t), 2);
    deduplication(worker_call(&t->w, RELAY_CALL, 0), first, sizeof(first));
    deduplication(worker_call(&t->w, RELAY_CALL, 1), second, sizeof(second));
    assert_string_not_equal(first, second);
    assert_non_null(strstr(first,
                           "=00000000-0000-0000-0000-000000000000-"));
    assert_non_null(strstr(worker_call(&t->w, RELAY_CALL, 0)->body,
                           "MessageGroupId=00000000-0000-0000-0000-"));
}


/*
 * A call fails as a whole.  The order stays pending; SNS counts as unreachable
 * unless it answered that it does not take the order.
 */
static void
call_fails(void **state)
{
    size_t            i;
    int64_t           left;
    fake_answer_t    *a;
    relay_fixture_t  *t = *state;

    static const struct {
        as_http_error_e  error;
        int              status;
        const char      *body;
        bool             down;
        int64_t          wait_ms;      /* until the order is due, about */
        const char      *says;         /* the order's last_error */
    } cases[] = {
        { AS_HTTP_CONNECT, 0, "", true, 50, "SNS: " },
        { AS_HTTP_TIMEOUT, 0, "", true, 50, "SNS: " },
        { AS_HTTP_OK, 500, "", true, 50, "SNS: " },
        { AS_HTTP_OK, 503, "<ErrorResponse><Error><Code>ServiceUnavailable"
          "</Code></Error></ErrorResponse>", true, 50, "ServiceUnavailable" },
        { AS_HTTP_OK, 429, "", true, 50, "SNS: " },
        { AS_HTTP_OK, 400, "<ErrorResponse><Error><Code>Throttling</Code>"
          "</Error></ErrorResponse>", true, 50, "Throttling" },
        { AS_HTTP_OK, 403, "<ErrorResponse><Error><Code>AuthorizationError"
          "</Code></Error></ErrorResponse>", true, 50, "AuthorizationError" },
        { AS_HTTP_OK, 404, "<ErrorResponse><Error><Code>NotFound</Code>"
          "</Error></ErrorResponse>", true, 50, "NotFound" },
        { AS_HTTP_OK, 200, "<not SNS>", true, 50, "SNS: " },
        { AS_HTTP_OK, 400, REFUSED, false, 60000, "InvalidParameter: no" },
        { AS_HTTP_OK, 413, "", false, 60000, "SNS: " }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        relay_open(t, 1);
        a = fake_answer_to(t->w.fake, RELAY_CALL, cases[i].status,
                           cases[i].body);
        a->error = cases[i].error;
        worker_run(&t->w, 45);
        left = t->orders[i].due - t->w.fake->mono_ms;

        if (t->orders[i].state != RELAY_PENDING
            || t->w.worker.sns.down != cases[i].down
            || left < cases[i].wait_ms - 50 || left > cases[i].wait_ms + 1000
            || strstr(t->orders[i].error, cases[i].says) == NULL)
        {
            fail_msg("case %zu: state %d, down %d, due in %d ms, %s", i,
                     (int) t->orders[i].state, t->w.worker.sns.down,
                     (int) left, t->orders[i].error);
        }

        relay_answer(t, "o");
        worker_run(&t->w, cases[i].wait_ms + 2000);
        assert_int_equal(t->orders[i].state, RELAY_PUBLISHED);
        assert_false(t->w.worker.sns.down);
    }

    assert_int_equal(t->w.worker.counters.publish_failed, i);
    assert_int_equal(t->w.worker.counters.published, i);
}


/* Each entry of a batch has its own result. */
static void
entries_of_a_batch(void **state)
{
    relay_fixture_t  *t = *state;

    relay_open(t, 4);
    relay_answer(t, "opr-");
    worker_run(&t->w, 50);

    assert_int_equal(t->orders[0].state, RELAY_PUBLISHED);
    assert_int_equal(t->orders[1].state, RELAY_FAILED);
    assert_non_null(strstr(t->orders[1].error, "InvalidParameter"));
    assert_int_equal(t->orders[2].state, RELAY_PENDING);
    assert_non_null(strstr(t->orders[2].error, "InternalError"));
    assert_int_equal(t->orders[3].state, RELAY_PENDING);
    assert_false(t->w.worker.sns.down);
    assert_int_equal(t->w.worker.counters.publish_failed, 3);
    assert_int_equal(worker_said(&t->w, "failed: SNS: InvalidParameter"), 1);
    assert_true(t->orders[2].due > t->w.fake->mono_ms + 900);

    /* in one call or two */
    relay_answer(t, "oo");
    relay_answer(t, "oo");
    worker_run(&t->w, 3000);
    assert_int_equal(relay_count(t, RELAY_PUBLISHED), 3);
    assert_int_equal(relay_count(t, RELAY_FAILED), 1);
}


static void
refuse(relay_fixture_t *t)
{
    (void) fake_answer_to(t->w.fake, RELAY_CALL, 400, REFUSED);
}


/* The orders of a batch that is refused as a whole are sent one by one: only
 * the order that SNS refuses waits. */
static void
refused_batch(void **state)
{
    relay_fixture_t  *t = *state;

    relay_open(t, 3);
    refuse(t);
    relay_answer(t, "o");
    refuse(t);
    relay_answer(t, "o");
    worker_run(&t->w, 100);

    assert_int_equal(relay_calls(t), 4);
    assert_int_equal(t->orders[0].state, RELAY_PUBLISHED);
    assert_int_equal(t->orders[1].state, RELAY_PENDING);
    assert_int_equal(t->orders[2].state, RELAY_PUBLISHED);
    assert_true(t->orders[1].due > t->w.fake->mono_ms + 59000);
    assert_false(t->w.worker.sns.down);
    assert_int_equal(worker_said(&t->w, "not published: SNS: Invalid"), 1);
}


/* One by one takes time: orders that are left shortly before the leases end are
 * given back, so that no other worker publishes them a second time. */
static void
refused_batch_is_late(void **state)
{
    relay_fixture_t  *t = *state;

    relay_open(t, 3);
    refuse(t);
    relay_answer(t, "o");
    worker_run(&t->w, 100);
    assert_int_equal(relay_calls(t), 3);

    worker_run(&t->w, 7000);
    relay_answer(t, "o");
    worker_run(&t->w, 50);
    assert_int_equal(t->orders[1].state, RELAY_PUBLISHED);
    assert_non_null(strstr(t->orders[2].error,
                           "Late: its batch was refused, and its lease ended "
                           "before it could be sent alone"));
    assert_int_equal(t->orders[2].published, 0);

    relay_answer(t, "o");
    worker_run(&t->w, 2000);
    assert_int_equal(t->orders[2].state, RELAY_PUBLISHED);
    assert_int_equal(t->orders[2].published, 1);
}


/* An outage of SNS between two of them: the others wait for its end. */
static void
refused_batch_then_outage(void **state)
{
    relay_fixture_t  *t = *state;

    relay_open(t, 3);
    refuse(t);
    relay_answer(t, "o");
    (void) fake_answer_to(t->w.fake, RELAY_CALL, 503, "");
    worker_run(&t->w, 60);
    assert_true(t->w.worker.sns.down);
    assert_int_equal(relay_count(t, RELAY_PUBLISHED), 1);
    assert_int_equal(relay_calls(t), 3);

    /* in one call or two */
    relay_answer(t, "oo");
    relay_answer(t, "oo");
    worker_run(&t->w, 3000);
    assert_int_equal(relay_count(t, RELAY_PUBLISHED), 3);
}


/* After five refused orders in a row the topic counts as the cause. */
static void
topic_at_fault(void **state)
{
    size_t            i;
    relay_fixture_t  *t = *state;

    for (i = 0; i < 5; i++) {
        assert_false(t->w.worker.sns.down);
        relay_open(t, 1);
        refuse(t);
        worker_run(&t->w, 20);
    }

    assert_true(t->w.worker.sns.down);
    assert_int_equal(relay_count(t, RELAY_PENDING), 5);
}


/* An accepted order resets that count. */
static void
refusals_in_a_row(void **state)
{
    size_t            i;
    relay_fixture_t  *t = *state;

    for (i = 0; i < 9; i++) {
        relay_open(t, 1);
        if (i == 4) {
            relay_answer(t, "o");
        } else {
            refuse(t);
        }
        worker_run(&t->w, 20);
        assert_false(t->w.worker.sns.down);
    }
}


/* Ten orders a call, eight calls at once. */
static void
parallel_calls(void **state)
{
    size_t            i;
    relay_fixture_t  *t = *state;

    relay_open(t, 95);
    worker_run(&t->w, 50);
    assert_int_equal(relay_calls(t), 8);

    relay_answer(t, "oooooooooo");
    worker_run(&t->w, 50);
    assert_int_equal(relay_calls(t), 9);

    for (i = 0; i < 8; i++) {
        relay_answer(t, "oooooooooo");
    }
    worker_run(&t->w, 50);
    assert_int_equal(relay_calls(t), 10);
    assert_null(strstr(worker_call(&t->w, RELAY_CALL, 9)->body,
                       "member.6.Id="));
    relay_answer(t, "ooooo");
    worker_run(&t->w, 50);
    assert_int_equal(relay_count(t, RELAY_PUBLISHED), 95);
}


/* Accepted orders are marked while other calls are in flight, before their
 * lease ends. */
static void
slow_call(void **state)
{
    relay_fixture_t  *t = *state;

    relay_open(t, 11);
    worker_run(&t->w, 20);
    assert_int_equal(relay_calls(t), 2);
    relay_answer(t, "oooooooooo");
    worker_run(&t->w, 1000);
    assert_int_equal(relay_count(t, RELAY_PUBLISHED), 10);

    relay_answer(t, "o");
    worker_run(&t->w, 1000);
    assert_int_equal(relay_count(t, RELAY_PUBLISHED), 11);
}


/* SNS is too slow: a claimed order is released and due again before its lease
 * ends. */
static void
slow_topic(void **state)
{
    size_t            i, late;
    relay_fixture_t  *t = *state;

    relay_open(t, 90);
    worker_run(&t->w, 6000);
    for (i = 0, late = 0; i < 90; i++) {
        late += t->orders[i].error[0] != '\0';
    }
    assert_int_equal(late, 0);

    worker_run(&t->w, 1000);
    for (i = 0; i < 90; i++) {
        late += strstr(t->orders[i].error, "Late") != NULL;
    }
    assert_int_equal(late, 10);
    assert_int_equal(relay_calls(t), 8);
}


/* While SNS is unreachable nothing is sent, and one call finds that it is
 * back. */
static void
outage(void **state)
{
    size_t            i;
    relay_fixture_t  *t = *state;

    relay_open(t, 30);
    for (i = 0; i < 3; i++) {
        (void) fake_error(t->w.fake, AS_HTTP_CONNECT);
    }
    worker_run(&t->w, 20);
    assert_true(t->w.worker.sns.down);
    assert_int_equal(relay_count(t, RELAY_PENDING), 30);
    assert_int_equal(worker_said(&t->w, "retrying until it answers again"), 1);
    assert_int_equal(worker_said(&t->w, "error relay: not published"), 0);

    for (i = 0; i < 30; i++) {
        (void) fake_answer_to(t->w.fake, RELAY_CALL, 503, "");
    }
    worker_run(&t->w, 20000);
    assert_in_range(relay_calls(t), 6, 33);
    assert_int_equal(worker_said(&t->w, "retrying until it answers again"), 1);
    assert_int_equal(relay_count(t, RELAY_FAILED), 0);
}


/* A call cannot be sent from this host: the same as an outage of SNS. */
static void
no_call_can_be_sent(void **state)
{
    relay_fixture_t  *t = *state;

    t->w.fake->refuse = true;
    relay_open(t, 25);
    worker_run(&t->w, 1000);
    assert_true(t->w.worker.sns.down);
    assert_int_equal(relay_count(t, RELAY_PENDING), 25);
    assert_non_null(strstr(t->orders[24].error, "NotSent"));

    t->w.fake->refuse = false;
    worker_run(&t->w, 6000);
    assert_true(relay_calls(t) > 0);
}


/* Refused as a whole shortly before the leases end: none is sent alone. */
static void
refused_batch_comes_late(void **state)
{
    relay_fixture_t  *t = *state;

    relay_open(t, 2);
    worker_run(&t->w, 7000);
    refuse(t);
    worker_run(&t->w, 50);
    assert_int_equal(relay_calls(t), 1);
    assert_non_null(strstr(t->orders[0].error, "Late"));
    assert_non_null(strstr(t->orders[1].error, "Late"));
    assert_int_equal(relay_count(t, RELAY_PENDING), 2);
}


#define TEST(name)                                                            \
    cmocka_unit_test_setup_teardown(name, relay_setup, relay_teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(what_is_sent),
        TEST(trace),
        TEST(fifo_topic),
        TEST(call_fails),
        TEST(entries_of_a_batch),
        TEST(refused_batch),
        TEST(refused_batch_is_late),
        TEST(refused_batch_then_outage),
        TEST(topic_at_fault),
        TEST(refusals_in_a_row),
        TEST(parallel_calls),
        TEST(slow_call),
        TEST(slow_topic),
        TEST(outage),
        TEST(no_call_can_be_sent),
        TEST(refused_batch_comes_late)
    };

    return cmocka_run_group_tests_name("relay_publish", tests, NULL, NULL);
}
