/*
 * The release of one hold: its state, a change between two statements, and a
 * connection that was lost.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "db/hold_list.h"
#include "sql_fixture.h"


static as_hold_release_t  release;


static int
setup(void **state)
{
    memset(&release, 0, sizeof(release));
    memset(release.id, 'h', AS_UUID_LEN);
    memset(release.movement_id, 'm', AS_UUID_LEN);

    return sql_setup(state);
}


static void
open_hold(void **state)
{
    (void) state;

    (void) sql_row(0, 1, 2, "held", "0");
    sql.affected[0] = 1;
    sql.affected[1] = sql.affected[2] = 2;
    assert_int_equal(as_hold_release(sql_db, &release), AS_DB_OK);
    assert_int_equal(release.outcome, AS_HOLD_RELEASED);
    assert_true(sql_has(0, "FOR UPDATE"));
    assert_true(sql_has(1, "SET state = 'released'"));
    assert_true(sql_has(1, "WHERE hold_id IN (X'6868"));
    assert_string_equal(sql.packets[2], "COMMIT");
}


static void
not_open(void **state)
{
    (void) state;

    assert_int_equal(as_hold_release(sql_db, &release), AS_DB_OK);
    assert_int_equal(release.outcome, AS_HOLD_UNKNOWN);
    assert_string_equal(sql.packets[1], "ROLLBACK");

    (void) sql_row(2, 1, 2, "confirmed", "0");
    assert_int_equal(as_hold_release(sql_db, &release), AS_DB_OK);
    assert_int_equal(release.outcome, AS_HOLD_STATE);
    assert_string_equal(release.state, "confirmed");
    assert_string_equal(sql.packets[3], "ROLLBACK");
}


static void
in_doubt(void **state)
{
    (void) state;

    (void) sql_row(0, 1, 2, "held", "0");
    sql.affected[0] = sql.affected[1] = sql.affected[2] = 1;
    sql.status[2] = AS_DB_GONE;
    assert_int_equal(as_hold_release(sql_db, &release), AS_DB_GONE);

    /* it was committed */
    (void) sql_row(3, 1, 2, "released", "1");
    assert_int_equal(as_hold_release(sql_db, &release), AS_DB_OK);
    assert_int_equal(release.outcome, AS_HOLD_RELEASED);
    assert_int_equal(sql.npackets, 5);
}


static void
changed_meanwhile(void **state)
{
    (void) state;

    (void) sql_row(0, 1, 2, "held", "0");
    sql.affected[0] = 1;
    sql.affected[1] = 2;
    sql.affected[2] = 1;
    assert_int_equal(as_hold_release(sql_db, &release), AS_DB_RETRY);
    assert_string_equal(sql.packets[2], "ROLLBACK");
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, sql_teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(open_hold),
        TEST(not_open),
        TEST(in_doubt),
        TEST(changed_meanwhile)
    };

    return cmocka_run_group_tests_name("hold_release", tests, NULL, NULL);
}
