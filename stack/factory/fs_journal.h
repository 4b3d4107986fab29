/*
 * The simulator's journal: one JSON object per line for each event, for reading
 * and for the programs that check the results.  Thread-safe.
 */

#ifndef FS_JOURNAL_H
#define FS_JOURNAL_H

#include <jansson.h>

typedef struct fs_journal  fs_journal_t;

/* NULL with errno where the file cannot be opened. */
fs_journal_t *fs_journal_create(const char *path);
void fs_journal_destroy(fs_journal_t *journal);

/*
 * Writes the fields with "time" and "event" added.  Takes ownership of the
 * reference.
 */
void fs_journal_write(fs_journal_t *journal, const char *event,
    json_t *fields);

/* The number of lines of each event; the caller releases the reference. */
json_t *fs_journal_counts(fs_journal_t *journal);

#endif
