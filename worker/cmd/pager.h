/*
 * Shows a list by $PAGER where stdout is a terminal, as git and systemctl do.
 */

#ifndef AS_PAGER_H
#define AS_PAGER_H

#include <sys/types.h>

#include "cmd/options.h"


/* Of the commands that print lists. */
#define AS_PAGER_OPTION                                                       \
    { "no-pager", NULL, "on a terminal too, print without $PAGER" }


typedef struct {
    pid_t        pid;                  /* 0: none runs */
    const char  *command;
    int          out;                  /* stdout's terminal */
} as_pager_t;


/*
 * Starts $PAGER, or less(1) where it is not set, and makes it the reader of
 * stdout.  Starts none where stdout is no terminal or a dumb one ($TERM), with
 * --no-pager, where $PAGER is empty or "cat", or where there is no less.  Until
 * as_pager_end(), the interrupt keys are the pager's, and the caller writes
 * nothing on stderr.  Only one at a time.
 */
void as_pager_begin(as_pager_t *pager, const as_options_t *options);

/*
 * Waits until the pager ends, and restores stdout.  That it ended before it had
 * read all is no error.  Returns rc, or AS_EXIT_REACH after a message where
 * $PAGER could not be run.
 */
int as_pager_end(as_pager_t *pager, int rc);


#endif /* AS_PAGER_H */
