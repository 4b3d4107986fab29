/*
 * The checks of reconcile: holds and returns.
 */

#ifndef AS_RECONCILE_HOLDS_H
#define AS_RECONCILE_HOLDS_H

#include "cmd/reconcile.h"


/*
 * Checks holds and returns against the ledger, in the snapshot of the caller.
 * Movements that a roll-up has folded do not count as missing.
 */
as_db_status_e as_reconcile_holds(as_db_t *db, as_reconcile_t *reconcile);

/* Reports what is wrong with a hold, or with a movement of holds. */
void as_reconcile_holds_say(as_reconcile_t *reconcile, const char *id,
    const char *what);


#endif /* AS_RECONCILE_HOLDS_H */
