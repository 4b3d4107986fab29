/*
 * Holds (sql/schema.sql): releases those that are due, counts the open ones,
 * and writes the statements that settle holds.
 *
 * Every change of a hold's state is a compare-and-set under the lock of its
 * row.  Locks are taken in one order everywhere: rows of stock_hold, the
 * ledger's, rows of product by product_id, COMMIT.
 */

#ifndef AS_HOLD_H
#define AS_HOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/db.h"
#include "as_uuid.h"


#define AS_HOLD_BATCH  1000            /* holds per transaction, at most */
#define AS_HOLD_ASIDE  64              /* holds, and products, at most */


/* What is left out: holds, and all holds of products. */
typedef struct {
    uint8_t  holds[AS_HOLD_ASIDE][AS_UUID_LEN];
    size_t   nholds;
    uint8_t  products[AS_HOLD_ASIDE][AS_UUID_LEN];
    size_t   nproducts;
} as_hold_aside_t;

typedef struct {
    /* set by the caller */
    unsigned         limit;            /* holds, 1 to AS_HOLD_BATCH */
    uint8_t          movement_id[AS_UUID_LEN]; /* new for each attempt */
    as_hold_aside_t  aside;

    /* the result */
    size_t           n;                /* holds that were released */
    int64_t          next_ms;          /* until the next is due; -1: none is
                                          open, or all are due */
    bool             stuck;            /* none was released: a product's row is
                                          locked, or the server refuses a
                                          hold */
    char             why[AS_DB_ERROR_LEN];     /* where stuck */
    as_hold_aside_t  bad;              /* where stuck: these products are
                                          locked; or with a limit of 1, this
                                          hold is refused, or its products are,
                                          where so many holds are left out
                                          already */
} as_hold_expire_t;

/*
 * Releases the holds that are due, the oldest first, up to the limit, in one
 * transaction: their pieces return to the stock.  Skips rows that another
 * transaction has locked.  May be repeated with a new movement_id after any
 * failure: what is read decides.
 */
as_db_status_e as_hold_expire(as_db_t *db, as_hold_expire_t *expire);


typedef struct {
    int64_t  open;
    int64_t  pieces;                   /* of the open ones */
    int64_t  due;                      /* open, and past their time */
    int64_t  due_oldest_ms;            /* ms past its time; -1: none is due */
    uint8_t  due_oldest[AS_UUID_LEN];  /* that hold */
} as_hold_counts_t;

as_db_status_e as_hold_count(as_db_t *db, as_hold_counts_t *counts);


/* Sets a product's held pieces to those of its open holds. */
as_db_status_e as_hold_mend(as_db_t *db, const uint8_t product_id[AS_UUID_LEN]);


/* Appends the ids as literals: "X'..',X'..'". */
void as_hold_ids(as_text_t *sql, const uint8_t (*ids)[AS_UUID_LEN], size_t n);

/*
 * Appends the statements that settle these holds, whose rows are locked, in
 * that state, and give their pieces back: statement 0 changes n rows of
 * stock_hold; statements 1 and 2 change the same number of rows, one per
 * product.  Otherwise a row changed meanwhile: roll back, and read again.
 */
void as_hold_settle(as_text_t *sql, const uint8_t (*ids)[AS_UUID_LEN],
    size_t n, const char *state, const uint8_t movement_id[AS_UUID_LEN]);


#endif /* AS_HOLD_H */
