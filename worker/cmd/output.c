/*
 * Prints the results of an operator's command.
 */

#include <stdlib.h>

#include "cmd/output.h"


#define AS_OUTPUT_WIDTH    60            /* characters of each column but the
                                            last */
#define AS_OUTPUT_COLUMNS  16


/* The terminal columns of the character that begins with this byte of UTF-8:
 * Hangul and other wide characters take two. */
static int
as_output_places(char c)
{
    unsigned char  byte = (unsigned char) c;

    return (byte & 0xc0) == 0x80 ? 0 : byte >= 0xe1 ? 2 : 1;
}


static int
as_output_width(const char *s)
{
    int  n;

    for (n = 0; *s != '\0'; s++) {
        n += as_output_places(*s);
    }

    return n;
}


/* Prints text as one line, without control characters, which a terminal would
 * interpret. */
static void
as_output_put(const char *s, int limit, FILE *out)
{
    int  n;

    for (n = 0; *s != '\0'; s++) {
        n += as_output_places(*s);
        if (limit > 0 && n > limit) {
            return;
        }

        /* also U+0080 to U+009F */
        if (s[0] == '\xc2' && (unsigned char) s[1] < 0xa0) {
            s += s[1] != '\0';
            fputc(' ', out);
            continue;
        }

        fputc((unsigned char) *s < ' ' || *s == 127 ? ' ' : *s, out);
    }
}


static const char *
as_output_cell(const json_t *row, const char *name, char *buf, size_t size)
{
    const json_t  *value;

    value = json_object_get(row, name);

    if (json_is_string(value)) {
        return json_string_value(value);
    }

    if (json_is_integer(value)) {
        snprintf(buf, size, "%" JSON_INTEGER_FORMAT,
                 json_integer_value(value));
        return buf;
    }

    return json_is_true(value) ? "yes" : json_is_false(value) ? "no" : "-";
}


static void
as_output_json(const json_t *value, FILE *out)
{
    char  *text;

    text = json_dumps(value, JSON_INDENT(2));
    fprintf(out, "%s\n", text != NULL ? text : "null");
    free(text);
}


static void
as_output_line(const json_t *row, const char *const *columns, const int *widths,
    FILE *out)
{
    int          width;
    char         buf[32];
    size_t       c;
    const char  *cell;

    for (c = 0; columns[c] != NULL; c++) {
        cell = row == NULL ? columns[c]
                           : as_output_cell(row, columns[c], buf, sizeof(buf));

        if (columns[c + 1] == NULL) {
            as_output_put(cell, 0, out);
            break;
        }

        as_output_put(cell, widths[c], out);
        width = as_output_width(cell);
        fprintf(out, "%*s", width < widths[c] ? widths[c] - width + 2 : 2,
                "");
    }

    fputc('\n', out);
}


void
as_output_rows(const json_t *rows, const char *const *columns, bool json,
    FILE *out)
{
    int          widths[AS_OUTPUT_COLUMNS], width;
    char         buf[32];
    size_t       i, c;

    if (json) {
        as_output_json(rows, out);
        return;
    }

    if (json_array_size(rows) == 0) {
        return;
    }

    for (c = 0; columns[c] != NULL; c++) {
        widths[c] = as_output_width(columns[c]);

        for (i = 0; i < json_array_size(rows); i++) {
            width = as_output_width(as_output_cell(json_array_get(rows, i),
                                               columns[c], buf, sizeof(buf)));
            widths[c] = width > widths[c] ? width : widths[c];
        }

        widths[c] = widths[c] < AS_OUTPUT_WIDTH ? widths[c] : AS_OUTPUT_WIDTH;
    }

    as_output_line(NULL, columns, widths, out);

    for (i = 0; i < json_array_size(rows); i++) {
        as_output_line(json_array_get(rows, i), columns, widths, out);
    }
}


void
as_output_object(const json_t *object, bool json, FILE *out)
{
    char         buf[32];
    json_t      *value;
    const char  *name;

    if (json) {
        as_output_json(object, out);
        return;
    }

    json_object_foreach((json_t *) object, name, value) {
        if (json_is_null(value) || json_is_array(value)
            || json_is_object(value))
        {
            continue;
        }

        fprintf(out, "%-18s ", name);
        as_output_put(as_output_cell(object, name, buf, sizeof(buf)), 0, out);
        fputc('\n', out);
    }
}
