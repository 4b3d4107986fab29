/*
 * The checks of reconcile: stock_movement_key against the ledger.
 */

#ifndef AS_RECONCILE_KEYS_H
#define AS_RECONCILE_KEYS_H

#include "cmd/reconcile.h"


/* Reports a movement whose key is wrong; what begins with a verb. */
void as_reconcile_keys_say(as_reconcile_t *reconcile, const char *movement_id,
    const char *what);

/* Checks that every key has its movement, and a sale's its sale. */
as_db_status_e as_reconcile_keys(as_db_t *db, as_reconcile_t *reconcile);


#endif /* AS_RECONCILE_KEYS_H */
