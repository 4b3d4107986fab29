/*
 * doctor's look at the factory and at the callback's way back to nginx.
 * Nothing is ordered, nothing booked.
 */

#ifndef AS_DOCTOR_SHOP_H
#define AS_DOCTOR_SHOP_H

#include "db/db.h"
#include "cmd/findings.h"
#include "http/http.h"


typedef struct {
    as_findings_t        *findings;
    as_http_t            *http;
    const as_settings_t  *settings;
    int                   stop_fd;     /* -1: none */
} as_doctor_shop_t;


/* FACTORY_API_URL, and what factory.API names. */
void as_doctor_factories(const as_doctor_shop_t *shop, as_db_t *db);

/* CALLBACK_URL, with a signed order that there is none of, then with a
 * forged one.  sku is a product's, for {sku}. */
void as_doctor_callback(const as_doctor_shop_t *shop, const char *sku);


#endif /* AS_DOCTOR_SHOP_H */
