/*
 * The screen of `top`: a view as lines of text.
 */

#ifndef AS_TOP_SCREEN_H
#define AS_TOP_SCREEN_H

#include <stdbool.h>

#include <jansson.h>

#include "base/text.h"


typedef struct {
    int   width;                       /* columns */
    int   height;                      /* lines, at most */
    bool  colour;
    bool  terminal;                    /* overwrites the screen before; else
                                          plain lines */
} as_top_shape_t;


/*
 * Appends the view to out.  Its parts "module", "worker" and "database" each
 * have a member "error" instead of values where the part is unreachable.
 */
void as_top_screen(const json_t *view, const as_top_shape_t *shape,
    as_text_t *out);


#endif /* AS_TOP_SCREEN_H */
