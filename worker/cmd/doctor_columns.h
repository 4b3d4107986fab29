/*
 * The columns that the worker and the module need, and what adds each.
 */

#ifndef AS_DOCTOR_COLUMNS_H
#define AS_DOCTOR_COLUMNS_H

#include <stdbool.h>

#include "cmd/findings.h"


#define AS_DOCTOR_COLUMNS_MAX  80

/* The remedy, of a database, for what sql/schema.sql adds. */
#define AS_DOCTOR_COLUMNS_SCHEMA                                              \
    "as an administrator: mariadb %s < sql/schema.sql"


/* Records that "table.column" exists. */
void as_doctor_columns_seen(bool seen[AS_DOCTOR_COLUMNS_MAX],
    const char *name);

/* Reports each column that was not seen, and each table of which no column was.
 * Returns the number of findings. */
unsigned as_doctor_columns_tell(as_findings_t *findings,
    const bool seen[AS_DOCTOR_COLUMNS_MAX], const char *database);


#endif /* AS_DOCTOR_COLUMNS_H */
