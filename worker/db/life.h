/*
 * The life of a product, an order, a sale or a hold, as events with their
 * times.  Reads only.
 */

#ifndef AS_LIFE_H
#define AS_LIFE_H

#include <jansson.h>

#include "db/db.h"


/*
 * The result is an object with "kind", "events" and what the kind has:
 *
 *   product  the product's values, "ledger_rows" (AS_LIFE_LEDGER)
 *   order    as as_order_show()
 *   sale     as as_sale_read_show(); of a confirmed hold, too
 *   hold     as as_hold_show()
 *
 * An event, the newest first, has "at" (ISO 8601, UTC), "event", and where
 * there is one "quantity", "id", "sku", "sales", "note".
 */
typedef struct {
    const char  *asked;                /* a SKU, or the id of a product, order,
                                          sale, hold or return */
    json_t      *life;                 /* NULL: not found; json_decref() */
} as_life_t;

as_db_status_e as_life_find(as_db_t *db, as_life_t *life);


#endif /* AS_LIFE_H */
