/*
 * What reconcile sums up for each product.
 */

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/reconcile_sum.h"


typedef struct {
    as_reconcile_t  *reconcile;
    void           (*each)(as_reconcile_t *reconcile,
                           const as_reconcile_sum_t *sum);
} as_reconcile_sum_visit_t;


static int
as_reconcile_sum_compare(const void *a, const void *b)
{
    return memcmp(((const as_reconcile_sum_t *) a)->product_id,
                  ((const as_reconcile_sum_t *) b)->product_id, AS_UUID_LEN);
}


as_reconcile_sum_t *
as_reconcile_sum_get(as_reconcile_t *reconcile, const char *product_id)
{
    as_reconcile_sum_t  *sum, **found;

    sum = calloc(1, sizeof(*sum));
    if (sum == NULL) {
        reconcile->failed = 1;
        return NULL;
    }

    memcpy(sum->product_id, product_id, AS_UUID_LEN);
    found = tsearch(sum, &reconcile->sums, as_reconcile_sum_compare);

    if (found == NULL || *found != sum) {
        free(sum);
    }

    reconcile->failed |= found == NULL;

    return found == NULL ? NULL : *found;
}


static void
as_reconcile_sum_visit(const void *node, VISIT order, void *data)
{
    as_reconcile_sum_visit_t  *visit = data;

    if (order == postorder || order == leaf) {
        visit->each(visit->reconcile, *(as_reconcile_sum_t *const *) node);
    }
}


void
as_reconcile_sum_each(as_reconcile_t *reconcile,
    void (*each)(as_reconcile_t *reconcile, const as_reconcile_sum_t *sum))
{
    as_reconcile_sum_visit_t  visit = { reconcile, each };

    twalk_r(reconcile->sums, as_reconcile_sum_visit, &visit);
}


void
as_reconcile_sum_free(as_reconcile_t *reconcile)
{
    tdestroy(reconcile->sums, free);
    reconcile->sums = NULL;
}
