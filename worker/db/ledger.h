/*
 * The watchdog's jobs in the ledger: writes the opening movements that are
 * missing, and removes the expired idempotency keys of sales.  The functions
 * block.
 */

#ifndef AS_LEDGER_H
#define AS_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/db.h"
#include "as_uuid.h"


#define AS_LEDGER_OPENINGS  100        /* in one statement, at most */

/*
 * Writes the opening movement of up to AS_LEDGER_OPENINGS products that have
 * none, with ids from gen. opened is set to their number.
 */
as_db_status_e as_ledger_open(as_db_t *db, as_uuid_gen_t *gen,
    size_t *opened);

/*
 * Removes the idempotency keys of the sales between *cursor and before_ms (Unix
 * time), at most 1,000 per call.  Advances the cursor. more is set where others
 * may be left.
 */
as_db_status_e as_ledger_forget(as_db_t *db, uint8_t cursor[AS_UUID_LEN],
    int64_t before_ms, bool *more, uint64_t *forgotten);


#endif /* AS_LEDGER_H */
