/*
 * The checks of reconcile: stock_movement_key against the ledger.
 */

#ifndef AS_RECONCILE_KEYS_H
#define AS_RECONCILE_KEYS_H

#include "cmd/reconcile.h"


/* What the id of k.movement_id is, by its last bytes (common/as_movement.h). */
#define AS_RECONCILE_KEYS_TAIL     "RIGHT(HEX(k.movement_id), 4)"
#define AS_RECONCILE_KEYS_HOLD                                                \
    "(" AS_RECONCILE_KEYS_TAIL " BETWEEN '8000' AND 'BFFF')"
#define AS_RECONCILE_KEYS_RETURNED                                            \
    "(" AS_RECONCILE_KEYS_TAIL " BETWEEN '4000' AND '7FFF')"

/* The ledger's row of a sale or hold. */
#define AS_RECONCILE_KEYS_ROW                                                 \
    "UNHEX(CONCAT(LEFT(HEX(k.movement_id), 28), IF("                          \
    AS_RECONCILE_KEYS_HOLD ", '8000', '0000')))"

#define AS_RECONCILE_KEYS_NUMBER                                              \
    "(CONV(" AS_RECONCILE_KEYS_TAIL ", 16, 10) - IF("                         \
    AS_RECONCILE_KEYS_HOLD ", 32768, 0))"


/*
 * Whether the number of k.movement_id and k.quantity are in the row m of that
 * sale or hold.  Without a list that is exact.  In a list a wrong place may be
 * found first: then the row is read.
 */
#define AS_RECONCILE_KEYS_MATCH                                               \
    "COALESCE(IF(m.sale_list IS NULL, " AS_RECONCILE_KEYS_NUMBER              \
    " < m.sales AND k.quantity = IF(m.sales = 1, -m.quantity, 1),"            \
    " MOD(LOCATE(CONCAT(UNHEX(LPAD(HEX(CAST(" AS_RECONCILE_KEYS_NUMBER        \
    " AS UNSIGNED)), 4, '0')), UNHEX(LPAD(HEX(k.quantity), 6, '0'))),"        \
    " m.sale_list), 5) = 1), FALSE)"


/* Reports a movement whose key is wrong; what begins with a verb. */
void as_reconcile_keys_say(as_reconcile_t *reconcile, const char *movement_id,
    const char *what);

/* Checks that every key has its movement, and a sale's its sale. */
as_db_status_e as_reconcile_keys(as_db_t *db, as_reconcile_t *reconcile);


#endif /* AS_RECONCILE_KEYS_H */
