/*
 * Milliseconds of the monotonic clock, and UTC text for the journal.
 */

#ifndef FS_CLOCK_H
#define FS_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t fs_clock_now(void);

/* "2026-11-22T08:00:00.123Z"; size at least 32 */
void fs_clock_text(char *text, size_t size);

#endif
