/*
 * Shared by db*.c.  No other file of the worker includes mysql.h.
 */

#ifndef AS_DB_PARTS_H
#define AS_DB_PARTS_H

#include <mysql.h>

#include "db/db.h"


/*
 * Sets the options of the connection and its session, before it connects.  The
 * library copies all values.
 */
void as_db_options(const as_settings_t *settings, MYSQL *mysql);

/*
 * Passes the rows of an unbuffered result to row as they arrive, and frees it.
 * n is set to their number.  Returns 0, or -1 where there are too many; then
 * the connection must be closed. mysql_errno() is 0 where all rows arrived.
 */
int as_db_rows(MYSQL_RES *result, unsigned statement, as_db_row_pt row,
    void *data, uint64_t *n);


/* Writes "refused: ..." or "unreachable: ...", without values. */
void as_db_error_tell(char message[AS_DB_ERROR_LEN], unsigned error,
    const char *text);

as_db_status_e as_db_error_status(unsigned error);


#endif /* AS_DB_PARTS_H */
