#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake_db.h"


#define FAKE_DB_TRIES  3


struct as_db_thread_s {
    as_loop_t       *loop;
    as_job_t        *first;
    as_job_t       **last;
    as_timer_t       timer;
    bool             aborted;
    bool             interrupted;
    as_db_thread_t  *next;
};


fake_db_t  fake_db;

static as_db_thread_t  *fake_db_all;


void
fake_db_reset(fake_t *fake)
{
    memset(&fake_db, 0, sizeof(fake_db));
    fake_db.fake = fake;
}


static void
fake_db_soon(as_db_thread_t *thread)
{
    if (thread->first != NULL) {
        as_loop_within(thread->loop, &thread->timer, 0);
    }
}


void
fake_db_release(as_db_status_e status)
{
    as_db_thread_t  *thread;

    fake_db.hold = false;
    fake_db.status = status;

    for (thread = fake_db_all; thread != NULL; thread = thread->next) {
        fake_db_soon(thread);
    }
}


static as_db_status_e
fake_db_run(const as_db_thread_t *thread, as_job_t *job)
{
    int             i;
    as_db_status_e  status;
    static char     db;

    if (thread->aborted) {
        return AS_DB_GONE;
    }

    status = fake_db.status;
    for (i = 0; i < FAKE_DB_TRIES && fake_db.status == AS_DB_OK; i++) {
        status = job->run(job->data, (as_db_t *) &db);
        if (status != AS_DB_RETRY) {
            break;
        }
    }

    return status;
}


static void
fake_db_turn(void *data)
{
    as_job_t        *job;
    as_db_status_e   status;
    as_db_thread_t  *thread = data;

    job = thread->first;
    if (job == NULL || (fake_db.hold && !thread->aborted)) {
        return;
    }

    thread->first = job->next;
    if (thread->first == NULL || thread->aborted) {
        thread->first = NULL;
        thread->last = &thread->first;
    }

    status = fake_db_run(thread, job);
    fake_db.done++;
    fake_db_soon(thread);

    job->done(job->data, status, status == AS_DB_GONE
              ? "unreachable: as the test says"
              : status == AS_DB_OK ? "" : "refused: as the test says");
}


as_db_thread_t *
as_db_thread_create(const char *name, as_loop_t *loop,
    const as_settings_t *settings, as_log_t *log)
{
    as_db_thread_t  *thread;

    (void) name;
    (void) settings;
    (void) log;

    if (fake_db.refuse) {
        errno = EAGAIN;
        return NULL;
    }

    thread = calloc(1, sizeof(*thread));
    if (thread == NULL) {
        return NULL;
    }

    thread->loop = loop;
    thread->last = &thread->first;
    thread->timer.fn = fake_db_turn;
    thread->timer.data = thread;
    thread->next = fake_db_all;
    fake_db_all = thread;
    fake_db.threads++;

    return thread;
}


void
as_db_thread_destroy(as_db_thread_t *thread)
{
    as_db_thread_t  **p;

    if (thread == NULL) {
        return;
    }

    for (p = &fake_db_all; *p != thread; p = &(*p)->next) { /* void */ }

    *p = thread->next;
    fake_db.threads--;
    as_loop_clear(thread->loop, &thread->timer);
    free(thread);
}


void
as_db_thread_submit(as_db_thread_t *thread, as_job_t *job)
{
    fake_db.submitted++;

    if (thread->aborted) {
        return;
    }

    job->next = NULL;
    *thread->last = job;
    thread->last = &job->next;
    fake_db_soon(thread);
}


/* The current job ends at once, without its connection. */
void
as_db_thread_abort(as_db_thread_t *thread)
{
    thread->aborted = true;
    fake_db_soon(thread);
}


void
as_db_thread_reload(as_db_thread_t *thread, const as_settings_t *settings)
{
    (void) thread;
    (void) settings;

    fake_db.reloads++;
}


void
as_db_thread_interrupt(as_db_thread_t *thread)
{
    thread->interrupted = true;
    fake_db.interrupts++;
}


bool
as_db_thread_wait(as_db_thread_t *thread, int64_t ms)
{
    bool  wanted;

    wanted = thread->aborted || thread->interrupted || thread->first != NULL;
    thread->interrupted = false;

    if (!wanted && fake_db.fake != NULL) {
        fake_db.fake->mono_ms += ms;
        fake_db.fake->unix_ms += ms;
    }

    return wanted;
}
