/*
 * A database thread, called a clerk: a thread with its own database connection.
 * It runs jobs one after the other, so that a slow database never blocks the
 * event loop.
 */

#ifndef AS_CLERK_H
#define AS_CLERK_H

#include <stdbool.h>

#include "db/db.h"
#include "base/log.h"
#include "loop/loop.h"


typedef struct as_clerk_s  as_clerk_t;
typedef struct as_job_s    as_job_t;

/*
 * Runs in the database thread.  It is run again from its beginning after
 * AS_DB_RETRY (a limited number of times), or when an idle connection turns out
 * to be dead.  It must be safe to repeat.
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

    /* private to clerk.c */
    as_job_t        *next;
    as_db_status_e   status;
    char             error[AS_DB_ERROR_LEN];
};


/* NULL with errno. */
as_clerk_t *as_clerk_create(const char *name, as_loop_t *loop,
    const as_settings_t *settings, as_log_t *log);

/*
 * Waits for the current job.  Drops the queued jobs without calling done.
 * After as_clerk_abort() the wait is short.
 */
void as_clerk_destroy(as_clerk_t *clerk);

void as_clerk_submit(as_clerk_t *clerk, as_job_t *job);

/* Interrupts a blocking database call, and every wait. */
void as_clerk_abort(as_clerk_t *clerk);

/*
 * Uses these settings from the next connection on.  They must outlive the
 * clerk.
 */
void as_clerk_reload(as_clerk_t *clerk, const as_settings_t *settings);

/* Ends the current as_clerk_wait(), or the next one; once. */
void as_clerk_interrupt(as_clerk_t *clerk);

/*
 * For a job that waits for a change in the database: sleeps for up to ms.
 * Returns true where another job waits, as_clerk_interrupt() was called, or the
 * clerk is to end; then the job should return.
 */
bool as_clerk_wait(as_clerk_t *clerk, int64_t ms);


#endif /* AS_CLERK_H */
