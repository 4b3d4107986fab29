/*
 * Manual changes of a product's stock, with their movements.
 */

#ifndef AS_STOCK_H
#define AS_STOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "db/db.h"
#include "as_trace.h"
#include "as_uuid.h"


typedef enum {
    AS_STOCK_DONE = 0,
    AS_STOCK_SAME,                     /* the stock has that value already */
    AS_STOCK_NO_PRODUCT,
    AS_STOCK_RANGE                     /* below 0, or beyond an INT */
} as_stock_e;

typedef struct {
    const char  *sku;                  /* as asked */
    char        *own_sku;              /* the row's; NULL: none; free() */
    bool         set;                  /* set to number; otherwise add it */
    int64_t      number;
    uint8_t      movement_id[AS_UUID_LEN];     /* new ids from the caller */
    uint8_t      order_id[AS_UUID_LEN];
    as_trace_t   trace;                /* a new one, for that order */

    as_stock_e   outcome;
    bool         doubt;                /* connection lost, result unknown; a
                                          repeated call finds it out */
    int64_t      before;
    int64_t      after;
    bool         opened;               /* a restock order was opened */
} as_stock_t;


/*
 * Changes the stock, writes an adjustment of the difference, and opens the
 * product's order where the stock is then at or below the reorder point, all in
 * one transaction.  Repeated with the same ids it takes effect once.
 */
as_db_status_e as_stock_change(as_db_t *db, as_stock_t *stock);


/* Corrects the ledger: adds an adjustment so that it matches the stock. */
typedef struct {
    uint8_t  product_id[AS_UUID_LEN];
    uint8_t  movement_id[AS_UUID_LEN];         /* a new id from the caller */
    int64_t  quantity;                 /* stock minus SUM(quantity) */
} as_stock_mend_t;

/*
 * Safe while sales continue: they change stock and ledger by the same amount,
 * so the difference stays constant.  Repeated with the same id it takes effect
 * once.  Requires the right to change a stock, although it changes none.
 */
as_db_status_e as_stock_mend(as_db_t *db, const as_stock_mend_t *mend);


/* Creates the id of a movement or order.  0, or -1 with errno. */
int as_stock_id(uint8_t id[AS_UUID_LEN]);

/* A new trace.  0, or -1 with errno. */
int as_stock_trace(as_trace_t *trace);


#endif /* AS_STOCK_H */
