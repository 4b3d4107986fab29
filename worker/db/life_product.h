/*
 * The life of a product (life.h).
 */

#ifndef AS_LIFE_PRODUCT_H
#define AS_LIFE_PRODUCT_H

#include <stdint.h>

#include <jansson.h>

#include "db/db.h"


#define AS_LIFE_ORDERS     20          /* the newest */
#define AS_LIFE_MOVEMENTS  50          /* the newest */
#define AS_LIFE_LEDGER     5000        /* rows of the ledger that are looked
                                          through for them: it has no index by
                                          product */


/* By its id; NULL: by its SKU.  Sets life to NULL where there is none. */
as_db_status_e as_life_product_find(as_db_t *db, const uint8_t *id,
    const char *sku, json_t **life);


#endif /* AS_LIFE_PRODUCT_H */
