/*
 * The metrics of waiting orders after a recent count, after an old one, and
 * without one.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "run/backlog.h"


/* Counted at 100,000 ms, the next count wanted 2,000 ms later. */
static void
counted(as_counters_t *counters)
{
    memset(counters, 0, sizeof(*counters));
    counters->orders_at = 100000;
    counters->orders_wait = 2000;
    counters->orders.pending = 3;
    counters->orders.pending_oldest_ms = 7000;
    counters->orders.overdue = 2;
    counters->orders.overdue_next_ms = 5000;
    counters->holds_at = 100000;
    counters->holds.open = 9;
    counters->holds.pieces = 12;
    counters->holds.due = 1;
    counters->holds.due_oldest_ms = 4000;
}


static void
never_counted(void **state)
{
    as_counters_t      counters;
    as_backlog_view_t  view;

    (void) state;

    memset(&counters, 0, sizeof(counters));
    as_backlog_view(&counters, 100000, 0, &view);
    assert_true(view.pending == -1);
    assert_true(view.pending_oldest_s == -1);
    assert_true(view.overdue == -1);
    assert_true(view.counted_s == 0);
    assert_true(view.holds_open == -1 && view.holds_pieces == -1);
    assert_true(view.holds_due == -1 && view.holds_due_oldest_s == -1);
    assert_false(as_backlog_holds_late(&counters, 900000));
    assert_false(as_backlog_holds_known(&counters));
}


/* The orders are counted, but the holds no more. */
static void
holds_that_are_not_counted(void **state)
{
    as_counters_t      counters;
    as_backlog_view_t  view;

    (void) state;

    counted(&counters);
    counters.orders_at = 104000;
    as_backlog_view(&counters, 104000, 0, &view);
    assert_true(as_backlog_holds_known(&counters));
    assert_true(view.holds_open == 9);

    counters.orders_at = 104001;
    as_backlog_view(&counters, 105000, 0, &view);
    assert_false(as_backlog_holds_known(&counters));
    assert_true(view.holds_open == -1 && view.holds_pieces == -1);
    assert_true(view.holds_due == -1 && view.holds_due_oldest_s == 9);
    assert_true(as_backlog_holds_late(&counters, 107000));

    counters.holds.due_oldest_ms = -1;
    as_backlog_view(&counters, 105000, 0, &view);
    assert_true(view.holds_due_oldest_s == -1);
    assert_false(as_backlog_holds_late(&counters, 107000));

    /* neither is counted: another metric shows that the database cannot be
     * reached */
    counted(&counters);
    as_backlog_view(&counters, 160000, 0, &view);
    assert_true(as_backlog_holds_known(&counters));
    assert_true(view.holds_open == 9);
}


static void
a_count_holds_until_the_next_is_late(void **state)
{
    as_counters_t      counters;
    as_backlog_view_t  view;

    (void) state;

    counted(&counters);
    as_backlog_view(&counters, 104000, 500, &view);
    assert_true(view.pending == 3);
    assert_true(view.pending_oldest_s == 7);
    assert_true(view.overdue == 2);
    assert_true(view.counted_s == 100.5);
    assert_true(view.holds_open == 9 && view.holds_pieces == 12);
    assert_true(view.holds_due == 1 && view.holds_due_oldest_s == 4);
}


static void
then_the_ages_grow(void **state)
{
    as_counters_t      counters;
    as_backlog_view_t  view;

    (void) state;

    counted(&counters);
    as_backlog_view(&counters, 104500, 0, &view);
    assert_true(view.pending_oldest_s == 11.5);
    assert_true(view.overdue == 2);

    /* meanwhile the next callback is late, too */
    as_backlog_view(&counters, 160000, 0, &view);
    assert_true(view.pending_oldest_s == 67);
    assert_true(view.overdue == 3);
    assert_true(view.holds_due_oldest_s == 64);
}


static void
holds_are_late_after_ten_seconds(void **state)
{
    as_counters_t  counters;

    (void) state;

    counted(&counters);
    counters.holds.due_oldest_ms = 10000;
    assert_false(as_backlog_holds_late(&counters, 101000));
    counters.holds.due_oldest_ms = 10001;
    assert_true(as_backlog_holds_late(&counters, 101000));

    /* no count since then */
    counters.holds.due_oldest_ms = 4000;
    assert_false(as_backlog_holds_late(&counters, 106000));
    assert_true(as_backlog_holds_late(&counters, 106001));

    counters.holds.due_oldest_ms = -1;
    assert_false(as_backlog_holds_late(&counters, 900000));
}


static void
what_is_not_there_does_not_grow(void **state)
{
    as_counters_t      counters;
    as_backlog_view_t  view;

    (void) state;

    counted(&counters);
    counters.orders.pending_oldest_ms = -3600000;
    counters.orders.overdue_next_ms = -1;
    as_backlog_view(&counters, 160000, 0, &view);
    assert_true(view.pending_oldest_s == 0);
    assert_true(view.overdue == 2);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(never_counted),
        cmocka_unit_test(holds_that_are_not_counted),
        cmocka_unit_test(a_count_holds_until_the_next_is_late),
        cmocka_unit_test(then_the_ages_grow),
        cmocka_unit_test(holds_are_late_after_ten_seconds),
        cmocka_unit_test(what_is_not_there_does_not_grow),
    };

    return cmocka_run_group_tests_name("backlog", tests, NULL, NULL);
}
