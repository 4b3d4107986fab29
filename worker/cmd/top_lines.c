/*
 * Lines of a screen.
 */

#include <stdarg.h>
#include <stdio.h>

#include "base/colour.h"
#include "base/glyph.h"
#include "cmd/top_lines.h"


/* Of ECMA-48: VT100, xterm and all that follow them obey these. */
#define AS_TOP_HOME        "\033[H"
#define AS_TOP_ERASE_LINE  "\033[K"
#define AS_TOP_ERASE_REST  "\033[J"


void
as_top_lines_begin(as_top_lines_t *lines, const as_top_shape_t *shape,
    as_text_t *out)
{
    lines->shape = shape;
    lines->out = out;
    lines->column = 0;
    lines->line = 0;

    if (shape->terminal) {
        as_text_put(out, AS_TOP_HOME);
    }
}


bool
as_top_lines_room(const as_top_lines_t *lines)
{
    return lines->line < lines->shape->height;
}


/* Returns the columns of the text that were written, up to limit. */
static int
as_top_lines_text(as_top_lines_t *lines, const char *text, int limit)
{
    int         width;
    as_glyph_t  glyph;

    for (width = 0; as_glyph_next(&text, &glyph); width += glyph.width) {
        if (width + glyph.width > limit) {
            break;
        }

        as_text_add(lines->out, glyph.text, glyph.len);
    }

    return width;
}


static void
as_top_lines_coloured(as_top_lines_t *lines, const char *colour,
    const char *text, int limit)
{
    bool  coloured;

    if (!as_top_lines_room(lines)) {
        return;
    }

    coloured = lines->shape->colour && colour != NULL;
    as_text_put(lines->out, coloured ? colour : "");
    lines->column += as_top_lines_text(lines, text, limit);
    as_text_put(lines->out, coloured ? AS_COLOUR_RESET : "");
}


void
as_top_lines_put(as_top_lines_t *lines, const char *colour, const char *fmt,
    ...)
{
    va_list    args;
    as_text_t  text = AS_TEXT_EMPTY;

    va_start(args, fmt);
    as_text_vprintf(&text, fmt, args);
    va_end(args);

    as_top_lines_coloured(lines, colour, as_text_get(&text),
                          lines->shape->width - lines->column);
    as_text_free(&text);
}


void
as_top_lines_cell(as_top_lines_t *lines, const char *colour, const char *text,
    int width, bool right)
{
    int  left, end, fill;

    left = lines->shape->width - lines->column;
    width = width < left ? width : left;
    end = lines->column + width;
    fill = width - as_glyph_width(text);

    if (right && fill > 0) {
        as_top_lines_put(lines, NULL, "%*s", fill, "");
    }

    as_top_lines_coloured(lines, colour, text, end - lines->column);

    if (lines->column < end) {
        as_top_lines_put(lines, NULL, "%*s", end - lines->column, "");
    }
}


void
as_top_lines_next(as_top_lines_t *lines)
{
    if (!as_top_lines_room(lines)) {
        return;
    }

    if (!lines->shape->terminal) {
        as_text_put(lines->out, "\n");

    } else if (lines->line + 1 < lines->shape->height) {
        /* a line end in the last line would scroll */
        as_text_put(lines->out, AS_TOP_ERASE_LINE "\r\n");
    }

    lines->column = 0;
    lines->line++;
}


void
as_top_lines_end(as_top_lines_t *lines)
{
    if (lines->shape->terminal) {
        as_text_put(lines->out, as_top_lines_room(lines) ? AS_TOP_ERASE_REST
                                                         : AS_TOP_ERASE_LINE);
    }
}
