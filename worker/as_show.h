/*
 * What an operator's command has found, as a table, as lines, or as JSON.
 */

#ifndef AS_SHOW_H
#define AS_SHOW_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>


/* A column of a database's answer. */
typedef struct {
    const char  *name;
    char         kind;                 /* 'u': 16 bytes, a UUID; 'n': a
                                          number; 's': a text */
} as_show_column_t;

/* A row of n columns as an object; NULL where memory is out. */
json_t *as_show_record(const as_show_column_t *columns,
    const char *const *values, const unsigned long *lengths, unsigned n);

/* Text of whatever bytes; null where text is NULL. */
json_t *as_show_text(const char *text);

/* An array of objects: those columns of them in the table, all in JSON.  A
 * table without rows is nothing. */
void as_show_rows(const json_t *rows, const char *const *columns, bool json,
    FILE *out);

/* An object: a line for each name that has a value. */
void as_show_object(const json_t *object, bool json, FILE *out);


#endif /* AS_SHOW_H */
