/*
 * doctor's checks of the column product.sku.
 */

#ifndef AS_DOCTOR_SKU_H
#define AS_DOCTOR_SKU_H

#include "db/db.h"
#include "cmd/findings.h"


void as_doctor_sku(as_findings_t *findings, as_db_t *db,
    const as_settings_t *settings);


#endif /* AS_DOCTOR_SKU_H */
