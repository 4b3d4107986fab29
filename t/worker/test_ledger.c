/*
 * The watchdog's work on the ledger: missing openings, and expired keys.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "db/ledger.h"
#include "sql_fixture.h"


#define BEFORE_MS  INT64_C(1700000000000)      /* 018b cfe5 6800 */


static as_uuid_gen_t  gen;


static int
setup(void **state)
{
    assert_int_equal(as_uuid_init(&gen), 0);

    return sql_setup(state);
}


static void
nothing_is_missing(void **state)
{
    size_t  opened = 7;

    (void) state;

    assert_int_equal(as_ledger_open(sql_db, &gen, &opened), AS_DB_OK);
    assert_int_equal(opened, 0);
    assert_int_equal(sql.npackets, 1);
    assert_true(sql_has(0, "LIMIT 100"));
}


/* The opening is the stock less all movements, over chunks of the ledger in one
 * snapshot. */
static void
opens(void **state)
{
    size_t  opened;

    (void) state;

    (void) sql_row_id(0, 0, 'p', 1);
    (void) sql_row_id(0, 0, 'q', 1);

    /* stocks */
    (void) sql_row_id(1, 2, 'p', 2, "13");
    (void) sql_row_id(1, 2, 'q', 2, "5");

    /* two chunks, and their ends */
    (void) sql_row_id(2, 0, 'p', 2, "-4");
    (void) sql_row_id(2, 0, 'x', 2, "99");
    (void) sql_row(2, 1, 1, "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbb");
    (void) sql_row_id(3, 0, 'p', 2, "7");
    (void) sql_row_id(3, 0, 'q', 2, "5");
    (void) sql_row(3, 1, 1, "ccccccccccccccccdddddddddddddddd");

    sql.affected[2] = 1;
    assert_int_equal(as_ledger_open(sql_db, &gen, &opened), AS_DB_OK);
    assert_int_equal(opened, 2);

    assert_true(sql_has(1, "WITH CONSISTENT SNAPSHOT"));
    assert_true(sql_has(2, "m.movement_id >= X'00000000"));
    assert_true(sql_has(3, "m.movement_id > X'61616161"));
    assert_true(sql_has(3, "OR m.product_id > X'62626262"));
    assert_true(sql_has(4, "m.movement_id > X'63636363"));
    assert_string_equal(sql.packets[5], "COMMIT");
    assert_true(sql_has(6, "'opening', 10, p.product_id"));
    assert_true(sql_has(7, "'opening', 0, p.product_id"));
    assert_int_equal(sql.npackets, 8);
}


/* Another watchdog wrote it: no error, and not counted. */
static void
opened_by_another(void **state)
{
    size_t  opened;

    (void) state;

    (void) sql_row_id(0, 0, 'p', 1);
    sql.status[4] = AS_DB_DUPLICATE;
    sql.affected[2] = 1;
    assert_int_equal(as_ledger_open(sql_db, &gen, &opened), AS_DB_OK);
    assert_int_equal(opened, 0);
}


/* The connection is lost at each step: nothing more is written. */
static void
open_fails(void **state)
{
    size_t  i, opened;

    (void) state;

    for (i = 0; i < 5; i++) {
        sql_reset();
        (void) sql_row_id(0, 0, 'p', 1);
        (void) sql_row_id(0, 0, 'q', 1);
        sql.status[i] = AS_DB_GONE;
        assert_int_equal(as_ledger_open(sql_db, &gen, &opened), AS_DB_GONE);
        assert_int_equal(sql.npackets, i + 1);
        assert_int_equal(opened, 0);
    }
}


/* No movement is old enough: the cursor stays. */
static void
nothing_to_forget(void **state)
{
    bool      more = true;
    uint8_t   cursor[AS_UUID_LEN] = { 1 };
    uint64_t  n = 7;

    (void) state;

    (void) sql_row(0, 0, 1, NULL);
    assert_int_equal(as_ledger_forget(sql_db, cursor, BEFORE_MS, &more, &n),
                     AS_DB_OK);
    assert_false(more);
    assert_int_equal(n, 0);
    assert_int_equal(cursor[0], 1);
    assert_int_equal(sql.npackets, 1);
    assert_true(sql_has(0, "movement_id < X'018BCFE56800000000")
                || sql_has(0, "movement_id < X'018bcfe56800000000"));
    assert_true(sql_has(0, "LIMIT 1000"));
}


/* A time before 1970, of a wrong clock: no id is older. */
static void
nothing_is_before_1970(void **state)
{
    bool      more;
    uint8_t   cursor[AS_UUID_LEN] = { 0 };
    uint64_t  n;

    (void) state;

    (void) sql_row(0, 0, 1, NULL);
    assert_int_equal(as_ledger_forget(sql_db, cursor, -1, &more, &n),
                     AS_DB_OK);
    assert_true(sql_has(0, "movement_id < X'00000000"
                        "000000000000000000000000'"));
}


static void
forgets(void **state)
{
    bool      more = false;
    uint8_t   cursor[AS_UUID_LEN] = { 0 };
    uint64_t  n = 0;

    (void) state;

    (void) sql_row_id(0, 0, 5, 1);
    sql.affected[4] = 600;
    sql.affected[5] = 300;
    assert_int_equal(as_ledger_forget(sql_db, cursor, BEFORE_MS, &more, &n),
                     AS_DB_OK);
    assert_true(more);
    assert_int_equal(n, 900);
    assert_int_equal(cursor[0], 5);

    /* locked in their order, keys of sales only, COMMIT sent separately */
    assert_true(sql_has(1, "FOR UPDATE;UPDATE "));
    assert_int_equal(sql_count(1, "DELETE k FROM stock_movement_key k"), 2);
    assert_true(sql_has(1, "m.kind = 'sale'"));
    assert_true(sql_has(1, "k.movement_id <= X'0505"));
    assert_int_equal(sql_count(1, "COMMIT"), 0);
    assert_string_equal(sql.packets[2], "COMMIT");
}


/* Lost before or after the COMMIT: the cursor stays, and the chunk is done
 * again. */
static void
forget_fails(void **state)
{
    bool      more;
    size_t    i;
    uint8_t   cursor[AS_UUID_LEN] = { 0 };
    uint64_t  n;

    (void) state;

    for (i = 0; i < 3; i++) {
        sql_reset();
        (void) sql_row_id(0, 0, 5, 1);
        sql.affected[4] = 900;
        sql.status[i] = AS_DB_GONE;
        assert_int_equal(as_ledger_forget(sql_db, cursor, BEFORE_MS, &more,
                                          &n), AS_DB_GONE);
        assert_int_equal(n, 0);
        assert_false(more);
        assert_int_equal(cursor[0], 0);
    }
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, sql_teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(nothing_is_missing),
        TEST(opens),
        TEST(opened_by_another),
        TEST(open_fails),
        TEST(nothing_to_forget),
        TEST(nothing_is_before_1970),
        TEST(forgets),
        TEST(forget_fails)
    };

    return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
