/*
 * Rates from two readings of counters.
 */

#ifndef AS_TOP_RATE_H
#define AS_TOP_RATE_H

#include <jansson.h>


/* A member that is a number; 0 where there is none. */
double as_top_rate_number(const json_t *object, const char *name);

/*
 * The counter's increase per second; null where before is NULL.  A counter that
 * fell began anew, at 0.
 */
json_t *as_top_rate(const json_t *before, const json_t *now, const char *name,
    double seconds);


#endif /* AS_TOP_RATE_H */
