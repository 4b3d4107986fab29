/*
 * doctor's checks of the orders: those that make no progress, and signs of a
 * worker.
 */

#ifndef AS_DOCTOR_ORDERS_H
#define AS_DOCTOR_ORDERS_H

#include "db/order.h"
#include "cmd/findings.h"


/* What the orders show about workers. */
typedef struct {
    bool     known;                    /* the orders could be read */
    bool     stuck;                    /* some make no progress */
    int64_t  leases;                   /* orders leased by a worker now */
    int64_t  last_ms;                  /* time since the last one was published
                                          or requested; negative: none was */
} as_doctor_signs_t;


void as_doctor_orders(as_findings_t *findings, as_db_t *db,
    const as_settings_t *settings, as_doctor_signs_t *signs);


#endif /* AS_DOCTOR_ORDERS_H */
