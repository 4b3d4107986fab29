/*
 * What was found.
 */

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/findings.h"
#include "db/record.h"


#define AS_FINDINGS_TEXT  1024


static const char *const  as_findings_levels[] = {
    "fine", "warning", "wrong", "unreachable"
};


void
as_findings_begin(as_findings_t *findings, FILE *out, bool json)
{
    memset(findings, 0, sizeof(*findings));
    findings->out = out;
    findings->json = json;
    findings->all = json ? json_array() : NULL;
}


void
as_findings_add(void *data, as_doctor_level_e level, const char *check,
    const char *what, const char *mend)
{
    as_findings_t  *findings = data;

    findings->counts[level]++;

    if (findings->json) {
        (void) json_array_append_new(findings->all,
                   json_pack("{s:s, s:s, s:o, s:o}", "level",
                             as_findings_levels[level], "check", check,
                             "what", as_record_text(what), "mend",
                             as_record_text(mend)));
        return;
    }

    fprintf(findings->out, "%-12s %-18s %s\n", as_findings_levels[level],
            check, what);

    if (*mend != '\0') {
        fprintf(findings->out, "%-31s -> %s\n", "", mend);
    }
}


void
as_findings_say(as_findings_t *findings, as_doctor_level_e level,
    const char *check, const char *mend, const char *fmt, ...)
{
    char     what[AS_FINDINGS_TEXT];
    va_list  args;

    va_start(args, fmt);
    vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);

    as_findings_add(findings, level, check, what, mend);
}


int
as_findings_end(as_findings_t *findings)
{
    int      rc;
    char    *text;
    json_t  *told;

    rc = findings->counts[AS_DOCTOR_UNREACHABLE] > 0 ? AS_EXIT_REACH
         : findings->counts[AS_DOCTOR_WARNING]
           + findings->counts[AS_DOCTOR_WRONG] > 0 ? AS_EXIT_FINDINGS
         : AS_EXIT_OK;

    if (findings->json) {
        told = json_pack("{s:b, s:o}", "ok", rc == AS_EXIT_OK, "findings",
                         findings->all);
        text = json_dumps(told, JSON_INDENT(2));
        fprintf(findings->out, "%s\n", text == NULL ? "null" : text);
        free(text);
        json_decref(told);

    } else {
        fprintf(findings->out, "\n%zu fine, %zu warnings, %zu wrong, %zu out "
                "of reach\n", findings->counts[AS_DOCTOR_FINE],
                findings->counts[AS_DOCTOR_WARNING],
                findings->counts[AS_DOCTOR_WRONG],
                findings->counts[AS_DOCTOR_UNREACHABLE]);
    }

    return rc;
}
