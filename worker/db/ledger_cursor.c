/*
 * A place in the ledger.
 */

#include <string.h>

#include "db/ledger_cursor.h"


/*
 * The first condition alone makes the range of the primary key; servers make
 * none of a comparison of pairs.
 */
static void
as_ledger_cursor_put(as_text_t *sql,
    const uint8_t cursor[AS_LEDGER_CURSOR_LEN], const char *range,
    const char *beyond, const char *product)
{
    as_text_printf(sql, "m.movement_id %s ", range);
    as_text_sql_bytes(sql, cursor, AS_UUID_LEN);
    as_text_printf(sql, " AND (m.movement_id %s ", beyond);
    as_text_sql_bytes(sql, cursor, AS_UUID_LEN);
    as_text_printf(sql, " OR m.product_id %s ", product);
    as_text_sql_bytes(sql, cursor + AS_UUID_LEN, AS_UUID_LEN);
    as_text_put(sql, ")");
}


void
as_ledger_cursor_after(as_text_t *sql,
    const uint8_t cursor[AS_LEDGER_CURSOR_LEN])
{
    as_ledger_cursor_put(sql, cursor, ">=", ">", ">");
}


void
as_ledger_cursor_until(as_text_t *sql,
    const uint8_t cursor[AS_LEDGER_CURSOR_LEN])
{
    as_ledger_cursor_put(sql, cursor, "<=", "<", "<=");
}


bool
as_ledger_cursor_set(uint8_t cursor[AS_LEDGER_CURSOR_LEN], const char *column,
    unsigned long length)
{
    if (column == NULL || length != AS_LEDGER_CURSOR_LEN) {
        return false;
    }

    memcpy(cursor, column, AS_LEDGER_CURSOR_LEN);

    return true;
}


void
as_ledger_cursor_id(int64_t ms, uint8_t id[AS_UUID_LEN])
{
    int  i;

    memset(id, 0, AS_UUID_LEN);

    if (ms < 0) {
        return;
    }

    for (i = 0; i < 6; i++) {
        id[i] = (uint8_t) (ms >> (40 - 8 * i));
    }
}


int64_t
as_ledger_cursor_time(const uint8_t id[AS_UUID_LEN])
{
    int      i;
    int64_t  ms;

    for (i = 0, ms = 0; i < 6; i++) {
        ms = ms << 8 | id[i];
    }

    return ms;
}


static void
as_ledger_cursor_first_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    int64_t  *ms = data;

    (void) statement;

    if (n == 1 && lengths[0] == AS_UUID_LEN) {
        *ms = as_ledger_cursor_time((const uint8_t *) columns[0]);
    }
}


as_db_status_e
as_ledger_cursor_first(as_db_t *db, const char *condition, int64_t *ms)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    *ms = 0;
    as_text_printf(&sql, "SELECT movement_id FROM stock_movement WHERE %s"
                   " ORDER BY movement_id LIMIT 1", condition);

    status = as_db_run(db, &sql, as_ledger_cursor_first_row, ms);
    as_text_free(&sql);

    return status;
}
