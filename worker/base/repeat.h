/*
 * Log lines that would come again and again: the first three are written,
 * then one a minute, with the number of those that were left out.
 */

#ifndef AS_REPEAT_H
#define AS_REPEAT_H

#include <stdbool.h>
#include <stdint.h>


#define AS_REPEAT_FIRST   3
#define AS_REPEAT_MS      60000


/* Of one kind of line; zeroed before. */
typedef struct {
    uint64_t  n;                       /* since it began */
    uint64_t  missed;                  /* since the last line */
    int64_t   at;                      /* the last line, the caller's clock */
} as_repeat_t;


/* True where the line is to be written; *missed is how many were left out
 * before it. */
bool as_repeat(as_repeat_t *repeat, int64_t now_ms, uint64_t *missed);

/* It is over, and begins anew.  How often it was; 0: it was not. */
uint64_t as_repeat_over(as_repeat_t *repeat);


#endif /* AS_REPEAT_H */
