/*
 * The dashboard's queries of the database: their limits, the lists, and the
 * history of a product, an order, a sale and a hold.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "as_uuid.h"
#include "db/life.h"
#include "db/life_product.h"
#include "db/overview.h"
#include "sql_fixture.h"


#define ID     "61616161-6161-6161-6161-616161616161"
#define OTHER  "62626262-6262-6262-6262-626262626262"


static as_life_t  life;


static int
setup(void **state)
{
    memset(&life, 0, sizeof(life));

    return sql_setup(state);
}


static int
teardown(void **state)
{
    json_decref(life.life);

    return sql_teardown(state);
}


/* The session cannot write, and no statement runs for long. */
static void
limits(void **state)
{
    (void) state;

    assert_int_equal(as_overview_begin(sql_db), AS_DB_OK);
    assert_string_equal(sql.packets[0], "SET SESSION TRANSACTION READ ONLY;"
                        "SET SESSION max_statement_time = 3");

    sql.mysql = true;
    assert_int_equal(as_overview_begin(sql_db), AS_DB_OK);
    assert_string_equal(sql.packets[1], "SET SESSION TRANSACTION READ ONLY;"
                        "SET SESSION max_execution_time = 3000");

    sql.connect = AS_DB_GONE;
    assert_int_equal(as_overview_begin(sql_db), AS_DB_GONE);
    assert_int_equal(sql.npackets, 2);
}


/* One row more than is shown indicates that there are more. */
static void
lists(void **state)
{
    int            i;
    as_overview_t  overview;

    (void) state;
    memset(&overview, 0, sizeof(overview));

    for (i = 0; i <= AS_OVERVIEW_ROWS; i++) {
        (void) sql_row_id(0, 0, 'a', 11, "CP", "donut", "3", "1", "4", "0",
                          "10", "FF", NULL, NULL);
    }
    (void) sql_row_id(0, 1, 'b', 11, "CP", "donut", "FF", "requested", "10",
                      "1", "90", "60", "2026-01-01T00:00:00.000000Z", NULL);
    (void) sql_row_id(0, 2, 'c', 6, "CP", "1", "2", "-5",
                      "2026-01-01T00:00:00.000000Z");

    assert_int_equal(as_overview_read(sql_db, &overview), AS_DB_OK);
    assert_int_equal(sql_count(0, "SELECT "), 3);
    assert_int_equal(json_array_size(overview.products), AS_OVERVIEW_ROWS);
    assert_true(overview.products_more);
    assert_int_equal(json_array_size(overview.orders), 1);
    assert_false(overview.orders_more);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(
        overview.orders, 0), "state_s")), 60);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(
        overview.holds, 0), "due_s")), -5);
    assert_false(overview.holds_more);

    sql.status[1] = AS_DB_ERROR;
    assert_int_equal(as_overview_read(sql_db, &overview), AS_DB_ERROR);
    assert_null(overview.products);
    assert_false(overview.products_more);
}


static void
pages(void **state)
{
    uint8_t        id[AS_UUID_LEN];
    as_overview_t  overview;

    (void) state;
    memset(&overview, 0, sizeof(overview));
    memset(id, 'a', sizeof(id));

    assert_int_equal(as_overview_page(sql_db, NULL, &overview), AS_DB_OK);
    assert_false(sql_has(0, "WHERE"));
    assert_true(sql_has(0, "ORDER BY p.sku LIMIT 51"));
    assert_int_equal(as_overview_page(sql_db, id, &overview), AS_DB_OK);
    assert_true(sql_has(1, "WHERE p.sku > (SELECT q.sku FROM product q WHERE"
                        " q.product_id = X'61616161"));
    as_overview_free(&overview);
}


static const char *
event(size_t i, const char *name)
{
    return json_string_value(json_object_get(json_array_get(json_object_get(
        life.life, "events"), i), name));
}


static size_t
events(void)
{
    return json_array_size(json_object_get(life.life, "events"));
}


static const char *
kind(void)
{
    return json_string_value(json_object_get(life.life, "kind"));
}


/* Orders and movements of a product, together, the newest first; of the
 * ledger only so many rows are read. */
static void
product(void **state)
{
    (void) state;

    (void) sql_row_id(0, 0, 'p', 8, "CP-1", "donut", "3", "0", "0", "10", "FF");
    (void) sql_row_id(1, 0, 'o', 10, "10", "10", NULL, "2026-01-01T10:00:02Z",
                      "2026-01-01T10:00:03Z", "2026-01-01T10:00:04Z",
                      "2026-01-01T10:00:09Z", NULL, NULL);
    (void) sql_row_id(1, 1, 'r', 5, "restock", "10", "1",
                      "2026-01-01T10:00:08Z");
    (void) sql_row_id(1, 1, 's', 5, "sale", "-3", "2", "2026-01-01T10:00:01Z");

    life.asked = "CP-1";
    assert_int_equal(as_life_find(sql_db, &life), AS_DB_OK);
    assert_string_equal(kind(), "product");
    assert_true(sql_has(1, "ORDER BY movement_id DESC, product_id DESC LIMIT"
                        " 5000"));
    assert_int_equal(events(), 6);
    assert_string_equal(event(0, "event"), "order.fulfilled");
    assert_string_equal(event(1, "event"), "movement.restock");
    assert_string_equal(event(2, "event"), "order.requested");
    assert_string_equal(event(4, "event"), "order.pending");
    assert_string_equal(event(5, "event"), "movement.sale");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(
        json_object_get(life.life, "events"), 5), "quantity")), -3);
}


static void
order(void **state)
{
    (void) state;

    (void) sql_row_id(0, 0, 'a', 21, NULL, "CP-1", "donut", "FF", "failed",
        "10", "0", "3", "no callback", NULL, NULL,
        "2026-01-01T10:09:00Z", "w:1", "2026-01-01T10:00:02Z",
        "2026-01-01T10:00:03Z", "2026-01-01T10:00:04Z", NULL,
        "2026-01-01T10:00:09Z", NULL, NULL);

    life.asked = ID;
    assert_int_equal(as_life_find(sql_db, &life), AS_DB_OK);
    assert_string_equal(kind(), "order");
    assert_int_equal(events(), 4);
    assert_string_equal(event(0, "event"), "order.failed");
    assert_string_equal(event(0, "note"), "no callback");
    assert_null(json_object_get(life.life, "lease_owner"));
    assert_int_equal(sql.npackets, 1);
}


/* Asked for in this order: order, product, return, sale, hold; at last as a
 * SKU, which may look like an id. */
static void
not_found(void **state)
{
    (void) state;

    life.asked = ID;
    assert_int_equal(as_life_find(sql_db, &life), AS_DB_OK);
    assert_null(life.life);
    assert_int_equal(sql.npackets, 6);
    assert_true(sql_has(0, "FROM restock_order"));
    assert_true(sql_has(1, "p.product_id = X'61"));
    assert_true(sql_has(2, "FROM stock_return WHERE return_id = X'61"));
    assert_true(sql_has(3, "FROM stock_movement m"));
    assert_true(sql_has(4, "FROM stock_hold h"));
    assert_true(sql_has(5, "p.sku"));
}


static void
hold(void **state)
{
    static const char *const  states[][2] = {
        { "held", "hold.due" }, { "expired", "hold.expired" },
        { "released", "hold.released" }
    };
    size_t  i;

    (void) state;
    life.asked = ID;

    for (i = 0; i < 3; i++) {
        sql_reset();
        (void) sql_row_id(4, 0, 'a', 6, states[i][0], "9026-01-01T10:00:00Z",
                          "9026-01-01T10:00:00Z", NULL, NULL);
        (void) sql_row(4, 1, 3, "CP-1", NULL, "2");
        assert_int_equal(as_life_find(sql_db, &life), AS_DB_OK);
        assert_string_equal(kind(), "hold");
        assert_int_equal(events(), 2);
        assert_string_equal(event(0, "event"), states[i][1]);
        assert_string_equal(event(1, "event"), "hold.made");
        assert_string_equal(event(1, "sku"), "CP-1");
    }
}


/* The sale with ID, of one piece. */
static void
a_sale(void)
{
    (void) sql_row_to("FROM stock_movement m", 0, 11, sql_id('a'),
                      sql_id('p'), "-4", "4", NULL, "CP-1",
                      "2026-01-01T10:00:00Z", NULL, NULL, NULL, NULL);
}


/* Each return is an event, and says whether its pieces are in stock again. */
static void
sale_and_returns(void **state)
{
    size_t  i;

    (void) state;

    a_sale();
    (void) sql_row_to("o.return_id", 0, 5, "2026-01-02T10:00:00Z", sql_id('x'),
                      "1", "CP-1", "1");
    life.asked = ID;
    assert_int_equal(as_life_find(sql_db, &life), AS_DB_OK);
    assert_string_equal(kind(), "sale");
    assert_int_equal(events(), 2);
    assert_string_equal(event(0, "event"), "sale.returned");
    assert_string_equal(event(0, "sku"), "CP-1");
    assert_string_equal(event(0, "id"), "78787878-7878-7878-7878-787878787878");
    assert_null(json_object_get(json_array_get(json_object_get(
        life.life, "events"), 0), "restock"));
    assert_string_equal(event(1, "event"), "sale.sold");
    assert_string_equal(event(1, "sku"), "CP-1");
    i = sql_find("FROM stock_return o");
    assert_true(sql_has(i, "o.sale_id = X'61616161616161616161616161616161'"));
    assert_true(sql_has(i, "LIMIT 100"));

    sql_reset();
    a_sale();
    (void) sql_row_to("o.return_id", 0, 5, "2026-01-03T10:00:00Z", sql_id('y'),
                      "1", NULL, "0");
    assert_int_equal(as_life_find(sql_db, &life), AS_DB_OK);
    assert_string_equal(event(0, "event"), "sale.returned_not_restocked");
    assert_null(event(0, "sku"));
}


/* The id of a return leads to its sale. */
static void
sale_of_a_return(void **state)
{
    size_t  i, all;

    (void) state;

    a_sale();
    (void) sql_row_to("SELECT sale_id", 0, 1, sql_id('a'));
    life.asked = OTHER;
    assert_int_equal(as_life_find(sql_db, &life), AS_DB_OK);
    assert_string_equal(kind(), "sale");
    assert_true(sql_has(sql_find("SELECT sale_id"), "X'62626262"));
    assert_true(sql_has(sql_find("o.return_id"), "X'61616161"));

    /* a failure, of whichever statement, shows nothing of it */
    all = sql.npackets;
    for (i = 0; i < all; i++) {
        sql_reset();
        a_sale();
        sql.status[i] = AS_DB_GONE;
        life.asked = ID;
        assert_int_equal(as_life_find(sql_db, &life), AS_DB_GONE);
        assert_null(life.life);
        assert_int_equal(sql.npackets, i + 1);
    }
}


/* A fulfilled order shows what was booked. */
static void
fulfilled_order(void **state)
{
    (void) state;

    (void) sql_row_id(0, 0, 'a', 21, NULL, "CP-1", "donut", "FF", "fulfilled",
        "10", "9", "1", NULL, NULL, NULL, NULL, NULL, "2026-01-01T10:00:02Z",
        "2026-01-01T10:00:03Z", "2026-01-01T10:00:04Z",
        "2026-01-01T10:00:09Z", NULL, NULL, NULL);
    (void) sql_row_id(0, 1, 'm', 4, "restock", "9", "2026-01-01T10:00:08Z");

    life.asked = ID;
    assert_int_equal(as_life_find(sql_db, &life), AS_DB_OK);
    assert_int_equal(events(), 5);
    assert_string_equal(event(0, "event"), "order.fulfilled");
    assert_string_equal(event(1, "event"), "movement.restock");
    assert_string_equal(event(1, "id"), "6d6d6d6d-6d6d-6d6d-6d6d-6d6d6d6d6d6d");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(
        json_object_get(life.life, "events"), 1), "quantity")), 9);
}


/* After a failure nothing is shown, not even the part that was read. */
static void
failure(void **state)
{
    (void) state;

    (void) sql_row_id(0, 0, 'p', 8, "CP-1", "donut", "3", "0", "0", "10", "FF");
    sql.status[1] = AS_DB_ERROR;
    life.asked = "CP-1";
    assert_int_equal(as_life_find(sql_db, &life), AS_DB_ERROR);
    assert_null(life.life);
}


#define TEST(fn)  cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(limits),
        TEST(lists),
        TEST(pages),
        TEST(product),
        TEST(order),
        TEST(not_found),
        TEST(hold),
        TEST(sale_and_returns),
        TEST(sale_of_a_return),
        TEST(fulfilled_order),
        TEST(failure)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
