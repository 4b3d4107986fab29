/*
 * What the files db*.c share; no other file of the worker knows mysql.h.
 */

#ifndef AS_DB_PARTS_H
#define AS_DB_PARTS_H

#include <mysql.h>

#include "db/db.h"


/* Before the connection: what it and its session must be.  The library copies
 * all values. */
void as_db_options(const as_settings_t *settings, MYSQL *mysql);

/*
 * Gives the rows of a result that is read as they come, and frees it; n says
 * how many there were.  0, or -1 where they do not end: then the connection
 * must be closed.  mysql_errno() says whether they came to their end well.
 */
int as_db_rows(MYSQL_RES *result, unsigned statement, as_db_row_pt row,
    void *data, uint64_t *n);


/* "refused: ..." or "out of reach: ...", without values. */
void as_db_error_tell(char message[AS_DB_ERROR_LEN], unsigned error,
    const char *text);

as_db_status_e as_db_error_status(unsigned error);


#endif /* AS_DB_PARTS_H */
