/*
 * The columns that the worker and the module need, and what adds each.
 */

#ifndef AS_DOCTOR_COLUMNS_H
#define AS_DOCTOR_COLUMNS_H

#include <stdbool.h>

#include "cmd/findings.h"


#define AS_DOCTOR_COLUMNS_MAX  64


/* Notes that "table.column" is there. */
void as_doctor_column_seen(bool seen[AS_DOCTOR_COLUMNS_MAX],
    const char *name);

/* Tells of each that was not seen, and of a table none of whose columns was.
 * How many findings that were. */
unsigned as_doctor_columns_tell(as_findings_t *findings,
    const bool seen[AS_DOCTOR_COLUMNS_MAX], const char *database);


#endif /* AS_DOCTOR_COLUMNS_H */
