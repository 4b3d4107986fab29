/*
 * The rate of a long command.
 *
 * A chunk takes a processor, the disk and InnoDB's latches from sales, at worst
 * all of them.  So the share of time that chunks take bounds their cost: under
 * full load, one part in AS_PACE_PAUSE + 1.  A slow server makes chunks, and
 * with them the pauses, longer.
 */

#include <stdlib.h>
#include <time.h>

#include "db/pace.h"


#define AS_PACE_PAUSE  19              /* chunks' times, at full load */
#define AS_PACE_LOOKS  8               /* looks that the load is a mean of */
#define AS_PACE_STEP   100000          /* us: the longest time between looks */


static int64_t
as_pace_now(void)
{
    struct timespec  now;

    clock_gettime(CLOCK_MONOTONIC, &now);

    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}


static void
as_pace_sleep(int64_t us)
{
    struct timespec  pause;

    pause.tv_sec = us / 1000000;
    pause.tv_nsec = us % 1000000 * 1000;
    nanosleep(&pause, NULL);
}


void
as_pace_init(as_pace_t *pace, bool snapshot)
{
    pace->load = 1;
    pace->snapshot = snapshot;
    as_pace_begin(pace);
}


void
as_pace_begin(as_pace_t *pace)
{
    pace->began_us = as_pace_now();
}


static void
as_pace_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    long  *running = data;

    (void) statement;
    (void) lengths;

    if (n == 2 && columns[1] != NULL) {
        *running = strtol(columns[1], NULL, 10);
    }
}


/* Whether other statements run now: this connection's own is one. */
static as_db_status_e
as_pace_look(as_pace_t *pace, as_db_t *db)
{
    long            running;
    as_db_status_e  status;

    running = 2;                       /* where the server does not report it */
    status = as_db_exec(db, "SHOW GLOBAL STATUS LIKE 'Threads_running'",
                        as_pace_row, &running);

    pace->load += ((running > 1) - pace->load) / AS_PACE_LOOKS;

    /* a statement that fails ends the transaction, and a snapshot with it */
    return status == AS_DB_ERROR && !pace->snapshot ? AS_DB_OK : status;
}


as_db_status_e
as_pace_wait(as_pace_t *pace, as_db_t *db)
{
    int64_t         chunk_us, step_us, waited_us;
    as_db_status_e  status;

    chunk_us = as_pace_now() - pace->began_us;
    step_us = chunk_us < AS_PACE_STEP ? chunk_us : AS_PACE_STEP;
    waited_us = 0;
    status = as_pace_look(pace, db);

    /* in steps, so that a pause ends where the load does */
    while (status == AS_DB_OK
           && (double) waited_us < (double) chunk_us * AS_PACE_PAUSE
                                   * pace->load)
    {
        as_pace_sleep(step_us);
        waited_us += step_us;
        status = as_pace_look(pace, db);
    }

    return status;
}
