/*
 * Restock orders: the end of a pause, and the counts for the metrics.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "db/order.h"
#include "sql_fixture.h"


/* Only waiting orders: a pending one, or a published one whose
 * message waits. */
static void
ends_a_pause(void **state)
{
    size_t          i;
    as_order_now_t  now;

    static const struct {
        bool            product;
        const char     *state;         /* NULL: no open order */
        const char     *wait_us;
        const char     *leased;
        as_order_now_e  outcome;
    } cases[] = {
        { false, NULL, NULL, NULL, AS_NOW_NO_PRODUCT },
        { true, NULL, NULL, NULL, AS_NOW_NO_ORDER },
        { true, "pending", "60000000", "0", AS_NOW_DONE },
        { true, "pending", "0", "0", AS_NOW_DONE },
        { true, "pending", "9000000", "1", AS_NOW_STATE },
        { true, "published", "60000000", "0", AS_NOW_DONE },
        { true, "published", "0", "0", AS_NOW_STATE },
        { true, "published", "60000000", "1", AS_NOW_STATE },
        { true, "requested", "0", "0", AS_NOW_STATE }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sql_reset();
        memset(&now, 0, sizeof(now));
        now.sku = "CP-502101";
        if (cases[i].product) {
            (void) sql_row_id(0, 1, 'p', 1);
        }
        if (cases[i].state != NULL) {
            (void) sql_row_id(0, 2, 1, 4, cases[i].state, cases[i].wait_us,
                              cases[i].leased);
        }

        assert_int_equal(as_order_now(sql_db, &now), AS_DB_OK);
        assert_int_equal(now.outcome, cases[i].outcome);
        assert_string_equal(sql.packets[sql.npackets - 1], "COMMIT");
        assert_int_equal(sql.npackets,
                         cases[i].outcome == AS_NOW_DONE ? 3 : 2);
        if (cases[i].outcome == AS_NOW_DONE) {
            assert_true(sql_has(1, "state = 'pending' WHERE order_id ="));
            assert_int_equal(now.id[0], 1);
        }
    }
}


static void
now_fails(void **state)
{
    size_t          i;
    as_order_now_t  now;

    (void) state;

    for (i = 0; i < 3; i++) {
        sql_reset();
        memset(&now, 0, sizeof(now));
        now.sku = "CP-502101";
        (void) sql_row_id(0, 1, 'p', 1);
        (void) sql_row_id(0, 2, 1, 4, "pending", "0", "0");
        sql.status[i] = AS_DB_GONE;
        assert_int_equal(as_order_now(sql_db, &now), AS_DB_GONE);
        assert_int_equal(sql.npackets, i + 1);
    }
}


/* NULL: no order is of that kind. */
static void
counts(void **state)
{
    as_order_counts_t  c;

    (void) state;

    memset(&c, 0, sizeof(c));
    c.callback_timeout_ms = 600000;
    c.lease_ms = 10000;
    (void) sql_row(0, 0, 7, "3", "7000", "2", NULL, "5", "1", "-20");
    assert_int_equal(as_order_count(sql_db, &c), AS_DB_OK);
    assert_int_equal(c.pending, 3);
    assert_int_equal(c.pending_oldest_ms, 7000);
    assert_int_equal(c.published, 2);
    assert_int_equal(c.published_oldest_ms, -1);
    assert_int_equal(c.requested, 5);
    assert_int_equal(c.overdue, 1);
    assert_int_equal(c.overdue_next_ms, -20);
    assert_true(sql_has(0, "INTERVAL 600000000 MICROSECOND"));
    assert_true(sql_has(0, "INTERVAL 10000000 MICROSECOND"));
}


#define TEST(name)                                                            \
    cmocka_unit_test_setup_teardown(name, sql_setup, sql_teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(ends_a_pause),
        TEST(now_fails),
        TEST(counts)
    };

    return cmocka_run_group_tests_name("order_now", tests, NULL, NULL);
}
