/*
 * The commands `stock` and `holds`: their calls, their output for each result,
 * and the exit codes.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "command_fixture.h"
#include "db/hold_list.h"
#include "db/stock.h"


#define STOCK(...)  command_run(&as_command_stock, __VA_ARGS__, NULL)
#define HOLDS(...)  command_run(&as_command_holds, __VA_ARGS__, NULL)

#define ID     "01010101-0101-0101-0101-010101010101"
#define OTHER  "02020202-0202-0202-0202-020202020202"


static struct {
    as_db_status_e      status[8];     /* of the calls, in order */
    unsigned            calls;
    as_stock_t          stock;
    as_hold_release_t   release;
    as_stock_t          asked;         /* by the last call */
    uint8_t             released[AS_UUID_LEN];         /* its movement */
} db;


as_db_status_e
as_stock_change(as_db_t *conn, as_stock_t *stock)
{
    assert_ptr_equal(conn, sql_db);

    if (db.calls > 0) {
        assert_memory_equal(db.asked.movement_id, stock->movement_id,
                            AS_UUID_LEN);
        assert_memory_equal(db.asked.order_id, stock->order_id, AS_UUID_LEN);
    }

    db.asked = *stock;
    free(stock->own_sku);
    stock->own_sku = db.stock.own_sku == NULL ? NULL
                                              : strdup(db.stock.own_sku);
    stock->outcome = db.stock.outcome;
    stock->doubt = db.stock.doubt;
    stock->before = db.stock.before;
    stock->after = db.stock.after;
    stock->opened = db.stock.opened;

    return db.status[db.calls++];
}


as_db_status_e
as_hold_release(as_db_t *conn, as_hold_release_t *release)
{
    assert_ptr_equal(conn, sql_db);
    assert_int_equal(release->id[0], 1);

    if (db.calls > 0) {
        assert_memory_equal(db.released, release->movement_id, AS_UUID_LEN);
    }

    memcpy(db.released, release->movement_id, AS_UUID_LEN);
    release->outcome = db.release.outcome;
    memcpy(release->state, db.release.state, sizeof(release->state));

    return db.status[db.calls++];
}


static int
setup(void **state)
{
    static char  sku[] = "CP-1";

    memset(&db, 0, sizeof(db));
    db.stock.own_sku = sku;
    db.stock.before = 3;
    db.stock.after = 8;

    return command_setup(state);
}


static void
lose_the_connection(unsigned times)
{
    unsigned  i;

    db.calls = 0;
    command.paused_ms = 0;
    for (i = 0; i < 8; i++) {
        db.status[i] = i < times ? AS_DB_GONE : AS_DB_OK;
    }
}


static void
stock_usage(void **state)
{
    size_t  i;

    static const char *const  cases[][3] = {
        { NULL, NULL, NULL }, { "take", "A", "1" }, { "add", "A", NULL },
        { "add", "A", "many" }, { "add", "A", "2147483648" },
        { "add", "A", "-2147483648" }, { "set", "A", "-1" },
        { "set", "A", "1.5" }, { "set", "A", "" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(STOCK(cases[i][0], cases[i][1], cases[i][2]),
                         AS_EXIT_USAGE);
        assert_string_not_equal(command.err, "");
    }

    assert_int_equal(STOCK("add", "A", "1", "2"), AS_EXIT_USAGE);
    assert_int_equal(command.opened, 0);
}


static void
stock_add(void **state)
{
    json_t  *told;

    (void) state;

    assert_int_equal(STOCK("add", "cp-1", "5"), AS_EXIT_OK);
    assert_false(db.asked.set);
    assert_string_equal(db.asked.sku, "cp-1");
    assert_int_equal(db.asked.number, 5);

    /* the SKU as its row has it */
    command_wrote("sku                CP-1");
    command_wrote("before             3");
    command_wrote("stock              8");
    command_wrote("movement_id        ");
    assert_null(strstr(command.out, "order_opened"));

    db.calls = 0;
    db.stock.opened = true;
    told = command_json(AS_EXIT_OK, &as_command_stock, "add", "cp-1", "5",
                        NULL);
    assert_true(json_is_string(json_object_get(told, "movement_id")));
    assert_true(json_is_string(json_object_get(told, "order_opened")));
    json_decref(told);
}


/* A change that lowers a stock or sets it needs a confirmation. */
static void
stock_asks(void **state)
{
    (void) state;

    command_asks("take 5 from the stock of A?", &as_command_stock, "add", "A",
                 "-5");
    command_asks("set 5 as the stock of A?", &as_command_stock, "set", "A",
                 "5");
    assert_int_equal(db.calls, 0);

    assert_int_equal(STOCK("set", "A", "0", "--yes"), AS_EXIT_OK);
    assert_true(db.asked.set);
    assert_int_equal(db.asked.number, 0);
    db.calls = 0;
    assert_int_equal(STOCK("--yes", "add", "A", "-5"), AS_EXIT_OK);
    assert_int_equal(db.asked.number, -5);
}


static void
stock_is_the_same(void **state)
{
    json_t  *told;

    (void) state;

    db.stock.outcome = AS_STOCK_SAME;
    told = command_json(AS_EXIT_OK, &as_command_stock, "set", "A", "3",
                        "--yes", NULL);
    assert_true(json_is_null(json_object_get(told, "movement_id")));
    assert_true(json_is_null(json_object_get(told, "order_opened")));
    json_decref(told);
}


static void
stock_is_refused(void **state)
{
    (void) state;

    db.stock.outcome = AS_STOCK_NO_PRODUCT;
    db.stock.own_sku = NULL;
    assert_int_equal(STOCK("add", "A", "5"), AS_EXIT_FINDINGS);
    command_told("there is no product with the SKU \"A\"");

    db.calls = 0;
    db.stock.outcome = AS_STOCK_RANGE;
    db.stock.after = -2;
    assert_int_equal(STOCK("add", "A", "-5", "--yes"), AS_EXIT_FINDINGS);
    command_told("the stock of A is 3: it cannot become -2");
    assert_string_equal(command.out, "");
}


/* The same movement is sent again, until a new connection shows its result. */
static void
stock_after_a_loss(void **state)
{
    (void) state;

    lose_the_connection(2);
    assert_int_equal(STOCK("add", "A", "5"), AS_EXIT_OK);
    assert_int_equal(db.calls, 3);
    assert_int_equal(command.paused_ms, 400);

    lose_the_connection(8);
    assert_int_equal(STOCK("add", "A", "5"), AS_EXIT_REACH);
    assert_int_equal(db.calls, 6);
    assert_null(strstr(command.err, "may be done or not"));

    lose_the_connection(8);
    db.stock.doubt = true;
    assert_int_equal(STOCK("add", "A", "5"), AS_EXIT_REACH);
    command_told("the change may be done or not; check the stock before");
    assert_string_equal(command.out, "");
}


static void
holds_usage(void **state)
{
    size_t  i;

    static const char *const  cases[][3] = {
        { NULL, NULL, NULL }, { "free", ID, NULL }, { "show", NULL, NULL },
        { "list", "--state", "open" }, { "list", "--limit", "-1" },
        { "list", "--after", "x" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(HOLDS(cases[i][0], cases[i][1], cases[i][2]),
                         AS_EXIT_USAGE);
        assert_string_not_equal(command.err, "");
    }

    assert_int_equal(command.opened, 0);

    assert_int_equal(HOLDS("show", "x"), AS_EXIT_USAGE);
    command_told("HOLD_ID: expected a hold's id, a UUID, found \"x\"");
    assert_int_equal(HOLDS("release", "x", "--yes"), AS_EXIT_USAGE);
    assert_int_equal(sql.npackets, 0);
}


static void
a_hold_of_the_list(unsigned char id)
{
    (void) sql_row_id(0, 0, id, 7, "held", "A", "1", "2",
                      "2026-11-22T09:30:00Z", NULL);
}


static void
holds_list(void **state)
{
    json_t  *rows;

    (void) state;

    a_hold_of_the_list(2);
    a_hold_of_the_list(1);
    assert_int_equal(HOLDS("list"), AS_EXIT_OK);
    command_wrote(OTHER "  held   A    1         2       2026-11-22T09:30:00Z");
    assert_string_equal(command.err, "");
    assert_true(sql_has(0, "ORDER BY h.hold_id DESC LIMIT 100"));

    sql_reset();
    a_hold_of_the_list(1);
    rows = command_json(AS_EXIT_OK, &as_command_holds, "list", NULL);
    assert_int_equal(json_array_size(rows), 1);
    assert_true(json_is_null(json_object_get(json_array_get(rows, 0),
                                             "settled_at")));
    json_decref(rows);

    sql_reset();
    sql.status[0] = AS_DB_GONE;
    assert_int_equal(HOLDS("list"), AS_EXIT_REACH);
}


static void
holds_list_filters(void **state)
{
    size_t  i;

    static const struct {
        const char  *option;
        const char  *value;
        const char  *sql;
    } cases[] = {
        { "--state", "due", "h.state = 'held' AND h.expires_at <= UTC_T" },
        { "--state", "held", "h.state = _utf8mb4" },
        { "--sku", "A", "l.hold_id = h.hold_id AND p.sku = " },
        { "--after", OTHER, "AND h.hold_id < " },
        { "--limit", "3", "LIMIT 3" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sql_reset();
        assert_int_equal(HOLDS("list", cases[i].option, cases[i].value),
                         AS_EXIT_OK);

        if (!sql_has(0, cases[i].sql)) {
            fail_msg("%s: %s", cases[i].option, sql.packets[0]);
        }
    }

    /* the count has the same filter; a list that is continued has none */
    sql_reset();
    a_hold_of_the_list(1);
    (void) sql_row(1, 0, 1, "9");
    assert_int_equal(HOLDS("list", "--limit", "1", "--state", "due"),
                     AS_EXIT_OK);
    assert_true(sql_has(1, "h.state = 'held' AND h.expires_at"));
    command_told("1 of 9 holds are shown; --limit 9 shows all, --after '" ID
                 "' the next ones");
    sql_reset();
    a_hold_of_the_list(1);
    assert_int_equal(HOLDS("list", "--limit", "1", "--after", OTHER),
                     AS_EXIT_OK);
    assert_int_equal(sql.npackets, 1);
    command_told("1 holds are shown; --after '" ID "' shows the next ones");
}


static void
holds_show(void **state)
{
    json_t  *hold;

    (void) state;

    (void) sql_row_id(0, 0, 1, 6, "held", "2026-11-22T09:30:00Z", NULL, NULL,
                      NULL);
    (void) sql_row(0, 1, 3, "A", NULL, "2");
    assert_int_equal(HOLDS("show", ID), AS_EXIT_OK);
    command_wrote("hold_id            " ID);
    command_wrote("sku  product_id  quantity\nA    -           2\n");

    sql_reset();
    (void) sql_row_id(0, 0, 1, 6, "held", "2026-11-22T09:30:00Z", NULL, NULL,
                      NULL);
    (void) sql_row(0, 1, 3, "A", NULL, "2");
    hold = command_json(AS_EXIT_OK, &as_command_holds, "show", ID, NULL);
    assert_int_equal(json_array_size(json_object_get(hold, "lines")), 1);
    json_decref(hold);

    sql_reset();
    assert_int_equal(HOLDS("show", ID), AS_EXIT_FINDINGS);
    command_told("there is no hold " ID);

    sql_reset();
    sql.status[0] = AS_DB_ERROR;
    assert_int_equal(HOLDS("show", ID), AS_EXIT_REACH);
}


static void
holds_release(void **state)
{
    json_t  *told;

    (void) state;

    command_asks("release " ID ", so that its buyer cannot confirm it?",
                 &as_command_holds, "release", ID);
    assert_int_equal(db.calls, 0);

    db.release.outcome = AS_HOLD_RELEASED;
    assert_int_equal(HOLDS("release", ID, "--yes"), AS_EXIT_OK);
    command_wrote(ID " released: its pieces are in stock again");

    db.calls = 0;
    told = command_json(AS_EXIT_OK, &as_command_holds, "release", ID, "--yes",
                        NULL);
    assert_string_equal(json_string_value(json_object_get(told, "action")),
                        "released");
    json_decref(told);
}


static void
holds_release_is_refused(void **state)
{
    (void) state;

    db.release.outcome = AS_HOLD_UNKNOWN;
    assert_int_equal(HOLDS("release", ID, "--yes"), AS_EXIT_FINDINGS);
    command_told("there is no hold " ID);

    db.calls = 0;
    db.release.outcome = AS_HOLD_STATE;
    (void) snprintf(db.release.state, sizeof(db.release.state), "confirmed");
    assert_int_equal(HOLDS("release", ID, "--yes"), AS_EXIT_FINDINGS);
    command_told(ID " is confirmed: only an open hold can be released");
}


static void
holds_release_after_a_loss(void **state)
{
    (void) state;

    db.release.outcome = AS_HOLD_RELEASED;
    lose_the_connection(1);
    assert_int_equal(HOLDS("release", ID, "--yes"), AS_EXIT_OK);
    assert_int_equal(db.calls, 2);
    assert_int_equal(command.paused_ms, 200);

    lose_the_connection(8);
    assert_int_equal(HOLDS("release", ID, "--yes"), AS_EXIT_REACH);
    assert_int_equal(db.calls, 6);
}


#define TEST(name)                                                            \
    cmocka_unit_test_setup_teardown(name, setup, command_teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(stock_usage),
        TEST(stock_add),
        TEST(stock_asks),
        TEST(stock_is_the_same),
        TEST(stock_is_refused),
        TEST(stock_after_a_loss),
        TEST(holds_usage),
        TEST(holds_list),
        TEST(holds_list_filters),
        TEST(holds_show),
        TEST(holds_release),
        TEST(holds_release_is_refused),
        TEST(holds_release_after_a_loss)
    };

    return cmocka_run_group_tests_name("command_stock", tests, NULL, NULL);
}
