/*
 * Restock orders that the watchdog finds overdue or missing.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "db/order.h"
#include "sql_fixture.h"


#define TRACE  "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
#define ID1  "X'01010101010101010101010101010101'"
#define ID2  "X'02020202020202020202020202020202'"


/* Requested and not called back, or published and not received: again, or
 * failed; only what this worker changed counts. */
static void
overdue(void **state)
{
    size_t                   i;
    as_order_overdue_page_t  page;

    (void) state;

    for (i = 0; i < 2; i++) {
        sql_reset();
        memset(&page, 0, sizeof(page));
        page.published = i == 1;
        page.timeout_ms = 600000;
        page.max_attempts = 3;
        (void) sql_row_id(0, 0, 1, 3, "1", TRACE);
        (void) sql_row_id(0, 0, 2, 3, "3", NULL);
        (void) sql_row_id(0, 0, 3, 3, "2", NULL);
        (void) sql_row_id(0, 0, 4, 3, "3", NULL);
        sql.affected[1] = 1;
        sql.affected[2] = 1;
        assert_int_equal(as_order_overdue(sql_db, &page), AS_DB_OK);

        assert_true(sql_has(0, page.published ? "state = 'published' AND ("
                            "lease_until IS NULL" : "state = 'requested'"));
        assert_true(sql_has(0, "INTERVAL 600000000 MICROSECOND"));
        assert_int_equal(sql_count(1, "UPDATE restock_order"), 4);
        assert_int_equal(page.n, 4);
        assert_true(page.orders[0].again && !page.orders[0].failed);
        assert_int_equal(page.orders[0].trace.id[0], 0x4b);
        assert_false(as_trace_is_set(&page.orders[1].trace));
        assert_true(page.orders[1].failed && !page.orders[1].again);
        assert_true(!page.orders[2].failed && !page.orders[2].again);
        assert_true(!page.orders[3].failed && !page.orders[3].again);

        /* a message that was not received counts as an attempt; a request
         * counted when it was made */
        assert_int_equal(sql_has(1, "attempts = attempts + 1"),
                         page.published);
    }
}


static void
nothing_overdue(void **state)
{
    as_order_overdue_page_t  page;

    (void) state;

    memset(&page, 0, sizeof(page));
    page.n = 7;
    assert_int_equal(as_order_overdue(sql_db, &page), AS_DB_OK);
    assert_int_equal(page.n, 0);
    assert_int_equal(sql.npackets, 1);

    (void) sql_row_id(1, 0, 1, 3, "1", NULL);
    sql.status[2] = AS_DB_GONE;
    sql.affected[1] = 1;
    assert_int_equal(as_order_overdue(sql_db, &page), AS_DB_GONE);
    assert_false(page.orders[0].again);
}


/* Products without an order: one transaction each, and a duplicate means that
 * another one was faster. */
static void
restocks(void **state)
{
    as_order_products_t  page;

    (void) state;

    memset(&page, 0, sizeof(page));
    memset(page.products[0].order_id, 1, AS_UUID_LEN);
    memset(page.products[1].order_id, 2, AS_UUID_LEN);
    as_trace_read(&page.products[0].trace, TRACE);
    (void) sql_row_id(0, 0, 'p', 1);
    (void) sql_row_id(0, 0, 'q', 1);
    sql.affected[2] = 1;
    sql.status[2] = AS_DB_DUPLICATE;
    assert_int_equal(as_order_restock(sql_db, &page), AS_DB_OK);

    assert_int_equal(page.n, 2);
    assert_true(page.products[0].done);
    assert_false(page.products[1].done);
    assert_int_equal(sql.npackets, 3);
    assert_true(sql_has(1, "FOR UPDATE;INSERT INTO restock_order"));
    assert_true(sql_has(1, ID1));
    assert_true(sql_has(2, ID2));
    assert_true(sql_has(1, "product_id, '" TRACE "' FROM restock_order"
                        " WHERE order_id = " ID1 ";COMMIT"));
    assert_false(sql_has(2, "restock_order_trace"));
}


static void
restock_fails(void **state)
{
    as_order_products_t  page;

    (void) state;

    memset(&page, 0, sizeof(page));
    (void) sql_row_id(0, 0, 'p', 1);
    (void) sql_row_id(0, 0, 'q', 1);
    sql.status[1] = AS_DB_GONE;
    assert_int_equal(as_order_restock(sql_db, &page), AS_DB_GONE);
    assert_int_equal(sql.npackets, 2);
}


#define TEST(name)                                                            \
    cmocka_unit_test_setup_teardown(name, sql_setup, sql_teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(overdue),
        TEST(nothing_overdue),
        TEST(restocks),
        TEST(restock_fails)
    };

    return cmocka_run_group_tests_name("order_overdue", tests, NULL, NULL);
}
