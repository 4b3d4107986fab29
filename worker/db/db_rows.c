/*
 * Reads the rows of an unbuffered result.
 */

#include "base/clock.h"
#include "db/db_parts.h"


#define AS_DB_ROWS_MAX   10000000      /* of one result */
#define AS_DB_ROWS_MS    60000         /* ms to read them */


int
as_db_rows(MYSQL_RES *result, unsigned statement, as_db_row_pt row,
    void *data, uint64_t *n)
{
    int                rc;
    int64_t            deadline;
    MYSQL_ROW          columns;
    const as_clock_t  *clock = as_clock_system();

    rc = 0;
    deadline = as_clock_mono_ms(clock) + AS_DB_ROWS_MS;

    for (*n = 0; ; (*n)++) {
        columns = mysql_fetch_row(result);
        if (columns == NULL) {
            break;
        }

        if (*n == AS_DB_ROWS_MAX || as_clock_mono_ms(clock) > deadline) {
            result->handle = NULL;     /* otherwise freeing it reads all
                                          remaining rows */
            rc = -1;
            break;
        }

        if (row != NULL) {
            row(data, statement, (const char *const *) columns,
                mysql_fetch_lengths(result), mysql_num_fields(result));
        }
    }

    mysql_free_result(result);

    return rc;
}
