/*
 * What a command answers.
 */

#include <string.h>

#include "as_report.h"


/* Columns on a terminal that a UTF-8 text takes, about: Hangul and its like
 * take two. */
static int
as_report_width(const char *s)
{
    int                   width;
    const unsigned char  *p;

    for (width = 0, p = (const unsigned char *) s; *p != '\0'; p++) {
        if ((*p & 0xc0) != 0x80) {
            width += *p >= 0xe1 ? 2 : 1;
        }
    }

    return width;
}


static void
as_report_cell(FILE *out, const char *value, int width, bool last)
{
    int  pad;

    fputs(value, out);

    for (pad = width - as_report_width(value); pad > 0 && !last; pad--) {
        fputc(' ', out);
    }

    fputs(last ? "\n" : "  ", out);
}


static void
as_report_json(FILE *out, const as_report_column_t *columns,
    const char *const *values)
{
    size_t     i;
    as_text_t  line = AS_TEXT_EMPTY;

    for (i = 0; columns[i].name != NULL; i++) {
        as_text_printf(&line, "%s\"%s\":", i == 0 ? "{" : ",",
                       columns[i].name);

        if (values[i] == NULL) {
            as_text_put(&line, "null");
        } else if (columns[i].number) {
            as_text_put(&line, values[i]);
        } else {
            as_text_json_string(&line, values[i], strlen(values[i]));
        }
    }

    as_text_put(&line, "}");
    fputs(as_text_get(&line), out);
    as_text_free(&line);
}


void
as_report_begin(as_report_t *report, FILE *out, bool json,
    const as_report_column_t *columns)
{
    report->out = out;
    report->json = json;
    report->columns = columns;
    report->rows = 0;

    for (report->n = 0; columns[report->n].name != NULL; report->n++) {
        /* void */
    }

    if (json) {
        fputs("[", out);
    }
}


void
as_report_row(as_report_t *report, const char *const *values)
{
    size_t  i;

    if (report->json) {
        fputs(report->rows++ == 0 ? "\n" : ",\n", report->out);
        as_report_json(report->out, report->columns, values);
        return;
    }

    if (report->rows++ == 0) {
        for (i = 0; i < report->n; i++) {
            as_report_cell(report->out, report->columns[i].name,
                           report->columns[i].width, i + 1 == report->n);
        }
    }

    for (i = 0; i < report->n; i++) {
        as_report_cell(report->out, values[i] == NULL ? "-" : values[i],
                       report->columns[i].width, i + 1 == report->n);
    }
}


void
as_report_end(as_report_t *report, const char *none)
{
    if (report->json) {
        fputs("\n]\n", report->out);

    } else if (report->rows == 0) {
        fprintf(report->out, "%s\n", none);
    }
}


void
as_report_one(FILE *out, bool json, const as_report_column_t *columns,
    const char *const *values)
{
    size_t  i;

    if (json) {
        as_report_json(out, columns, values);
        fputs("\n", out);
        return;
    }

    for (i = 0; columns[i].name != NULL; i++) {
        fprintf(out, "%-16s %s\n", columns[i].name,
                values[i] == NULL ? "-" : values[i]);
    }
}
