/*
 * doctor's look at the orders: what stands still, and signs of a worker.
 */

#ifndef AS_DOCTOR_ORDERS_H
#define AS_DOCTOR_ORDERS_H

#include "db/order.h"
#include "cmd/findings.h"


/* What the orders say of workers. */
typedef struct {
    bool     known;                    /* they could be read */
    bool     stuck;                    /* some stand still */
    int64_t  leases;                   /* orders that a worker holds now */
    int64_t  last_ms;                  /* since one was published or
                                          requested; below 0: none was */
} as_doctor_signs_t;


void as_doctor_orders(as_findings_t *findings, as_db_t *db,
    const as_settings_t *settings, as_doctor_signs_t *signs);


#endif /* AS_DOCTOR_ORDERS_H */
