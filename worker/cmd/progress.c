/*
 * Shows the progress of a long command.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/progress.h"


#define AS_PROGRESS_BAR  40
#define AS_PROGRESS_MS   100           /* ms between two lines */


void
as_progress_begin(as_progress_t *progress, const char *what)
{
    progress->what = what;
    progress->shown = false;
    progress->at_ms = as_clock_mono_ms(as_clock_system());
}


void
as_progress_to(as_progress_t *progress, double part, double whole,
    uint64_t done)
{
    int      n;
    char     bar[AS_PROGRESS_BAR + 1];
    int64_t  now;

    now = as_clock_mono_ms(as_clock_system());

    if (now - progress->at_ms < AS_PROGRESS_MS || !isatty(STDERR_FILENO)) {
        return;
    }

    progress->at_ms = now;
    progress->shown = true;

    if (whole <= 0) {
        fprintf(stderr, "\r%" PRIu64 " %s\033[K", done, progress->what);
        return;
    }

    part = part < 0 ? 0 : part > whole ? whole : part;
    n = (int) (AS_PROGRESS_BAR * part / whole);
    memset(bar, '#', (size_t) n);
    memset(bar + n, '.', (size_t) (AS_PROGRESS_BAR - n));
    bar[AS_PROGRESS_BAR] = '\0';

    fprintf(stderr, "\r[%s] %3.0f %%  %" PRIu64 " %s\033[K", bar,
            100 * part / whole, done, progress->what);
}


void
as_progress_end(as_progress_t *progress)
{
    if (progress->shown) {
        fprintf(stderr, "\r\033[K");
        progress->shown = false;
    }
}
