/*
 * Lines of a screen: cut at its width, coloured, no more than its height.
 */

#ifndef AS_TOP_LINES_H
#define AS_TOP_LINES_H

#include "cmd/top_screen.h"


typedef struct {
    const as_top_shape_t  *shape;
    as_text_t             *out;
    int                    column;     /* of the current line */
    int                    line;       /* from 0 */
} as_top_lines_t;


void as_top_lines_begin(as_top_lines_t *lines, const as_top_shape_t *shape,
    as_text_t *out);

/* Whether the current line is on the screen. */
bool as_top_lines_room(const as_top_lines_t *lines);

/* Appends to the current line.  colour is AS_COLOUR_...; NULL: none. */
void as_top_lines_put(as_top_lines_t *lines, const char *colour,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same up to a column: cuts the text, or fills with spaces. */
void as_top_lines_cell(as_top_lines_t *lines, const char *colour,
    const char *text, int width, bool right);

void as_top_lines_next(as_top_lines_t *lines);
void as_top_lines_end(as_top_lines_t *lines);


#endif /* AS_TOP_LINES_H */
