/*
 * The results of doctor and reconcile: what was checked, what was found, and
 * how to repair it.  Text is written at once or grouped by cause; JSON at the
 * end.
 */

#ifndef AS_FINDINGS_H
#define AS_FINDINGS_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>


#define AS_FINDINGS_EXAMPLES  10       /* per cause */


typedef enum {
    AS_DOCTOR_FINE = 0,
    AS_DOCTOR_WARNING,                 /* works, with a defect */
    AS_DOCTOR_WRONG,                   /* does not work */
    AS_DOCTOR_UNREACHABLE              /* could not be checked */
} as_doctor_level_e;


/* Findings with one cause: the same level, check and remedy. */
typedef struct as_findings_group_s  as_findings_group_t;

typedef struct {
    FILE                 *out;
    bool                  json;
    bool                  grouped;     /* text by cause, with a few examples */
    json_t               *all;         /* where json */
    as_findings_group_t  *groups;      /* where grouped, in order of
                                          discovery */
    size_t                counts[AS_DOCTOR_UNREACHABLE + 1];
    size_t                mended;      /* repaired, and no longer in counts */
} as_findings_t;


void as_findings_begin(as_findings_t *findings, FILE *out, bool json);

/* Groups the text by cause from now on. */
void as_findings_group(as_findings_t *findings);

/* Writes the causes so far, and the number of further findings of each. */
void as_findings_tell(as_findings_t *findings);

/* Marks the first n findings of that check and level as repaired. */
void as_findings_mended(as_findings_t *findings, as_doctor_level_e level,
    const char *check, size_t n);

/* check is a stable name ("queue-policy"), what a sentence, mend a command or
 * sentence ("" where there is nothing to repair). */
void as_findings_add(as_findings_t *findings, as_doctor_level_e level,
    const char *check, const char *what, const char *mend);

void as_findings_say(as_findings_t *findings, as_doctor_level_e level,
    const char *check, const char *mend, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* Writes the rest and frees all.  AS_EXIT_OK, AS_EXIT_FINDINGS, or
 * AS_EXIT_REACH where something could not be checked. */
int as_findings_end(as_findings_t *findings);


#endif /* AS_FINDINGS_H */
