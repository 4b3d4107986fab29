#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "db/hold.h"
#include "db/pace.h"
#include "reconcile_fixture.h"


reconcile_fixture_t  reconcile;


/* Neither waits nor queries the server. */
as_db_status_e
as_pace_wait(as_pace_t *pace, as_db_t *conn)
{
    assert_non_null(pace);
    assert_ptr_equal(conn, sql_db);

    return AS_DB_OK;
}


as_db_status_e
as_stock_mend(as_db_t *conn, const as_stock_mend_t *mend)
{
    assert_ptr_equal(conn, sql_db);
    assert_true(reconcile.calls < 8);
    reconcile.mends[reconcile.calls] = *mend;

    return reconcile.status[reconcile.calls++];
}


as_db_status_e
as_hold_mend(as_db_t *conn, const uint8_t product_id[AS_UUID_LEN])
{
    assert_ptr_equal(conn, sql_db);
    assert_int_equal(product_id[0], 1);
    reconcile.held++;

    return reconcile.status[reconcile.calls++];
}


int
reconcile_setup(void **state)
{
    memset(&reconcile, 0, sizeof(reconcile));

    return command_setup(state);
}


void
reconcile_product(const char *stock, const char *held, const char *sum,
    const char *opening, const char *back, const char *put)
{
    (void) sql_row_to(END, 0, 2, sql_ids(1, 2), "5");
    (void) sql_row_to(SUMS, 0, 5, sql_id(1), sum, opening, back, put);
    (void) sql_row_to(PRODUCTS, 0, 4, sql_id(1), "A", stock, held);
}


void
reconcile_holds(const char *held, const char *ended, const char *late,
    const char *returned)
{
    (void) sql_row_to(HOLD_END, 0, 1, sql_id(1));
    (void) sql_row_to(HOLDS, 0, 4, sql_id(1), held, ended, late);
    (void) sql_row_to(SOLD_END, 0, 1, sql_id(1));
    (void) sql_row_to(RETURNS, 0, 2, sql_id(1), returned);
}


void
reconcile_sound(void)
{
    reconcile_product("7", "2", "7", "1", "3", "1");
    reconcile_holds("2", "3", "0", "1");
}
