/*
 * A place in the ledger, in the order of its primary key: a movement's id and a
 * product's.  A chunk ends at such a place, within a transaction, too.
 */

#ifndef AS_LEDGER_CURSOR_H
#define AS_LEDGER_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "db/db.h"
#include "as_uuid.h"


#define AS_LEDGER_CURSOR_LEN  (2 * AS_UUID_LEN)

/* The last place of the rows m, as one column. */
#define AS_LEDGER_CURSOR_LAST  "MAX(CONCAT(m.movement_id, m.product_id))"

#define AS_LEDGER_CURSOR_ORDER  " ORDER BY m.movement_id, m.product_id"


/* Appends the condition that the rows m are after the place. */
void as_ledger_cursor_after(as_text_t *sql,
    const uint8_t cursor[AS_LEDGER_CURSOR_LEN]);

/* Appends the condition that the rows m are not after the place. */
void as_ledger_cursor_until(as_text_t *sql,
    const uint8_t cursor[AS_LEDGER_CURSOR_LEN]);

/* Sets the place to a column of AS_LEDGER_CURSOR_LAST; false where there was no
 * row. */
bool as_ledger_cursor_set(uint8_t cursor[AS_LEDGER_CURSOR_LEN],
    const char *column, unsigned long length);

/* The first id of a time (a UUID version 7 begins with 48 bits of milliseconds
 * since 1970; a time before is taken for 1970), and the time of an id. */
void as_ledger_cursor_id(int64_t ms, uint8_t id[AS_UUID_LEN]);
int64_t as_ledger_cursor_time(const uint8_t id[AS_UUID_LEN]);

/* Sets *ms to the time of the first movement that meets the condition; 0 if
 * there is none. */
as_db_status_e as_ledger_cursor_first(as_db_t *db, const char *condition,
    int64_t *ms);


#endif /* AS_LEDGER_CURSOR_H */
