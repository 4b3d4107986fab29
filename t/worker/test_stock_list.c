/*
 * The command `stock list`: its statements, its pages, and what it says of the
 * products that its limit left out.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "command_fixture.h"
#include "db/stock_list.h"


#define STOCK(...)  command_run(&as_command_stock, __VA_ARGS__, NULL)

#define ID  "01010101-0101-0101-0101-010101010101"


/* A product of the n-th packet; it has an order or none. */
static void
a_product(size_t packet, const char *sku, bool ordered)
{
    (void) sql_row(packet, 0, 8, sku, "donut", "3", "1", "4", "10",
                   ordered ? "published" : NULL, ordered ? sql_id(1) : NULL);
}


static void
usage(void **state)
{
    size_t  i;

    static const char *const  cases[][3] = {
        { "list", "A", NULL }, { "list", "--limit", "0" },
        { "list", "--limit", "1000000001" }, { "list", "--limit", "x" },
        { "list", "--state", "held" }, { "list", "--low=yes", NULL }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(STOCK(cases[i][0], cases[i][1], cases[i][2]),
                         AS_EXIT_USAGE);
        assert_string_not_equal(command.err, "");
        assert_int_equal(sql.npackets, 0);
    }
}


static void
lists(void **state)
{
    json_t  *rows, *row;

    (void) state;

    a_product(0, "A", false);
    a_product(0, "B", true);
    assert_int_equal(STOCK("list"), AS_EXIT_OK);
    assert_int_equal(sql.npackets, 1);
    assert_true(sql_has(0, "o.open_product_id = p.product_id"));
    assert_true(sql_has(0, "ORDER BY p.sku LIMIT 100"));
    assert_false(sql_has(0, "p.sku >"));
    assert_false(sql_has(0, "reorder_held, p.held, 0) <="));
    command_wrote("sku  name   stock  held  reorder_point  reorder_quantity");
    command_wrote("A    donut  3      1     4              10                "
                  "-");
    command_wrote("published");
    assert_string_equal(command.err, "");

    sql_reset();
    a_product(0, "B", true);
    rows = command_json(AS_EXIT_OK, &as_command_stock, "list", NULL);
    row = json_array_get(rows, 0);
    assert_int_equal(json_array_size(rows), 1);
    assert_int_equal(json_integer_value(json_object_get(row, "held")), 1);
    assert_string_equal(json_string_value(json_object_get(row, "order_id")),
                        ID);
    json_decref(rows);

    /* none is no finding */
    sql_reset();
    assert_int_equal(STOCK("list"), AS_EXIT_OK);
    assert_int_equal(sql.npackets, 1);
}


/* What is held counts against the reorder point only where the product says
 * so. */
static void
low(void **state)
{
    (void) state;

    a_product(0, "A", false);
    (void) sql_row(1, 0, 1, "12");
    assert_int_equal(STOCK("list", "--low", "--limit", "1"), AS_EXIT_OK);
    assert_int_equal(sql.npackets, 2);
    assert_true(sql_has(0, "p.stock + IF(p.reorder_held, p.held, 0) <="
                        " p.reorder_point ORDER BY"));

    /* the number is of the same products */
    assert_true(sql_has(1, "SELECT COUNT(*) FROM product p"));
    assert_true(sql_has(1, "p.stock + IF(p.reorder_held, p.held, 0) <="
                        " p.reorder_point"));
    command_told("1 of 12 products are shown; --limit 12 shows all, "
                 "--after 'A' the next ones");
}


/* A list of just as many as the limit has nothing to say. */
static void
limits(void **state)
{
    (void) state;

    a_product(0, "A", false);
    (void) sql_row(1, 0, 1, "1");
    assert_int_equal(STOCK("list", "--limit", "1"), AS_EXIT_OK);
    assert_string_equal(command.err, "");

    /* continued: it is not counted again */
    sql_reset();
    a_product(0, "it's", false);
    assert_int_equal(STOCK("list", "--limit", "1", "--after", "A"),
                     AS_EXIT_OK);
    assert_int_equal(sql.npackets, 1);
    assert_true(sql_has(0, "WHERE TRUE AND p.sku > _utf8mb4 X'41'"));
    command_told("1 products are shown; --after 'it's' shows the next ones");
}


/* A page of a thousand, then the rest, after the last SKU of the first. */
static void
pages(void **state)
{
    int                i;
    static char        skus[1000][8];
    as_stock_list_t    list;
    const char        *columns[8] = { NULL, "d", "1", "0", "0", "1" };

    (void) state;
    memset(&list, 0, sizeof(list));
    list.page.rows = json_array();
    list.page.limit = 1000;

    assert_int_equal(STOCK("list", "--limit", "1500"), AS_EXIT_OK);
    assert_true(sql_has(0, "LIMIT 1000"));
    assert_int_equal(sql.npackets, 1);

    /* the list itself, over a page of sixty rows */
    sql_reset();
    for (i = 0; i < 60; i++) {
        (void) snprintf(skus[i], sizeof(skus[i]), "S%03d", i);
        (void) sql_row(0, 0, 8, skus[i], columns[1], columns[2], columns[3],
                       columns[4], columns[5], NULL, NULL);
    }
    a_product(1, "T", false);
    assert_int_equal(as_stock_list(&list, sql_db), AS_DB_OK);
    assert_int_equal(json_array_size(list.page.rows), 60);
    assert_int_equal(as_stock_list(&list, sql_db), AS_DB_OK);
    assert_true(sql_has(1, "p.sku > _utf8mb4 X'53303539'"));
    assert_int_equal(json_array_size(list.page.rows), 1);

    /* a page that failed is read again from the same place */
    sql.status[2] = AS_DB_GONE;
    (void) sql_row(2, 0, 8, "U", "d", "1", "0", "0", "1", NULL, NULL);
    assert_int_equal(as_stock_list(&list, sql_db), AS_DB_GONE);
    assert_int_equal(as_stock_list(&list, sql_db), AS_DB_OK);
    assert_true(sql_has(3, "p.sku > _utf8mb4 X'54'"));

    /* nothing follows: the place stays */
    assert_int_equal(as_stock_list(&list, sql_db), AS_DB_OK);
    assert_true(sql_has(4, "p.sku > _utf8mb4 X'54'"));
    json_decref(list.page.rows);
    as_text_free(&list.after);
    as_text_free(&list.last);
}


static void
fails(void **state)
{
    size_t  i;

    static const as_db_status_e  cases[] = {
        AS_DB_GONE, AS_DB_ERROR, AS_DB_RETRY
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sql_reset();
        sql.fails = "SELECT p.sku";
        sql.fails_with = cases[i];
        assert_int_equal(STOCK("list"), AS_EXIT_REACH);
        assert_string_not_equal(command.err, "");

        /* the number cannot be read: the rows were shown */
        sql_reset();
        a_product(0, "A", false);
        sql.fails = "SELECT COUNT";
        sql.fails_with = cases[i];
        assert_int_equal(STOCK("list", "--limit", "1"), AS_EXIT_REACH);
        command_wrote("A    donut");
    }

    sql_reset();
    command.open = AS_EXIT_REACH;
    assert_int_equal(STOCK("list"), AS_EXIT_REACH);
    assert_int_equal(sql.npackets, 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        command_test(usage),
        command_test(lists),
        command_test(low),
        command_test(limits),
        command_test(pages),
        command_test(fails)
    };

    return cmocka_run_group_tests_name("stock_list", tests, NULL, NULL);
}
