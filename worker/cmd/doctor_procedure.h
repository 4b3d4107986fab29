/*
 * doctor's check of the procedure autostock_sell (sql/procedure.sql).
 */

#ifndef AS_DOCTOR_PROCEDURE_H
#define AS_DOCTOR_PROCEDURE_H

#include "db/db.h"
#include "cmd/findings.h"


/*
 * Reports whether this user sees the procedure in the database, and whether
 * nginx knows its version.  The procedure is optional: that it is absent is
 * fine.
 */
void as_doctor_procedure(as_findings_t *findings, as_db_t *db,
    const char *database);


#endif /* AS_DOCTOR_PROCEDURE_H */
