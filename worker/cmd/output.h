/*
 * Prints the results of an operator's command as a table, as lines, or as JSON.
 */

#ifndef AS_OUTPUT_H
#define AS_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>


/* Prints an array of objects: these columns as a table, or all members as JSON.
 * A table without rows prints nothing. */
void as_output_rows(const json_t *rows, const char *const *columns, bool json,
    FILE *out);

/* Prints an object: a line for each name that has a value. */
void as_output_object(const json_t *object, bool json, FILE *out);


#endif /* AS_OUTPUT_H */
