/*
 * What a command's options and arguments mean.  Every function returns 0, or
 * -1 after a sentence on stderr; an option that was not given leaves the
 * value as it is.
 */

#ifndef AS_ARGUMENT_H
#define AS_ARGUMENT_H

#include <stdint.h>

#include "cmd/options.h"
#include "as_uuid.h"


int as_argument_number(const as_options_t *options, const char *name,
    int64_t min, int64_t max, int64_t *number);

/* "90s", "5m", "2h", "7d" */
int as_argument_time(const as_options_t *options, const char *name,
    int64_t *ms);

/* One of a list, "a|b|c". */
int as_argument_choice(const as_options_t *options, const char *name,
    const char *choices, const char **value);

/* An order's id. */
int as_argument_order(const char *text, uint8_t id[AS_UUID_LEN]);

/* "2026-11-22", "2026-11-22T09:30:00Z" (UTC), or an age, "90d", as
 * milliseconds since 1970. */
int as_argument_date(const char *text, int64_t *ms);

/* A whole number, signed. */
int as_argument_count(const char *text, int64_t min, int64_t max,
    int64_t *number);

/*
 * The place of the first argument in "list|show|cancel", and that it is
 * followed by as many others as counts has a digit for it ("011": none,
 * one, one).  -1 otherwise.
 */
int as_argument_verb(const as_options_t *options, const char *verbs,
    const char *counts);


#endif /* AS_ARGUMENT_H */
