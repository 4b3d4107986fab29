/*
 * doctor's checks of the running processes: the worker by its metrics, nginx by
 * its status page.
 */

#ifndef AS_DOCTOR_LIFE_H
#define AS_DOCTOR_LIFE_H

#include "cmd/doctor_http.h"
#include "cmd/doctor_orders.h"


void as_doctor_life_worker(const as_doctor_http_t *http,
    const as_doctor_signs_t *signs);

/* Checks AUTOSTOCK_STATUS_URL, where it is set. */
void as_doctor_life_nginx(const as_doctor_http_t *http);


#endif /* AS_DOCTOR_LIFE_H */
