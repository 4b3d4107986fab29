/*
 * The server that is used, by the results of connections and checks: fail-over,
 * fail-back, and that neither flaps.  The test sets the time.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "../../src/db/ngx_http_autostock_choice.c"


#define NONE  NGX_HTTP_AUTOSTOCK_CHOICE_NONE
#define N     3

static ngx_http_autostock_choice_t  servers[N];
static ngx_msec_t                   now;


static int
setup(void **state)
{
    size_t  i;

    (void) state;

    /* a clock that passes 0 in the middle of a test */
    now = (ngx_msec_t) -5000;

    for (i = 0; i < N; i++) {
        ngx_http_autostock_choice_init(&servers[i], 1, 10000);
    }

    return 0;
}


static ngx_uint_t
first(void)
{
    return ngx_http_autostock_choice_first(servers, N);
}


static void
well(ngx_uint_t i)
{
    ngx_http_autostock_choice_well(&servers[i], now,
                      ngx_http_autostock_choice_is_alone(servers, N, i));
}


static ngx_uint_t
failed(ngx_uint_t i)
{
    return ngx_http_autostock_choice_failed(&servers[i], now);
}


static void
unfit(ngx_uint_t i)
{
    ngx_http_autostock_choice_unfit(&servers[i], now);
}


static void
the_first_of_the_configuration_is_tried_first(void **state)
{
    (void) state;

    assert_int_equal(first(), 0);
    well(1);
    assert_int_equal(first(), 0);
    well(0);
    assert_int_equal(first(), 0);
}


static void
one_that_fails_is_left_at_once(void **state)
{
    (void) state;

    well(0);
    assert_int_equal(failed(0), 1);
    assert_int_equal(first(), 1);
    assert_int_equal(failed(1), 1);
    assert_int_equal(first(), 2);
}


static void
max_fails_counts_within_fail_timeout(void **state)
{
    (void) state;

    servers[0].max_fails = 3;

    assert_int_equal(failed(0), 0);
    now += 9000;
    assert_int_equal(failed(0), 0);
    now += 2000;
    assert_int_equal(failed(0), 0);
    assert_int_equal(first(), 0);
    now += 1;
    assert_int_equal(failed(0), 0);
    now += 1;
    assert_int_equal(failed(0), 1);
    assert_int_equal(first(), 1);
}


static void
success_resets_the_count(void **state)
{
    (void) state;

    servers[0].max_fails = 2;

    assert_int_equal(failed(0), 0);
    well(0);
    assert_int_equal(failed(0), 0);
    assert_int_equal(first(), 0);
}


static void
max_fails_0_never_fails_but_can_be_unfit(void **state)
{
    int  i;

    (void) state;

    servers[0].max_fails = 0;

    for (i = 0; i < 100; i++) {
        assert_int_equal(failed(0), 0);
    }

    assert_int_equal(first(), 0);
    unfit(0);
    assert_int_equal(first(), 1);
}


static void
back_after_it_was_well_for_fail_timeout(void **state)
{
    (void) state;

    servers[0].fit = now;
    well(0);
    now += 1000000;
    failed(0);
    well(1);
    now += 10000;
    well(0);
    assert_int_equal(first(), 1);
    now += 9999;
    well(0);
    assert_int_equal(first(), 1);
    now += 1;
    assert_int_equal(first(), 1);
    well(0);
    assert_int_equal(first(), 0);
}


static void
one_failure_ends_a_trial(void **state)
{
    (void) state;

    servers[0].max_fails = 5;
    well(1);
    unfit(0);
    well(0);
    now += 9000;
    assert_int_equal(failed(0), 1);
    now += 1000;
    well(0);
    now += 9999;
    well(0);
    assert_int_equal(first(), 1);
}


static void
alone_it_is_back_at_once(void **state)
{
    (void) state;

    failed(0);
    failed(1);
    failed(2);
    now += 1;
    well(1);
    assert_int_equal(servers[1].state, NGX_HTTP_AUTOSTOCK_CHOICE_FIT);
    assert_int_equal(first(), 1);

    /* the server in use fails while another one is on trial */
    well(0);
    assert_int_equal(servers[0].state, NGX_HTTP_AUTOSTOCK_CHOICE_TRIAL);
    failed(1);
    assert_int_equal(first(), 0);
    well(0);
    assert_int_equal(servers[0].state, NGX_HTTP_AUTOSTOCK_CHOICE_FIT);
}


static void
where_all_failed_each_is_tried_in_turn(void **state)
{
    ngx_uint_t  i;

    (void) state;

    for (i = 0; i < N; i++) {
        now++;
        failed(i);
    }

    for (i = 0; i < 3 * N; i++) {
        assert_int_equal(first(), i % N);
        now += 50;
        failed(i % N);
    }
}


/* A fail-over in which no server is writable yet: look-ups go on. */

static void
one_that_only_reads_is_better_than_one_that_failed(void **state)
{
    (void) state;

    failed(0);
    unfit(1);
    failed(2);
    assert_int_equal(first(), 1);
    unfit(2);
    assert_int_equal(first(), 1);
    well(2);
    assert_int_equal(first(), 2);
}


static void
only_a_fit_one_in_a_circle(void **state)
{
    (void) state;

    assert_int_equal(ngx_http_autostock_choice_fit(servers, N, 1), NONE);
    well(0);
    well(2);
    assert_int_equal(ngx_http_autostock_choice_fit(servers, N, 0), 0);
    assert_int_equal(ngx_http_autostock_choice_fit(servers, N, 1), 2);
    unfit(2);
    assert_int_equal(ngx_http_autostock_choice_fit(servers, N, 1), 0);
}


static void
looked_at_more_often_when_it_matters(void **state)
{
    (void) state;

    assert_int_equal(ngx_http_autostock_choice_pause(&servers[0], now, 0),
                     10000);
    assert_int_equal(ngx_http_autostock_choice_pause(&servers[0], now, 1),
                     500);
    well(1);
    failed(0);
    well(0);
    assert_int_equal(ngx_http_autostock_choice_pause(&servers[0], now, 0),
                     2500);
    now += 9000;
    assert_int_equal(ngx_http_autostock_choice_pause(&servers[0], now, 0),
                     1000);
    now += 5000;
    assert_int_equal(ngx_http_autostock_choice_pause(&servers[0], now, 0), 1);
}


/*
 * The first server is up and down in turn, with every combination of lengths;
 * it is checked as often as the pool checks it.
 */

static ngx_uint_t
changes_in_an_hour(ngx_msec_t ill, ngx_msec_t good)
{
    ngx_uint_t  used, n, is_well;
    ngx_msec_t  start, look;

    setup(NULL);
    well(0);
    well(1);

    start = now;
    look = now;
    used = 0;
    n = 0;

    for ( /* void */ ; now - start < 3600000; now += 100) {
        is_well = (now - start) % (ill + good) >= ill;

        if (first() == 0 && !is_well) {
            failed(0);
            look = now + ngx_http_autostock_choice_pause(&servers[0], now, 0);

        } else if ((ngx_msec_int_t) (now - look) >= 0) {
            if (is_well) {
                well(0);
            } else {
                failed(0);
            }

            look = now + ngx_http_autostock_choice_pause(&servers[0], now, 0);
        }

        if (first() != used) {
            used = first();
            n++;
        }
    }

    return n;
}


static void
a_server_that_comes_and_goes_changes_little(void **state)
{
    ngx_msec_t  ill, good;
    ngx_uint_t  n, most;

    (void) state;

    most = 0;

    for (ill = 100; ill < 60000; ill = ill * 3 + 100) {
        for (good = 100; good < 100000; good = good * 3 + 100) {
            n = changes_in_an_hour(ill, good);
            most = ngx_max(most, n);
        }
    }

    /* two a minute at most, over an hour */
    assert_in_range(most, 2, 120);
}


static void
a_relapse_makes_the_next_trial_longer(void **state)
{
    ngx_msec_t  start;
    ngx_uint_t  i;

    (void) state;

    well(0);
    well(1);

    for (i = 0; i < 10; i++) {
        failed(0);
        well(0);
        start = now;

        while (first() != 0) {
            now += 1000;
            well(0);
        }

        assert_int_equal(now - start, 10000 << ngx_min(i + 1, 5));
    }

    /* after a long time without a failure: as at the start */
    now += 10 * 320000 + 1;
    failed(0);
    well(0);
    now += 10000;
    well(0);
    assert_int_equal(first(), 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(the_first_of_the_configuration_is_tried_first,
                               setup),
        cmocka_unit_test_setup(one_that_fails_is_left_at_once, setup),
        cmocka_unit_test_setup(max_fails_counts_within_fail_timeout, setup),
        cmocka_unit_test_setup(success_resets_the_count, setup),
        cmocka_unit_test_setup(max_fails_0_never_fails_but_can_be_unfit,
                               setup),
        cmocka_unit_test_setup(back_after_it_was_well_for_fail_timeout, setup),
        cmocka_unit_test_setup(one_failure_ends_a_trial, setup),
        cmocka_unit_test_setup(alone_it_is_back_at_once, setup),
        cmocka_unit_test_setup(where_all_failed_each_is_tried_in_turn, setup),
        cmocka_unit_test_setup(
                          one_that_only_reads_is_better_than_one_that_failed,
                               setup),
        cmocka_unit_test_setup(only_a_fit_one_in_a_circle, setup),
        cmocka_unit_test_setup(looked_at_more_often_when_it_matters, setup),
        cmocka_unit_test_setup(a_server_that_comes_and_goes_changes_little,
                               setup),
        cmocka_unit_test_setup(a_relapse_makes_the_next_trial_longer, setup),
    };

    return cmocka_run_group_tests_name("choice", tests, NULL, NULL);
}
