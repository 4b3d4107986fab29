/*
 * Parses the values of options and arguments.  Each function returns 0, or -1
 * after a message on stderr.  An absent option leaves the value unchanged.
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

/* "2026-11-22" (UTC), a date-time of RFC 3339 ("2026-11-22T09:30:00Z"), or an
 * age, "90d"; as milliseconds since 1970, rounded up; 0 for an age that begins
 * before 1970. */
int as_argument_date(const char *text, int64_t *ms);

/* An integer. */
int as_argument_count(const char *text, int64_t min, int64_t max,
    int64_t *number);

/*
 * The position of the first argument in "list|show|cancel". counts has the
 * number of further arguments for each, as a digit ("011": none, one, one). -1
 * where either is wrong.
 */
int as_argument_verb(const as_options_t *options, const char *verbs,
    const char *counts);


#endif /* AS_ARGUMENT_H */
