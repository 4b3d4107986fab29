/*
 * What an operator's command has found, as a table, as lines, or as JSON.
 */

#ifndef AS_OUTPUT_H
#define AS_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>


/* An array of objects: those columns of them in the table, all in JSON.  A
 * table without rows is nothing. */
void as_output_rows(const json_t *rows, const char *const *columns, bool json,
    FILE *out);

/* An object: a line for each name that has a value. */
void as_output_object(const json_t *object, bool json, FILE *out);


#endif /* AS_OUTPUT_H */
