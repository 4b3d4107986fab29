/*
 * A database thread.
 */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "db/db_thread.h"


#define AS_DB_THREAD_RETRIES  8
#define AS_DB_THREAD_STACK    (256 * 1024)


typedef struct {
    as_job_t   *first;
    as_job_t  **last;
} as_db_thread_queue_t;

struct as_db_thread_s {
    const char            *name;
    as_loop_t             *loop;
    as_watch_t             watch;
    as_log_t              *log;
    as_db_t               *db;
    int                    fd;         /* eventfd: a job is done */

    pthread_t              thread;
    pthread_mutex_t        lock;       /* protects all members below */
    pthread_cond_t         wake;
    as_db_thread_queue_t   queued;
    as_db_thread_queue_t   done;
    bool                   stop;
    bool                   interrupt;
};


static void
as_db_thread_push(as_db_thread_queue_t *queue, as_job_t *job)
{
    job->next = NULL;
    *queue->last = job;
    queue->last = &job->next;
}


static as_job_t *
as_db_thread_take_all(as_db_thread_queue_t *queue)
{
    as_job_t  *first;

    first = queue->first;
    queue->first = NULL;
    queue->last = &queue->first;

    return first;
}


static as_job_t *
as_db_thread_take(as_db_thread_queue_t *queue)
{
    as_job_t  *job;

    job = queue->first;
    queue->first = job->next;
    if (queue->first == NULL) {
        queue->last = &queue->first;
    }

    return job;
}


/* Now plus ms, on the clock of the condition variable. */
static void
as_db_thread_deadline(struct timespec *ts, int64_t ms)
{
    clock_gettime(CLOCK_MONOTONIC, ts);
    ts->tv_sec += ms / 1000;
    ts->tv_nsec += (long) (ms % 1000) * 1000000;
    if (ts->tv_nsec >= 1000000000) {
        ts->tv_sec++;
        ts->tv_nsec -= 1000000000;
    }
}


bool
as_db_thread_wait(as_db_thread_t *thread, int64_t ms)
{
    bool             wanted;
    struct timespec  ts;

    as_db_thread_deadline(&ts, ms);

    pthread_mutex_lock(&thread->lock);
    while (!thread->stop && !thread->interrupt
           && thread->queued.first == NULL)
    {
        if (pthread_cond_timedwait(&thread->wake, &thread->lock, &ts) != 0) {
            break;
        }
    }
    wanted = thread->stop || thread->interrupt || thread->queued.first != NULL;
    thread->interrupt = false;
    pthread_mutex_unlock(&thread->lock);

    return wanted;
}


/*
 * A growing pause of random length, so that two workers do not collide again.
 */
static void
as_db_thread_jitter(unsigned attempt)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    ts.tv_nsec = ts.tv_nsec / 7 % ((long) (attempt + 1) * 4000000);
    ts.tv_sec = 0;
    nanosleep(&ts, NULL);
}


static bool
as_db_thread_stopped(as_db_thread_t *thread)
{
    bool  stop;

    pthread_mutex_lock(&thread->lock);
    stop = thread->stop;
    pthread_mutex_unlock(&thread->lock);

    return stop;
}


static void
as_db_thread_work(as_db_thread_t *thread, as_job_t *job)
{
    bool      fresh;
    unsigned  i;

    for (i = 0, fresh = false; i < AS_DB_THREAD_RETRIES; i++) {
        job->status = job->run(job->data, thread->db);

        if (job->status == AS_DB_RETRY) {
            as_db_thread_jitter(i);
            continue;
        }

        if (job->status != AS_DB_GONE || fresh || as_db_thread_stopped(thread)
            || as_db_connect(thread->db) != AS_DB_OK)
        {
            break;
        }

        fresh = true;
    }

    job->error[0] = '\0';
    if (job->status != AS_DB_OK) {
        snprintf(job->error, sizeof(job->error), "%s",
                 as_db_error(thread->db));
    }
}


static void
as_db_thread_signal(as_db_thread_t *thread)
{
    uint64_t  one = 1;

    if (write(thread->fd, &one, sizeof(one)) < 0) {
        as_log_write(thread->log, AS_LOG_ERROR, thread->name,
                     "eventfd: %s", strerror(errno));
    }
}


static void *
as_db_thread_main(void *data)
{
    as_job_t        *job;
    as_db_thread_t  *thread = data;

    pthread_mutex_lock(&thread->lock);

    while (!thread->stop) {
        if (thread->queued.first == NULL) {
            pthread_cond_wait(&thread->wake, &thread->lock);
            continue;
        }

        job = as_db_thread_take(&thread->queued);
        pthread_mutex_unlock(&thread->lock);

        as_db_thread_work(thread, job);

        pthread_mutex_lock(&thread->lock);
        as_db_thread_push(&thread->done, job);
        as_db_thread_signal(thread);
    }

    pthread_mutex_unlock(&thread->lock);

    return NULL;
}


/* Runs in the loop: calls done of the finished jobs. */
static void
as_db_thread_collect(void *data)
{
    uint64_t         n;
    as_job_t        *job, *next;
    as_db_thread_t  *thread = data;

    if (read(thread->fd, &n, sizeof(n)) < 0 && errno != EAGAIN) {
        as_log_write(thread->log, AS_LOG_ERROR, thread->name,
                     "eventfd: %s", strerror(errno));
    }

    pthread_mutex_lock(&thread->lock);
    job = as_db_thread_take_all(&thread->done);
    pthread_mutex_unlock(&thread->lock);

    for ( /* void */ ; job != NULL; job = next) {
        next = job->next;
        job->done(job->data, job->status, job->error);
    }
}


/* Blocks all signals in the thread: the loop's signalfd reads them. */
static int
as_db_thread_start(as_db_thread_t *thread)
{
    int                 rc;
    sigset_t            all, old;
    pthread_attr_t      attr;
    pthread_condattr_t  cond;

    pthread_mutex_init(&thread->lock, NULL);
    pthread_condattr_init(&cond);
    pthread_condattr_setclock(&cond, CLOCK_MONOTONIC);
    pthread_cond_init(&thread->wake, &cond);
    pthread_condattr_destroy(&cond);

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, AS_DB_THREAD_STACK);
    rc = pthread_create(&thread->thread, &attr, as_db_thread_main, thread);
    pthread_attr_destroy(&attr);

    pthread_sigmask(SIG_SETMASK, &old, NULL);
    errno = rc;

    return rc == 0 ? 0 : -1;
}


as_db_thread_t *
as_db_thread_create(const char *name, as_loop_t *loop,
    const as_settings_t *settings, as_log_t *log)
{
    as_db_thread_t  *thread;

    thread = calloc(1, sizeof(*thread));
    if (thread == NULL) {
        return NULL;
    }

    thread->name = name;
    thread->loop = loop;
    thread->log = log;
    thread->queued.last = &thread->queued.first;
    thread->done.last = &thread->done.first;
    thread->watch.fn = as_db_thread_collect;
    thread->watch.data = thread;
    thread->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    thread->db = as_db_create(settings);

    if (thread->fd == -1 || thread->db == NULL
        || as_loop_watch(loop, &thread->watch, thread->fd, AS_LOOP_READ) != 0)
    {
        goto failed;
    }

    if (as_db_thread_start(thread) != 0) {
        as_loop_unwatch(loop, &thread->watch);
        goto failed;
    }

    return thread;

failed:

    as_db_destroy(thread->db);
    if (thread->fd != -1) {
        close(thread->fd);
    }
    free(thread);

    return NULL;
}


void
as_db_thread_destroy(as_db_thread_t *thread)
{
    if (thread == NULL) {
        return;
    }

    pthread_mutex_lock(&thread->lock);
    thread->stop = true;
    pthread_cond_signal(&thread->wake);
    pthread_mutex_unlock(&thread->lock);

    pthread_join(thread->thread, NULL);

    as_loop_unwatch(thread->loop, &thread->watch);
    close(thread->fd);
    as_db_destroy(thread->db);
    pthread_cond_destroy(&thread->wake);
    pthread_mutex_destroy(&thread->lock);
    free(thread);
}


void
as_db_thread_submit(as_db_thread_t *thread, as_job_t *job)
{
    pthread_mutex_lock(&thread->lock);
    as_db_thread_push(&thread->queued, job);
    pthread_cond_signal(&thread->wake);
    pthread_mutex_unlock(&thread->lock);
}


void
as_db_thread_reload(as_db_thread_t *thread, const as_settings_t *settings)
{
    as_db_reload(thread->db, settings);
}


void
as_db_thread_interrupt(as_db_thread_t *thread)
{
    pthread_mutex_lock(&thread->lock);
    thread->interrupt = true;
    pthread_cond_signal(&thread->wake);
    pthread_mutex_unlock(&thread->lock);
}


void
as_db_thread_abort(as_db_thread_t *thread)
{
    pthread_mutex_lock(&thread->lock);
    thread->stop = true;
    pthread_cond_signal(&thread->wake);
    pthread_mutex_unlock(&thread->lock);

    as_db_abort(thread->db);
}
