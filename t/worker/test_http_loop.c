/*
 * The loop of the HTTP engine: many calls, one after the other, cancelled.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

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
        (void) as_http_poll(t->http, NULL, 0, 10);
    }

    as_http_cancel(t->http, call);
    assert_int_equal(as_http_in_flight(t->http), 0);

    for (i = 0; i < 5; i++) {
        (void) as_http_poll(t->http, NULL, 0, 10);
    }

    assert_int_equal(t->answer.told, 0);
    http_get(t, "/ok");
    assert_int_equal(t->answer.status, 200);

    /* Destroyed under a call: teardown does it. */
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
        (void) as_http_poll(t->http, NULL, 0, -1);

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
 * An answer that is there before the loop waits again must not be waited
 * for: each such call would cost the whole time-out of the poll.
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
        (void) as_http_poll(t->http, NULL, 0, 10000);
        start = as_clock_mono_ms(as_clock_system()) - start;
        longest = start > longest ? start : longest;
    }

    assert_in_range(longest, 0, 9000);
}


static void
bump(void *data)
{
    (*(int *) data)++;
}


static void
test_loop(void **state)
{
    int             n, fd;
    bool            never;
    test_t         *t = *state;
    uint64_t        one;
    struct pollfd   pfd;

    n = 0;
    assert_int_equal(as_http_defer(t->http, bump, &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(as_http_timeout(t->http), 0);
    as_http_perform(t->http);
    as_http_perform(t->http);
    assert_int_equal(n, 1);

    as_http_wake(t->http);
    assert_int_equal(as_http_poll(t->http, NULL, 0, -1), 0);

    fd = eventfd(0, EFD_NONBLOCK);
    assert_int_equal(as_http_watch(t->http, fd, bump, &n), 0);
    one = 1;
    assert_int_equal(write(fd, &one, sizeof(one)), sizeof(one));
    (void) as_http_poll(t->http, NULL, 0, -1);
    assert_int_equal(n, 2);
    as_http_unwatch(t->http, fd);
    (void) as_http_poll(t->http, NULL, 0, 10);
    assert_int_equal(n, 2);

    pfd.fd = fd;
    pfd.events = POLLIN;
    assert_int_equal(as_http_poll(t->http, &pfd, 1, -1), 1);
    assert_int_equal(pfd.revents, POLLIN);

    never = false;
    errno = 0;
    assert_int_equal(as_http_wait(t->http, &never, fd), -1);
    assert_int_equal(errno, EINTR);
    (void) close(fd);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_cancel, http_setup, http_teardown),
        cmocka_unit_test_setup_teardown(test_many, http_setup, http_teardown),
        cmocka_unit_test_setup_teardown(test_chain, http_setup, http_teardown),
        cmocka_unit_test_setup_teardown(test_loop, http_setup, http_teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
