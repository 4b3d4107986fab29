/*
 * A product's stock changed by hand, with its movement.
 */

#ifndef AS_STOCK_H
#define AS_STOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "db/db.h"
#include "as_uuid.h"


typedef enum {
    AS_STOCK_DONE = 0,
    AS_STOCK_SAME,                     /* it is that already */
    AS_STOCK_NO_PRODUCT,
    AS_STOCK_RANGE                     /* below 0, or more than an INT */
} as_stock_e;

typedef struct {
    const char  *sku;                  /* as asked */
    char        *own_sku;              /* the row's, NULL: none; free it */
    bool         set;                  /* to number; otherwise add it */
    int64_t      number;
    uint8_t      movement_id[AS_UUID_LEN];     /* the caller's new ids */
    uint8_t      order_id[AS_UUID_LEN];

    as_stock_e   outcome;
    bool         doubt;                /* it may be done: a connection was
                                          lost; run again, it tells */
    int64_t      before;
    int64_t      after;
    bool         opened;               /* the restock order */
} as_stock_t;


/*
 * Changes the stock, writes an adjustment of the difference, and opens the
 * product's order where the stock is at the reorder point then, all in one
 * transaction.  Run again with the same ids it is done once.
 */
as_db_status_e as_stock_change(as_db_t *db, as_stock_t *stock);


/* Brings the ledger to the stock: an adjustment of what differs. */
typedef struct {
    uint8_t  product_id[AS_UUID_LEN];
    uint8_t  movement_id[AS_UUID_LEN];         /* the caller's new id */
    int64_t  quantity;                 /* stock less SUM(quantity) */
} as_stock_mend_t;

/* Stock and ledger always change by the same, so that what differs stays the
 * same while sales go on.  Run again with the same id it is done once.  Needs
 * the right to change a stock, though it changes none. */
as_db_status_e as_stock_mend(as_db_t *db, const as_stock_mend_t *mend);


/* A new movement's or order's id.  0, or -1 with errno. */
int as_stock_id(uint8_t id[AS_UUID_LEN]);


#endif /* AS_STOCK_H */
