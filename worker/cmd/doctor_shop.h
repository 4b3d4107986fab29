/*
 * doctor's look at the factory and at the callback's way back to nginx.
 * Nothing is ordered, nothing booked.
 */

#ifndef AS_DOCTOR_SHOP_H
#define AS_DOCTOR_SHOP_H

#include "db/db.h"
#include "cmd/doctor_http.h"


/* FACTORY_API_URL, and what factory.API names. */
void as_doctor_factories(const as_doctor_http_t *shop, as_db_t *db);

/*
 * CALLBACK_URL, with a signed order that there is none of: that nginx knows
 * of none tells that it took the signature.  A forged one is not tried: it
 * would count as an attack.  sku is a product's, for {sku}.
 */
void as_doctor_callback(const as_doctor_http_t *shop, const char *sku);


#endif /* AS_DOCTOR_SHOP_H */
