/*
 * The verbs of the command `orders` that change an order: their calls of
 * worker/db, their output for each result, and the exit codes.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "command_fixture.h"
#include "db/order.h"


#define RUN(...)   command_run(&as_command_orders, __VA_ARGS__, NULL)
#define JSON(...)  command_json(AS_EXIT_OK, &as_command_orders, __VA_ARGS__,  \
                                NULL)

#define ID      "01010101-0101-0101-0101-010101010101"
#define NEWER   "02020202-0202-0202-0202-020202020202"


/* The results of the next calls of worker/db. */
static struct {
    as_db_status_e       status[8];    /* of the calls, in order */
    unsigned             calls;
    as_order_cancel_t    cancel;
    as_order_reopen_t    reopen;
    as_order_now_t       now;
    as_order_receive_t   receive;
    uint8_t              movement_id[AS_UUID_LEN];     /* of the last call */
    bool                 look[8];
} db;


static as_db_status_e
answer(void)
{
    return db.status[db.calls++];
}


as_db_status_e
as_order_cancel(as_db_t *conn, as_order_cancel_t *cancel)
{
    assert_ptr_equal(conn, sql_db);
    assert_int_equal(cancel->id[0], 1);
    *cancel = db.cancel;

    return answer();
}


as_db_status_e
as_order_reopen(as_db_t *conn, as_order_reopen_t *reopen)
{
    assert_ptr_equal(conn, sql_db);
    assert_int_equal(reopen->id[0], 1);
    assert_true(reopen->cancelled);
    assert_false(reopen->published);
    db.look[db.calls] = reopen->look;
    memcpy(db.reopen.id, reopen->id, AS_UUID_LEN);
    db.reopen.cancelled = true;
    *reopen = db.reopen;

    return answer();
}


as_db_status_e
as_order_now(as_db_t *conn, as_order_now_t *now)
{
    assert_ptr_equal(conn, sql_db);
    assert_string_equal(now->sku, "A");
    *now = db.now;

    return answer();
}


as_db_status_e
as_order_receive(as_db_t *conn, as_order_receive_t *receive)
{
    assert_ptr_equal(conn, sql_db);
    assert_int_equal(receive->id[0], 1);

    /* a repetition has the same id */
    if (db.calls > 0) {
        assert_memory_equal(db.movement_id, receive->movement_id,
                            AS_UUID_LEN);
    }

    memcpy(db.movement_id, receive->movement_id, AS_UUID_LEN);
    memcpy(db.receive.movement_id, receive->movement_id, AS_UUID_LEN);
    memcpy(db.receive.id, receive->id, AS_UUID_LEN);
    db.receive.quantity = receive->quantity;
    *receive = db.receive;

    return answer();
}


static int
setup(void **state)
{
    memset(&db, 0, sizeof(db));
    (void) snprintf(db.cancel.state, 16, "published");
    (void) snprintf(db.reopen.state, 16, "failed");

    return command_setup(state);
}


/* The row of as_order_show(). */
static void
an_order(const char *state)
{
    sql_row_t  *row;

    row = sql_row_id(0, 0, 1, 21, NULL, "A", "Donut", "FF-1", state, "10",
                     NULL, "2", "status 500", "m-1", NULL, NULL, NULL,
                     "2026-11-22T09:30:00.000000Z", NULL, NULL, NULL, NULL,
                     NULL, NULL);
    assert_non_null(row);
}


/* Wrong arguments: nothing is opened. */
static void
usage(void **state)
{
    int     rc;
    size_t  i;

    static const struct {
        const char  *arguments[4];
        const char  *says;
    } cases[] = {
        { { NULL }, "list|show|cancel|retry|now|receive" },
        { { "lisst", NULL }, "lisst" },
        { { "show", NULL }, "show" },
        { { "receive", ID, NULL }, "receive" },
        { { "list", "--state", "done", NULL }, "--state" },
        { { "list", "--older-than", "soon", NULL }, "--older-than" },
        { { "list", "--limit", "0", NULL }, "--limit" },
        { { "list", "--limit", "99999999999999", NULL }, "--limit" },
        { { "list", "--output", "xml", NULL }, "--output" },
        { { "list", "--nonsense", NULL }, "--nonsense" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        rc = command_run(&as_command_orders, cases[i].arguments[0],
                         cases[i].arguments[1], cases[i].arguments[2], NULL);
        command_told(cases[i].says);
        assert_int_equal(rc, AS_EXIT_USAGE);
        assert_string_equal(command.out, "");
    }

    assert_int_equal(command.opened, 0);
}


/* An invalid id is an error of usage for every verb. */
static void
no_id(void **state)
{
    (void) state;

    assert_int_equal(RUN("show", "x"), AS_EXIT_USAGE);
    assert_int_equal(RUN("cancel", "x"), AS_EXIT_USAGE);
    assert_int_equal(RUN("retry", "x"), AS_EXIT_USAGE);
    assert_int_equal(RUN("receive", "x", "1"), AS_EXIT_USAGE);
    assert_int_equal(RUN("receive", ID, "0"), AS_EXIT_USAGE);
    assert_int_equal(RUN("receive", ID, "1000001"), AS_EXIT_USAGE);
    assert_int_equal(RUN("receive", ID, "ten"), AS_EXIT_USAGE);
    assert_int_equal(db.calls, 0);
    assert_int_equal(sql.npackets, 0);
}


static void
cancel_asks(void **state)
{
    (void) state;

    an_order("published");
    command_asks("cancel the published order of 10 A?", &as_command_orders,
                 "cancel", ID);
    assert_int_equal(db.calls, 0);

    /* the order no longer exists at the time of the change */
    sql_reset();
    assert_int_equal(RUN("cancel", ID), AS_EXIT_FINDINGS);
    command_told("there is no order");
    assert_int_equal(db.calls, 0);
}


/* The notes about goods that may still arrive, and about the next order. */
static void
cancel(void **state)
{
    size_t  i;

    static const struct {
        const char  *state;
        bool         calling;
        bool         low;
        const char  *note;
    } cases[] = {
        { "pending", false, false, "cancelled (it was pending)\n" },
        { "published", true, false, "goods that still arrive are booked\n" },
        { "requested", false, false, "goods that still arrive are booked\n" },
        { "pending", false, true, ": the product is at its reorder point" },
        { "requested", false, true, "are booked; the product is at its" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sql_reset();
        db.calls = 0;
        an_order(cases[i].state);
        (void) snprintf(db.cancel.state, 16, "%s", cases[i].state);
        db.cancel.calling = cases[i].calling;
        db.cancel.low = cases[i].low;
        assert_int_equal(RUN("cancel", ID, "--yes"), AS_EXIT_OK);
        command_wrote(ID " cancelled (it was ");
        command_wrote(cases[i].note);
    }
}


static void
cancel_is_not_possible(void **state)
{
    (void) state;

    an_order("published");
    db.cancel.outcome = AS_CANCEL_UNKNOWN;
    assert_int_equal(RUN("cancel", ID, "--yes"), AS_EXIT_FINDINGS);
    command_told("there is no order " ID);

    sql_reset();
    an_order("fulfilled");
    db.cancel.outcome = AS_CANCEL_STATE;
    (void) snprintf(db.cancel.state, 16, "fulfilled");
    assert_int_equal(RUN("cancel", ID, "--yes"), AS_EXIT_FINDINGS);
    command_told(ID " is fulfilled: only an open order can be cancelled");

    sql_reset();
    an_order("published");
    db.status[2] = AS_DB_GONE;
    assert_int_equal(RUN("cancel", ID, "--yes"), AS_EXIT_REACH);
    assert_string_equal(command.out, "");
}


static void
retry(void **state)
{
    json_t  *told;

    (void) state;

    assert_int_equal(RUN("retry", ID), AS_EXIT_OK);
    command_wrote(ID " reopened (it was failed): the relay publishes it now");

    /* the check before the change */
    assert_int_equal(db.calls, 2);
    assert_true(db.look[0]);
    assert_false(db.look[1]);

    told = JSON("retry", ID);
    assert_string_equal(json_string_value(json_object_get(told, "action")),
                        "reopened");
    assert_string_equal(json_string_value(json_object_get(told, "before")),
                        "failed");
    json_decref(told);
}


/* More than is needed would be ordered: the command asks. */
static void
retry_with_stock(void **state)
{
    (void) state;

    db.reopen.product = true;
    (void) snprintf(db.reopen.sku, sizeof(db.reopen.sku), "A");
    db.reopen.stock = 50;
    db.reopen.reorder_point = 5;
    db.reopen.quantity = 10;
    command_asks("open the order again?", &as_command_orders, "retry", ID);
    command_told("warning: ");
    assert_int_equal(db.calls, 1);

    assert_int_equal(RUN("retry", ID, "--yes"), AS_EXIT_OK);
    command_told("warning: ");
    assert_int_equal(db.calls, 3);
}


static void
retry_is_not_possible(void **state)
{
    (void) state;

    db.reopen.outcome = AS_REOPEN_UNKNOWN;
    assert_int_equal(RUN("retry", ID), AS_EXIT_FINDINGS);
    command_told("there is no order " ID);

    db.reopen.outcome = AS_REOPEN_STATE;
    (void) snprintf(db.reopen.state, 16, "requested");
    assert_int_equal(RUN("retry", ID), AS_EXIT_FINDINGS);
    command_told(ID " is requested: only a failed or cancelled order");

    db.reopen.outcome = AS_REOPEN_NEWER;
    (void) snprintf(db.reopen.state, 16, "failed");
    (void) snprintf(db.reopen.newer_state, 16, "pending");
    memset(db.reopen.newer, 2, AS_UUID_LEN);
    assert_int_equal(RUN("retry", ID), AS_EXIT_FINDINGS);
    command_told(ID " stays failed: ");
    command_told(NEWER);

    /* the check or the change fails */
    db.calls = 0;
    db.status[0] = AS_DB_GONE;
    assert_int_equal(RUN("retry", ID), AS_EXIT_REACH);
    assert_int_equal(db.calls, 1);
    db.calls = 0;
    db.status[0] = AS_DB_OK;
    db.status[1] = AS_DB_ERROR;
    assert_int_equal(RUN("retry", ID), AS_EXIT_REACH);
    assert_int_equal(db.calls, 2);
}


static void
now(void **state)
{
    size_t  i;

    static const struct {
        as_order_now_e   outcome;
        bool             leased;
        const char      *says;
    } cases[] = {
        { AS_NOW_NO_PRODUCT, false, "there is no product A" },
        { AS_NOW_NO_ORDER, false, "orders list --sku A shows" },
        { AS_NOW_STATE, false, ID " is pending: it does not wait" },
        { AS_NOW_STATE, true, "pending and being published: it does not" }
    };

    (void) state;

    memset(db.now.id, 1, AS_UUID_LEN);
    (void) snprintf(db.now.state, 16, "pending");
    db.now.wait_ms = 42000;
    assert_int_equal(RUN("now", "A"), AS_EXIT_OK);
    command_wrote(ID " sent now (it was pending): the relay publishes it, 42 s "
                  "before its time");

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        db.now.outcome = cases[i].outcome;
        db.now.leased = cases[i].leased;
        assert_int_equal(RUN("now", "A"), AS_EXIT_FINDINGS);
        command_told(cases[i].says);
        assert_string_equal(command.out, "");
    }

    db.calls = 0;
    db.status[0] = AS_DB_ERROR;
    assert_int_equal(RUN("now", "A"), AS_EXIT_REACH);
}


static void
receive(void **state)
{
    json_t  *told;

    (void) state;

    (void) snprintf(db.receive.state, 16, "failed");
    db.receive.stock = 13;
    assert_int_equal(RUN("receive", ID, "10"), AS_EXIT_OK);
    command_wrote(ID " received (it was failed): 10 booked, the stock is 13");

    db.calls = 0;
    told = JSON("receive", ID, "10");
    assert_string_equal(json_string_value(json_object_get(told, "note")),
                        "10 booked, the stock is 13");
    json_decref(told);
}


static void
receive_is_not_possible(void **state)
{
    size_t  i;

    static const struct {
        as_receive_e   outcome;
        const char    *says;
    } cases[] = {
        { AS_RECEIVE_UNKNOWN, "there is no order " ID },
        { AS_RECEIVE_STATE, ID " is fulfilled already" },
        { AS_RECEIVE_COUNT, "is an order of 5 pieces: 10 are more" },
        { AS_RECEIVE_NO_PRODUCT, "the product of " ID " was deleted" },
        { AS_RECEIVE_RANGE, "the stock is 2147483640: with 10 more" }
    };

    (void) state;

    db.receive.ordered = 5;
    db.receive.stock = 2147483640;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        db.calls = 0;
        db.receive.outcome = cases[i].outcome;
        assert_int_equal(RUN("receive", ID, "10"), AS_EXIT_FINDINGS);
        command_told(cases[i].says);
        assert_string_equal(command.out, "");
    }
}


/* The connection is lost during COMMIT: the same movement is sent again, until
 * a new connection shows whether it is booked. */
static void
receive_again_after_a_loss(void **state)
{
    size_t  i;

    (void) state;

    db.status[0] = db.status[1] = AS_DB_GONE;
    assert_int_equal(RUN("receive", ID, "10"), AS_EXIT_OK);
    assert_int_equal(db.calls, 3);
    assert_int_equal(command.paused_ms, 400);

    db.calls = 0;
    for (i = 0; i < 8; i++) {
        db.status[i] = AS_DB_GONE;
    }
    assert_int_equal(RUN("receive", ID, "10"), AS_EXIT_REACH);
    assert_int_equal(db.calls, 6);
}


#define TEST(name)                                                            \
    cmocka_unit_test_setup_teardown(name, setup, command_teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(usage),
        TEST(no_id),
        TEST(cancel_asks),
        TEST(cancel),
        TEST(cancel_is_not_possible),
        TEST(retry),
        TEST(retry_with_stock),
        TEST(retry_is_not_possible),
        TEST(now),
        TEST(receive),
        TEST(receive_is_not_possible),
        TEST(receive_again_after_a_loss)
    };

    return cmocka_run_group_tests_name("command_orders", tests, NULL, NULL);
}
