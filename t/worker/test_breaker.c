/*
 * When the circuit opens, when it is probed, when it closes.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run/breaker.h"


static as_breaker_t
breaker(void)
{
    as_breaker_t  b;

    as_breaker_init(&b, 1000, 8000);

    return b;
}


static void
opens_after_five_over_three(void **state)
{
    as_breaker_t  b = breaker();

    (void) state;

    assert_false(as_breaker_failure(&b, 1, 100, -1, 0));
    assert_false(as_breaker_failure(&b, 2, 100, -1, 0));
    assert_false(as_breaker_failure(&b, 3, 100, -1, 0));
    assert_false(as_breaker_failure(&b, 1, 100, -1, 0));
    assert_true(as_breaker_failure(&b, 1, 100, -1, 0));
    assert_true(b.open);
    assert_int_equal(b.probe_at, 1100);
}


static void
one_bad_message_opens_nothing(void **state)
{
    int           i;
    as_breaker_t  b = breaker();

    (void) state;

    for (i = 0; i < 100; i++) {
        assert_false(as_breaker_failure(&b, 1 + (uint64_t) (i & 1), 0, -1,
                                        0));
    }

    assert_false(b.open);
    assert_true(as_breaker_failure(&b, 3, 0, -1, 0));
}


static void
a_success_begins_anew(void **state)
{
    uint64_t      i;
    as_breaker_t  b = breaker();

    (void) state;

    for (i = 1; i <= 4; i++) {
        assert_false(as_breaker_failure(&b, i, 0, -1, 0));
    }

    assert_false(as_breaker_success(&b));

    for (i = 1; i <= 4; i++) {
        assert_false(as_breaker_failure(&b, i, 0, -1, 0));
    }

    assert_true(as_breaker_failure(&b, 5, 0, -1, 0));
    assert_true(as_breaker_success(&b));
    assert_false(b.open);
}


static void
probes_come_slower_and_slower(void **state)
{
    int64_t       now, wait[6];
    uint64_t      i;
    as_breaker_t  b = breaker();

    (void) state;

    for (i = 1; i <= 5; i++) {
        as_breaker_failure(&b, i, 0, -1, 0);
    }

    for (i = 0, now = 0; i < 6; i++) {
        wait[i] = b.probe_at - now;
        now = b.probe_at;
        assert_false(as_breaker_failure(&b, 1, now, -1, 0));
    }

    assert_int_equal(wait[0], 1000);
    assert_int_equal(wait[1], 2000);
    assert_int_equal(wait[2], 4000);
    assert_int_equal(wait[3], 8000);
    assert_int_equal(wait[5], 8000);
}


/* A call that was in flight when the circuit opened is not a probe. */
static void
stragglers_do_not_count(void **state)
{
    uint64_t      i;
    as_breaker_t  b = breaker();

    (void) state;

    for (i = 1; i <= 20; i++) {
        as_breaker_failure(&b, i, 0, -1, 0);
    }

    assert_int_equal(b.probes, 0);
    assert_int_equal(b.probe_at, 1000);
}


static void
retry_after_and_jitter(void **state)
{
    uint64_t      i;
    as_breaker_t  b = breaker();

    (void) state;

    for (i = 1; i <= 5; i++) {
        as_breaker_failure(&b, i, 0, 30000, 0);
    }
    assert_int_equal(b.probe_at, 30000);

    b = breaker();
    for (i = 1; i <= 5; i++) {
        as_breaker_failure(&b, i, 0, -1, 999);
    }
    assert_true(b.probe_at >= 800 && b.probe_at < 1000);
}


/* A Retry-After of the factory is respected, also after a probe; one that is
 * shorter than the breaker's interval is ignored. */
static void
retry_after_of_a_probe(void **state)
{
    uint64_t      i;
    as_breaker_t  b = breaker();

    (void) state;

    for (i = 1; i <= 5; i++) {
        as_breaker_failure(&b, i, 0, 10, 0);
    }
    assert_int_equal(b.probe_at, 1000);

    assert_false(as_breaker_failure(&b, 1, 1000, 60000, 0));
    assert_int_equal(b.probe_at, 61000);
    assert_false(as_breaker_failure(&b, 1, 61000, -1, 0));
    assert_int_equal(b.probe_at, 61000 + 4000);
}


/* After it was closed, the next failures open it with the first interval
 * again. */
static void
opens_again(void **state)
{
    int           k;
    uint64_t      i;
    as_breaker_t  b = breaker();

    (void) state;

    for (k = 0; k < 2; k++) {
        for (i = 1; i <= 4; i++) {
            assert_false(as_breaker_failure(&b, i, 100 * k, -1, 0));
        }
        assert_true(as_breaker_failure(&b, 5, 100 * k, -1, 0));
        assert_int_equal(b.since, 100 * k);
        assert_int_equal(b.probe_at, 100 * k + 1000);
        assert_false(as_breaker_failure(&b, 5, b.probe_at, -1, 0));
        assert_true(as_breaker_success(&b));
        assert_false(as_breaker_success(&b));
    }
}


/* the settings may have min above max: then max is used */
static void
interval_is_limited(void **state)
{
    uint64_t      i;
    as_breaker_t  b;

    (void) state;

    as_breaker_init(&b, 5000, 2000);
    for (i = 1; i <= 5; i++) {
        as_breaker_failure(&b, i, 0, -1, 0);
    }
    assert_int_equal(b.probe_at, 2000);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(opens_after_five_over_three),
        cmocka_unit_test(one_bad_message_opens_nothing),
        cmocka_unit_test(a_success_begins_anew),
        cmocka_unit_test(probes_come_slower_and_slower),
        cmocka_unit_test(stragglers_do_not_count),
        cmocka_unit_test(retry_after_and_jitter),
        cmocka_unit_test(retry_after_of_a_probe),
        cmocka_unit_test(opens_again),
        cmocka_unit_test(interval_is_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
