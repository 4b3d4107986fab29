/*
 * The clock.  It is injected so that tests can set it.
 */

#ifndef AS_CLOCK_H
#define AS_CLOCK_H

#include <stdint.h>


typedef struct {
    int64_t  (*unix_ms)(void *data);   /* milliseconds since 1970, UTC */
    int64_t  (*mono_ms)(void *data);   /* milliseconds, never decreasing */
    void      *data;
} as_clock_t;


/* The system's clocks: CLOCK_REALTIME and CLOCK_MONOTONIC.  Never freed. */
const as_clock_t *as_clock_system(void);

int64_t as_clock_unix_ms(const as_clock_t *clock);
int64_t as_clock_mono_ms(const as_clock_t *clock);


#endif /* AS_CLOCK_H */
