/*
 * The rate of a long command: its waits, and which failed queries of the load
 * end it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "db/pace.h"
#include "sql_fixture.h"


static int64_t
now_ms(void)
{
    struct timespec  now;

    clock_gettime(CLOCK_MONOTONIC, &now);

    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}


/* The next queries of the server's load return this number of threads. */
static void
running(size_t looks, const char *threads)
{
    size_t  i;

    for (i = 0; i < looks; i++) {
        (void) sql_row(sql.npackets + i, 0, 2, "Threads_running", threads);
    }
}


/* After a long chunk the pause ends soon after the load does. */
static void
in_steps(void **state)
{
    int64_t    began;
    as_pace_t  pace;

    (void) state;

    as_pace_init(&pace, false);
    pace.load = 0.01;
    pace.began_us -= 5000000;
    running(40, "1");
    began = now_ms();
    assert_int_equal(as_pace_wait(&pace, sql_db), AS_DB_OK);
    assert_in_range(now_ms() - began, 300, 2500);
    assert_in_range(sql.npackets, 4, 8);
}


/* A short chunk's step is its own time. */
static void
in_short_steps(void **state)
{
    as_pace_t  pace;

    (void) state;

    as_pace_init(&pace, false);
    pace.began_us -= 2000;
    running(60, "5");
    assert_int_equal(as_pace_wait(&pace, sql_db), AS_DB_OK);
    assert_in_range(sql.npackets, 19, 21);
    assert_true(pace.load > 0.99);
}


/* A refused query ends a command with a snapshot, but not one without: its
 * server may always refuse.  Other failures end both. */
static void
look_fails(void **state)
{
    size_t     i;
    as_pace_t  pace;

    static const struct {
        as_db_status_e  look;
        bool            snapshot;
        as_db_status_e  status;
    } cases[] = {
        { AS_DB_ERROR, false, AS_DB_OK },
        { AS_DB_ERROR, true, AS_DB_ERROR },
        { AS_DB_RETRY, true, AS_DB_RETRY },
        { AS_DB_GONE, false, AS_DB_GONE },
        { AS_DB_GONE, true, AS_DB_GONE }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sql_reset();
        sql.status[0] = cases[i].look;
        as_pace_init(&pace, cases[i].snapshot);
        assert_int_equal(as_pace_wait(&pace, sql_db), cases[i].status);
    }
}


#define TEST(name)                                                            \
    cmocka_unit_test_setup_teardown(name, sql_setup, sql_teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(in_steps),
        TEST(in_short_steps),
        TEST(look_fails)
    };

    return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
