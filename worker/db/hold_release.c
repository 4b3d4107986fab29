/*
 * Holds: releases one.
 */

#include <stdio.h>
#include <string.h>

#include "db/hold_list.h"


/* The state, and whether an earlier attempt of this release released it. */
static void
as_hold_release_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    as_hold_release_t  *release = data;

    (void) statement;
    (void) lengths;
    (void) n;

    snprintf(release->state, sizeof(release->state), "%s", columns[0]);
    release->outcome = strcmp(columns[0], "held") == 0
                       || columns[1][0] == '1' ? AS_HOLD_RELEASED
                                               : AS_HOLD_STATE;
}


static as_db_status_e
as_hold_release_lock(as_db_t *db, as_hold_release_t *release)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_put(&sql, "START TRANSACTION;SELECT state, COALESCE(settled_id = ");
    as_text_sql_bytes(&sql, release->movement_id, AS_UUID_LEN);
    as_text_put(&sql, ", 0) FROM stock_hold WHERE hold_id = ");
    as_text_sql_bytes(&sql, release->id, AS_UUID_LEN);
    as_text_put(&sql, " FOR UPDATE");

    release->outcome = AS_HOLD_UNKNOWN;
    release->state[0] = '\0';
    status = as_db_run(db, &sql, as_hold_release_row, release);
    as_text_free(&sql);

    return status;
}


as_db_status_e
as_hold_release(as_db_t *db, as_hold_release_t *release)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    status = as_hold_release_lock(db, release);

    if (status != AS_DB_OK || release->outcome != AS_HOLD_RELEASED
        || strcmp(release->state, "held") != 0)
    {
        return status == AS_DB_OK ? as_db_exec(db, "ROLLBACK", NULL, NULL)
                                  : status;
    }

    as_hold_settle(&sql, (const uint8_t (*)[AS_UUID_LEN]) release->id, 1,
                   "released", release->movement_id);
    status = as_db_run(db, &sql, NULL, NULL);
    as_text_free(&sql);

    if (status != AS_DB_OK) {
        return status;
    }

    if (as_db_affected(db, 0) != 1
        || as_db_affected(db, 1) != as_db_affected(db, 2))
    {
        status = as_db_exec(db, "ROLLBACK", NULL, NULL);
        return status == AS_DB_OK ? AS_DB_RETRY : status;
    }

    /* sent separately, as every COMMIT is (db/stock.c) */
    return as_db_exec(db, "COMMIT", NULL, NULL);
}
