/*
 * A factory's queue: its limits, and its circuit breaker closed, open and
 * probed, over fake HTTP.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "run/factory.h"
#include "worker_fixture.h"


#define CALLS  24
#define OTHER  "http://other/api"


typedef struct {
    as_factory_call_t    call;
    uint8_t              id[AS_UUID_LEN];
    bool                 unready;      /* ready returns false */
    unsigned             answered;
    as_factory_result_t  result;
} call_t;

typedef struct {
    worker_fixture_t     w;
    as_factories_t      *all;
    call_t               calls[CALLS];
    unsigned             changed;
} test_t;


static bool
ready(void *data)
{
    return !((call_t *) data)->unready;
}


static void
answered(void *data, const as_factory_result_t *result)
{
    call_t  *call = data;

    call->answered++;
    call->result = *result;
}


static void
changed(void *data)
{
    ((test_t *) data)->changed++;
}


static int
setup(void **state)
{
    size_t   i;
    test_t  *t;
    call_t  *call;

    t = calloc(1, sizeof(test_t));
    worker_setup(&t->w);
    t->all = as_factories_create(&t->w.worker, changed, t);

    for (i = 0; i < CALLS; i++) {
        call = &t->calls[i];
        call->id[15] = (uint8_t) i;
        call->call.order_id = call->call.product_id = call->id;
        call->call.sku = "CP-502101";
        call->call.factory = "FF-500293";
        call->call.quantity = 10;
        call->call.key = i;
        call->call.ready = ready;
        call->call.done = answered;
        call->call.data = call;
    }

    *state = t;

    return 0;
}


static int
teardown(void **state)
{
    test_t  *t = *state;

    as_factories_destroy(t->all);
    worker_teardown(&t->w);
    free(t);

    return 0;
}


static size_t
sent(const test_t *t)
{
    return t->w.fake->ncalls;
}


/* Queues the calls from .. to - 1. */
static void
queue(test_t *t, size_t from, size_t to, const char *api)
{
    for ( /* void */ ; from < to; from++) {
        assert_int_equal(as_factories_call(t->all, api, &t->calls[from].call),
                         0);
    }
}


static void
answer(test_t *t, size_t n, int status)
{
    while (n-- > 0) {
        (void) fake_answer_to(t->w.fake, FIXTURE_FACTORY, status, "");
    }
    worker_run(&t->w, 1);
}


/* Five failures over five orders. */
static void
open_breaker(test_t *t)
{
    queue(t, 0, 5, "");
    answer(t, 5, 503);
    assert_int_equal(sent(t), 5);
    assert_int_equal(as_factories_room(t->all, 10), 0);
}


/* No more calls at once than allowed; the others follow in their order. */
static void
concurrency(void **state)
{
    test_t  *t = *state;

    t->w.settings.factory_concurrency = 2;
    queue(t, 0, 4, "");
    assert_int_equal(sent(t), 2);
    answer(t, 1, 200);
    assert_int_equal(sent(t), 3);
    assert_non_null(strstr(t->w.fake->calls[2].body, "order=00000000-0000-0000"
                           "-0000-000000000002"));
    answer(t, 3, 200);
    assert_int_equal(sent(t), 4);
    assert_int_equal(t->calls[3].answered, 1);
}


/* Each factory has its own limits. */
static void
limits_of_each_factory(void **state)
{
    test_t  *t = *state;

    t->w.settings.factory_concurrency = 1;
    queue(t, 0, 2, "");
    queue(t, 2, 4, OTHER);
    assert_int_equal(sent(t), 2);
    assert_string_equal(t->w.fake->calls[1].url, OTHER);
}


/* The rate per second, and at most a tenth of it at once. */
static void
rate(void **state)
{
    size_t  i, first;
    test_t  *t = *state;

    static const int64_t  rates[] = { 4, 20 };

    for (i = 0; i < 2; i++) {
        (void) teardown(state);
        (void) setup(state);
        t = *state;
        t->w.settings.factory_rate = rates[i];
        queue(t, 0, CALLS, "");
        first = sent(t);
        assert_in_range(first, 0, 2);
        worker_run(&t->w, 1000);
        assert_in_range(sent(t) - first, rates[i] - 2, rates[i] + 2);
    }
}


/* A call whose lease is too short goes back to its owner, who queues
 * it again. */
static void
not_ready(void **state)
{
    test_t  *t = *state;

    t->calls[0].unready = true;
    queue(t, 0, 2, "");
    assert_int_equal(sent(t), 1);
    assert_int_equal(t->calls[0].answered, 0);

    t->calls[0].unready = false;
    queue(t, 0, 1, "");
    assert_int_equal(sent(t), 2);
    answer(t, 2, 200);
    assert_int_equal(t->calls[0].answered, 1);
}


static void
taken_back(void **state)
{
    test_t  *t = *state;

    t->w.settings.factory_concurrency = 1;
    queue(t, 0, 3, "");
    assert_false(as_factory_take_back(&t->calls[0].call, false));
    assert_true(as_factory_take_back(&t->calls[1].call, false));
    answer(t, 2, 200);
    assert_int_equal(sent(t), 2);
    assert_int_equal(t->calls[1].answered, 0);
    assert_int_equal(t->calls[2].answered, 1);
}


/* After the stop time the response is never read. */
static void
aborted(void **state)
{
    test_t  *t = *state;

    queue(t, 0, 1, "");
    as_factory_abort(t->all, &t->calls[0].call);
    assert_true(t->w.fake->calls[0].cancelled);
    answer(t, 1, 200);
    assert_int_equal(t->calls[0].answered, 0);
}


/* A call cannot be sent from this host: the caller gets the error at once. */
static void
no_call_can_be_made(void **state)
{
    test_t  *t = *state;

    t->w.fake->refuse = true;
    queue(t, 0, 1, "");
    assert_int_equal(t->calls[0].answered, 1);
    assert_int_equal(t->calls[0].result.outcome, AS_FACTORY_FAILED);
    assert_true(t->calls[0].result.outage);
}


/* Closed: failed calls go back to their owners, and receiving continues. */
static void
closed(void **state)
{
    test_t  *t = *state;

    queue(t, 0, 4, "");
    answer(t, 4, 503);
    assert_int_equal(t->calls[3].answered, 1);
    assert_int_equal(t->calls[3].result.outcome, AS_FACTORY_FAILED);
    assert_int_equal(as_factories_room(t->all, 10), 10);
    assert_int_equal(t->changed, 0);
}


/* Open: the call that opened it stays in hand, to probe with; nothing else is
 * received or sent. */
static void
opens(void **state)
{
    size_t   i;
    test_t  *t = *state;

    open_breaker(t);
    for (i = 0; i < 4; i++) {
        assert_int_equal(t->calls[i].answered, 1);
    }
    assert_int_equal(t->calls[4].answered, 0);
    assert_true(t->changed > 0);
    assert_int_equal(worker_said(&t->w, "circuit opened: http://factory/api:"
                                 " the factory answered 503"), 1);

    queue(t, 5, 8, "");
    worker_run(&t->w, 700);
    assert_int_equal(sent(t), 5);
}


/* Half open: one probe at a time; it closes the breaker, and the rest goes. */
static void
probe_succeeds(void **state)
{
    test_t  *t = *state;

    open_breaker(t);
    queue(t, 5, 8, "");
    worker_run(&t->w, 1100);
    assert_int_equal(sent(t), 6);
    worker_run(&t->w, 9000);
    assert_int_equal(sent(t), 6);

    answer(t, 1, 201);
    worker_run(&t->w, 1);
    assert_int_equal(sent(t), 9);
    assert_int_equal(as_factories_room(t->all, 10), 10);
    assert_int_equal(worker_said(&t->w, "circuit closed: http://factory/api"),
                     1);
    assert_int_equal(t->calls[4].answered, 1);
    assert_int_equal(t->calls[4].result.outcome, AS_FACTORY_ACCEPTED);
}


/* A refusal shows that the factory answers, too. */
static void
probe_is_refused(void **state)
{
    test_t  *t = *state;

    open_breaker(t);
    worker_run(&t->w, 1100);
    answer(t, 1, 422);
    assert_int_equal(t->calls[4].result.outcome, AS_FACTORY_REFUSED);
    assert_int_equal(as_factories_room(t->all, 10), 10);
}


/* A probe that fails stays in hand, behind the others; the next one comes after
 * twice the time. */
static void
probe_fails(void **state)
{
    test_t  *t = *state;

    open_breaker(t);
    queue(t, 5, 6, "");
    worker_run(&t->w, 1100);
    assert_int_equal(sent(t), 6);
    answer(t, 1, 503);
    assert_int_equal(t->calls[4].answered, 0);
    worker_run(&t->w, 1500);
    assert_int_equal(sent(t), 6);
    worker_run(&t->w, 600);
    assert_int_equal(sent(t), 7);
    assert_non_null(strstr(t->w.fake->calls[6].body,
                           "order=00000000-0000-0000-0000-000000000005"));
    assert_int_equal(worker_said(&t->w, "circuit opened"), 1);
}


/* The factory sends Retry-After. */
static void
retry_after(void **state)
{
    test_t  *t = *state;

    queue(t, 0, 5, "");
    answer(t, 4, 429);
    fake_answer_to(t->w.fake, FIXTURE_FACTORY, 429, "")->retry_after_ms
        = 90000;
    worker_run(&t->w, 1);
    worker_run(&t->w, 89000);
    assert_int_equal(sent(t), 5);
    worker_run(&t->w, 2000);
    assert_int_equal(sent(t), 6);
}


/* If a lost response stops the order, its call is not sent again as a probe. */
static void
lost_answer_stops(void **state)
{
    size_t   i;
    test_t  *t = *state;

    t->w.settings.lost_answer = AS_STOP;
    queue(t, 0, 5, "");
    for (i = 0; i < 5; i++) {
        fake_answer_to(t->w.fake, FIXTURE_FACTORY, 0, "")->error
            = AS_HTTP_TIMEOUT;
    }
    worker_run(&t->w, 1);
    for (i = 0; i < 5; i++) {
        assert_int_equal(t->calls[i].answered, 1);
        assert_int_equal(t->calls[i].result.outcome, AS_FACTORY_LOST);
    }

    /* one is needed to probe with */
    assert_int_equal(as_factories_room(t->all, 10), 1);
    assert_non_null(strstr(t->w.fake->calls[0].headers, "Connection: close"));
}


/* Without a call in hand one message is received; with the failed probes, more
 * of them, so that one message that always fails is not the only probe. */
static void
messages_to_probe_with(void **state)
{
    size_t   i;
    test_t  *t = *state;

    open_breaker(t);
    assert_true(as_factory_take_back(&t->calls[4].call, false));
    assert_int_equal(as_factories_room(t->all, 10), 1);
    queue(t, 4, 5, "");
    assert_int_equal(as_factories_room(t->all, 10), 0);

    /* a call that is taken back to renew its lease still counts */
    assert_true(as_factory_take_back(&t->calls[4].call, true));
    assert_int_equal(as_factories_room(t->all, 10), 0);
    as_factory_forget(&t->calls[4].call);
    assert_int_equal(as_factories_room(t->all, 10), 1);
    queue(t, 4, 5, "");

    for (i = 0; i < 5; i++) {
        (void) fake_answer_to(t->w.fake, FIXTURE_FACTORY, 503, "");
    }
    worker_run(&t->w, 31000);
    assert_int_equal(sent(t), 10);
    assert_int_equal(as_factories_room(t->all, 10), 1);
}


/* An outage of one factory does not stop the messages of one that works, unless
 * it fills half of what may be in hand. */
static void
another_factory_works(void **state)
{
    test_t  *t = *state;

    t->w.settings.in_flight = 8;
    open_breaker(t);
    queue(t, 20, 21, OTHER);
    (void) fake_answer_to(t->w.fake, OTHER, 200, "");
    worker_run(&t->w, 1);
    assert_int_equal(t->calls[20].answered, 1);
    assert_int_equal(as_factories_room(t->all, 10), 10);

    queue(t, 5, 8, "");
    assert_int_equal(as_factories_room(t->all, 10), 0);
    assert_true(as_factory_take_back(&t->calls[7].call, false));
    assert_int_equal(as_factories_room(t->all, 10), 10);

    /* no success for a minute: not known to work */
    worker_run(&t->w, 61000);
    assert_int_equal(as_factories_room(t->all, 10), 0);
}


typedef struct {
    size_t  n;
    bool    open;
    size_t  waiting;
    size_t  calls;
} seen_t;


static void
see(void *data, const as_factory_view_t *view)
{
    seen_t  *seen = data;

    seen->n++;
    seen->open |= view->open;
    seen->waiting += view->waiting;
    seen->calls += view->calls;
}


static void
what_metrics_see(void **state)
{
    seen_t   seen;
    test_t  *t = *state;

    open_breaker(t);
    queue(t, 20, 22, OTHER);
    memset(&seen, 0, sizeof(seen));
    as_factories_visit(t->all, see, &seen);
    assert_int_equal(seen.n, 2);
    assert_true(seen.open);
    assert_int_equal(seen.waiting, 1);
    assert_int_equal(seen.calls, 2);
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(concurrency),
        TEST(limits_of_each_factory),
        TEST(rate),
        TEST(not_ready),
        TEST(taken_back),
        TEST(aborted),
        TEST(no_call_can_be_made),
        TEST(closed),
        TEST(opens),
        TEST(probe_succeeds),
        TEST(probe_is_refused),
        TEST(probe_fails),
        TEST(retry_after),
        TEST(lost_answer_stops),
        TEST(messages_to_probe_with),
        TEST(another_factory_works),
        TEST(what_metrics_see)
    };

    return cmocka_run_group_tests_name("factory_queue", tests, NULL, NULL);
}
