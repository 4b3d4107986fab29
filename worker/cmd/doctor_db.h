/*
 * The database part of the command `doctor`.  Changes nothing.
 */

#ifndef AS_DOCTOR_DB_H
#define AS_DOCTOR_DB_H

#include "db/db.h"
#include "cmd/findings.h"


/* Sets sku to that of some product, where there is one.  False where the
 * database or its schema cannot be read. */
bool as_doctor_db(as_findings_t *findings, as_db_t *db,
    const as_settings_t *settings, as_text_t *sku);


#endif /* AS_DOCTOR_DB_H */
