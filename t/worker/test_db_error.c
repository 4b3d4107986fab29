/*
 * The class of a database error for a job, and its text in the log.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "db/db_parts.h"


static void
classes(void **state)
{
    size_t  i;

    static const struct {
        unsigned        error;
        as_db_status_e  status;
    } cases[] = {
        /* rolled back by the server: again */
        { 1020, AS_DB_RETRY }, { 1205, AS_DB_RETRY }, { 1213, AS_DB_RETRY },
        { 3101, AS_DB_RETRY },

        { 1062, AS_DB_DUPLICATE },

        /* on another connection, or on another server */
        { 1053, AS_DB_GONE }, { 1080, AS_DB_GONE }, { 1927, AS_DB_GONE },
        { 2002, AS_DB_GONE }, { 2003, AS_DB_GONE }, { 2006, AS_DB_GONE },
        { 2013, AS_DB_GONE }, { 4031, AS_DB_GONE },

        /* a read-only server */
        { 1036, AS_DB_GONE }, { 1047, AS_DB_GONE }, { 1290, AS_DB_GONE },
        { 1792, AS_DB_GONE }, { 1836, AS_DB_GONE },

        /* too many connections: this passes by itself */
        { 1040, AS_DB_GONE },

        /* errors for an operator */
        { 1044, AS_DB_ERROR }, { 1054, AS_DB_ERROR }, { 1142, AS_DB_ERROR },
        { 1146, AS_DB_ERROR }, { 1969, AS_DB_ERROR }, { 4025, AS_DB_ERROR },
        { 65000, AS_DB_ERROR }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (as_db_error_status(cases[i].error) != cases[i].status) {
            fail_msg("error %u: status %d", cases[i].error,
                     (int) as_db_error_status(cases[i].error));
        }
    }
}


static void
texts(void **state)
{
    char  text[AS_DB_ERROR_LEN];

    (void) state;

    as_db_error_tell(text, 2013, "Lost connection");
    assert_string_equal(text, "unreachable: Lost connection (error 2013)");

    as_db_error_tell(text, 1142, "UPDATE command denied to user 'w'@'h' for"
                     " table `s`.`product`");
    assert_non_null(strstr(text, "refused: UPDATE command denied"));
    assert_non_null(strstr(text, "(error 1142, ER_TABLEACCESS_DENIED_ERROR)"));

    /* it quotes a value */
    as_db_error_tell(text, 1062, "Duplicate entry 'hidden' for key 'sku'");
    assert_null(strstr(text, "hidden"));
    assert_non_null(strstr(text, "1062, ER_DUP_ENTRY"));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(classes),
        cmocka_unit_test(texts)
    };

    return cmocka_run_group_tests_name("db_error", tests, NULL, NULL);
}
