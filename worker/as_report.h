/*
 * What a command answers: rows, as a table for people or as a JSON array for
 * programs.
 */

#ifndef AS_REPORT_H
#define AS_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "as_text.h"


#define AS_REPORT_COLUMNS  16


/* width 0: as wide as it is (the last column). number: JSON without quotes. */
typedef struct {
    const char  *name;
    int          width;
    bool         number;
} as_report_column_t;

typedef struct {
    FILE                      *out;
    bool                       json;
    const as_report_column_t  *columns;
    size_t                     n;
    size_t                     rows;
} as_report_t;


/* The columns must outlive it; their table ends with name NULL. */
void as_report_begin(as_report_t *report, FILE *out, bool json,
    const as_report_column_t *columns);

/* A value for each column; NULL: none. */
void as_report_row(as_report_t *report, const char *const *values);

/* The end of the array; in text what to say where there were no rows. */
void as_report_end(as_report_t *report, const char *none);

/* One row alone, a line for each column; an object in JSON. */
void as_report_one(FILE *out, bool json, const as_report_column_t *columns,
    const char *const *values);


#endif /* AS_REPORT_H */
