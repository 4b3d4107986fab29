/*
 * The command `reconcile --adjust`: its changes, and the remaining findings.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reconcile_fixture.h"


#define RUN(...)  command_run(&as_command_reconcile, __VA_ARGS__, NULL)


static void
the_lock_is_mine(void)
{
    (void) sql_row_to("GET_LOCK", 0, 1, "1");
}


static void
adjust(void **state)
{
    (void) state;

    the_lock_is_mine();
    reconcile_product("7", "3", "9", "1", "0", "0");
    reconcile_holds("2", "0", "0", "0");
    assert_int_equal(RUN("--adjust", "--yes"), AS_EXIT_OK);
    command_told("2 of 2 adjustments are written");
    command_wrote("0 wrong, 0 unreachable, 2 mended");

    /* the difference of the ledger, and the held pieces */
    assert_int_equal(reconcile.calls, 2);
    assert_int_equal(reconcile.held, 1);
    assert_int_equal(reconcile.mends[1].quantity, -2);
    assert_int_equal(reconcile.mends[1].product_id[0], 1);

    /* JSON shows what was mended */
    sql_reset();
    reconcile.calls = 0;
    the_lock_is_mine();
    reconcile_product("7", "0", "9", "1", "0", "0");
    assert_int_equal(RUN("--adjust", "--yes", "--output=json"), AS_EXIT_OK);
    command_wrote("\"level\": \"mended\"");
    command_wrote("\"ok\": true");
}


static void
adjust_asks(void **state)
{
    (void) state;

    the_lock_is_mine();
    reconcile_product("7", "0", "9", "1", "0", "0");
    assert_int_equal(RUN("--adjust"), AS_EXIT_FINDINGS);
    command_told("write 1 adjustments, so that the ledger agrees");
    command_wrote("1 wrong");
    assert_int_equal(reconcile.calls, 0);

    /* nothing to confirm */
    sql_reset();
    the_lock_is_mine();
    reconcile_sound();
    assert_int_equal(RUN("--adjust"), AS_EXIT_OK);
    assert_string_equal(command.err, "");
}


/* After a lost connection the same movement is sent again; a refusal ends the
 * command, and what is not mended stays a finding. */
static void
adjust_fails(void **state)
{
    (void) state;

    the_lock_is_mine();
    reconcile_product("7", "0", "9", "1", "0", "0");
    reconcile.status[0] = reconcile.status[1] = AS_DB_GONE;
    assert_int_equal(RUN("--adjust", "--yes"), AS_EXIT_OK);
    assert_int_equal(reconcile.calls, 3);
    assert_memory_equal(reconcile.mends[0].movement_id,
                        reconcile.mends[2].movement_id, AS_UUID_LEN);

    sql_reset();
    reconcile.calls = 0;
    the_lock_is_mine();
    reconcile_product("7", "3", "9", "1", "0", "0");
    reconcile_holds("2", "0", "0", "0");
    reconcile.status[0] = AS_DB_OK;
    reconcile.status[1] = AS_DB_ERROR;
    sql.error = 1142;
    assert_int_equal(RUN("--adjust", "--yes"), AS_EXIT_REACH);
    command_told("sql/grants-operator.sql");
    command_told("1 of 2 adjustments are written");
    command_wrote("1 wrong, 0 unreachable, 1 mended");
}


static void
adjust_alone(void **state)
{
    (void) state;

    (void) sql_row_to("GET_LOCK", 0, 1, "0");
    assert_int_equal(RUN("--adjust", "--yes"), AS_EXIT_FINDINGS);
    command_told("another reconcile --adjust is running");
    assert_int_equal(sql.npackets, 1);

    sql_reset();
    sql.status[0] = AS_DB_GONE;
    assert_int_equal(RUN("--adjust", "--yes"), AS_EXIT_REACH);
    assert_int_equal(sql.npackets, 1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        reconcile_test(adjust),
        reconcile_test(adjust_asks),
        reconcile_test(adjust_fails),
        reconcile_test(adjust_alone)
    };

    return cmocka_run_group_tests_name("reconcile_adjust", tests, NULL, NULL);
}
