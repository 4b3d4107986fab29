/*
 * The line of progress: on a terminal alone, at most one in 100 ms, never over
 * its bounds, and erased at the end.
 */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/progress.h"


static int64_t         now_ms;
static int             terminal;
static char           *text;
static size_t          size;
static FILE           *kept;
static as_progress_t   progress;


/* Instead of the library's: the time is the test's, cmocka's too. */
int
clock_gettime(clockid_t id, struct timespec *now)
{
    (void) id;
    now->tv_sec = now_ms / 1000;
    now->tv_nsec = now_ms % 1000 * 1000000;

    return 0;
}


int
isatty(int fd)
{
    return fd == STDERR_FILENO && terminal;
}


static int
setup(void **state)
{
    (void) state;
    now_ms = 5000;
    terminal = 1;
    kept = stderr;
    stderr = open_memstream(&text, &size);
    as_progress_begin(&progress, "rolled up");

    return 0;
}


static int
teardown(void **state)
{
    (void) state;

    if (kept != NULL) {
        (void) fclose(stderr);
        stderr = kept;
    }

    free(text);
    text = NULL;

    return 0;
}


/* What was written in all. */
static const char *
written(void)
{
    (void) fclose(stderr);
    stderr = kept;
    kept = NULL;

    return text;
}


static void
to(int64_t after_ms, double part, double whole, uint64_t done)
{
    now_ms += after_ms;
    as_progress_to(&progress, part, whole, done);
}


static void
no_terminal(void **state)
{
    (void) state;

    terminal = 0;
    to(1000, 1, 2, 1);
    as_progress_end(&progress);
    assert_string_equal(written(), "");
}


/* A command that is quick shows nothing, and erases nothing. */
static void
quick(void **state)
{
    (void) state;

    to(50, 1, 2, 1);
    to(49, 2, 2, 2);
    as_progress_end(&progress);
    assert_string_equal(written(), "");
}


static void
parts(void **state)
{
    (void) state;

    to(100, 1, 4, 10);
    to(99, 2, 4, 20);
    to(1, 3, 4, 30);
    as_progress_end(&progress);
    as_progress_end(&progress);
    assert_string_equal(written(),
        "\r[##########..............................]  25 %  10 rolled up"
        "\033[K"
        "\r[##############################..........]  75 %  30 rolled up"
        "\033[K"
        "\r\033[K");
}


/* More may be done than was counted before, and less than nothing is nothing.
 */
static void
bounds(void **state)
{
    (void) state;

    to(100, 9, 4, 9);
    to(100, -1, 4, 0);
    assert_string_equal(written(),
        "\r[########################################] 100 %  9 rolled up"
        "\033[K"
        "\r[........................................]   0 %  0 rolled up"
        "\033[K");
}


/* The whole is not known. */
static void
unknown(void **state)
{
    (void) state;

    to(100, 1, 0, UINT64_MAX);
    as_progress_end(&progress);
    assert_string_equal(written(),
                        "\r18446744073709551615 rolled up\033[K\r\033[K");
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(no_terminal),
        TEST(quick),
        TEST(parts),
        TEST(bounds),
        TEST(unknown)
    };

    return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
