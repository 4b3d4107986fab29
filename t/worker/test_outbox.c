/*
 * The outbox: the interval of its queries, what a claim leases and postpones,
 * and the statements that mark results.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "db/outbox.h"
#include "sql_fixture.h"


#define PRODUCT  "pppppppppppppppp"

#define ID1  "X'01010101010101010101010101010101'"
#define ID2  "X'02020202020202020202020202020202'"
#define ID3  "X'03030303030303030303030303030303'"


static as_outbox_claim_t  claim;


static int
setup(void **state)
{
    memset(&claim, 0, sizeof(claim));
    claim.owner = "relay:w:1";
    claim.lease_ms = 10000;
    claim.pause_min_ms = 60000;
    claim.pause_max_ms = 3600000;
    claim.max = 5;

    return sql_setup(state);
}


static int
teardown(void **state)
{
    as_outbox_free(&claim);

    return sql_teardown(state);
}


/* On MariaDB one statement polls within the server; on MySQL each look is a
 * statement, and they are at least 50 ms apart. */
static void
looks(void **state)
{
    size_t  i;
    bool    due;

    static const struct {
        bool         mysql;
        int64_t      interval_ms;
        unsigned     looks;
        size_t       selects;
        const char  *part;
    } cases[] = {
        { false, 10, 101, 2, "DECLARE looks INT DEFAULT 101" },
        { false, 10, 101, 2, "DO SLEEP(0.010)" },
        { false, 2500, 3, 2, "DO SLEEP(2.500)" },
        { false, 5000, 1, 1, "SELECT 1 FROM restock_order" },
        { true, 10, 101, 21, ", 0, 0.050))" },
        { true, 100, 11, 11, ", 0, 0.100))" },
        { true, 5000, 1, 1, "SELECT 1 FROM restock_order" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sql_reset();
        sql.mysql = cases[i].mysql;
        assert_int_equal(as_outbox_watch(sql_db, cases[i].interval_ms,
                                         cases[i].looks, &due), AS_DB_OK);
        assert_false(due);
        assert_int_equal(sql.npackets, 1);
        assert_true(sql_has(0, cases[i].part));
        if (cases[i].mysql) {
            assert_int_equal(sql_count(0, "SELECT "), cases[i].selects);
        }

        /* a lock would delay the sales that open orders */
        assert_false(sql_has(0, "FOR UPDATE"));
    }
}


/* SLEEP() returns 0, or 1 where it was interrupted by a KILL; a due order 1. */
static void
due(void **state)
{
    bool  found;

    (void) state;

    (void) sql_row(0, 0, 1, "0");
    (void) sql_row(0, 1, 1, NULL);
    assert_int_equal(as_outbox_watch(sql_db, 100, 3, &found), AS_DB_OK);
    assert_false(found);

    (void) sql_row(1, 0, 1, "0");
    (void) sql_row(1, 2, 1, "1");
    assert_int_equal(as_outbox_watch(sql_db, 100, 3, &found), AS_DB_OK);
    assert_true(found);

    sql.status[2] = AS_DB_GONE;
    assert_int_equal(as_outbox_watch(sql_db, 100, 3, &found), AS_DB_GONE);
    assert_false(found);

    sql.connect = AS_DB_GONE;
    assert_int_equal(as_outbox_watch(sql_db, 100, 3, &found), AS_DB_GONE);
    assert_int_equal(sql.npackets, 3);
}


static void
nothing_to_claim(void **state)
{
    (void) state;

    assert_int_equal(as_outbox_claim(sql_db, &claim), AS_DB_OK);
    assert_int_equal(claim.n, 0);
    assert_int_equal(sql.npackets, 2);
    assert_true(sql_has(0, "LIMIT 5 FOR UPDATE SKIP LOCKED"));
    assert_string_equal(sql.packets[1], "COMMIT");
}


/* Leased in the order of their keys, committed, and read with what the message
 * needs. */
static void
claims(void **state)
{
    (void) state;

    (void) sql_row_id(0, 1, 2, 2, "0");
    (void) sql_row_id(0, 1, 1, 2, "1");
    (void) sql_row_id(1, 2, 1, 5, PRODUCT, "10", "FF-500293",
                      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"
                      "-01");
    (void) sql_row_id(1, 2, 2, 5, PRODUCT, "7", "FF-500293", NULL);
    assert_int_equal(as_outbox_claim(sql_db, &claim), AS_DB_OK);

    assert_int_equal(sql.npackets, 2);
    assert_true(sql_has(1, "INTERVAL 10000000 MICROSECOND"));
    assert_true(sql_has(1, "(" ID1 "," ID2 ")"));
    assert_true(sql_has(1, ";COMMIT;SELECT o.order_id"));

    /* only what was never examined has a pause */
    assert_true(sql_has(1, "WHERE o.order_id IN (" ID1 ") GROUP BY"));

    assert_int_equal(claim.n, 2);
    assert_true(claim.orders[0].claimed && claim.orders[1].claimed);
    assert_true(claim.orders[0].fresh && !claim.orders[1].fresh);
    assert_int_equal(claim.orders[0].quantity, 10);
    assert_int_equal(claim.orders[1].quantity, 7);
    assert_string_equal(claim.orders[0].factory, "FF-500293");
    assert_int_equal(claim.orders[0].trace.id[0], 0x4b);
    assert_false(as_trace_is_set(&claim.orders[1].trace));
    assert_memory_equal(claim.orders[0].product_id, PRODUCT, AS_UUID_LEN);
}


/* Another worker was faster, or the order's product is gone. */
static void
claimed_by_another(void **state)
{
    (void) state;

    (void) sql_row_id(0, 1, 1, 2, "0");
    (void) sql_row_id(0, 1, 2, 2, "0");
    (void) sql_row_id(1, 2, 2, 5, PRODUCT, "7", "FF-500293", NULL);

    /* a row of none of them */
    (void) sql_row_id(1, 2, 9, 5, PRODUCT, "7", "FF-500293", NULL);
    assert_int_equal(as_outbox_claim(sql_db, &claim), AS_DB_OK);
    assert_false(claim.orders[0].claimed);
    assert_true(claim.orders[1].claimed);
    assert_true(sql_has(1, "IN (NULL) GROUP BY"));
}


/* The product's last orders failed: what is left of the pause. */
static void
puts_off(void **state)
{
    (void) state;

    (void) sql_row_id(0, 1, 1, 2, "1");
    (void) sql_row_id(0, 1, 2, 2, "1");
    (void) sql_row_id(0, 1, 3, 2, "1");
    (void) sql_row_id(1, 2, 1, 5, PRODUCT, "10", "FF-500293", NULL);
    (void) sql_row_id(1, 2, 2, 5, PRODUCT, "10", "FF-500293", NULL);
    (void) sql_row_id(1, 2, 3, 5, PRODUCT, "10", "FF-500293", NULL);

    /* two failures, the last 20 s ago; one failure, an hour ago; none */
    (void) sql_row_id(1, 3, 1, 3, "2", "20000000");
    (void) sql_row_id(1, 3, 2, 3, "1", "3600000000");
    assert_int_equal(as_outbox_claim(sql_db, &claim), AS_DB_OK);

    assert_int_equal(claim.orders[0].pause_ms, 100000);
    assert_int_equal(claim.orders[0].failures, 2);
    assert_true(claim.orders[1].pause_ms <= 0);
    assert_int_equal(claim.orders[2].pause_ms, 0);
    assert_int_equal(sql.npackets, 3);
    assert_int_equal(sql_count(2, "UPDATE restock_order"), 1);
    assert_true(sql_has(2, "INTERVAL 100000000 MICROSECOND"));
    assert_true(sql_has(2, "order_id = " ID1));
    assert_false(sql_has(2, ID2));
}


static void
claim_fails(void **state)
{
    size_t  i;

    (void) state;

    for (i = 0; i < 2; i++) {
        sql_reset();
        (void) sql_row_id(0, 1, 1, 2, "0");
        sql.status[i] = AS_DB_RETRY;
        assert_int_equal(as_outbox_claim(sql_db, &claim), AS_DB_RETRY);
        assert_int_equal(sql.npackets, i + 1);
    }

    /* the repeated job begins from the start */
    sql_reset();
    (void) sql_row_id(0, 1, 1, 2, "0");
    assert_int_equal(as_outbox_claim(sql_db, &claim), AS_DB_OK);
    assert_int_equal(claim.n, 1);
}


static void
pauses(void **state)
{
    size_t  i;

    static const struct {
        int      failures;
        int64_t  pause;
    } cases[] = {
        { -1, 0 }, { 0, 0 }, { 1, 60000 }, { 2, 120000 }, { 3, 240000 },
        { 6, 1920000 }, { 7, 3600000 }, { 1000000, 3600000 }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(as_outbox_pause(cases[i].failures, 60000, 3600000),
                         cases[i].pause);
    }

    assert_int_equal(as_outbox_pause(5, 0, 0), 0);
    assert_int_equal(as_outbox_pause(1, 60000, 30000), 30000);
}


/* Only the owner's leases, only of pending orders, and due at once. */
static void
unclaims(void **state)
{
    (void) state;

    assert_int_equal(as_outbox_unclaim(sql_db, "relay:w:1"), AS_DB_OK);
    assert_true(sql_has(0, "next_attempt_at = UTC_TIMESTAMP(6) WHERE state ="
                        " 'pending' AND lease_owner = "));

    sql.status[1] = AS_DB_GONE;
    assert_int_equal(as_outbox_unclaim(sql_db, "relay:w:1"), AS_DB_GONE);
}


/* All results in one transaction: one statement for the published ones, and one
 * for each other. */
static void
marks(void **state)
{
    as_outbox_mark_t  list[3];

    (void) state;

    memset(list, 0, sizeof(list));
    memset(list[0].id, 1, AS_UUID_LEN);
    memset(list[1].id, 2, AS_UUID_LEN);
    memset(list[2].id, 3, AS_UUID_LEN);
    list[0].published = true;
    (void) snprintf(list[0].message_id, sizeof(list[0].message_id), "it's");
    list[1].again_ms = 60000;
    list[2].again_ms = -1;
    assert_int_equal(as_outbox_mark(sql_db, "w", list, 3), AS_DB_OK);

    assert_int_equal(sql.npackets, 1);
    assert_int_equal(sql_count(0, "START TRANSACTION"), 1);
    assert_int_equal(sql_count(0, "UPDATE restock_order"), 3);
    assert_int_equal(sql_count(0, "COMMIT"), 1);
    assert_true(sql_has(0, "order_id IN (NULL," ID1 ")"));
    assert_true(sql_has(0, "state = IF(state = 'pending', 'published',"));
    assert_true(sql_has(0, "INTERVAL 60000000 MICROSECOND WHERE"));
    assert_true(sql_has(0, "state = 'failed' WHERE state = 'pending'"));
    assert_true(sql_has(0, "order_id = " ID3));
    assert_false(sql_has(0, "it's"));

    /* the consumer may have the order already: its state is not changed */
    assert_true(sql_has(0, "(state <> 'pending' OR lease_owner LIKE "));
}


/* A CASE of n takes n * n comparisons. */
static void
marks_in_chunks(void **state)
{
    size_t            i;
    as_outbox_mark_t  list[45];

    (void) state;

    memset(list, 0, sizeof(list));
    for (i = 0; i < 45; i++) {
        list[i].published = true;
    }
    assert_int_equal(as_outbox_mark(sql_db, "w", list, 45), AS_DB_OK);
    assert_int_equal(sql_count(0, "UPDATE restock_order"), 3);
    assert_int_equal(sql_count(0, "COMMIT"), 1);
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(looks),
        TEST(due),
        TEST(nothing_to_claim),
        TEST(claims),
        TEST(claimed_by_another),
        TEST(puts_off),
        TEST(claim_fails),
        TEST(pauses),
        TEST(unclaims),
        TEST(marks),
        TEST(marks_in_chunks)
    };

    return cmocka_run_group_tests_name("outbox", tests, NULL, NULL);
}
