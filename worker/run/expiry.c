/*
 * Releases the holds that are due, a batch after the other, then waits for the
 * next.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/repeat.h"
#include "db/db_thread.h"
#include "db/hold.h"
#include "run/expiry.h"
#include "run/refusal.h"


#define AS_EXPIRY_PART      "expiry"
#define AS_EXPIRY_MS        1000       /* ms between looks: a hold may be made
                                          that is due before all others */
#define AS_EXPIRY_ASIDE_MS  5000       /* for how long one is left out */
#define AS_EXPIRY_GROW      4          /* factor by which the batch grows again
                                          after a refusal or a conflict */
#define AS_EXPIRY_RETRY_MS  10         /* ms after a conflict with another
                                          transaction, at least */
#define AS_EXPIRY_JITTER_MS 91         /* less than this more */


typedef struct {
    uint8_t  id[AS_UUID_LEN];
    int64_t  until;
} as_expiry_aside_t;

typedef struct {
    as_expiry_aside_t  list[AS_HOLD_ASIDE];
    size_t             n;
} as_expiry_asides_t;

struct as_expiry_s {
    as_worker_t        *worker;
    as_db_thread_t     *db_thread;
    as_timer_t          timer;
    bool                stopping;
    int64_t             progress;
    as_refusal_t        refusal;
    as_repeat_t         told;
    unsigned            limit;
    as_expiry_asides_t  holds;         /* that are left out */
    as_expiry_asides_t  products;

    /* the batch in the database thread */
    as_job_t            job;
    as_uuid_gen_t       uuid;
    int64_t             now_unix_ms;
    as_hold_expire_t    expire;
};


/* Runs in the database thread.  A new id for each attempt: a lost one may be
 * committed with its id. */
static as_db_status_e
as_expiry_run(void *data, as_db_t *db)
{
    as_expiry_t  *expiry = data;

    as_uuid_v7(&expiry->uuid, (uint64_t) expiry->now_unix_ms,
               expiry->expire.movement_id);

    return as_hold_expire(db, &expiry->expire);
}


/* Leaves these out for a while. */
static void
as_expiry_set_aside(as_expiry_asides_t *asides,
    const uint8_t (*ids)[AS_UUID_LEN], size_t n, int64_t now)
{
    size_t              i;
    as_expiry_aside_t  *aside;

    for (i = 0; i < n && asides->n < AS_HOLD_ASIDE; i++) {
        aside = &asides->list[asides->n++];
        memcpy(aside->id, ids[i], AS_UUID_LEN);
        aside->until = now + AS_EXPIRY_ASIDE_MS;
    }
}


static void
as_expiry_tell_stuck(as_expiry_t *expiry, int64_t now)
{
    char                    id[AS_UUID_TEXT_LEN + 1];
    uint64_t                omitted;
    const as_hold_aside_t  *bad = &expiry->expire.bad;

    if (!as_repeat(&expiry->told, now, &omitted)) {
        return;
    }

    if (bad->nholds > 0) {
        *as_uuid_text(bad->holds[0], id) = '\0';
        as_log_write(expiry->worker->log, AS_LOG_WARN, AS_EXPIRY_PART, "hold "
                     "%s cannot be released: %s; retrying in %d s (%" PRIu64
                     " similar lines were omitted)", id, expiry->expire.why,
                     AS_EXPIRY_ASIDE_MS / 1000, omitted);
        return;
    }

    *as_uuid_text(bad->products[0], id) = '\0';
    as_log_write(expiry->worker->log, AS_LOG_WARN, AS_EXPIRY_PART, "holds of "
                 "%zu products, the first is %s, cannot be released: %s; "
                 "retrying in %d s (%" PRIu64 " similar lines were omitted)",
                 bad->nproducts, id, expiry->expire.why,
                 AS_EXPIRY_ASIDE_MS / 1000, omitted);
}


/*
 * After a batch: the size of the next.  A batch with a hold that the server
 * refuses fails as a whole; holds are then released one by one, until that
 * one is known.
 */
static void
as_expiry_resize(as_expiry_t *expiry, int64_t now)
{
    const as_hold_expire_t  *expire = &expiry->expire;
    const as_hold_aside_t   *bad = &expire->bad;

    if (expire->stuck && bad->nholds + bad->nproducts == 0) {
        expiry->limit = 1;

    } else if (expire->stuck) {
        as_expiry_tell_stuck(expiry, now);
        as_expiry_set_aside(&expiry->holds, bad->holds, bad->nholds, now);
        as_expiry_set_aside(&expiry->products, bad->products, bad->nproducts,
                            now);

    } else {
        expiry->limit *= AS_EXPIRY_GROW;
        if (expiry->limit > AS_HOLD_BATCH) {
            expiry->limit = AS_HOLD_BATCH;
        }
    }
}


/* Milliseconds until the next batch. */
static int64_t
as_expiry_wait(const as_expiry_t *expiry, unsigned limit)
{
    const as_hold_expire_t  *expire = &expiry->expire;

    if (expire->stuck) {
        /* at once, where the next batch is another */
        return expire->bad.nholds > 0 || limit > 1
               || (expire->bad.nproducts > 0
                   && expiry->products.n < AS_HOLD_ASIDE) ? 0 : AS_EXPIRY_MS;
    }

    if (expire->n == limit) {
        return 0;
    }

    return expire->next_ms >= 0 && expire->next_ms < AS_EXPIRY_MS
           ? expire->next_ms : AS_EXPIRY_MS;
}


static void
as_expiry_done(void *data, as_db_status_e status, const char *error)
{
    int64_t       now, wait;
    as_expiry_t  *expiry = data;
    as_worker_t  *worker = expiry->worker;

    now = as_loop_now(worker->loop);
    expiry->progress = now;
    as_worker_db(worker, status, status == AS_DB_OK && expiry->expire.n > 0,
                 error);
    as_refusal_note(&expiry->refusal, worker->log, now, AS_EXPIRY_PART,
                    "holds cannot be released", status, error);

    if (status == AS_DB_OK) {
        worker->counters.holds_expired += expiry->expire.n;
        wait = as_expiry_wait(expiry, expiry->expire.limit);
        as_expiry_resize(expiry, now);

    } else if (status == AS_DB_RETRY) {
        expiry->limit -= expiry->limit / 2;
        wait = AS_EXPIRY_RETRY_MS
               + as_loop_random(worker->loop, AS_EXPIRY_JITTER_MS);

    } else if (status == AS_DB_GONE) {
        wait = as_health_wait_ms(&worker->db,
                                 as_loop_random(worker->loop, 1000));
    } else {
        wait = AS_EXPIRY_MS;
    }

    if (!expiry->stopping) {
        as_loop_after(worker->loop, &expiry->timer, wait);
    }
}


/* Removes those whose time is over, and returns the ids of the others. */
static size_t
as_expiry_still_aside(as_expiry_asides_t *asides, int64_t now,
    uint8_t (*ids)[AS_UUID_LEN])
{
    size_t  i, n;

    for (i = 0, n = 0; i < asides->n; i++) {
        if (asides->list[i].until > now) {
            asides->list[n] = asides->list[i];
            memcpy(ids[n], asides->list[n].id, AS_UUID_LEN);
            n++;
        }
    }

    asides->n = n;

    return n;
}


static void
as_expiry_begin(void *data)
{
    int64_t           now;
    as_expiry_t      *expiry = data;
    as_worker_t      *worker = expiry->worker;
    as_hold_aside_t  *aside = &expiry->expire.aside;

    now = as_loop_now(worker->loop);
    aside->nholds = as_expiry_still_aside(&expiry->holds, now, aside->holds);
    aside->nproducts = as_expiry_still_aside(&expiry->products, now,
                                             aside->products);
    expiry->expire.limit = expiry->limit;
    expiry->now_unix_ms = as_loop_unix_ms(worker->loop);
    as_db_thread_submit(expiry->db_thread, &expiry->job);
}


as_expiry_t *
as_expiry_create(as_worker_t *worker)
{
    as_expiry_t  *expiry;

    expiry = calloc(1, sizeof(*expiry));
    if (expiry == NULL) {
        return NULL;
    }

    expiry->worker = worker;
    expiry->limit = AS_HOLD_BATCH;
    expiry->progress = as_loop_now(worker->loop);
    expiry->timer.fn = as_expiry_begin;
    expiry->timer.data = expiry;
    expiry->job.run = as_expiry_run;
    expiry->job.done = as_expiry_done;
    expiry->job.data = expiry;

    if (as_uuid_init(&expiry->uuid) != 0) {
        free(expiry);
        return NULL;
    }

    expiry->db_thread = as_db_thread_create(AS_EXPIRY_PART, worker->loop,
                                            worker->settings, worker->log);
    if (expiry->db_thread == NULL) {
        free(expiry);
        return NULL;
    }

    as_loop_after(worker->loop, &expiry->timer, 1);

    return expiry;
}


void
as_expiry_destroy(as_expiry_t *expiry)
{
    if (expiry == NULL) {
        return;
    }

    as_db_thread_abort(expiry->db_thread);
    as_db_thread_destroy(expiry->db_thread);
    as_loop_clear(expiry->worker->loop, &expiry->timer);
    free(expiry);
}


void
as_expiry_reload(as_expiry_t *expiry)
{
    as_db_thread_reload(expiry->db_thread, expiry->worker->settings);
}


void
as_expiry_stop(as_expiry_t *expiry)
{
    expiry->stopping = true;
    as_loop_clear(expiry->worker->loop, &expiry->timer);
}


int64_t
as_expiry_progress(const as_expiry_t *expiry)
{
    return expiry->progress;
}
