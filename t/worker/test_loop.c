/*
 * The event loop: timers and watches.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "loop/loop.h"


typedef struct {
    as_loop_t   *loop;
    as_timer_t   timers[3];
    as_watch_t   watches[2];
    int          fds[2];
    int          n;
    char         order[16];
} test_t;

static test_t  test;


static int
setup(void **state)
{
    (void) state;

    memset(&test, 0, sizeof(test));
    test.loop = as_loop_create(as_clock_system());
    test.fds[0] = eventfd(0, EFD_NONBLOCK);
    test.fds[1] = eventfd(0, EFD_NONBLOCK);

    return test.loop == NULL ? -1 : 0;
}


static int
teardown(void **state)
{
    (void) state;

    as_loop_destroy(test.loop);
    (void) close(test.fds[0]);
    (void) close(test.fds[1]);

    return 0;
}


static void
ready(int i)
{
    uint64_t  one = 1;

    assert_int_equal(write(test.fds[i], &one, sizeof(one)), sizeof(one));
}


static void
note(void *data)
{
    test.order[test.n++] = *(const char *) data;
}


static void
again(void *data)
{
    note(data);
    as_loop_after(test.loop, &test.timers[0], 0);
}


static void
drop(void *data)
{
    note(data);
    as_loop_unwatch(test.loop, &test.watches[0]);
    as_loop_unwatch(test.loop, &test.watches[1]);
}


static void
stop_loop(void *data)
{
    note(data);
    as_loop_stop(test.loop);
}


static void
timer(int i, void (*fn)(void *data), const char *name, int64_t ms)
{
    test.timers[i].fn = fn;
    test.timers[i].data = (void *) name;
    as_loop_after(test.loop, &test.timers[i], ms);
}


static void
watch(int i, void (*fn)(void *data), const char *name)
{
    test.watches[i].fn = fn;
    test.watches[i].data = (void *) name;
    assert_int_equal(as_loop_watch(test.loop, &test.watches[i], test.fds[i],
                                   AS_LOOP_READ), 0);
}


static void
test_timers(void **state)
{
    (void) state;

    timer(0, note, "c", 40);
    timer(1, note, "a", 0);
    timer(2, note, "b", 5);
    as_loop_within(test.loop, &test.timers[2], 1000);
    assert_true(as_loop_is_due(test.loop, &test.timers[1]));
    assert_false(as_loop_is_due(test.loop, &test.timers[0]));
    assert_int_equal(test.n, 0);

    while (test.n < 3) {
        (void) as_loop_turn(test.loop, -1);
    }

    assert_string_equal(test.order, "abc");
    assert_false(as_loop_turn(test.loop, 0));

    timer(0, note, "d", 0);
    as_loop_clear(test.loop, &test.timers[0]);
    as_loop_clear(test.loop, &test.timers[0]);
    assert_false(as_loop_turn(test.loop, 0));
    assert_string_equal(test.order, "abc");
}


/* A timer that sets itself again does not delay descriptors. */
static void
test_again(void **state)
{
    (void) state;

    timer(0, again, "t", 0);
    watch(0, note, "w");
    ready(0);

    assert_true(as_loop_turn(test.loop, -1));
    assert_true(as_loop_turn(test.loop, -1));
    assert_string_equal(test.order, "twtw");
}


static void
test_watches(void **state)
{
    (void) state;

    watch(0, note, "a");
    assert_false(as_loop_turn(test.loop, 0));

    ready(0);
    assert_true(as_loop_turn(test.loop, -1));
    assert_int_equal(test.watches[0].ready, AS_LOOP_READ);

    assert_int_equal(as_loop_watch(test.loop, &test.watches[0], test.fds[0],
                                   AS_LOOP_WRITE), 0);
    assert_true(as_loop_turn(test.loop, -1));
    assert_int_equal(test.watches[0].ready, AS_LOOP_WRITE);

    as_loop_unwatch(test.loop, &test.watches[0]);
    assert_false(as_loop_turn(test.loop, 0));
    assert_string_equal(test.order, "aa");
}


/* A watch that is removed before its event of the same turn is handled. */
static void
test_unwatched(void **state)
{
    (void) state;

    watch(0, drop, "x");
    watch(1, drop, "x");
    ready(0);
    ready(1);

    assert_true(as_loop_turn(test.loop, -1));
    assert_false(as_loop_turn(test.loop, 0));
    assert_string_equal(test.order, "x");
}


static void
test_run(void **state)
{
    (void) state;

    timer(0, stop_loop, "s", 0);
    timer(1, note, "n", 0);
    as_loop_run(test.loop);
    assert_string_equal(test.order, "s");
    as_loop_clear(test.loop, &test.timers[1]);
}


static void
done(void *data)
{
    *(bool *) data = true;
}


static void
test_until(void **state)
{
    bool  flag;

    (void) state;

    flag = false;
    test.timers[0].fn = done;
    test.timers[0].data = &flag;
    as_loop_after(test.loop, &test.timers[0], 5);
    assert_int_equal(as_loop_until(test.loop, &flag, test.fds[0], -1), 0);

    flag = false;
    errno = 0;
    assert_int_equal(as_loop_until(test.loop, &flag, -1, 5), -1);
    assert_int_equal(errno, ETIMEDOUT);

    ready(0);
    errno = 0;
    assert_int_equal(as_loop_until(test.loop, &flag, test.fds[0], -1), -1);
    assert_int_equal(errno, EINTR);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_timers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_watches, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unwatched, setup, teardown),
        cmocka_unit_test_setup_teardown(test_run, setup, teardown),
        cmocka_unit_test_setup_teardown(test_until, setup, teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
