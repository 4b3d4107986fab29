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
 * Runs until SIGTERM or SIGINT.  env_file (NULL: none) is read again on
 * SIGHUP.  Takes the settings over.  An exit code of command.h.
 */
int as_run(as_settings_t *settings, const char *env_file);


#endif /* AS_RUN_H */
