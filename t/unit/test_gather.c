/*
 * Whether the next flight waits for clients that send their next request at
 * once: by the results of the last flights, and never longer than one or two of
 * them took.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "../../src/sell/ngx_http_autostock_gather.c"


#define MSEC  1000000


static ngx_http_autostock_gather_t  gather;
static ngx_event_t                  launch;
static ngx_cycle_t                  cycle;
static uint64_t                     now;         /* ns */
static ngx_msec_t                   timer;       /* ms until it ends; 0: not
                                                    set */

volatile ngx_cycle_t  *ngx_cycle = &cycle;
volatile ngx_msec_t    ngx_current_msec;
ngx_rbtree_t           ngx_event_timer_rbtree;
ngx_queue_t            ngx_posted_events;


uint64_t
ngx_http_autostock_clock_ns(void)
{
    return now;
}


/* ngx_event_add_timer() and ngx_event_del_timer() keep it in a tree */

void
ngx_rbtree_insert(ngx_rbtree_t *tree, ngx_rbtree_node_t *node)
{
    assert_ptr_equal(tree, &ngx_event_timer_rbtree);
    timer = (ngx_msec_t) node->key - ngx_current_msec;
}


void
ngx_rbtree_delete(ngx_rbtree_t *tree, ngx_rbtree_node_t *node)
{
    assert_ptr_equal(tree, &ngx_event_timer_rbtree);
    (void) node;
    timer = 0;
}


void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
    (void) level;
    (void) log;
    (void) err;
    (void) fmt;
}


static int
setup(void **state)
{
    static ngx_log_t  log;

    (void) state;
    memset(&gather, 0, sizeof(gather));
    memset(&launch, 0, sizeof(launch));
    cycle.log = launch.log = &log;
    now = 1000 * (uint64_t) MSEC;
    timer = 0;
    ngx_queue_init(&ngx_posted_events);
    ngx_http_autostock_gather_init(&gather, &launch);

    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    ngx_http_autostock_gather_destroy(&gather);
    assert_int_equal(timer, 0);

    return 0;
}


/* a flight of n requests; "back" clients then send their next one at once */

static void
flight(ngx_uint_t n, uint64_t took_ns, ngx_uint_t again)
{
    uint64_t  began = now;

    ngx_http_autostock_gather_launched(&gather);
    now += took_ns;
    ngx_http_autostock_gather_ended(&gather, began, n);

    while (again--) {
        ngx_http_autostock_gather_arrived(&gather);
    }
}


static void
flights(ngx_uint_t count, ngx_uint_t n, uint64_t took_ns, ngx_uint_t again)
{
    while (count--) {
        flight(n, took_ns, again);
    }
}


/* After the first flights nothing is known: no flight waits. */

static void
nothing_is_known(void **state)
{
    ngx_uint_t  i;

    (void) state;

    assert_int_equal(ngx_http_autostock_gather_start(&gather, 10, 256), 0);

    for (i = 0; i < 2; i++) {
        flight(64, 2 * MSEC, 64);
        assert_int_equal(ngx_http_autostock_gather_start(&gather, 10, 256),
                         0);
    }

    /* the median of five times, of which two are not known */
    flight(64, 2 * MSEC, 64);
    assert_int_equal(gather.flight_ns, 2 * MSEC);
    assert_int_equal(ngx_http_autostock_gather_start(&gather, 10, 256), 1);
}


/* A flight waits for clients that come back, and not for others. */

static void
clients_come_back(void **state)
{
    (void) state;

    flights(8, 64, 2 * MSEC, 64);
    assert_int_equal(ngx_http_autostock_gather_start(&gather, 8, 256), 1);

    /* 8 are queued, and 64 expected: seven eighths of them */
    assert_in_range(gather.wanted, 60, 63);
    assert_int_equal(ngx_http_autostock_gather_waits(&gather, 59), 1);
    assert_int_equal(ngx_http_autostock_gather_waits(&gather, 63), 0);
    assert_int_equal(gather.expired, 0);

    (void) teardown(state);
    (void) setup(state);
    flights(8, 64, 2 * MSEC, 0);
    assert_int_equal(ngx_http_autostock_gather_start(&gather, 8, 256), 0);

    /* a half of them */
    (void) setup(state);
    flights(8, 64, 2 * MSEC, 32);
    assert_int_equal(ngx_http_autostock_gather_start(&gather, 8, 256), 1);
    assert_in_range(gather.wanted, 33, 36);
}


/* No wait for a few clients, for more than a flight can take, or for clients
 * that wait already. */

static void
not_worth_it(void **state)
{
    (void) state;

    flights(8, 4, 2 * MSEC, 4);
    assert_int_equal(ngx_http_autostock_gather_start(&gather, 0, 256), 0);

    (void) setup(state);
    flights(8, 64, 2 * MSEC, 64);
    assert_int_equal(ngx_http_autostock_gather_start(&gather, 8, 16), 1);
    assert_int_equal(gather.wanted, 16);
    assert_int_equal(ngx_http_autostock_gather_start(&gather, 16, 16), 0);
    assert_int_equal(ngx_http_autostock_gather_start(&gather, 500, 256), 0);
}


/* The wait is as long as a flight takes, or twice as long if few clients have
 * their response yet. */

static void
how_long(void **state)
{
    (void) state;

    flights(8, 64, 4 * MSEC, 64);
    assert_int_equal(ngx_http_autostock_gather_start(&gather, 16, 256), 1);
    assert_int_equal(gather.longest_ns, 4 * MSEC);
    assert_int_equal(timer, 5);

    ngx_http_autostock_gather_launched(&gather);
    assert_int_equal(timer, 0);
    assert_int_equal(ngx_http_autostock_gather_start(&gather, 15, 256), 1);
    assert_int_equal(gather.longest_ns, 8 * MSEC);

    now += 8 * MSEC - 1;
    assert_int_equal(ngx_http_autostock_gather_waits(&gather, 20), 1);
    now += 1;
    assert_int_equal(ngx_http_autostock_gather_waits(&gather, 20), 0);
    assert_int_equal(gather.expired, 1);
}


/* A few flights that waited for a lock do not change the median; if all are
 * slow, it is limited to 250 ms. */

static void
slow_flights(void **state)
{
    ngx_uint_t  i;

    (void) state;

    flights(5, 64, 2 * MSEC, 64);
    flights(2, 64, 900 * (uint64_t) MSEC, 64);
    assert_int_equal(gather.flight_ns, 2 * MSEC);

    for (i = 0; i < 5; i++) {
        flight(64, 900 * (uint64_t) MSEC, 64);
    }
    assert_int_equal(gather.flight_ns, 250 * (uint64_t) MSEC);
}


/* A client whose request comes after the wait did not come back in time. */

static void
too_late(void **state)
{
    ngx_uint_t  back;

    (void) state;

    flights(8, 64, 2 * MSEC, 64);
    back = gather.back;

    /* the wait expires with 10 of them; the others join the flight later */
    flight(64, 2 * MSEC, 10);
    assert_int_equal(ngx_http_autostock_gather_start(&gather, 0, 256), 1);
    now += 5 * MSEC;
    assert_int_equal(ngx_http_autostock_gather_waits(&gather, 10), 0);
    assert_int_equal(gather.expired, 1);
    ngx_http_autostock_gather_launched(&gather);

    for (ngx_uint_t i = 0; i < 54; i++) {
        ngx_http_autostock_gather_arrived(&gather);
    }

    now += 2 * MSEC;
    ngx_http_autostock_gather_ended(&gather, now - 2 * MSEC, 10);
    assert_int_equal(gather.expired, 0);

    /* half of the former value, and those ten */
    assert_true(gather.back < back);
}


/* At most as many come back as got a response, however many requests arrive. */

static void
new_clients(void **state)
{
    (void) state;

    flights(8, 16, 2 * MSEC, 200);
    assert_true(gather.back <= gather.asked);
    assert_int_equal(ngx_http_autostock_gather_start(&gather, 0, 256), 1);
    assert_true(gather.wanted <= 16);
}


/* The timer ends the wait, or is set again if the wait is not over by the
 * clock: ngx_current_msec may be ahead. */

static void
timer_ends_it(void **state)
{
    (void) state;

    flights(8, 64, 4 * MSEC, 64);
    assert_int_equal(ngx_http_autostock_gather_start(&gather, 16, 256), 1);
    now += 3 * MSEC;
    gather.timer.timer_set = 0;
    gather.timer.handler(&gather.timer);
    assert_int_equal(timer, 2);
    assert_int_equal(launch.posted, 0);

    now += 1 * MSEC;
    gather.timer.timer_set = 0;
    timer = 0;
    gather.timer.handler(&gather.timer);
    assert_int_equal(launch.posted, 1);
    assert_int_equal(timer, 0);
}


/* Without a wait the functions for its end do nothing. */

static void
no_wait(void **state)
{
    (void) state;

    assert_int_equal(ngx_http_autostock_gather_waits(&gather, 0), 0);
    ngx_http_autostock_gather_launched(&gather);
    assert_int_equal(gather.expired, 0);
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(nothing_is_known),
        TEST(clients_come_back),
        TEST(not_worth_it),
        TEST(how_long),
        TEST(slow_flights),
        TEST(too_late),
        TEST(new_clients),
        TEST(timer_ends_it),
        TEST(no_wait)
    };

    return cmocka_run_group_tests_name("gather", tests, NULL, NULL);
}
