/*
 * Database threads without a thread: a job runs in the test's thread, in a turn
 * of the loop, and ends with the result that the test sets.
 *
 * A job calls functions of worker/db.  The test defines those that it wants to
 * answer itself (as_lease_run() and the like): its definitions count before
 * those of the library (unit.mk).  Their as_db_t is not NULL and must not be
 * used.
 */

#ifndef FAKE_DB_H
#define FAKE_DB_H

#include "db/db_thread.h"
#include "fake_http.h"


typedef struct {
    fake_t          *fake;             /* its clock advances in a wait */
    bool             hold;             /* jobs wait */
    as_db_status_e   status;           /* not OK: jobs end so, and do not run */
    bool             refuse;           /* no thread can be created */

    unsigned         submitted;
    unsigned         done;
    unsigned         threads;          /* that there are now */
    unsigned         reloads;
    unsigned         interrupts;
} fake_db_t;


extern fake_db_t  fake_db;


/* Before the first thread; forgets the threads of an earlier test. */
void fake_db_reset(fake_t *fake);

/* Lets the held jobs run, with this status. */
void fake_db_release(as_db_status_e status);


#endif /* FAKE_DB_H */
