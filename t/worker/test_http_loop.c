/*
 * HTTP calls in the loop: many, one after the other, cancelled.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "http_fixture.h"


static void
test_cancel(void **state)
{
    int                 i;
    test_t             *t = *state;
    as_http_call_t     *call;
    as_http_request_t   rq;

    memset(&t->answer, 0, sizeof(t->answer));
    http_request(t, &rq, http_url(t, "/silent"));
    call = as_http_send(t->http, &rq);

    while (atomic_load(&t->server->requests) == 0) {
        (void) as_loop_turn(t->loop, 10);
    }

    as_http_cancel(t->http, call);
    assert_int_equal(as_http_in_flight(t->http), 0);

    for (i = 0; i < 5; i++) {
        (void) as_loop_turn(t->loop, 10);
    }

    assert_int_equal(t->answer.told, 0);
    http_get(t, "/ok");
    assert_int_equal(t->answer.status, 200);

    /* Destroyed during a call, by teardown. */
    http_request(t, &rq, http_url(t, "/silent"));
    assert_non_null(as_http_send(t->http, &rq));
}


static void
test_many(void **state)
{
    size_t              i, done;
    test_t             *t = *state;
    answer_t           *answers;
    as_http_request_t   rq;

    answers = calloc(MANY + 1, sizeof(answer_t));
    http_request(t, &rq, http_url(t, "/ok"));

    for (i = 0; i < MANY; i++) {
        rq.data = &answers[i];
        assert_non_null(as_http_send(t->http, &rq));
    }

    errno = 0;
    assert_null(as_http_send(t->http, &rq));
    assert_int_equal(errno, EAGAIN);

    do {
        (void) as_loop_turn(t->loop, -1);

        for (i = 0, done = 0; i < MANY; i++) {
            done += answers[i].told;
        }
    } while (done < MANY);

    for (i = 0; i < MANY; i++) {
        assert_int_equal(answers[i].status, 200);
        assert_int_equal(answers[i].told, 1);
    }

    free(answers);
}


typedef struct {
    test_t             *t;
    as_http_request_t   rq;
    int                 left;
} chain_t;


static void
chained(void *data, const as_http_answer_t *a)
{
    chain_t  *chain = data;

    assert_int_equal(a->status, 200);

    if (--chain->left > 0) {
        assert_non_null(as_http_send(chain->t->http, &chain->rq));
    }
}


/*
 * The loop must not wait for a response that has already arrived: each such
 * call would take the whole time-out of the poll.
 */
static void
test_chain(void **state)
{
    int64_t   start, longest;
    chain_t   chain;
    test_t   *t = *state;

    chain.t = t;
    chain.left = 5000;
    http_request(t, &chain.rq, http_url(t, "/ok"));
    chain.rq.done = chained;
    chain.rq.data = &chain;
    assert_non_null(as_http_send(t->http, &chain.rq));
    longest = 0;

    while (chain.left > 0) {
        start = as_clock_mono_ms(as_clock_system());
        (void) as_loop_turn(t->loop, 10000);
        start = as_clock_mono_ms(as_clock_system()) - start;
        longest = start > longest ? start : longest;
    }

    assert_in_range(longest, 0, 9000);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_cancel, http_setup, http_teardown),
        cmocka_unit_test_setup_teardown(test_many, http_setup, http_teardown),
        cmocka_unit_test_setup_teardown(test_chain, http_setup, http_teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
