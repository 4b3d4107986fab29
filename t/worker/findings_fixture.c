#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "findings_fixture.h"


as_findings_t  findings;

static FILE    *findings_out;
static char    *findings_text;
static size_t   findings_size;


int
findings_setup(void **state)
{
    (void) state;
    findings_out = open_memstream(&findings_text, &findings_size);
    as_findings_begin(&findings, findings_out, false);

    return 0;
}


int
findings_teardown(void **state)
{
    (void) state;
    (void) as_findings_end(&findings);
    (void) fclose(findings_out);
    free(findings_text);
    findings_text = NULL;

    return 0;
}


void
findings_reset(void)
{
    (void) findings_teardown(NULL);
    (void) findings_setup(NULL);
}


/* Whether the line begins a finding: a remedy is indented. */
static bool
findings_is(const char *line, const char *level, const char *check)
{
    size_t  len;

    if (*line == ' ' || *line == '\n' || *line == '\0') {
        return false;
    }

    len = strlen(level ? level : "");
    if (level != NULL && (strncmp(line, level, len) != 0 || line[len] != ' '))
    {
        return false;
    }

    len = strlen(check ? check : "");

    return check == NULL
           || (strncmp(line + 13, check, len) == 0 && line[13 + len] == ' ');
}


unsigned
findings_of(const char *level, const char *check)
{
    unsigned     n;
    const char  *line;

    (void) fflush(findings_out);

    for (n = 0, line = findings_text; line != NULL && *line != '\0'; ) {
        n += findings_is(line, level, check);
        line = strchr(line, '\n');
        line += line != NULL;
    }

    return n;
}


void
findings_one(const char *level, const char *check, const char *text)
{
    unsigned  all, fine;

    all = findings_of(NULL, NULL);
    fine = findings_of("fine", NULL);

    if (all - fine != 1 || findings_of(level, check) != 1
        || strstr(findings_text, text) == NULL)
    {
        fail_msg("expected one finding, %s %s \"%s\", found: %s", level,
                 check, text, findings_text);
    }

    findings_reset();
}


void
findings_fine(const char *text)
{
    if (findings_of(NULL, NULL) != findings_of("fine", NULL)
        || strstr(findings_text, text) == NULL)
    {
        fail_msg("expected no finding, and \"%s\", found: %s", text,
                 findings_text);
    }

    findings_reset();
}
