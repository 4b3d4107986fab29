/*
 * doctor's check of the rights of the worker's user.
 */

#ifndef AS_DOCTOR_DB_RIGHTS_H
#define AS_DOCTOR_DB_RIGHTS_H

#include <stdbool.h>

#include "cmd/findings.h"
#include "db/db.h"


/*
 * Tests each right by a statement that changes nothing, and reports those that
 * are missing.  False where the server accepts no changes: as_db_error() says
 * why, and nothing is reported.
 */
bool as_doctor_db_rights(as_findings_t *findings, as_db_t *db,
    const char *database);


#endif /* AS_DOCTOR_DB_RIGHTS_H */
