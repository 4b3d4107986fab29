/*
 * doctor's checks of orders and holds: those without progress, by their age.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/doctor_orders.h"
#include "db/hold.h"
#include "findings_fixture.h"
#include "settings_fixture.h"
#include "sql_fixture.h"


#define SIGNS    "SELECT COUNT(*) FROM restock_order WHERE state IN"


static struct {
    as_settings_t       settings;
    as_order_counts_t   orders;
    as_hold_counts_t    holds;
    as_db_status_e      count;         /* of the orders, of the holds */
    as_db_status_e      holds_count;
} db;


as_db_status_e
as_order_count(as_db_t *conn, as_order_counts_t *counts)
{
    assert_ptr_equal(conn, sql_db);
    assert_int_equal(counts->callback_timeout_ms,
                     db.settings.callback_timeout);
    *counts = db.orders;

    return db.count;
}


as_db_status_e
as_hold_count(as_db_t *conn, as_hold_counts_t *counts)
{
    assert_ptr_equal(conn, sql_db);
    *counts = db.holds;

    return db.holds_count;
}


static int
setup(void **state)
{
    sql_reset();
    memset(&db, 0, sizeof(db));
    db.settings = *settings_fixture();
    db.orders.pending_oldest_ms = -1;
    db.orders.published_oldest_ms = -1;
    db.holds.due_oldest_ms = -1;

    return findings_setup(state);
}


static int
teardown(void **state)
{
    sql_reset();

    return findings_teardown(state);
}


/* Orders without progress, by their age. */
static void
orders(void **state)
{
    as_doctor_signs_t  signs;

    (void) state;

    db.settings.watchdog_interval = 10000;
    db.settings.visibility = 60000;
    (void) sql_row_to(SIGNS, 0, 1, "2");
    (void) sql_row_to(SIGNS, 1, 1, "90000000");
    as_doctor_orders(&findings, sql_db, &db.settings, &signs);
    assert_int_equal(findings_of("fine", "orders"), 1);
    assert_int_equal(findings_of("fine", "holds"), 1);
    assert_true(signs.known && !signs.stuck);
    assert_int_equal(signs.leases, 2);
    assert_int_equal(signs.last_ms, 90000);
    findings_reset();

    db.orders.pending_oldest_ms = 70000;
    db.orders.published_oldest_ms = 130000;
    as_doctor_orders(&findings, sql_db, &db.settings, &signs);
    assert_false(signs.stuck);
    assert_int_equal(signs.last_ms, 0);
    findings_reset();

    db.orders.pending_oldest_ms = 70001;
    as_doctor_orders(&findings, sql_db, &db.settings, &signs);
    assert_true(signs.stuck);
    findings_one("wrong", "orders-pending", "the oldest is due for 70 s");

    db.orders.pending_oldest_ms = -1;
    db.orders.published_oldest_ms = 130001;
    as_doctor_orders(&findings, sql_db, &db.settings, &signs);
    assert_true(signs.stuck);
    findings_one("wrong", "orders-published", "the oldest for 130 s");

    db.orders.published_oldest_ms = -1;
    db.orders.overdue = 4;
    as_doctor_orders(&findings, sql_db, &db.settings, &signs);
    assert_true(signs.stuck);
    findings_one("warning", "orders-overdue", "of 4 orders are overdue");

    db.orders.overdue = 0;
    db.holds.due = 3;
    db.holds.due_oldest_ms = 10001;
    db.holds.due_oldest[0] = 0x01;
    as_doctor_orders(&findings, sql_db, &db.settings, &signs);
    assert_true(signs.stuck);
    findings_one("wrong", "holds", "3 holds are past their time, the oldest "
                 "for 10 s, 01000000-0000-0000-0000-000000000000: ");
}


static void
orders_cannot_be_read(void **state)
{
    as_doctor_signs_t  signs;

    (void) state;

    db.count = AS_DB_ERROR;
    sql.error = 1142;
    as_doctor_orders(&findings, sql_db, &db.settings, &signs);
    assert_false(signs.known);
    findings_one("unreachable", "orders", "the orders cannot be read: ");

    /* the schema's finding */
    sql.error = 1146;
    as_doctor_orders(&findings, sql_db, &db.settings, &signs);
    assert_int_equal(findings_of(NULL, NULL), 0);

    db.count = AS_DB_OK;
    db.holds_count = AS_DB_ERROR;
    as_doctor_orders(&findings, sql_db, &db.settings, &signs);
    assert_int_equal(findings_of(NULL, "holds"), 0);
    assert_true(signs.known);

    /* no order was published yet */
    (void) sql_row_to(SIGNS, 0, 1, "0");
    (void) sql_row_to(SIGNS, 1, 1, NULL);
    as_doctor_orders(&findings, sql_db, &db.settings, &signs);
    assert_int_equal(signs.last_ms, -1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(orders, setup, teardown),
        cmocka_unit_test_setup_teardown(orders_cannot_be_read, setup,
                                        teardown)
    };

    return cmocka_run_group_tests_name("doctor_orders", tests, NULL, NULL);
}
