/*
 * Shows the progress of a long command as a line on stderr, only where stderr
 * is a terminal.
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

/* part of whole (0: not known), and the number done. */
void as_progress_to(as_progress_t *progress, double part, double whole,
    uint64_t done);

/* Erases the line. */
void as_progress_end(as_progress_t *progress);


#endif /* AS_PROGRESS_H */
