/*
 * Collects and writes findings.
 */

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/findings.h"
#include "cmd/output.h"
#include "db/record.h"


#define AS_FINDINGS_TEXT  1024


static const char *const  as_findings_levels[] = {
    "fine", "warning", "wrong", "unreachable"
};


struct as_findings_group_s {
    as_findings_group_t  *next;
    as_doctor_level_e     level;
    char                 *check;
    char                 *mend;
    char                 *examples[AS_FINDINGS_EXAMPLES];
    size_t                n;           /* including those without an example */
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
as_findings_group(as_findings_t *findings)
{
    findings->grouped = !findings->json;
}


/* NULL where memory is out. */
static as_findings_group_t *
as_findings_group_new(as_findings_t *findings, as_doctor_level_e level,
    const char *check, const char *mend)
{
    as_findings_group_t  *group, **last;

    for (last = &findings->groups; (group = *last) != NULL;
         last = &group->next)
    {
        if (group->level == level && strcmp(group->check, check) == 0
            && strcmp(group->mend, mend) == 0)
        {
            return group;
        }
    }

    group = calloc(1, sizeof(*group));
    if (group == NULL) {
        return NULL;
    }

    group->level = level;
    group->check = strdup(check);
    group->mend = strdup(mend);

    if (group->check == NULL || group->mend == NULL) {
        free(group->check);
        free(group->mend);
        free(group);
        return NULL;
    }

    *last = group;

    return group;
}


static void
as_findings_line(as_findings_t *findings, as_doctor_level_e level,
    const char *check, const char *what)
{
    fprintf(findings->out, "%-12s %-18s ", as_findings_levels[level], check);
    as_output_text(what, findings->out);
    fputc('\n', findings->out);
}


static void
as_findings_mend(as_findings_t *findings, const char *mend)
{
    if (*mend != '\0') {
        fprintf(findings->out, "%-31s -> ", "");
        as_output_text(mend, findings->out);
        fputc('\n', findings->out);
    }
}


/* False where memory is out. */
static bool
as_findings_keep(as_findings_t *findings, as_doctor_level_e level,
    const char *check, const char *what, const char *mend)
{
    as_findings_group_t  *group;

    group = as_findings_group_new(findings, level, check, mend);

    if (group != NULL && group->n < AS_FINDINGS_EXAMPLES) {
        group->examples[group->n] = strdup(what);
        if (group->examples[group->n] == NULL) {
            return false;
        }
    }

    if (group != NULL) {
        group->n++;
    }

    return group != NULL;
}


void
as_findings_add(as_findings_t *findings, as_doctor_level_e level,
    const char *check, const char *what, const char *mend)
{
    findings->counts[level]++;

    if (findings->json) {
        (void) json_array_append_new(findings->all,
                   json_pack("{s:s, s:s, s:o, s:o}", "level",
                             as_findings_levels[level], "check", check,
                             "what", as_record_text(what), "mend",
                             as_record_text(mend)));
        return;
    }

    if (!findings->grouped
        || !as_findings_keep(findings, level, check, what, mend))
    {
        as_findings_line(findings, level, check, what);
        as_findings_mend(findings, mend);
    }
}


void
as_findings_tell(as_findings_t *findings)
{
    size_t                i, shown;
    as_findings_group_t  *group;

    while ((group = findings->groups) != NULL) {
        shown = group->n < AS_FINDINGS_EXAMPLES ? group->n
                                                : AS_FINDINGS_EXAMPLES;

        for (i = 0; i < shown; i++) {
            as_findings_line(findings, group->level, group->check,
                             group->examples[i]);
            free(group->examples[i]);
        }

        if (group->n > shown) {
            fprintf(findings->out, "%-31s and %zu more like these: --all "
                    "shows them\n", "", group->n - shown);
        }

        as_findings_mend(findings, group->mend);

        findings->groups = group->next;
        free(group->check);
        free(group->mend);
        free(group);
    }
}


void
as_findings_mended(as_findings_t *findings, as_doctor_level_e level,
    const char *check, size_t n)
{
    size_t   i;
    json_t  *finding;

    findings->mended += n;
    findings->counts[level] -= n;

    json_array_foreach(findings->all, i, finding) {
        if (n > 0 && strcmp(json_string_value(json_object_get(finding,
                                                              "level")),
                            as_findings_levels[level]) == 0
            && strcmp(json_string_value(json_object_get(finding, "check")),
                      check) == 0)
        {
            (void) json_object_set_new(finding, "level",
                                       json_string("mended"));
            n--;
        }
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
    json_t  *told;

    as_findings_tell(findings);

    rc = findings->counts[AS_DOCTOR_UNREACHABLE] > 0 ? AS_EXIT_REACH
         : findings->counts[AS_DOCTOR_WARNING]
           + findings->counts[AS_DOCTOR_WRONG] > 0 ? AS_EXIT_FINDINGS
         : AS_EXIT_OK;

    if (findings->json) {
        told = json_pack("{s:b, s:o}", "ok", rc == AS_EXIT_OK, "findings",
                         findings->all);
        as_output_object(told, true, findings->out);
        json_decref(told);

    } else {
        fprintf(findings->out, "\n%zu fine, %zu warnings, %zu wrong, %zu "
                "unreachable", findings->counts[AS_DOCTOR_FINE],
                findings->counts[AS_DOCTOR_WARNING],
                findings->counts[AS_DOCTOR_WRONG],
                findings->counts[AS_DOCTOR_UNREACHABLE]);
        if (findings->mended > 0) {
            fprintf(findings->out, ", %zu mended", findings->mended);
        }
        fputc('\n', findings->out);
    }

    return rc;
}
