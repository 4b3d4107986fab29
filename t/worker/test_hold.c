/*
 * Holds that are due: the statements that release them, the failures of a
 * batch, and the products that are then skipped.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "db/hold.h"
#include "sql_fixture.h"


static as_hold_expire_t  expire;


static int
setup(void **state)
{
    memset(&expire, 0, sizeof(expire));
    memset(expire.movement_id, 0xee, AS_UUID_LEN);
    expire.limit = 1000;

    return sql_setup(state);
}


/* Two holds are due, the next in 250.5 ms. */
static void
two_due(void)
{
    (void) sql_row_id(0, 2, 'a', 1);
    (void) sql_row_id(0, 2, 'b', 1);
    (void) sql_row(0, 3, 1, "250500");
    sql.affected[0] = 2;
    sql.affected[1] = sql.affected[2] = 1;
}


static void
releases(void **state)
{
    (void) state;

    two_due();
    assert_int_equal(as_hold_expire(sql_db, &expire), AS_DB_OK);
    assert_int_equal(expire.n, 2);
    assert_false(expire.stuck);
    assert_int_equal(expire.next_ms, 251);

    assert_int_equal(sql.npackets, 3);
    assert_true(sql_has(0, "START TRANSACTION;SELECT h.hold_id"));
    assert_true(sql_has(0, "h.state = 'held' AND h.expires_at <="));
    assert_false(sql_has(0, "NOT IN"));
    assert_false(sql_has(0, "COUNT(*)"));
    assert_true(sql_has(0, "LIMIT 1000 FOR UPDATE SKIP LOCKED;"));

    /* the order of locks: holds, ledger, products */
    assert_int_equal(sql_count(1, "UPDATE stock_hold SET state = 'expired'"),
                     1);
    assert_true(sql_has(1, "AND state = 'held';INSERT INTO stock_movement "));
    assert_true(strstr(sql.packets[1], "INSERT INTO stock_movement")
                < strstr(sql.packets[1], "UPDATE stock_movement m STRAIGHT_JOIN"
                         " product p"));
    assert_true(sql_has(1, "LEAST(p.held, m.quantity)"));
    assert_string_equal(sql.packets[2], "COMMIT");
}


static void
none_is_due(void **state)
{
    (void) state;

    (void) sql_row(0, 3, 1, NULL);
    assert_int_equal(as_hold_expire(sql_db, &expire), AS_DB_OK);
    assert_int_equal(expire.n, 0);
    assert_int_equal(expire.next_ms, -1);
    assert_int_equal(sql.npackets, 2);
    assert_string_equal(sql.packets[1], "ROLLBACK");
}


/* A product was deleted, or a hold settled, between two statements. */
static void
changed_meanwhile(void **state)
{
    size_t  i;

    static const uint64_t  cases[][3] = { { 1, 1, 1 }, { 2, 2, 1 },
                                          { 2, 0, 1 } };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sql_reset();
        (void) setup(state);
        two_due();
        memcpy(sql.affected, cases[i], sizeof(cases[i]));

        /* of an earlier failure */
        sql.error = 1205;
        assert_int_equal(as_hold_expire(sql_db, &expire), AS_DB_RETRY);
        assert_int_equal(expire.n, 0);
        assert_int_equal(sql.npackets, 3);
        assert_string_equal(sql.packets[2], "ROLLBACK");
    }
}


static void
leaves_out(void **state)
{
    (void) state;

    memset(expire.aside.products[0], 0xab, AS_UUID_LEN);
    memset(expire.aside.products[1], 0xcd, AS_UUID_LEN);
    expire.aside.nproducts = 2;
    memset(expire.aside.holds[0], 0xef, AS_UUID_LEN);
    expire.aside.nholds = 1;
    expire.limit = 7;
    two_due();
    assert_int_equal(as_hold_expire(sql_db, &expire), AS_DB_OK);
    assert_true(sql_has(0, "AND (SELECT COUNT(*) FROM stock_hold_line l WHERE"
                        " l.hold_id = h.hold_id AND l.product_id IN (X'abab"));
    assert_true(sql_has(0, ",X'cdcd"));
    assert_true(sql_has(0, "cd')) = 0 ORDER BY"));
    assert_true(sql_has(0, "AND h.hold_id NOT IN (X'efef"));
    assert_true(sql_has(0, "LIMIT 7 FOR UPDATE"));
}


/* Of the batch's three products, one is locked. */
static void
a_locked_product(void **state)
{
    (void) state;

    two_due();
    sql.status[1] = AS_DB_RETRY;
    sql.error = 1205;
    (void) sql_row_id(2, 0, 'x', 2, "1");
    (void) sql_row_id(2, 0, 'y', 2, "1");
    (void) sql_row_id(2, 0, 'z', 2, "2");
    (void) sql_row_id(3, 1, 'z', 1);
    (void) sql_row_id(3, 1, 'x', 1);

    assert_int_equal(as_hold_expire(sql_db, &expire), AS_DB_OK);
    assert_true(expire.stuck);
    assert_string_equal(expire.why, "refused: as the test says");
    assert_int_equal(expire.n, 0);
    assert_int_equal(expire.bad.nholds, 0);
    assert_int_equal(expire.bad.nproducts, 1);
    assert_int_equal(expire.bad.products[0][0], 'y');
    assert_true(sql_has(3, "FOR UPDATE SKIP LOCKED;ROLLBACK"));
    assert_int_equal(sql.npackets, 4);
}


static void
a_deadlock_is_tried_again(void **state)
{
    (void) state;

    two_due();
    sql.status[1] = AS_DB_RETRY;
    sql.error = 1213;
    assert_int_equal(as_hold_expire(sql_db, &expire), AS_DB_RETRY);
    assert_false(expire.stuck);
    assert_int_equal(sql.npackets, 2);
}


static void
one_refused(size_t naside)
{
    (void) sql_row_id(0, 2, 'a', 1);
    (void) sql_row_id(2, 0, 'x', 2, "1");
    (void) sql_row_id(2, 0, 'y', 2, "1");
    sql.status[1] = AS_DB_ERROR;
    sql.error = 4025;
    expire.limit = 1;
    expire.aside.nholds = naside;
    assert_int_equal(as_hold_expire(sql_db, &expire), AS_DB_OK);
    assert_true(expire.stuck);
}


/* An error, for example of a trigger: first of the batch, then of the hold
 * alone. Its products are skipped only if no more holds can be. */
static void
a_refused_hold(void **state)
{
    (void) state;

    two_due();
    sql.status[1] = AS_DB_ERROR;
    sql.error = 1644;
    assert_int_equal(as_hold_expire(sql_db, &expire), AS_DB_OK);
    assert_true(expire.stuck);
    assert_int_equal(expire.bad.nholds + expire.bad.nproducts, 0);
    assert_int_equal(sql.npackets, 2);

    sql_reset();
    (void) setup(state);
    one_refused(AS_HOLD_ASIDE - 1);
    assert_int_equal(expire.bad.nholds, 1);
    assert_int_equal(expire.bad.holds[0][0], 'a');
    assert_int_equal(expire.bad.nproducts, 0);
    assert_int_equal(sql.npackets, 2);

    sql_reset();
    (void) setup(state);
    one_refused(AS_HOLD_ASIDE);
    assert_int_equal(expire.bad.nholds, 0);
    assert_int_equal(expire.bad.nproducts, 2);
    assert_int_equal(sql.npackets, 3);
}


/* Missing rights, a missing table, a lost connection: no hold is skipped. */
static void
what_all_would_get(void **state)
{
    size_t  i;

    static const struct {
        as_db_status_e  status;
        unsigned        error;
    } cases[] = {
        { AS_DB_ERROR, 1142 }, { AS_DB_ERROR, 1146 }, { AS_DB_GONE, 2013 },
        { AS_DB_ERROR, 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sql_reset();
        (void) setup(state);
        two_due();
        sql.status[1] = cases[i].status;
        sql.error = cases[i].error;
        assert_int_equal(as_hold_expire(sql_db, &expire), cases[i].status);
        assert_false(expire.stuck);
        assert_int_equal(expire.n, 0);
    }

    sql_reset();
    (void) setup(state);
    two_due();
    sql.status[2] = AS_DB_GONE;
    assert_int_equal(as_hold_expire(sql_db, &expire), AS_DB_GONE);
    assert_int_equal(expire.n, 0);
}


static void
counts(void **state)
{
    as_hold_counts_t  c;

    (void) state;

    (void) sql_row(0, 0, 3, "5", "2", "1500999");
    (void) sql_row(0, 1, 1, "8");
    (void) sql_row_id(0, 2, 'h', 1);
    assert_int_equal(as_hold_count(sql_db, &c), AS_DB_OK);
    assert_memory_equal(c.due_oldest, "hhhhhhhhhhhhhhhh", AS_UUID_LEN);
    assert_int_equal(c.open, 5);
    assert_int_equal(c.pieces, 8);
    assert_int_equal(c.due, 2);
    assert_int_equal(c.due_oldest_ms, 1500);

    (void) sql_row(1, 0, 3, "5", "0", "-7000000");
    assert_int_equal(as_hold_count(sql_db, &c), AS_DB_OK);
    assert_int_equal(c.due_oldest_ms, -1);

    (void) sql_row(2, 0, 3, "0", "0", NULL);
    assert_int_equal(as_hold_count(sql_db, &c), AS_DB_OK);
    assert_int_equal(c.due_oldest_ms, -1);
}


/* The held pieces of a product are counted, and written, under its lock. */
static void
mends(void **state)
{
    size_t   i;
    uint8_t  product[AS_UUID_LEN];

    (void) state;
    memset(product, 'p', sizeof(product));

    /* what the row has, and what the holds have */
    (void) sql_row(0, 1, 1, "9");
    (void) sql_row(0, 2, 1, "4");
    assert_int_equal(as_hold_mend(sql_db, product), AS_DB_OK);
    assert_int_equal(sql.npackets, 3);
    assert_int_equal(sql_count(0, "START TRANSACTION"), 1);
    assert_true(sql_has(0, "FOR UPDATE;SELECT COALESCE"));
    assert_true(sql_has(0, "h.state = 'held' AND l.product_id = X'7070"));
    assert_true(sql_has(1, "SET held = 4 WHERE product_id = X'7070"));
    assert_string_equal(sql.packets[2], "COMMIT");

    /* nothing is written after a failure */
    for (i = 0; i < 3; i++) {
        sql_reset();
        sql.status[i] = AS_DB_RETRY;
        assert_int_equal(as_hold_mend(sql_db, product), AS_DB_RETRY);
        assert_int_equal(sql.npackets, i + 1);
    }
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, sql_teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(releases),
        TEST(none_is_due),
        TEST(changed_meanwhile),
        TEST(leaves_out),
        TEST(a_locked_product),
        TEST(a_deadlock_is_tried_again),
        TEST(a_refused_hold),
        TEST(what_all_would_get),
        TEST(counts),
        TEST(mends)
    };

    return cmocka_run_group_tests_name("hold", tests, NULL, NULL);
}
