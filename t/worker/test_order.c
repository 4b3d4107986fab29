/*
 * Restock orders: opening, reopening, cancelling and booking, for the rows that
 * the database returns.
 */

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "db/order.h"
#include "sql_fixture.h"


#define UUID     "01010101-0101-0101-0101-010101010101"

#define ID1  "X'01010101010101010101010101010101'"


static as_order_open_t
opening(const char *product, int quantity)
{
    as_order_open_t  open;

    memset(&open, 0, sizeof(open));
    open.product = product;
    open.quantity = quantity;
    open.pause_min_ms = 60000;
    open.pause_max_ms = 3600000;
    memset(open.id, 1, AS_UUID_LEN);

    return open;
}


/*
 * A message without an order: the product's row is locked first; then its
 * order is joined, known, opened, or opened for later.
 */
static void
opens(void **state)
{
    size_t           i;
    as_order_open_t  open;

    static const struct {
        bool             product;
        bool             known;        /* opened for this message before */
        bool             joined;
        const char      *failures;
        const char      *since_us;     /* since the last one */
        as_order_open_e  outcome;
        unsigned char    id;           /* of the order */
        const char      *writes;       /* NULL: nothing */
    } cases[] = {
        { false, false, false, NULL, NULL, AS_ORDER_NO_PRODUCT, 0, NULL },
        { true, true, false, "0", NULL, AS_ORDER_KNOWN, 1, NULL },

        /* known, and open as well: its own */
        { true, true, true, "0", NULL, AS_ORDER_KNOWN, 1, NULL },
        { true, false, true, "0", NULL, AS_ORDER_JOINED, 2, NULL },
        { true, false, false, "0", NULL, AS_ORDER_OPENED, 1,
          ",7,'published',0,UTC_TIMESTAMP(6),NULL);COMMIT" },
        { true, false, false, "1", "20000000", AS_ORDER_PAUSED, 1,
          ",7,'pending',0,NULL,UTC_TIMESTAMP(6) + INTERVAL 40000000 MICRO" },
        { true, false, false, "1", "60000000", AS_ORDER_OPENED, 1,
          "'published'" },
        { true, false, false, "50", "60000000", AS_ORDER_PAUSED, 1,
          "INTERVAL 3540000000 MICROSECOND" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sql_reset();
        open = opening("CP-502101", 7);
        if (cases[i].product) {
            (void) sql_row_id(0, 1, 'p', 2, "10");
        }
        if (cases[i].known) {
            (void) sql_row_id(1, 0, 1, 1);
        }
        if (cases[i].joined) {
            (void) sql_row_id(1, 1, 2, 2, "published");
        }
        if (cases[i].failures != NULL) {
            (void) sql_row(1, 2, 3, cases[i].failures, cases[i].since_us,
                           "0");
        }

        assert_int_equal(as_order_open(sql_db, &open), AS_DB_OK);

        if (open.outcome != cases[i].outcome
            || (cases[i].id != 0 && open.order_id[0] != cases[i].id)
            || (cases[i].writes == NULL
                ? strcmp(sql.packets[sql.npackets - 1], "COMMIT") != 0
                : !sql_has(2, cases[i].writes)))
        {
            fail_msg("case %zu: outcome %d, %s", i, (int) open.outcome,
                     sql.packets[sql.npackets - 1]);
        }

        assert_true(sql_has(0, "START TRANSACTION;SELECT"));
        assert_true(sql_has(0, "FOR UPDATE"));
    }
}


/* By UUID or SKU; without a count the product's own. */
static void
product_and_count(void **state)
{
    as_order_open_t  open;

    (void) state;

    open = opening(UUID, 0);
    (void) sql_row_id(0, 1, 'p', 2, "12");
    assert_int_equal(as_order_open(sql_db, &open), AS_DB_OK);
    assert_true(sql_has(0, "p.product_id = " ID1));
    assert_true(sql_has(2, ",12,'published'"));

    sql_reset();
    open = opening("CP'502101", 1000000);
    (void) sql_row_id(0, 1, 'p', 2, "12");
    assert_int_equal(as_order_open(sql_db, &open), AS_DB_OK);
    assert_true(sql_has(0, "p.sku = "));
    assert_false(sql_has(0, "CP'502101"));
    assert_true(sql_has(2, ",1000000,'published'"));
}


/* Another node opened one meanwhile: everything is read again. */
static void
opened_by_another(void **state)
{
    size_t           i;
    as_order_open_t  open;

    static const struct {
        as_db_status_e  status;
        as_db_status_e  after;
    } cases[] = {
        { AS_DB_DUPLICATE, AS_DB_RETRY }, { AS_DB_RETRY, AS_DB_RETRY },
        { AS_DB_GONE, AS_DB_GONE }, { AS_DB_ERROR, AS_DB_ERROR }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sql_reset();
        open = opening("CP-502101", 1);
        (void) sql_row_id(0, 1, 'p', 2, "12");
        sql.status[2] = cases[i].status;
        assert_int_equal(as_order_open(sql_db, &open), cases[i].after);
    }

    for (i = 0; i < 2; i++) {
        sql_reset();
        (void) sql_row_id(0, 1, 'p', 2, "12");
        sql.status[i] = AS_DB_GONE;
        assert_int_equal(as_order_open(sql_db, &open), AS_DB_GONE);
        assert_int_equal(sql.npackets, i + 1);
    }
}


/* Depending on the order's state, and on another open order of its product. */
static void
reopens(void **state)
{
    size_t             i;
    as_order_reopen_t  reopen;

    static const struct {
        const char   *state;           /* NULL: no such order */
        bool          newer;
        bool          cancelled;       /* accept a cancelled one, too */
        bool          look;
        as_reopen_e   outcome;
        bool          writes;
    } cases[] = {
        { NULL, false, false, false, AS_REOPEN_UNKNOWN, false },
        { "pending", false, false, false, AS_REOPEN_STATE, false },
        { "published", false, false, false, AS_REOPEN_STATE, false },
        { "requested", false, true, false, AS_REOPEN_STATE, false },
        { "fulfilled", false, true, false, AS_REOPEN_STATE, false },
        { "failed", false, false, false, AS_REOPEN_DONE, true },
        { "failed", false, false, true, AS_REOPEN_DONE, false },
        { "failed", true, false, false, AS_REOPEN_NEWER, false },
        { "cancelled", false, false, false, AS_REOPEN_STATE, false },
        { "cancelled", false, true, false, AS_REOPEN_DONE, true },
        { "cancelled", true, true, false, AS_REOPEN_NEWER, false },

        /* the open order is this order */
        { "published", true, false, false, AS_REOPEN_STATE, false }
    };

    (void) state;

    for (i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
        sql_reset();
        memset(&reopen, 0, sizeof(reopen));
        memset(reopen.id, 1, AS_UUID_LEN);
        reopen.published = i % 2 == 1;
        reopen.cancelled = cases[i / 2].cancelled;
        reopen.look = cases[i / 2].look;

        (void) sql_row(0, 1, 4, "CP-502101", "5", "3", "20");
        if (cases[i / 2].state != NULL) {
            (void) sql_row(0, 2, 2, cases[i / 2].state, "10");
        }
        if (cases[i / 2].newer) {
            (void) sql_row_id(0, 3, 2, 3, "pending", "0");
        }

        assert_int_equal(as_order_reopen(sql_db, &reopen), AS_DB_OK);
        assert_int_equal(reopen.outcome, cases[i / 2].outcome);
        assert_int_equal(sql_count(1, "UPDATE restock_order"),
                         cases[i / 2].writes);
        assert_int_equal(sql_count(1, "COMMIT"), 1);

        if (cases[i / 2].writes) {
            assert_true(sql_has(1, reopen.published
                                ? "next_attempt_at = NULL, state = 'publ"
                                : "next_attempt_at = UTC_TIMESTAMP(6), state"
                                  " = 'pending'"));
            assert_true(sql_has(1, "attempts = 0"));
        }
    }
}


/* The stock is above its reorder point: more than is needed would be
 * ordered. */
static void
surplus(void **state)
{
    char               text[400];
    as_order_reopen_t  reopen;

    (void) state;

    memset(&reopen, 0, sizeof(reopen));
    assert_false(as_order_reopen_surplus(&reopen, text, sizeof(text)));

    (void) sql_row(0, 1, 4, "CP-502101", "5", "5", "20");
    (void) sql_row(0, 2, 2, "failed", "10");
    assert_int_equal(as_order_reopen(sql_db, &reopen), AS_DB_OK);
    assert_false(as_order_reopen_surplus(&reopen, text, sizeof(text)));

    reopen.stock = 6;
    assert_true(as_order_reopen_surplus(&reopen, text, sizeof(text)));
    assert_non_null(strstr(text, "CP-502101"));
    assert_non_null(strstr(text, "20 pieces"));
}


/* The same for a message without an order, which changes nothing: it would join
 * an open order, or open one. */
static void
reopens_without_an_order(void **state)
{
    size_t             i;
    char               text[400];
    as_order_reopen_t  reopen;

    static const struct {
        const char   *open;            /* NULL: no such product */
        int           quantity;        /* of the message */
        as_reopen_e   outcome;
        int           after;
    } cases[] = {
        { NULL, 0, AS_REOPEN_UNKNOWN, 0 },
        { "0", 0, AS_REOPEN_DONE, 12 },
        { "0", 7, AS_REOPEN_DONE, 7 },
        { "1", 7, AS_REOPEN_NEWER, 7 }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sql_reset();
        memset(&reopen, 0, sizeof(reopen));
        reopen.quantity = cases[i].quantity;
        if (cases[i].open != NULL) {
            (void) sql_row(0, 0, 6, "CP-502101", "5", "3", "20", "12",
                           cases[i].open);
        }

        assert_int_equal(as_order_reopen_without(sql_db, UUID, 5999, &reopen),
                         AS_DB_OK);
        assert_int_equal(reopen.outcome, cases[i].outcome);
        assert_int_equal(reopen.quantity, cases[i].after);
        assert_int_equal(reopen.product, cases[i].open != NULL);
        assert_true(sql_has(0, "p.product_id = " ID1));
        assert_true(sql_has(0, "INTERVAL 5 SECOND"));
        assert_int_equal(sql.npackets, 1);
    }

    /* what to do where the newer order waits, and where it does not */
    (void) strcpy(reopen.newer_state, "pending");
    as_order_reopen_newer(&reopen, text, sizeof(text));
    assert_non_null(strstr(text, "orders now CP-502101"));
    (void) strcpy(reopen.newer_state, "requested");
    as_order_reopen_newer(&reopen, text, sizeof(text));
    assert_null(strstr(text, "orders now"));
}


static void
reopen_fails(void **state)
{
    size_t             i;
    as_order_reopen_t  reopen;

    static const struct {
        size_t          packet;
        as_db_status_e  status;
        as_db_status_e  after;
    } cases[] = {
        { 0, AS_DB_GONE, AS_DB_GONE }, { 1, AS_DB_GONE, AS_DB_GONE },
        { 1, AS_DB_DUPLICATE, AS_DB_RETRY }, { 1, AS_DB_RETRY, AS_DB_RETRY }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sql_reset();
        memset(&reopen, 0, sizeof(reopen));
        (void) sql_row(0, 2, 2, "failed", "10");
        sql.status[cases[i].packet] = cases[i].status;
        assert_int_equal(as_order_reopen(sql_db, &reopen), cases[i].after);
    }
}


/* Only open ones are cancelled; COMMIT is sent separately. */
static void
cancels(void **state)
{
    size_t             i;
    as_order_cancel_t  cancel;

    static const struct {
        const char   *state;
        const char   *open;
        as_cancel_e   outcome;
    } cases[] = {
        { "pending", "1", AS_CANCEL_DONE },
        { "published", "1", AS_CANCEL_DONE },
        { "requested", "1", AS_CANCEL_DONE },
        { "fulfilled", "0", AS_CANCEL_STATE },
        { "failed", "0", AS_CANCEL_STATE },
        { "cancelled", "0", AS_CANCEL_STATE },
        { NULL, NULL, AS_CANCEL_UNKNOWN }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sql_reset();
        memset(&cancel, 0, sizeof(cancel));
        (void) sql_row(0, 1, 1, "1");
        if (cases[i].state != NULL) {
            (void) sql_row(0, 2, 3, cases[i].state, "1", cases[i].open);
        }

        assert_int_equal(as_order_cancel(sql_db, &cancel), AS_DB_OK);
        assert_int_equal(cancel.outcome, cases[i].outcome);
        assert_true(cancel.low);
        assert_int_equal(cancel.calling, cases[i].state != NULL);
        assert_int_equal(sql.npackets,
                         cases[i].outcome == AS_CANCEL_DONE ? 3 : 2);
        assert_string_equal(sql.packets[sql.npackets - 1], "COMMIT");
    }

    /* each of the three may fail */
    for (i = 0; i < 3; i++) {
        sql_reset();
        (void) sql_row(0, 2, 3, "pending", "0", "1");
        sql.status[i] = AS_DB_GONE;
        assert_int_equal(as_order_cancel(sql_db, &cancel), AS_DB_GONE);
        assert_int_equal(sql.npackets, i + 1);
    }
}


/* Goods are booked in every state but fulfilled, never more than ordered. */
static void
receives(void **state)
{
    size_t              i;
    as_order_receive_t  receive;

    static const struct {
        const char    *state;
        const char    *product_stock;  /* NULL: it was deleted */
        int64_t        quantity;
        as_receive_e   outcome;
        bool           writes;
    } cases[] = {
        { NULL, NULL, 1, AS_RECEIVE_UNKNOWN, false },
        { "pending", "3", 10, AS_RECEIVE_DONE, true },
        { "published", "3", 10, AS_RECEIVE_DONE, true },
        { "requested", "3", 10, AS_RECEIVE_DONE, true },
        { "requested", "3", 1, AS_RECEIVE_DONE, true },
        { "failed", "3", 10, AS_RECEIVE_DONE, true },
        { "cancelled", "3", 10, AS_RECEIVE_DONE, true },
        { "fulfilled", "3", 10, AS_RECEIVE_STATE, false },
        { "requested", "3", 11, AS_RECEIVE_COUNT, false },
        { "requested", NULL, 10, AS_RECEIVE_NO_PRODUCT, false },
        { "requested", "2147483637", 10, AS_RECEIVE_DONE, true },
        { "requested", "2147483638", 10, AS_RECEIVE_RANGE, false }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sql_reset();
        memset(&receive, 0, sizeof(receive));
        receive.quantity = cases[i].quantity;
        if (cases[i].product_stock != NULL) {
            (void) sql_row_id(0, 1, 'p', 2, cases[i].product_stock);
        }
        if (cases[i].state != NULL) {
            (void) sql_row(0, 2, 3, cases[i].state, "10", NULL);
        }

        assert_int_equal(as_order_receive(sql_db, &receive), AS_DB_OK);

        if (receive.outcome != cases[i].outcome
            || sql.npackets != (cases[i].writes ? 3 : 2))
        {
            fail_msg("case %zu: outcome %d, %zu packets", i,
                     (int) receive.outcome, sql.npackets);
        }

        assert_string_equal(sql.packets[sql.npackets - 1],
                            cases[i].writes ? "COMMIT" : "ROLLBACK");
        if (cases[i].writes) {
            assert_int_equal(sql_count(1, "INSERT INTO stock_movement"), 2);
            assert_int_equal(sql_count(1, "UPDATE "), 2);
            assert_true(sql_has(1, "state = 'fulfilled'"));
        }
    }
}


/* Repeated after a lost connection it takes effect once. */
static void
received_before(void **state)
{
    size_t              i;
    as_order_receive_t  receive;

    (void) state;

    for (i = 0; i < 2; i++) {
        sql_reset();
        memset(&receive, 0, sizeof(receive));
        receive.quantity = 10;
        memset(receive.movement_id, 'm', AS_UUID_LEN);
        (void) sql_row_id(0, 1, 'p', 2, "13");
        (void) sql_row(0, 2, 3, "fulfilled", "10", i == 0
                       ? "mmmmmmmmmmmmmmmm" : "nnnnnnnnnnnnnnnn");
        assert_int_equal(as_order_receive(sql_db, &receive), AS_DB_OK);
        assert_int_equal(receive.outcome, i == 0 ? AS_RECEIVE_DONE
                                                 : AS_RECEIVE_STATE);
        assert_true(receive.before);
        assert_string_equal(sql.packets[1], "ROLLBACK");
    }

    /* a callback books it at the same time */
    sql_reset();
    (void) sql_row_id(0, 1, 'p', 2, "13");
    (void) sql_row(0, 2, 3, "requested", "10", NULL);
    sql.status[1] = AS_DB_DUPLICATE;
    assert_int_equal(as_order_receive(sql_db, &receive), AS_DB_RETRY);
}


/* The order keeps the trace of its message. */
static void
opens_with_a_trace(void **state)
{
    as_order_open_t    open;
    static const char  trace[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-"
                                 "00f067aa0ba902b7-01";

    (void) state;

    open = opening("CP-502101", 7);
    as_trace_read(&open.trace, trace);
    (void) sql_row_id(0, 1, 'p', 2, "10");
    assert_int_equal(as_order_open(sql_db, &open), AS_DB_OK);
    assert_int_equal(open.outcome, AS_ORDER_OPENED);
    assert_true(sql_has(2, ",NULL);INSERT INTO restock_order_trace (order_id, "
                        "product_id, traceparent) SELECT order_id, product_id, "
                        "'00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"
                        "-01' FROM restock_order WHERE order_id = "
                        "X'01010101010101010101010101010101';COMMIT"));
}


#define TEST(name)                                                            \
    cmocka_unit_test_setup_teardown(name, sql_setup, sql_teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(opens),
        TEST(opens_with_a_trace),
        TEST(product_and_count),
        TEST(opened_by_another),
        TEST(reopens),
        TEST(surplus),
        TEST(reopens_without_an_order),
        TEST(reopen_fails),
        TEST(cancels),
        TEST(receives),
        TEST(received_before)
    };

    return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
