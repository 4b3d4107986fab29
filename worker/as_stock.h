/*
 * A stock changed by an operator, with its movement; the functions block and
 * may be run again from their beginning.
 */

#ifndef AS_STOCK_H
#define AS_STOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "as_db.h"
#include "as_uuid.h"


typedef enum {
    AS_STOCK_DONE = 0,
    AS_STOCK_NO_PRODUCT,
    AS_STOCK_NEGATIVE,                 /* there is less than that */
    AS_STOCK_RANGE                     /* more than an INT holds */
} as_stock_e;

typedef struct {
    const char  *sku;
    bool         set;                  /* to n; otherwise n more, or less */
    int64_t      n;
    uint8_t      movement_id[AS_UUID_LEN];       /* fresh */

    as_stock_e   outcome;
    uint8_t      product_id[AS_UUID_LEN];
    int64_t      before;
    int64_t      after;
} as_stock_change_t;

as_db_status_e as_stock_change(as_db_t *db, as_stock_change_t *change);


/* Brings the ledger of a product to its stock, by an adjustment. */
typedef struct {
    uint8_t  product_id[AS_UUID_LEN];
    uint8_t  movement_id[AS_UUID_LEN];           /* fresh */
    bool     done;                     /* false: they agree by now */
} as_stock_mend_t;

as_db_status_e as_stock_mend(as_db_t *db, as_stock_mend_t *mend);


/* An id for a movement of now. */
int as_stock_movement_id(uint8_t id[AS_UUID_LEN]);


#endif /* AS_STOCK_H */
