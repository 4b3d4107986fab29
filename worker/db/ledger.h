/*
 * The ledger, as the watchdog keeps it: openings that are missing, and keys
 * of sales that are past their time.  The functions block.
 */

#ifndef AS_LEDGER_H
#define AS_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/db.h"
#include "as_uuid.h"


#define AS_LEDGER_OPENINGS  100        /* written at once, at the most */

/*
 * Writes the opening movement of up to AS_LEDGER_OPENINGS products that have
 * none, with ids of gen; opened says how many.
 */
as_db_status_e as_ledger_open(as_db_t *db, as_uuid_gen_t *gen,
    size_t *opened);

/*
 * Forgets the idempotency keys of the sales between *cursor and the time
 * before_ms (Unix), at most a thousand movements of them; the cursor moves
 * on.  more: there may be others.
 */
as_db_status_e as_ledger_forget(as_db_t *db, uint8_t cursor[AS_UUID_LEN],
    int64_t before_ms, bool *more, uint64_t *forgotten);


#endif /* AS_LEDGER_H */
