/*
 * A row of the database's answer as a JSON object.
 */

#ifndef AS_RECORD_H
#define AS_RECORD_H

#include <jansson.h>


/* A column of a database's answer. */
typedef struct {
    const char  *name;
    char         kind;                 /* 'u': 16 bytes, a UUID; 'n': a
                                          number; 's': a text */
} as_record_column_t;

/* A row of n columns as an object; NULL where memory is out.  The caller
 * drops the reference. */
json_t *as_record_create(const as_record_column_t *columns,
    const char *const *values, const unsigned long *lengths, unsigned n);

/* Text of any bytes: a fixed text where they are not UTF-8, null where text
 * is NULL.  The caller drops the reference. */
json_t *as_record_text(const char *text);


#endif /* AS_RECORD_H */
