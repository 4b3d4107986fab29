/*
 * A line on stderr that tells how far long work has come, where stderr is a
 * terminal; otherwise nothing.
 */

#ifndef AS_PROGRESS_H
#define AS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>


typedef struct {
    const char  *what;                 /* "rolled up" */
    bool         shown;
    int64_t      at_ms;                /* of the last line */
} as_progress_t;


void as_progress_begin(as_progress_t *progress, const char *what);

/* part of whole (0: not known), and how many were done. */
void as_progress_to(as_progress_t *progress, double part, double whole,
    uint64_t done);

/* Takes the line away. */
void as_progress_end(as_progress_t *progress);


#endif /* AS_PROGRESS_H */
