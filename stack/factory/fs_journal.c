#include "fs_journal.h"

#include "fs_clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct fs_journal {
    FILE             *file;
    json_t           *counts;
    pthread_mutex_t   mutex;
};

fs_journal_t *
fs_journal_create(const char *path)
{
    fs_journal_t  *journal;

    journal = calloc(1, sizeof(*journal));
    if (journal == NULL) {
        return NULL;
    }

    journal->file = fopen(path, "ae");
    journal->counts = json_object();
    if (journal->file == NULL || journal->counts == NULL) {
        fs_journal_destroy(journal);
        return NULL;
    }

    pthread_mutex_init(&journal->mutex, NULL);
    return journal;
}

void
fs_journal_destroy(fs_journal_t *journal)
{
    if (journal == NULL) {
        return;
    }

    if (journal->file != NULL) {
        fclose(journal->file);
    }
    json_decref(journal->counts);
    free(journal);
}

static void
fs_journal_count(fs_journal_t *journal, const char *event)
{
    json_t  *count;

    count = json_object_get(journal->counts, event);
    json_object_set_new(journal->counts, event,
                        json_integer(json_integer_value(count) + 1));
}

void
fs_journal_write(fs_journal_t *journal, const char *event, json_t *fields)
{
    char   now[32];
    char  *line;

    fs_clock_text(now, sizeof(now));
    json_object_set_new(fields, "time", json_string(now));
    json_object_set_new(fields, "event", json_string(event));
    line = json_dumps(fields, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(fields);

    pthread_mutex_lock(&journal->mutex);
    fs_journal_count(journal, event);
    if (line != NULL) {
        /* written before the answer is sent: a killed factory loses no line */
        fprintf(journal->file, "%s\n", line);
        fflush(journal->file);
    }
    pthread_mutex_unlock(&journal->mutex);

    free(line);
}

json_t *
fs_journal_counts(fs_journal_t *journal)
{
    json_t  *copy;

    pthread_mutex_lock(&journal->mutex);
    copy = json_deep_copy(journal->counts);
    pthread_mutex_unlock(&journal->mutex);

    return copy;
}
