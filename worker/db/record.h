/*
 * A row of a result as a JSON object.
 */

#ifndef AS_RECORD_H
#define AS_RECORD_H

#include <jansson.h>


/* A column of a result. */
typedef struct {
    const char  *name;
    char         kind;                 /* 'u': 16 bytes, a UUID; 'n': a
                                          number; 's': a text */
} as_record_column_t;

/*
 * A row of n columns as an object; NULL where memory is out.  The caller
 * releases the reference.
 */
json_t *as_record_create(const as_record_column_t *columns,
    const char *const *values, const unsigned long *lengths, unsigned n);

/*
 * A JSON string; a placeholder where text is not UTF-8; null where it is NULL.
 * The caller releases the reference.
 */
json_t *as_record_text(const char *text);


#endif /* AS_RECORD_H */
