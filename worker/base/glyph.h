/*
 * The characters of a text as a terminal shows them.
 */

#ifndef AS_GLYPH_H
#define AS_GLYPH_H

#include <stdbool.h>
#include <stddef.h>


#define AS_GLYPH_MAX  4                /* bytes */


typedef struct {
    const char  *text;                 /* what to write; not terminated */
    size_t       len;                  /* its bytes */
    int          width;                /* columns of a terminal: 0, 1 or 2 */
} as_glyph_t;


/*
 * Reads the next character of UTF-8 and advances *at; false at the end.  What a
 * terminal could interpret (control characters, also U+0080 to U+009F, and the
 * controls of text direction) becomes a space, a byte that is not UTF-8
 * U+FFFD.
 */
bool as_glyph_next(const char **at, as_glyph_t *glyph);

/* The columns that a text takes. */
int as_glyph_width(const char *text);


#endif /* AS_GLYPH_H */
