/*
 * Limits repeated log lines: the first three are written, then one a minute,
 * with the number of lines that were suppressed.
 */

#ifndef AS_REPEAT_H
#define AS_REPEAT_H

#include <stdbool.h>
#include <stdint.h>


#define AS_REPEAT_FIRST   3
#define AS_REPEAT_MS      60000


/* State for one kind of line; zeroed before first use. */
typedef struct {
    uint64_t  n;                       /* occurrences since the condition
                                          began */
    uint64_t  missed;                  /* suppressed since the last line */
    int64_t   at;                      /* time of the last line, ms */
} as_repeat_t;


/*
 * True where the line is to be written; then *missed is the number of lines
 * suppressed before it.
 */
bool as_repeat(as_repeat_t *repeat, int64_t now_ms, uint64_t *missed);

/* Ends the condition and resets the state.  Returns how often it occurred. */
uint64_t as_repeat_over(as_repeat_t *repeat);


#endif /* AS_REPEAT_H */
