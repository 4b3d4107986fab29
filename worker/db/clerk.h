/*
 * A clerk: a thread with a database connection of its own, which does jobs
 * one after the other, so that a slow or hung database never stops the loop.
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
 * In the clerk's thread.  Run again from its beginning when the answer is
 * AS_DB_RETRY (some times) or when a connection that was idle turns out
 * dead: it must bear that.
 */
typedef as_db_status_e (*as_job_run_pt)(void *data, as_db_t *db);

/* In the loop's thread.  The job is the owner's again. */
typedef void (*as_job_done_pt)(void *data, as_db_status_e status,
    const char *error);

/* Embedded in what it is about; the owner keeps it until done was called. */
struct as_job_s {
    as_job_run_pt    run;
    as_job_done_pt   done;
    void            *data;

    /* the clerk's own */
    as_job_t        *next;
    as_db_status_e   status;
    char             error[AS_DB_ERROR_LEN];
};


/* NULL with errno. */
as_clerk_t *as_clerk_create(const char *name, as_loop_t *loop,
    const as_settings_t *settings, as_log_t *log);

/* Waits for the job under way; jobs not done are dropped without done.
 * After as_clerk_abort() that is soon. */
void as_clerk_destroy(as_clerk_t *clerk);

void as_clerk_submit(as_clerk_t *clerk, as_job_t *job);

/* Ends what blocks in the database, and every wait. */
void as_clerk_abort(as_clerk_t *clerk);

/* The next connection is made with these, which must outlive it. */
void as_clerk_reload(as_clerk_t *clerk, const as_settings_t *settings);

/* Ends a wait, once; the next as_clerk_wait() at the latest. */
void as_clerk_interrupt(as_clerk_t *clerk);

/*
 * For a job that waits for something in the database: sleeps for ms at most.
 * True where another job waits, it was interrupted, or the clerk is to end:
 * the job should return.
 */
bool as_clerk_wait(as_clerk_t *clerk, int64_t ms);


#endif /* AS_CLERK_H */
