/*
 * Prints the results of an operator's command.
 */

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/glyph.h"
#include "base/text.h"
#include "cmd/output.h"


#define AS_OUTPUT_WIDTH  60            /* columns of a terminal for each column
                                          but the last */


/* Prints text as one line, up to limit columns of a terminal (0: all).  Returns
 * the columns that it takes. */
static int
as_output_put(const char *s, int limit, FILE *out)
{
    int         n;
    as_glyph_t  glyph;

    for (n = 0; as_glyph_next(&s, &glyph); n += glyph.width) {
        if (limit > 0 && n + glyph.width > limit) {
            break;
        }

        fwrite(glyph.text, 1, glyph.len, out);
    }

    return n;
}


void
as_output_text(const char *text, FILE *out)
{
    (void) as_output_put(text, 0, out);
}


void
as_output_say(const char *fmt, ...)
{
    va_list    args;
    as_text_t  text = AS_TEXT_EMPTY;

    va_start(args, fmt);
    as_text_vprintf(&text, fmt, args);
    va_end(args);

    as_output_text(as_text_get(&text), stderr);
    fputc('\n', stderr);
    as_text_free(&text);
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


/*
 * Escapes DEL and U+0080 to U+009F, which a terminal would interpret.  jansson
 * escapes all other control characters; these occur only within strings.
 */
static void
as_output_json(const json_t *value, const char *indent, FILE *out)
{
    char  *text, *s;

    text = json_dumps(value, JSON_INDENT(2));

    for (s = text == NULL ? "null" : text; *s != '\0'; s++) {
        if (*s == 127) {
            fputs("\\u007F", out);

        } else if (s[0] == '\xc2' && (unsigned char) s[1] < 0xa0) {
            fprintf(out, "\\u00%02X", (unsigned char) *++s);

        } else {
            fputc(*s, out);
        }

        if (*s == '\n') {
            fputs(indent, out);
        }
    }

    free(text);
}


static void
as_output_line(as_output_table_t *table, const json_t *row)
{
    int                 width;
    char                buf[32];
    size_t              c;
    const char         *cell;
    const char *const  *columns = table->columns;

    for (c = 0; columns[c] != NULL; c++) {
        cell = row == NULL ? columns[c]
                           : as_output_cell(row, columns[c], buf, sizeof(buf));

        if (columns[c + 1] == NULL) {
            as_output_text(cell, table->out);
            break;
        }

        width = as_output_put(cell, AS_OUTPUT_WIDTH, table->out);
        if (width > table->widths[c]) {
            table->widths[c] = width;  /* of a later page */
        }
        fprintf(table->out, "%*s", table->widths[c] - width + 2, "");
    }

    fputc('\n', table->out);
}


/* Makes each column as wide as its widest cell of these rows. */
static void
as_output_measure(as_output_table_t *table, const json_t *rows)
{
    int     width, *widest;
    char    buf[32];
    size_t  i, c;

    for (c = 0; table->columns[c] != NULL; c++) {
        widest = &table->widths[c];
        *widest = as_glyph_width(table->columns[c]);

        for (i = 0; i < json_array_size(rows); i++) {
            width = as_glyph_width(as_output_cell(json_array_get(rows, i),
                                                  table->columns[c], buf,
                                                  sizeof(buf)));
            *widest = width > *widest ? width : *widest;
        }

        *widest = *widest < AS_OUTPUT_WIDTH ? *widest : AS_OUTPUT_WIDTH;
    }
}


void
as_output_begin(as_output_table_t *table, const char *const *columns,
    bool json, FILE *out)
{
    memset(table, 0, sizeof(*table));
    table->columns = columns;
    table->json = json;
    table->out = out;

    if (json) {
        fputc('[', out);
    }
}


void
as_output_page(as_output_table_t *table, const json_t *rows)
{
    size_t   i;
    json_t  *row;

    if (json_array_size(rows) == 0) {
        return;
    }

    if (!table->json && table->rows == 0) {
        as_output_measure(table, rows);
        as_output_line(table, NULL);
    }

    json_array_foreach(rows, i, row) {
        if (table->json) {
            fputs(table->rows == 0 ? "\n  " : ",\n  ", table->out);
            as_output_json(row, "  ", table->out);
        } else {
            as_output_line(table, row);
        }

        table->rows++;
    }
}


void
as_output_end(as_output_table_t *table)
{
    if (table->json) {
        fputs(table->rows == 0 ? "]\n" : "\n]\n", table->out);
    }

    fflush(table->out);                /* before messages on stderr about it */
}


void
as_output_rows(const json_t *rows, const char *const *columns, bool json,
    FILE *out)
{
    as_output_table_t  table;

    as_output_begin(&table, columns, json, out);
    as_output_page(&table, rows);
    as_output_end(&table);
}


void
as_output_object(const json_t *object, bool json, FILE *out)
{
    char         buf[32];
    json_t      *value;
    const char  *name;

    if (json) {
        as_output_json(object, "", out);
        fputc('\n', out);
        return;
    }

    json_object_foreach((json_t *) object, name, value) {
        if (json_is_null(value) || json_is_array(value)
            || json_is_object(value))
        {
            continue;
        }

        fprintf(out, "%-18s ", name);
        as_output_text(as_output_cell(object, name, buf, sizeof(buf)), out);
        fputc('\n', out);
    }
}
