/*
 * What was looked at and what was found, with what mends it: of doctor and
 * reconcile.  Text as it is found, or by cause; JSON at the end.
 */

#ifndef AS_FINDINGS_H
#define AS_FINDINGS_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#include "cmd/doctor_aws.h"


#define AS_FINDINGS_EXAMPLES  10       /* of a cause */


/* Findings of one cause: of one level and check, with one remedy. */
typedef struct as_findings_group_s  as_findings_group_t;

typedef struct {
    FILE                 *out;
    bool                  json;
    bool                  grouped;     /* text by cause, a few examples each */
    json_t               *all;         /* where json */
    as_findings_group_t  *groups;      /* where grouped, as first found */
    size_t                counts[AS_DOCTOR_UNREACHABLE + 1];
    size_t                mended;      /* no longer among the counts */
} as_findings_t;


void as_findings_begin(as_findings_t *findings, FILE *out, bool json);

/* From now on text by cause. */
void as_findings_group(as_findings_t *findings);

/* Writes the causes so far, and how many more each has. */
void as_findings_tell(as_findings_t *findings);

/* The first n findings of that check and level are mended. */
void as_findings_mended(as_findings_t *findings, as_doctor_level_e level,
    const char *check, size_t n);

/* as_doctor_finding_pt, data is the as_findings_t. */
void as_findings_add(void *data, as_doctor_level_e level, const char *check,
    const char *what, const char *mend);

void as_findings_say(as_findings_t *findings, as_doctor_level_e level,
    const char *check, const char *mend, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* Writes what is not written, frees all.  AS_EXIT_OK, AS_EXIT_FINDINGS, or
 * AS_EXIT_REACH where something could not be looked at. */
int as_findings_end(as_findings_t *findings);


#endif /* AS_FINDINGS_H */
