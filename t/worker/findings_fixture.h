/*
 * The findings of doctor's checks as text.
 */

#ifndef FINDINGS_FIXTURE_H
#define FINDINGS_FIXTURE_H

#include "cmd/findings.h"


extern as_findings_t  findings;


/* As cmocka's setup and teardown. */
int findings_setup(void **state);
int findings_teardown(void **state);

/* Clears the findings. */
void findings_reset(void);

/* How many there are of this level ("wrong") and check; NULL: of any. */
unsigned findings_of(const char *level, const char *check);

/* Fails unless exactly one finding is not fine, has this level and check, and
 * its line or its remedy has this text.  Then clears all. */
void findings_one(const char *level, const char *check, const char *text);

/* Fails unless all are fine and one has this text.  Then clears all. */
void findings_fine(const char *text);


#endif /* FINDINGS_FIXTURE_H */
