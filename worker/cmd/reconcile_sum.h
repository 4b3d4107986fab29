/*
 * What reconcile sums up for each product.
 */

#ifndef AS_RECONCILE_SUM_H
#define AS_RECONCILE_SUM_H

#include "cmd/reconcile.h"


typedef struct {
    uint8_t  product_id[AS_UUID_LEN];
    int64_t  sum;                      /* of the movements */
    int64_t  back;                     /* of those of kind release, confirm */
    int64_t  put;                      /* of those of kind return */
    int64_t  held;                     /* pieces of open holds */
    int64_t  ended;                    /* of those released and expired */
    int64_t  returned;                 /* of returns that were put back */
    int      opening;
    int      rolled;                   /* a roll-up changed the opening */
    int      known;                    /* the product exists */
} as_reconcile_sum_t;


/* The product's sums so far, created where there are none.  NULL: memory is
 * out. */
as_reconcile_sum_t *as_reconcile_sum_get(as_reconcile_t *reconcile,
    const char *product_id);

/* Visits each; data is the as_reconcile_t. */
void as_reconcile_sum_each(as_reconcile_t *reconcile,
    void (*each)(void *data, const as_reconcile_sum_t *sum));

void as_reconcile_sum_free(as_reconcile_t *reconcile);


#endif /* AS_RECONCILE_SUM_H */
