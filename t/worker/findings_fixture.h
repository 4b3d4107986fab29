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

/* Forgets those so far. */
void findings_reset(void);

/* How many there are of this level ("wrong") and check; NULL: of any. */
unsigned findings_of(const char *level, const char *check);

/* Fails unless there is exactly one that is not fine, of this level and check,
 * and its line, or its remedy, has this text.  Then forgets all. */
void findings_one(const char *level, const char *check, const char *text);

/* Fails unless all are fine and one has this text.  Then forgets all. */
void findings_fine(const char *text);


#endif /* FINDINGS_FIXTURE_H */
