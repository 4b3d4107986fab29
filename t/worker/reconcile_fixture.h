/*
 * A product, its holds and returns as the packets of reconcile read them, and
 * the adjustments that it writes.
 */

#ifndef RECONCILE_FIXTURE_H
#define RECONCILE_FIXTURE_H

#include "command_fixture.h"
#include "db/stock.h"


/* a text of each packet that reads */
#define END       "FROM stock_movement m WHERE m.movement_id >= "
#define SUMS      "SELECT m.product_id, SUM(m.quantity)"
#define KEYS      "SELECT MAX(k.idempotency_key)"
#define HOLD_END  "SELECT hold_id AS id"
#define HOLDS     "GROUP BY l.product_id;"
#define SOLD_END  "SELECT sale_id AS id"
#define RETURNS   "GROUP BY r.product_id;"
#define PRODUCTS  "SELECT product_id, sku, stock, held FROM product"


typedef struct {
    as_db_status_e   status[8];        /* of the adjustments, in order */
    unsigned         calls;
    as_stock_mend_t  mends[8];
    unsigned         held;             /* adjustments of held pieces */
} reconcile_fixture_t;


extern reconcile_fixture_t  reconcile;


int reconcile_setup(void **state);

/* One chunk of the ledger, with a product's sums in it. */
void reconcile_product(const char *stock, const char *held, const char *sum,
    const char *opening, const char *back, const char *put);

/* The pieces of its holds that are open, ended, confirmed late; and those
 * returned. */
void reconcile_holds(const char *held, const char *ended, const char *late,
    const char *returned);

void reconcile_sound(void);

#define reconcile_test(name)                                                  \
    cmocka_unit_test_setup_teardown(name, reconcile_setup, command_teardown)


#endif /* RECONCILE_FIXTURE_H */
