/*
 * What reconcile sums up for each product.
 */

#ifndef AS_RECONCILE_SUM_H
#define AS_RECONCILE_SUM_H

#include "cmd/reconcile.h"


/*
 * The first id of a time.
 *
 * A roll-up folds movements of holds and returns that it keeps, and keeps
 * movements of those that it folds: only what is not older than the product's
 * opening o, which has the time of the last roll-up, fits together.  There each
 * hold and return is with its movements, also while a roll-up is running.
 */
#define AS_RECONCILE_ID(time)                                                 \
    "UNHEX(LPAD(HEX(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', " time ") DIV"   \
    " 1000), 12, '0'))"
#define AS_RECONCILE_SINCE  "COALESCE(" AS_RECONCILE_ID("o.created_at") ", '')"

/* Its opening o. */
#define AS_RECONCILE_OPENING                                                  \
    "o ON o.movement_id = k.movement_id AND o.product_id = k.product_id AND"  \
    " o.kind = 'opening'"

/* Joins the opening o of a product. */
#define AS_RECONCILE_JOIN(product)                                            \
    " LEFT JOIN stock_movement_key k ON k.idempotency_key = " product         \
    " LEFT JOIN stock_movement " AS_RECONCILE_OPENING

/* The row m is a movement since its product's opening. */
#define AS_RECONCILE_YOUNG                                                    \
    "m.movement_id >= COALESCE((SELECT " AS_RECONCILE_ID("o.created_at")      \
    " FROM stock_movement_key k JOIN stock_movement " AS_RECONCILE_OPENING    \
    " WHERE k.idempotency_key = m.product_id), '')"


typedef struct {
    uint8_t  product_id[AS_UUID_LEN];
    int64_t  sum;                      /* of the movements */
    int64_t  held;                     /* pieces of open holds */
    int      opening;

    /* since the opening's time (AS_RECONCILE_SINCE) */
    int64_t  back;                     /* of movements: release, confirm */
    int64_t  put;                      /* return */
    int64_t  ended;                    /* of holds: released and expired */
    int64_t  late;                     /* confirmed; may have expired before */
    int64_t  returned;                 /* of returns that were put back */

    int      known;                    /* the product exists */
} as_reconcile_sum_t;


/* The product's sums so far, created where there are none.  NULL: memory is
 * out. */
as_reconcile_sum_t *as_reconcile_sum_get(as_reconcile_t *reconcile,
    const char *product_id);

/* Visits each. */
void as_reconcile_sum_each(as_reconcile_t *reconcile,
    void (*each)(as_reconcile_t *reconcile, const as_reconcile_sum_t *sum));

void as_reconcile_sum_free(as_reconcile_t *reconcile);


#endif /* AS_RECONCILE_SUM_H */
