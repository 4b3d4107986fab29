/*
 * The running worker: all its parts (relay, consumer, watchdog, expiry,
 * backlog, metrics, spans) in one event loop.
 */

#ifndef AS_RUN_H
#define AS_RUN_H

#include "base/settings.h"


/*
 * Blocks the signals that the loop reads.  Called first, so that no signal ends
 * the process before it has finished its work.
 */
void as_run_block_signals(void);

/*
 * Whether as_run() would start with these settings, as far as that is known
 * without any connection.  0, or -1 with lines in errors.
 */
int as_run_check(const as_settings_t *settings, as_text_t *errors);

/*
 * Runs until SIGTERM or SIGINT.  Reads env_file (NULL: none) again on SIGHUP.
 * Takes ownership of the settings.  Returns an exit code of base/exit.h.
 */
int as_run(as_settings_t *settings, const char *env_file);


#endif /* AS_RUN_H */
