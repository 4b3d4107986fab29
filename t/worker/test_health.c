/*
 * Whether a peer can be reached: one line for each change, and growing waits.
 */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "run/health.h"


static as_log_t     *log_of_test;
static int           ends[2];
static as_health_t   health;


static int
setup(void **state)
{
    (void) state;

    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    log_of_test = as_log_create(ends[1], AS_LOG_DEBUG, false);
    as_health_init(&health, "the peer");

    return 0;
}


static int
teardown(void **state)
{
    (void) state;

    as_log_destroy(log_of_test);
    (void) close(ends[0]);
    (void) close(ends[1]);

    return 0;
}


/* The lines since the last call. */
static const char *
said(void)
{
    ssize_t      n;
    static char  text[4096];

    n = read(ends[0], text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = '\0';

    return text;
}


static void
one_line_for_a_change(void **state)
{
    (void) state;

    assert_false(as_health_up(&health, log_of_test, 1000));
    assert_string_equal(said(), "");
    assert_int_equal(health.ok_ms, 1000);

    assert_true(as_health_down(&health, log_of_test, 2000, "no route"));
    assert_non_null(strstr(said(), "the peer: unreachable: no route"));
    assert_false(as_health_down(&health, log_of_test, 3000, "refused: no"));
    assert_string_equal(said(), "");
    assert_true(health.down);

    assert_true(as_health_up(&health, log_of_test, 5700));
    assert_non_null(strstr(said(), " after 3.7 s"));
    assert_false(as_health_up(&health, log_of_test, 5800));
    assert_string_equal(said(), "");
}


/* A reason that is a complete message is logged unchanged. */
static void
reasons(void **state)
{
    (void) state;

    (void) as_health_down(&health, log_of_test, 0, "refused: no right");
    assert_non_null(strstr(said(), "the peer: refused: no right"));
    (void) as_health_up(&health, log_of_test, 1);
    (void) said();
    (void) as_health_down(&health, log_of_test, 2, "unreachable: gone");
    assert_null(strstr(said(), "unreachable: unreachable"));
}


/* From 100 ms to 5 s, half of it random; calls that fail together count
 * once. */
static void
waits(void **state)
{
    size_t   i;
    int64_t  now;

    static const int64_t  full[] = {
        100, 200, 400, 800, 1600, 3200, 5000, 5000
    };

    (void) state;

    for (i = 0, now = 0; i < sizeof(full) / sizeof(full[0]); i++) {
        (void) as_health_down(&health, log_of_test, now, "gone");
        (void) as_health_down(&health, log_of_test, now + 49, "gone");
        assert_int_equal(as_health_wait_ms(&health, 0), full[i] / 2);
        assert_in_range(as_health_wait_ms(&health, 999), full[i] * 99 / 100,
                        full[i]);
        now += 50;
    }

    (void) as_health_up(&health, log_of_test, now);
    (void) as_health_down(&health, log_of_test, now + 100, "gone");
    assert_int_equal(as_health_wait_ms(&health, 0), 50);
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(one_line_for_a_change),
        TEST(reasons),
        TEST(waits)
    };

    return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
