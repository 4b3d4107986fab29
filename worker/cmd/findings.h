/*
 * What was looked at and what was found, with what mends it: of doctor and
 * reconcile.  Text as it is found; JSON at the end.
 */

#ifndef AS_FINDINGS_H
#define AS_FINDINGS_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#include "cmd/doctor_aws.h"


typedef struct {
    FILE    *out;
    bool     json;
    json_t  *all;                      /* where json */
    size_t   counts[AS_DOCTOR_UNREACHABLE + 1];
} as_findings_t;


void as_findings_begin(as_findings_t *findings, FILE *out, bool json);

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
