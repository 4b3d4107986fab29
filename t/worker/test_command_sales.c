/*
 * The command `sales`: show, the export in chunks of one snapshot, and a return
 * with each of its results.
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
#include "db/pace.h"
#include "db/sale_back.h"


#define RUN(...)  command_run(&as_command_sales, __VA_ARGS__, NULL)

#define ID       "01010101-0101-0101-0101-010101010101"
#define PRODUCT  "02020202-0202-0202-0202-020202020202"
#define SHOW     "m.movement_id IN ("
#define READ     "m.kind IN ('sale', 'hold') ORDER BY m.movement_id, m.product"
#define FIRST    "ORDER BY movement_id LIMIT 1"
#define MADE     "2026-11-22T09:30:01.000000Z"


static struct {
    as_db_status_e   status[8];        /* of the returns, in order */
    unsigned         calls;
    as_sale_back_t   back;             /* the result */
    bool             restock;          /* of the last call */
    size_t           nwants;
    char             wants[4][32];
    int64_t          quantities[4];
    uint8_t          return_id[AS_UUID_LEN];
    as_db_status_e   wait_status;
    unsigned         waits;
} db;


as_db_status_e
as_pace_wait(as_pace_t *pace, as_db_t *conn)
{
    assert_true(pace->snapshot);
    assert_ptr_equal(conn, sql_db);
    db.waits++;

    return db.wait_status;
}


as_db_status_e
as_sale_back(as_db_t *conn, as_sale_back_t *back)
{
    size_t  i;

    assert_ptr_equal(conn, sql_db);
    assert_int_equal(back->sale_id[0], 1);

    if (db.calls > 0) {
        assert_memory_equal(db.return_id, back->return_id, AS_UUID_LEN);
    }

    memcpy(db.return_id, back->return_id, AS_UUID_LEN);
    db.restock = back->restock;
    db.nwants = back->nwants;

    for (i = 0; i < back->nwants && i < 4; i++) {
        (void) snprintf(db.wants[i], 32, "%s", back->wants[i].sku);
        db.quantities[i] = back->wants[i].quantity;
    }

    back->outcome = db.back.outcome;
    back->sku = db.back.sku;
    memcpy(back->state, db.back.state, sizeof(back->state));
    back->nlines = db.back.nlines;
    memcpy(back->lines, db.back.lines, sizeof(back->lines));

    return db.status[db.calls++];
}


/* The lines' SKUs are the test's. */
void
as_sale_back_free(as_sale_back_t *back)
{
    assert_non_null(back);
}


static int
setup(void **state)
{
    memset(&db, 0, sizeof(db));

    return command_setup(state);
}


/* A row of sales, for `show` or for the export: one sale, or those of a
 * list. */
static sql_row_t *
a_row(const char *to, const char *sku, const char *quantity,
    const char *sales, const char *hold)
{
    bool  show = strcmp(to, SHOW) == 0;

    return sql_row_to(to, 0, show ? 11 : 9, sql_id(1), sql_id(2), quantity,
                      sales, NULL, sku, MADE, show ? NULL : hold, NULL, NULL,
                      hold);
}


static void
a_line(const char *sku, int64_t left, int64_t quantity, int64_t stock)
{
    as_sale_back_line_t  *line;

    line = &db.back.lines[db.back.nlines++];
    line->sku = (char *) sku;
    line->left = left;
    line->quantity = quantity;
    line->stock = stock;
}


static void
usage(void **state)
{
    size_t  i;

    static const struct {
        const char  *arguments[4];
        const char  *says;
    } cases[] = {
        { { NULL }, "show|export|return" },
        { { "show", NULL }, "show" },
        { { "export", "x", NULL }, "export" },
        { { "show", "x", NULL }, "SALE_ID: expected a sale's id, a UUID" },
        { { "return", "x", "--yes", NULL }, "SALE_ID: expected a sale's id" },
        { { "export", "--from", "soon", NULL }, "soon" },
        { { "export", "--to", "2026-02-30", NULL }, "2026-02-30" },
        { { "export", "--format", "xml", NULL }, "--format" },
        { { "return", ID, "--line=A", NULL }, "--line: expected SKU=N" },
        { { "return", ID, "--line==1", NULL }, "--line: expected SKU=N" },
        { { "return", ID, "--line=A=0", NULL }, "0" },
        { { "return", ID, "--line=A=1000001", NULL }, "1000001" },
        { { "return", ID, "--line=A=x", NULL }, "x" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(command_run(&as_command_sales,
                                     cases[i].arguments[0],
                                     cases[i].arguments[1],
                                     cases[i].arguments[2],
                                     cases[i].arguments[3], NULL),
                         AS_EXIT_USAGE);
        command_told(cases[i].says);
    }

    assert_int_equal(RUN("export", "--from", "2026-02-01", "--to",
                         "2026-02-01"), AS_EXIT_USAGE);
    command_told("--from: expected a time before that of --to");
    assert_int_equal(sql.npackets + db.calls, 0);
}


static void
show(void **state)
{
    json_t  *sale;

    (void) state;

    (void) a_row(SHOW, "A", "-3", "1", NULL);
    assert_int_equal(RUN("show", ID), AS_EXIT_OK);
    command_wrote("sale_id            " ID);
    command_wrote("quantity           3");
    command_wrote("sku                A");

    /* several products: a table of the lines */
    sql_reset();
    (void) a_row(SHOW, "A", "-3", "1", NULL);
    (void) a_row(SHOW, "B", "-1", "1", "confirmed");
    assert_int_equal(RUN("show", ID), AS_EXIT_OK);
    command_wrote("sku  product_id");
    command_wrote("A    " PRODUCT "  3");
    command_wrote("B    " PRODUCT "  1");

    sql_reset();
    (void) a_row(SHOW, NULL, "-3", "1", NULL);
    sale = command_json(AS_EXIT_OK, &as_command_sales, "show", ID, NULL);
    assert_true(json_is_null(json_object_get(sale, "sku")));
    assert_int_equal(json_integer_value(json_object_get(sale, "returned")),
                     0);
    json_decref(sale);
}


static void
show_nothing(void **state)
{
    (void) state;

    assert_int_equal(RUN("show", ID), AS_EXIT_FINDINGS);
    command_told("there is no sale " ID " in the ledger");

    (void) a_row(SHOW, "A", "-3", "1", "held");
    assert_int_equal(RUN("show", ID), AS_EXIT_FINDINGS);
    command_told(ID " is a hold, which is held, and no sale");

    sql_reset();
    sql.status[0] = AS_DB_GONE;
    assert_int_equal(RUN("show", ID), AS_EXIT_REACH);
    assert_string_equal(command.out, "");
}


static void
export_csv(void **state)
{
    (void) state;

    (void) sql_row_to(FIRST, 0, 1, sql_id(1));
    (void) a_row(READ, "a \"donut\", big", "-3", "1", NULL);
    assert_int_equal(RUN("export"), AS_EXIT_OK);
    command_wrote("sale_id,time,sku,product_id,quantity,transaction_id,"
                  "created_at,returned\n" ID ",");
    command_wrote(",\"a \"\"donut\"\", big\"," PRODUCT ",3," ID "," MADE
                  ",0\n");
    assert_true(sql_has(0, "START TRANSACTION WITH CONSISTENT SNAPSHOT"));

    /* spaces at the ends are kept, and a deleted product has no SKU */
    sql_reset();
    (void) sql_row_to(FIRST, 0, 1, sql_id(1));
    (void) a_row(READ, " A", "-3", "1", NULL);
    (void) a_row(READ, "B ", "-3", "1", NULL);
    (void) a_row(READ, NULL, "-3", "1", NULL);
    (void) a_row(READ, "", "-3", "1", NULL);
    assert_int_equal(RUN("export"), AS_EXIT_OK);
    command_wrote(",\" A\"," PRODUCT);
    command_wrote(",\"B \"," PRODUCT);
    command_wrote("Z,," PRODUCT);
    command_wrote("Z,\"\"," PRODUCT);
}


static void
export_json(void **state)
{
    json_t  *line;

    (void) state;

    (void) sql_row_to(FIRST, 0, 1, sql_id(1));
    (void) a_row(READ, "\"A\"", "-3", "1", NULL);
    assert_int_equal(RUN("export", "--format", "json"), AS_EXIT_OK);
    line = json_loads(command.out, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(line, "sku")),
                        "\"A\"");
    assert_int_equal(json_integer_value(json_object_get(line, "quantity")), 3);
    json_decref(line);

    /* --output json is the same */
    sql_reset();
    (void) sql_row_to(FIRST, 0, 1, sql_id(1));
    (void) a_row(READ, NULL, "-3", "1", NULL);
    line = command_json(AS_EXIT_OK, &as_command_sales, "export", NULL);
    assert_true(json_is_null(json_object_get(line, "sku")));
    json_decref(line);
}


/* A hold that is not confirmed is not a sale. */
static void
export_holds(void **state)
{
    (void) state;

    (void) a_row(READ, "A", "-3", "1", "");
    (void) a_row(READ, "B", "-3", "1", "01012026-11-22T10:00:00.000000Z");
    assert_int_equal(RUN("export", "--from", "2020-01-01"), AS_EXIT_OK);
    assert_null(strstr(command.out, ",A,"));
    command_wrote(",B," PRODUCT ",3," ID ",2026-11-22T10:00:00.000000Z,0\n");
}


static void
export_range(void **state)
{
    (void) state;

    assert_int_equal(RUN("export", "--from", "2026-02-01", "--to",
                         "2026-02-02"), AS_EXIT_OK);

    /* the place before the first id of the day; before that of the next */
    assert_true(sql_has(1, "m.movement_id >= X'019c167fcbffffffffff"));
    assert_true(sql_has(1, "m.movement_id < X'019c1ba6280000000000"));

    /* nothing was sold: a header alone */
    sql_reset();
    assert_int_equal(RUN("export"), AS_EXIT_OK);
    assert_null(strstr(command.out, "\n" ID));
    assert_true(sql_has(1, FIRST));
}


/* A chunk is written only after it was read completely. */
static void
export_fails(void **state)
{
    (void) state;

    sql.status[0] = AS_DB_GONE;
    assert_int_equal(RUN("export"), AS_EXIT_REACH);
    command_told("the export is not complete: 0 sales");

    sql_reset();
    (void) sql_row(1, 0, 9, sql_id(1), sql_id(2), "-3", "1", NULL, "A", MADE,
                   NULL, NULL);
    (void) sql_row(2, 0, 9, sql_id(3), sql_id(2), "-3", "1", NULL, "B", MADE,
                   NULL, NULL);
    sql.status[2] = AS_DB_RETRY;
    assert_int_equal(RUN("export", "--from", "1971-01-01"), AS_EXIT_REACH);
    command_told("the export is not complete: 1 sales");
    command_wrote(",A,");
    assert_null(strstr(command.out, ",B,"));

    /* the snapshot is over: it is not read again */
    assert_int_equal(sql.npackets, 3);

    sql_reset();
    (void) a_row(READ, "A", "-3", "1", NULL);
    db.wait_status = AS_DB_ERROR;
    assert_int_equal(RUN("export", "--from", "1971-01-01"), AS_EXIT_REACH);
}


/* A row with contradictions is exported unchanged and reported, at most ten of
 * them. */
static void
export_of_wrong_rows(void **state)
{
    size_t  i, n;
    char   *at;

    (void) state;

    for (i = 0; i < 12; i++) {
        (void) a_row(READ, "A", "3", "1", NULL);
    }

    assert_int_equal(RUN("export", "--from", "1971-01-01"), AS_EXIT_FINDINGS);
    command_told("movement " ID " ");
    command_told("12 movements contradict themselves");

    for (n = 0, at = command.err; (at = strstr(at, "movement " ID)) != NULL;
         at++)
    {
        n++;
    }
    assert_int_equal(n, 10);
}


static void
return_asks(void **state)
{
    (void) state;

    command_asks("return all that is left of the sale " ID "?",
                 &as_command_sales, "return", ID);
    command_asks("return these pieces of the sale " ID ", without putting them "
                 "back?", &as_command_sales, "return", ID, "--line=A=1",
                 "--no-restock");
    assert_int_equal(db.calls, 0);
}


static void
return_done(void **state)
{
    json_t  *told, *lines;

    (void) state;

    a_line("A", 3, 2, 9);
    a_line("B", 3, 0, -1);
    assert_int_equal(RUN("return", ID, "--yes"), AS_EXIT_OK);
    assert_int_equal(db.nwants, 0);
    assert_true(db.restock);
    command_wrote("sale_id            " ID);
    command_wrote("restock            yes");
    command_wrote("sku  quantity  stock\nA    2         9\n");
    assert_null(strstr(command.out, "B "));

    /* an SKU may have "=" in it */
    db.calls = 0;
    db.back.nlines = 0;
    a_line("A", 3, 2, -1);
    told = command_json(AS_EXIT_OK, &as_command_sales, "return", ID, "--yes",
                        "--line=A=1", "--line", "x=y=2", "--no-restock",
                        NULL);
    assert_int_equal(db.nwants, 2);
    assert_string_equal(db.wants[0], "A");
    assert_string_equal(db.wants[1], "x=y");
    assert_int_equal(db.quantities[1], 2);
    assert_false(db.restock);
    lines = json_object_get(told, "lines");
    assert_int_equal(json_array_size(lines), 1);
    assert_true(json_is_null(json_object_get(json_array_get(lines, 0),
                                             "stock")));
    json_decref(told);
}


static void
return_is_refused(void **state)
{
    size_t  i;

    static const struct {
        as_sale_back_e   outcome;
        const char      *state;
        const char      *says;
    } cases[] = {
        { AS_SALE_BACK_UNKNOWN, "", "there is no sale " ID },
        { AS_SALE_BACK_UNKNOWN, "held", ID " is a hold, which is held" },
        { AS_SALE_BACK_NO_LINE, "", "the sale " ID " has no product \"Z\"" },
        { AS_SALE_BACK_TOO_MANY, "", "A: 3 pieces are left to return, not 4" },
        { AS_SALE_BACK_NOTHING, "", "all pieces of the sale " ID " were" },
        { AS_SALE_BACK_NO_PRODUCT, "", "was deleted, and cannot be put back" }
    };

    (void) state;

    db.back.sku = "Z";
    a_line("A", 3, 4, -1);
    a_line("B", 3, 3, -1);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        db.calls = 0;
        db.back.outcome = cases[i].outcome;
        (void) snprintf(db.back.state, sizeof(db.back.state), "%s",
                        cases[i].state);
        assert_int_equal(RUN("return", ID, "--yes"), AS_EXIT_FINDINGS);
        command_told(cases[i].says);
        assert_string_equal(command.out, "");
        assert_null(strstr(command.err, "B: "));
    }
}


static void
return_after_a_loss(void **state)
{
    size_t  i;

    (void) state;

    db.status[0] = AS_DB_GONE;
    assert_int_equal(RUN("return", ID, "--yes"), AS_EXIT_OK);
    assert_int_equal(db.calls, 2);
    assert_int_equal(command.paused_ms, 200);

    db.calls = 0;
    for (i = 0; i < 8; i++) {
        db.status[i] = AS_DB_GONE;
    }
    assert_int_equal(RUN("return", ID, "--yes"), AS_EXIT_REACH);
    assert_int_equal(db.calls, 6);
}


#define TEST(name)                                                            \
    cmocka_unit_test_setup_teardown(name, setup, command_teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(usage),
        TEST(show),
        TEST(show_nothing),
        TEST(export_csv),
        TEST(export_json),
        TEST(export_holds),
        TEST(export_range),
        TEST(export_fails),
        TEST(export_of_wrong_rows),
        TEST(return_asks),
        TEST(return_done),
        TEST(return_is_refused),
        TEST(return_after_a_loss)
    };

    return cmocka_run_group_tests_name("command_sales", tests, NULL, NULL);
}
