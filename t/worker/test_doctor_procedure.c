/*
 * doctor's check of the procedure autostock_sell: each version, server and
 * right.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/doctor_procedure.h"
#include "findings_fixture.h"
#include "sql_fixture.h"


#define ROUTINE  "information_schema.ROUTINES"


static int
setup(void **state)
{
    sql_reset();

    return findings_setup(state);
}


static int
teardown(void **state)
{
    sql_reset();

    return findings_teardown(state);
}


/* wsrep_on and comment: NULL: no row */
static void
doctor(const char *wsrep_on, const char *may_see, const char *comment)
{
    sql_reset();

    if (wsrep_on != NULL) {
        (void) sql_row_to(ROUTINE, 0, 1, wsrep_on);
    }

    (void) sql_row_to(ROUTINE, 1, 1, may_see);

    if (comment != NULL) {
        (void) sql_row_to(ROUTINE, 2, 1, comment);
    }

    as_doctor_procedure(&findings, sql_db, "shop");
}


static void
there(void **state)
{
    (void) state;

    doctor("OFF", "0", "autostock 1");
    findings_fine("autostock_sell exists: sales use it if nginx's user has");

    doctor(NULL, "1", "autostock 1");
    findings_fine("autostock_sell exists");
}


static void
absent(void **state)
{
    (void) state;

    doctor("OFF", "1", NULL);
    findings_fine("autostock_sell, which is optional, does not exist; "
                  "mariadb shop < sql/procedure.sql creates it");

    doctor("OFF", "0", NULL);
    findings_fine("this user sees no autostock_sell, which is optional; "
                  "mariadb shop < sql/procedure.sql creates it, and the right "
                  "EXECUTE shows it");
}


static void
another_version(void **state)
{
    size_t  i;

    static const char *const  comments[] = {
        "", "autostock", "autostock 0", "autostock 10", "Autostock 1",
        "a comment of more than the sixty-three bytes that are shown of one "
        "of them"
    };

    (void) state;

    for (i = 0; i < sizeof(comments) / sizeof(comments[0]); i++) {
        doctor("OFF", "1", comments[i]);
        findings_one("warning", "procedure", "as an administrator: mariadb "
                     "shop < sql/procedure.sql");
    }

    doctor("OFF", "0", "autostock 2");
    findings_one("warning", "procedure", "autostock_sell is of version "
                 "\"autostock 2\", not \"autostock 1\": nginx sells without");
}


/* Servers on which nginx does not use it, whatever its version. */
static void
not_used(void **state)
{
    (void) state;

    doctor("ON", "1", "autostock 1");
    findings_fine("nginx does not use autostock_sell in a Galera cluster");

    doctor("ON", "1", "autostock 2");
    findings_fine("in a Galera cluster");

    sql_reset();
    sql.mysql = true;
    as_doctor_procedure(&findings, sql_db, "shop");
    assert_int_equal(sql.npackets, 0);
    findings_fine("nginx uses autostock_sell on MariaDB only");
}


static void
unreadable(void **state)
{
    (void) state;

    sql.fails = ROUTINE;
    sql.fails_with = AS_DB_ERROR;
    as_doctor_procedure(&findings, sql_db, "shop");
    findings_one("warning", "procedure", "cannot be checked: refused");
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(there),
        TEST(absent),
        TEST(another_version),
        TEST(not_used),
        TEST(unreadable)
    };

    return cmocka_run_group_tests_name("doctor_procedure", tests, NULL, NULL);
}
