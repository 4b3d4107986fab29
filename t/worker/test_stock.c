/*
 * An operator's change of a stock: its results, and a connection that is lost
 * before or after its COMMIT.
 */

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "db/stock.h"
#include "sql_fixture.h"


static as_stock_t  stock;


static int
setup(void **state)
{
    memset(&stock, 0, sizeof(stock));
    stock.sku = "CP-502101";
    memset(stock.movement_id, 1, AS_UUID_LEN);
    memset(stock.order_id, 2, AS_UUID_LEN);

    return sql_setup(state);
}


static int
teardown(void **state)
{
    free(stock.own_sku);

    return sql_teardown(state);
}


static void
found(size_t packet, const char *number)
{
    (void) sql_row_id(packet, 1, 'p', 3, number, "CP-502101");
}


static void
outcomes(void **state)
{
    size_t  i;

    static const struct {
        const char  *before;           /* NULL: no such product */
        bool         set;
        int64_t      number;
        as_stock_e   outcome;
        int64_t      after;
    } cases[] = {
        { NULL, false, 1, AS_STOCK_NO_PRODUCT, 0 },
        { "3", false, 10, AS_STOCK_DONE, 13 },
        { "3", false, -3, AS_STOCK_DONE, 0 },
        { "3", false, -4, AS_STOCK_RANGE, -1 },
        { "3", false, 0, AS_STOCK_SAME, 3 },
        { "3", true, 3, AS_STOCK_SAME, 3 },
        { "3", true, 0, AS_STOCK_DONE, 0 },
        { "3", true, -1, AS_STOCK_RANGE, -1 },
        { "3", true, INT_MAX, AS_STOCK_DONE, INT_MAX },
        { "3", true, (int64_t) INT_MAX + 1, AS_STOCK_RANGE,
          (int64_t) INT_MAX + 1 },
        { "2147483647", false, 1, AS_STOCK_RANGE, (int64_t) INT_MAX + 1 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) teardown(state);
        (void) setup(state);
        stock.set = cases[i].set;
        stock.number = cases[i].number;
        if (cases[i].before != NULL) {
            found(0, cases[i].before);
        }

        assert_int_equal(as_stock_change(sql_db, &stock), AS_DB_OK);
        assert_int_equal(stock.outcome, cases[i].outcome);
        assert_true(stock.after == cases[i].after);
        assert_string_equal(sql.packets[sql.npackets - 1],
                            stock.outcome == AS_STOCK_DONE ? "COMMIT"
                                                           : "ROLLBACK");
        assert_int_equal(sql.npackets,
                         stock.outcome == AS_STOCK_DONE ? 3 : 2);
    }
}


/* Movement, stock and order in one transaction; COMMIT is sent separately. */
static void
what_is_written(void **state)
{
    (void) state;

    stock.number = -3;
    as_trace_read(&stock.trace, "00-4bf92f3577b34da6a3ce929d0e0e4736-"
                  "00f067aa0ba902b7-01");
    found(0, "3");
    sql.affected[2] = 1;
    assert_int_equal(as_stock_change(sql_db, &stock), AS_DB_OK);
    assert_true(sql_has(0, "FOR UPDATE"));
    assert_true(sql_has(1, "'adjustment',-3);UPDATE product SET stock = 0"));
    assert_true(sql_has(1, "INSERT INTO restock_order"));
    assert_true(sql_has(1, ";INSERT INTO restock_order_trace"));
    assert_true(sql_has(1, "'00-4bf92f3577b34da6a3ce929d0e0e4736-"
                        "00f067aa0ba902b7-01' FROM restock_order"));
    assert_true(stock.opened);
    assert_string_equal(stock.own_sku, "CP-502101");
}


/* The COMMIT's result is lost.  The repeated call finds the movement and waits
 * for its own COMMIT, or does not find it and makes the change. */
static void
in_doubt(void **state)
{
    size_t  i;

    for (i = 0; i < 2; i++) {
        (void) teardown(state);
        (void) setup(state);
        stock.number = 10;
        found(0, "3");
        sql.status[2] = AS_DB_GONE;
        assert_int_equal(as_stock_change(sql_db, &stock), AS_DB_GONE);
        assert_true(stock.doubt);

        found(3, i == 0 ? "13" : "3");
        if (i == 0) {
            (void) sql_row(4, 0, 1, "1");
        }
        assert_int_equal(as_stock_change(sql_db, &stock), AS_DB_OK);
        assert_int_equal(stock.outcome, AS_STOCK_DONE);
        assert_int_equal(stock.before, 3);
        assert_int_equal(stock.after, 13);
        assert_true(sql_has(5, i == 0 ? "'adjustment',0)"
                                      : "'adjustment',10)"));
        assert_string_equal(sql.packets[6], "COMMIT");
    }
}


/* A unique key exists: this change, or another node's order. */
static void
duplicate(void **state)
{
    size_t  i;

    for (i = 0; i < 2; i++) {
        (void) teardown(state);
        (void) setup(state);
        stock.number = 10;
        found(0, "3");
        sql.status[1] = AS_DB_DUPLICATE;
        if (i == 0) {
            (void) sql_row(2, 0, 1, "1");
        }
        assert_int_equal(as_stock_change(sql_db, &stock),
                         i == 0 ? AS_DB_OK : AS_DB_RETRY);
    }
}


static void
fails(void **state)
{
    size_t  i;

    for (i = 0; i < 2; i++) {
        (void) teardown(state);
        (void) setup(state);
        stock.number = 10;
        found(0, "3");
        sql.status[i] = AS_DB_GONE;
        assert_int_equal(as_stock_change(sql_db, &stock), AS_DB_GONE);
        assert_int_equal(sql.npackets, i + 1);
        assert_false(stock.doubt);
    }
}


/* The ledger's correction takes effect once, and needs the operator's right. */
static void
mends(void **state)
{
    as_stock_mend_t  mend;

    (void) state;

    memset(&mend, 0, sizeof(mend));
    mend.quantity = -7;
    assert_int_equal(as_stock_mend(sql_db, &mend), AS_DB_OK);
    assert_true(sql_has(0, "UPDATE stock_movement SET quantity = quantity"
                        " WHERE FALSE;"));
    assert_true(sql_has(0, ",'adjustment',-7)"));

    sql.status[1] = AS_DB_DUPLICATE;
    assert_int_equal(as_stock_mend(sql_db, &mend), AS_DB_OK);
    sql.status[2] = AS_DB_ERROR;
    assert_int_equal(as_stock_mend(sql_db, &mend), AS_DB_ERROR);
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(outcomes),
        TEST(what_is_written),
        TEST(in_doubt),
        TEST(duplicate),
        TEST(fails),
        TEST(mends)
    };

    return cmocka_run_group_tests_name("stock", tests, NULL, NULL);
}
