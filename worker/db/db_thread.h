/*
 * A database thread: a thread with its own database connection.  It runs jobs
 * one after the other, so that a slow database never blocks the event loop.
 */

#ifndef AS_DB_THREAD_H
#define AS_DB_THREAD_H

#include <stdbool.h>

#include "db/db.h"
#include "base/log.h"
#include "loop/loop.h"


typedef struct as_db_thread_s  as_db_thread_t;
typedef struct as_job_s    as_job_t;

/*
 * Runs in the database thread.  It is run again from its beginning after
 * AS_DB_RETRY (a limited number of times), and once after AS_DB_GONE if a new
 * connection can be made.  It must be safe to repeat.
 */
typedef as_db_status_e (*as_job_run_pt)(void *data, as_db_t *db);

/* Runs in the loop's thread.  From here on the owner may reuse the job. */
typedef void (*as_job_done_pt)(void *data, as_db_status_e status,
    const char *error);

/*
 * Embedded in its owner's structure.  The owner keeps it until done was called.
 */
struct as_job_s {
    as_job_run_pt    run;
    as_job_done_pt   done;
    void            *data;

    /* private to db_thread.c */
    as_job_t        *next;
    as_db_status_e   status;
    char             error[AS_DB_ERROR_LEN];
};


/* NULL with errno. */
as_db_thread_t *as_db_thread_create(const char *name, as_loop_t *loop,
    const as_settings_t *settings, as_log_t *log);

/*
 * Waits for the current job.  Drops it, the queued jobs and the finished ones
 * whose done was not called yet, without calling it.  After
 * as_db_thread_abort() the wait is short.
 */
void as_db_thread_destroy(as_db_thread_t *thread);

void as_db_thread_submit(as_db_thread_t *thread, as_job_t *job);

/* Interrupts a blocking database call, and every wait. */
void as_db_thread_abort(as_db_thread_t *thread);

/*
 * Uses these settings from the next connection on.  They must outlive the
 * database thread.
 */
void as_db_thread_reload(as_db_thread_t *thread, const as_settings_t *settings);

/* Ends the current as_db_thread_wait(), or the next one; once. */
void as_db_thread_interrupt(as_db_thread_t *thread);

/*
 * For a job that waits for a change in the database: sleeps for up to ms.
 * Returns true where another job waits, as_db_thread_interrupt() was called, or
 * the database thread is to end; then the job should return.
 */
bool as_db_thread_wait(as_db_thread_t *thread, int64_t ms);


#endif /* AS_DB_THREAD_H */
