/*
 * The commands `orders list` and `orders show`, and what all commands do when
 * the database fails.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "command_fixture.h"


#define RUN(...)   command_run(&as_command_orders, __VA_ARGS__, NULL)
#define JSON(...)  command_json(AS_EXIT_OK, &as_command_orders, __VA_ARGS__,  \
                                NULL)

#define ID      "01010101-0101-0101-0101-010101010101"
#define NEWER   "02020202-0202-0202-0202-020202020202"


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


static void
a_row_of_the_list(size_t packet, unsigned char id, const char *state)
{
    (void) sql_row_id(packet, 0, id, 9, "A", state, "10", NULL, "2", "60",
                      "2026-11-22T09:30:00.000000Z", "status 500");
}


static void
settings_are_wrong(void **state)
{
    (void) state;

    command.open = AS_EXIT_USAGE;
    assert_int_equal(RUN("list"), AS_EXIT_USAGE);
    assert_int_equal(sql.npackets, 0);
    assert_int_equal(command.need, AS_NEED_DB);
}


static void
list(void **state)
{
    json_t  *rows, *row;

    (void) state;

    a_row_of_the_list(0, 1, "published");
    a_row_of_the_list(0, 2, "failed");
    assert_int_equal(RUN("list"), AS_EXIT_OK);
    command_wrote("order_id");
    command_wrote(ID "  A    published  10");
    command_wrote(NEWER);
    assert_string_equal(command.err, "");
    assert_true(sql_has(0, "ORDER BY o.pending_at DESC, o.order_id DESC LIMIT "
                           "100"));

    sql_reset();
    a_row_of_the_list(0, 1, "published");
    rows = JSON("list");
    assert_int_equal(json_array_size(rows), 1);
    row = json_array_get(rows, 0);
    assert_string_equal(json_string_value(json_object_get(row, "order_id")),
                        ID);
    assert_int_equal(json_integer_value(json_object_get(row, "age_s")), 60);
    assert_true(json_is_null(json_object_get(row, "received")));
    json_decref(rows);

    /* none: no header, but an array */
    sql_reset();
    assert_int_equal(RUN("list"), AS_EXIT_OK);
    assert_string_equal(command.out, "");
    sql_reset();
    rows = JSON("list");
    assert_int_equal(json_array_size(rows), 0);
    json_decref(rows);
}


static void
list_filters(void **state)
{
    size_t  i;

    static const struct {
        const char  *option;
        const char  *value;
        const char  *sql;
    } cases[] = {
        { "--state", "open", "o.open_product_id IS NOT NULL" },
        { "--state", "failed", "o.state = _utf8mb4 X'6661696c6564'" },
        { "--sku", "A", "p.sku = " },
        { "--reason", "500", "LOCATE(" },
        { "--reason", "\xff", "AND FALSE" },
        { "--older-than", "5m", "INTERVAL 300000000 MICROSECOND" },
        { "--limit", "7", "LIMIT 7" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sql_reset();
        assert_int_equal(RUN("list", cases[i].option, cases[i].value),
                         AS_EXIT_OK);

        if (!sql_has(0, cases[i].sql)) {
            fail_msg("%s: %s", cases[i].option, sql.packets[0]);
        }
    }
}


/* Below an incomplete list there is a note with the total. */
static void
list_is_cut(void **state)
{
    (void) state;

    a_row_of_the_list(0, 1, "failed");
    a_row_of_the_list(0, 2, "failed");
    (void) sql_row(1, 0, 1, "41");
    assert_int_equal(RUN("list", "--limit", "2", "--state", "failed"),
                     AS_EXIT_OK);
    command_told("2 of 41 orders are shown; --limit 41 shows all, --after '"
                 NEWER "' the next ones");
    assert_true(sql_has(1, "SELECT COUNT(*)"));
    assert_true(sql_has(1, "o.state = "));

    /* exactly as many */
    sql_reset();
    a_row_of_the_list(0, 1, "failed");
    (void) sql_row(1, 0, 1, "1");
    assert_int_equal(RUN("list", "--limit", "1"), AS_EXIT_OK);
    assert_string_equal(command.err, "");
}


/* A list is read page by page: each begins after the last row of the previous
 * page, whatever was inserted or deleted since. */
static void
list_pages(void **state)
{
    size_t  i;

    (void) state;

    /* the fixture has no thousand rows: a page that is not full is the last */
    a_row_of_the_list(0, 2, "failed");
    assert_int_equal(RUN("list", "--limit", "5000"), AS_EXIT_OK);
    assert_int_equal(sql.npackets, 1);
    assert_true(sql_has(0, "LIMIT 1000"));

    sql_reset();
    for (i = 0; i < 3; i++) {
        a_row_of_the_list(0, (unsigned char) (9 - i), "failed");
    }
    (void) sql_row(1, 0, 1, "3");
    assert_int_equal(RUN("list", "--limit", "3"), AS_EXIT_OK);
    assert_true(sql_has(0, "LIMIT 3"));
    assert_true(sql_has(1, "SELECT COUNT(*)"));
    assert_string_equal(command.err, "");
}


/* --after continues a list: at the time of that order. */
static void
list_after(void **state)
{
    (void) state;

    (void) sql_row(0, 0, 1, "2026-11-22T09:30:00.000000Z");
    a_row_of_the_list(1, 2, "failed");
    assert_int_equal(RUN("list", "--after", ID, "--limit", "1"), AS_EXIT_OK);
    assert_true(sql_has(0, "o.order_id = X'0101010101010101"));
    assert_true(sql_has(1, "o.pending_at <= CAST(_utf8mb4 X'323032362d31"));
    assert_true(sql_has(1, "OR o.order_id < X'0101010101010101"));
    command_told("1 orders are shown; --after '" NEWER "' shows the next "
                 "ones");

    /* the total is not queried */
    assert_int_equal(sql.npackets, 2);

    sql_reset();
    assert_int_equal(RUN("list", "--after", ID), AS_EXIT_FINDINGS);
    command_told("--after: there is no order " ID);
    assert_int_equal(sql.npackets, 1);
    assert_int_equal(RUN("list", "--after", "x"), AS_EXIT_USAGE);

    sql_reset();
    sql.status[0] = AS_DB_GONE;
    assert_int_equal(RUN("list", "--after", ID), AS_EXIT_REACH);
}


static void
database_fails(void **state)
{
    size_t  i;

    static const char *const  verbs[][3] = {
        { "list", NULL, NULL }, { "show", ID, NULL },
        { "cancel", ID, NULL }
    };

    (void) state;

    for (i = 0; i < 3; i++) {
        sql_reset();
        sql.status[0] = AS_DB_GONE;
        assert_int_equal(command_run(&as_command_orders, verbs[i][0],
                                     verbs[i][1], NULL), AS_EXIT_REACH);
        command_told("database: refused: as the test says");
        assert_string_equal(command.out, "");
    }

    /* a missing right: the message names the user that has it */
    sql_reset();
    sql.status[0] = AS_DB_ERROR;
    sql.error = 1142;
    assert_int_equal(RUN("list"), AS_EXIT_REACH);
    command_told("sql/grants-operator.sql");
}


/* After a deadlock the transaction is run again, at most eight times, with
 * growing pauses. */
static void
deadlocks(void **state)
{
    size_t  i;

    (void) state;

    sql.status[0] = sql.status[1] = AS_DB_RETRY;
    assert_int_equal(RUN("list"), AS_EXIT_OK);
    assert_int_equal(sql.npackets, 3);
    assert_int_equal(command.paused_ms, 15);

    sql_reset();
    command.paused_ms = 0;
    for (i = 0; i < 20; i++) {
        sql.status[i] = AS_DB_RETRY;
    }
    assert_int_equal(RUN("list"), AS_EXIT_REACH);
    assert_int_equal(sql.npackets, 8);
    assert_int_equal(command.paused_ms, 180);
}


static void
show(void **state)
{
    json_t  *order;

    (void) state;

    an_order("failed");
    (void) sql_row_id(0, 1, 2, 4, "receipt", "10", "2026-11-22");
    assert_int_equal(RUN("show", ID), AS_EXIT_OK);
    command_wrote("order_id           " ID);
    command_wrote("last_error         status 500");
    command_wrote("movement_id");
    command_wrote(NEWER "  receipt");
    assert_null(strstr(command.out, "fulfilled_at"));

    sql_reset();
    an_order("failed");
    order = JSON("show", ID);
    assert_string_equal(json_string_value(json_object_get(order, "factory")),
                        "FF-1");
    assert_true(json_is_null(json_object_get(order, "fulfilled_at")));
    assert_int_equal(json_array_size(json_object_get(order, "movements")), 0);
    json_decref(order);

    sql_reset();
    assert_int_equal(RUN("show", ID), AS_EXIT_FINDINGS);
    command_told("there is no order " ID);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        command_test(settings_are_wrong),
        command_test(list),
        command_test(list_filters),
        command_test(list_is_cut),
        command_test(list_pages),
        command_test(list_after),
        command_test(database_fails),
        command_test(deadlocks),
        command_test(show)
    };

    return cmocka_run_group_tests_name("command_orders_list", tests, NULL,
                                       NULL);
}
