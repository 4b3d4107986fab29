/*
 * Prints the results of an operator's command as a table, as lines, or as JSON.
 */

#ifndef AS_OUTPUT_H
#define AS_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>


#define AS_OUTPUT_COLUMNS  16


/*
 * A table whose rows come in pages, so that it needs the memory of one page
 * only.  The first page sets the widths of its columns; a
 * wider cell of a later page widens its column from there on.
 */
typedef struct {
    const char *const  *columns;       /* up to AS_OUTPUT_COLUMNS, then NULL */
    bool                json;
    FILE               *out;
    int                 widths[AS_OUTPUT_COLUMNS];
    size_t              rows;          /* printed so far */
} as_output_table_t;


void as_output_begin(as_output_table_t *table, const char *const *columns,
    bool json, FILE *out);
void as_output_page(as_output_table_t *table, const json_t *rows);
void as_output_end(as_output_table_t *table);

/* Prints an array of objects: these columns as a table, or all members as JSON.
 * A table without rows prints nothing. */
void as_output_rows(const json_t *rows, const char *const *columns, bool json,
    FILE *out);

/* Prints a text on the current line, as as_glyph_next() reads it. */
void as_output_text(const char *text, FILE *out);

/* Prints a line on stderr that has texts of the database or of a queue. */
void as_output_say(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

/* Prints an object: a line for each name that has a value. */
void as_output_object(const json_t *object, bool json, FILE *out);


#endif /* AS_OUTPUT_H */
