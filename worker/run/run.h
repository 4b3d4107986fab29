/*
 * A running worker: relay, consumer and watchdog in one loop.
 */

#ifndef AS_RUN_H
#define AS_RUN_H

#include "base/settings.h"


/*
 * Blocks the signals that the loop reads: at the very start, so that none
 * of them ends the process before it could finish what it began.
 */
void as_run_block_signals(void);

/*
 * Whether as_run() would start with them, as far as that can be told without
 * asking anybody.  0, or -1 and lines in errors.
 */
int as_run_check(const as_settings_t *settings, as_text_t *errors);

/*
 * Runs until SIGTERM or SIGINT.  env_file (NULL: none) is read again on
 * SIGHUP.  Takes the settings over.  An exit code of command.h.
 */
int as_run(as_settings_t *settings, const char *env_file);


#endif /* AS_RUN_H */
