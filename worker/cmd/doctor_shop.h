/*
 * doctor's checks of the factory and of the callback's path to nginx.  They
 * order and book nothing.
 */

#ifndef AS_DOCTOR_SHOP_H
#define AS_DOCTOR_SHOP_H

#include "db/db.h"
#include "cmd/doctor_http.h"


/* Checks FACTORY_API_URL and the URLs of factory.API. */
void as_doctor_shop_factories(const as_doctor_http_t *shop, as_db_t *db);

/*
 * Sends a signed callback for an unknown order to CALLBACK_URL. nginx's answer
 * that the order is unknown shows that it accepted the signature.  No forged
 * signature is sent: it would count as an attack. sku is that of a product, for
 * {sku}.
 */
void as_doctor_shop_callback(const as_doctor_http_t *shop, const char *sku);


#endif /* AS_DOCTOR_SHOP_H */
