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

#include "db/clerk.h"


#define AS_CLERK_RETRIES  8
#define AS_CLERK_STACK    (256 * 1024)


typedef struct {
    as_job_t   *first;
    as_job_t  **last;
} as_clerk_queue_t;

struct as_clerk_s {
    const char        *name;
    as_loop_t         *loop;
    as_watch_t         watch;
    as_log_t          *log;
    as_db_t           *db;
    int                fd;             /* eventfd: a job is done */

    pthread_t          thread;
    pthread_mutex_t    lock;           /* protects all members below */
    pthread_cond_t     wake;
    as_clerk_queue_t   todo;
    as_clerk_queue_t   done;
    bool               stop;
    bool               interrupt;
};


static void
as_clerk_push(as_clerk_queue_t *queue, as_job_t *job)
{
    job->next = NULL;
    *queue->last = job;
    queue->last = &job->next;
}


static as_job_t *
as_clerk_take_all(as_clerk_queue_t *queue)
{
    as_job_t  *first;

    first = queue->first;
    queue->first = NULL;
    queue->last = &queue->first;

    return first;
}


static as_job_t *
as_clerk_take(as_clerk_queue_t *queue)
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
as_clerk_deadline(struct timespec *ts, int64_t ms)
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
as_clerk_wait(as_clerk_t *clerk, int64_t ms)
{
    bool             wanted;
    struct timespec  ts;

    as_clerk_deadline(&ts, ms);

    pthread_mutex_lock(&clerk->lock);
    while (!clerk->stop && !clerk->interrupt && clerk->todo.first == NULL) {
        if (pthread_cond_timedwait(&clerk->wake, &clerk->lock, &ts) != 0) {
            break;
        }
    }
    wanted = clerk->stop || clerk->interrupt || clerk->todo.first != NULL;
    clerk->interrupt = false;
    pthread_mutex_unlock(&clerk->lock);

    return wanted;
}


/*
 * A growing pause of random length, so that two workers do not collide again.
 */
static void
as_clerk_jitter(unsigned attempt)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    ts.tv_nsec = ts.tv_nsec / 7 % ((long) (attempt + 1) * 4000000);
    ts.tv_sec = 0;
    nanosleep(&ts, NULL);
}


static bool
as_clerk_stopped(as_clerk_t *clerk)
{
    bool  stop;

    pthread_mutex_lock(&clerk->lock);
    stop = clerk->stop;
    pthread_mutex_unlock(&clerk->lock);

    return stop;
}


static void
as_clerk_work(as_clerk_t *clerk, as_job_t *job)
{
    bool      fresh;
    unsigned  i;

    for (i = 0, fresh = false; i < AS_CLERK_RETRIES; i++) {
        job->status = job->run(job->data, clerk->db);

        if (job->status == AS_DB_RETRY) {
            as_clerk_jitter(i);
            continue;
        }

        if (job->status != AS_DB_GONE || fresh || as_clerk_stopped(clerk)
            || as_db_connect(clerk->db) != AS_DB_OK)
        {
            break;
        }

        fresh = true;
    }

    job->error[0] = '\0';
    if (job->status != AS_DB_OK) {
        snprintf(job->error, sizeof(job->error), "%s",
                 as_db_error(clerk->db));
    }
}


static void
as_clerk_signal(as_clerk_t *clerk)
{
    uint64_t  one = 1;

    if (write(clerk->fd, &one, sizeof(one)) < 0) {
        as_log_write(clerk->log, AS_LOG_ERROR, clerk->name,
                     "eventfd: %s", strerror(errno));
    }
}


static void *
as_clerk_main(void *data)
{
    as_job_t    *job;
    as_clerk_t  *clerk = data;

    pthread_mutex_lock(&clerk->lock);

    while (!clerk->stop) {
        if (clerk->todo.first == NULL) {
            pthread_cond_wait(&clerk->wake, &clerk->lock);
            continue;
        }

        job = as_clerk_take(&clerk->todo);
        pthread_mutex_unlock(&clerk->lock);

        as_clerk_work(clerk, job);

        pthread_mutex_lock(&clerk->lock);
        as_clerk_push(&clerk->done, job);
        as_clerk_signal(clerk);
    }

    pthread_mutex_unlock(&clerk->lock);

    return NULL;
}


/* Runs in the loop: calls done of the finished jobs. */
static void
as_clerk_collect(void *data)
{
    uint64_t     n;
    as_job_t    *job, *next;
    as_clerk_t  *clerk = data;

    if (read(clerk->fd, &n, sizeof(n)) < 0 && errno != EAGAIN) {
        as_log_write(clerk->log, AS_LOG_ERROR, clerk->name,
                     "eventfd: %s", strerror(errno));
    }

    pthread_mutex_lock(&clerk->lock);
    job = as_clerk_take_all(&clerk->done);
    pthread_mutex_unlock(&clerk->lock);

    for ( /* void */ ; job != NULL; job = next) {
        next = job->next;
        job->done(job->data, job->status, job->error);
    }
}


/* Blocks all signals in the thread: the loop's signalfd reads them. */
static int
as_clerk_start(as_clerk_t *clerk)
{
    int                 rc;
    sigset_t            all, old;
    pthread_attr_t      attr;
    pthread_condattr_t  cond;

    pthread_mutex_init(&clerk->lock, NULL);
    pthread_condattr_init(&cond);
    pthread_condattr_setclock(&cond, CLOCK_MONOTONIC);
    pthread_cond_init(&clerk->wake, &cond);
    pthread_condattr_destroy(&cond);

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, AS_CLERK_STACK);
    rc = pthread_create(&clerk->thread, &attr, as_clerk_main, clerk);
    pthread_attr_destroy(&attr);

    pthread_sigmask(SIG_SETMASK, &old, NULL);
    errno = rc;

    return rc == 0 ? 0 : -1;
}


as_clerk_t *
as_clerk_create(const char *name, as_loop_t *loop,
    const as_settings_t *settings, as_log_t *log)
{
    as_clerk_t  *clerk;

    clerk = calloc(1, sizeof(*clerk));
    if (clerk == NULL) {
        return NULL;
    }

    clerk->name = name;
    clerk->loop = loop;
    clerk->log = log;
    clerk->todo.last = &clerk->todo.first;
    clerk->done.last = &clerk->done.first;
    clerk->watch.fn = as_clerk_collect;
    clerk->watch.data = clerk;
    clerk->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    clerk->db = as_db_create(settings);

    if (clerk->fd == -1 || clerk->db == NULL
        || as_loop_watch(loop, &clerk->watch, clerk->fd, AS_LOOP_READ) != 0)
    {
        goto failed;
    }

    if (as_clerk_start(clerk) != 0) {
        as_loop_unwatch(loop, &clerk->watch);
        goto failed;
    }

    return clerk;

failed:

    as_db_destroy(clerk->db);
    if (clerk->fd != -1) {
        close(clerk->fd);
    }
    free(clerk);

    return NULL;
}


void
as_clerk_destroy(as_clerk_t *clerk)
{
    if (clerk == NULL) {
        return;
    }

    pthread_mutex_lock(&clerk->lock);
    clerk->stop = true;
    pthread_cond_signal(&clerk->wake);
    pthread_mutex_unlock(&clerk->lock);

    pthread_join(clerk->thread, NULL);

    as_loop_unwatch(clerk->loop, &clerk->watch);
    close(clerk->fd);
    as_db_destroy(clerk->db);
    pthread_cond_destroy(&clerk->wake);
    pthread_mutex_destroy(&clerk->lock);
    free(clerk);
}


void
as_clerk_submit(as_clerk_t *clerk, as_job_t *job)
{
    pthread_mutex_lock(&clerk->lock);
    as_clerk_push(&clerk->todo, job);
    pthread_cond_signal(&clerk->wake);
    pthread_mutex_unlock(&clerk->lock);
}


void
as_clerk_reload(as_clerk_t *clerk, const as_settings_t *settings)
{
    as_db_reload(clerk->db, settings);
}


void
as_clerk_interrupt(as_clerk_t *clerk)
{
    pthread_mutex_lock(&clerk->lock);
    clerk->interrupt = true;
    pthread_cond_signal(&clerk->wake);
    pthread_mutex_unlock(&clerk->lock);
}


void
as_clerk_abort(as_clerk_t *clerk)
{
    pthread_mutex_lock(&clerk->lock);
    clerk->stop = true;
    pthread_cond_signal(&clerk->wake);
    pthread_mutex_unlock(&clerk->lock);

    as_db_abort(clerk->db);
}
