/*
 * What the factory saw and did: one JSON object a line, for people and for
 * the programs that check the books.  Thread-safe.
 */

#ifndef FS_JOURNAL_H
#define FS_JOURNAL_H

#include <jansson.h>

typedef struct fs_journal  fs_journal_t;

/* NULL: the file cannot be opened, errno tells */
fs_journal_t *fs_journal_create(const char *path);
void fs_journal_destroy(fs_journal_t *journal);

/* Writes the fields with "time" and "event" added; takes the reference. */
void fs_journal_write(fs_journal_t *journal, const char *event,
    json_t *fields);

/* How often each event was written; the caller's reference. */
json_t *fs_journal_counts(fs_journal_t *journal);

#endif
