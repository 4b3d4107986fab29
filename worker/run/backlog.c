/*
 * Counts the waiting orders and the open holds.
 */

#include <stdlib.h>
#include <string.h>

#include "db/db_thread.h"
#include "run/backlog.h"
#include "run/refusal.h"
#include "run/relay_parts.h"


#define AS_BACKLOG_PART   "backlog"
#define AS_BACKLOG_MS     2000         /* ms between counts */
#define AS_BACKLOG_SHARE  20           /* a count takes at most this part (1/n)
                                          of the time */
#define AS_BACKLOG_LATE   2            /* intervals after which a count is
                                          old */


struct as_backlog_s {
    as_worker_t        *worker;
    as_db_thread_t     *db_thread;
    as_timer_t          timer;
    bool                stopping;
    as_refusal_t        refusal;
    as_refusal_t        refusal_holds;

    /* the job in the database thread, and when it began */
    as_job_t            job;
    int64_t             begun;
    as_order_counts_t   counts;
    as_hold_counts_t    holds;
    bool                ordered;       /* the orders are counted */
};


/* Runs in the database thread. */
static as_db_status_e
as_backlog_run(void *data, as_db_t *db)
{
    as_backlog_t    *backlog = data;
    as_db_status_e   status;

    status = as_order_count(db, &backlog->counts);
    backlog->ordered = status == AS_DB_OK;

    return backlog->ordered ? as_hold_count(db, &backlog->holds) : status;
}


static void
as_backlog_done(void *data, as_db_status_e status, const char *error)
{
    int64_t         now, wait;
    as_backlog_t   *backlog = data;
    as_worker_t    *worker = backlog->worker;
    as_counters_t  *counters = &worker->counters;

    now = as_loop_now(worker->loop);
    wait = AS_BACKLOG_SHARE * (now - backlog->begun);
    wait = wait > AS_BACKLOG_MS ? wait : AS_BACKLOG_MS;
    as_worker_db(worker, status, false, error);
    as_refusal_note(&backlog->refusal, worker->log, now, AS_BACKLOG_PART,
                    "the orders cannot be counted", backlog->ordered
                    ? AS_DB_OK : status, error);

    if (backlog->ordered) {
        as_refusal_note(&backlog->refusal_holds, worker->log, now,
                        AS_BACKLOG_PART, "the holds cannot be counted", status,
                        error);
        counters->orders = backlog->counts;
        counters->orders_at = now;
        counters->orders_wait = wait;
    }

    if (status == AS_DB_OK) {
        counters->holds = backlog->holds;
        counters->holds_at = now;

    } else if (status == AS_DB_GONE) {
        wait = as_health_wait_ms(&worker->db,
                                 as_loop_random(worker->loop, 1000));
    }

    if (!backlog->stopping) {
        as_loop_after(worker->loop, &backlog->timer, wait);
    }
}


static void
as_backlog_count(void *data)
{
    as_backlog_t  *backlog = data;
    as_worker_t   *worker = backlog->worker;

    backlog->ordered = false;
    backlog->counts.callback_timeout_ms = worker->settings->callback_timeout;
    backlog->counts.lease_ms = AS_RELAY_LEASE_MS;
    backlog->begun = as_loop_now(worker->loop);
    as_db_thread_submit(backlog->db_thread, &backlog->job);
}


as_backlog_t *
as_backlog_create(as_worker_t *worker)
{
    as_backlog_t  *backlog;

    backlog = calloc(1, sizeof(*backlog));
    if (backlog == NULL) {
        return NULL;
    }

    backlog->worker = worker;
    backlog->timer.fn = as_backlog_count;
    backlog->timer.data = backlog;
    backlog->job.run = as_backlog_run;
    backlog->job.done = as_backlog_done;
    backlog->job.data = backlog;
    backlog->db_thread = as_db_thread_create(AS_BACKLOG_PART, worker->loop,
                                             worker->settings, worker->log);
    if (backlog->db_thread == NULL) {
        free(backlog);
        return NULL;
    }

    as_loop_after(worker->loop, &backlog->timer, 1);

    return backlog;
}


void
as_backlog_destroy(as_backlog_t *backlog)
{
    if (backlog == NULL) {
        return;
    }

    as_db_thread_abort(backlog->db_thread);
    as_db_thread_destroy(backlog->db_thread);
    as_loop_clear(backlog->worker->loop, &backlog->timer);
    free(backlog);
}


void
as_backlog_reload(as_backlog_t *backlog)
{
    as_db_thread_reload(backlog->db_thread, backlog->worker->settings);
}


void
as_backlog_stop(as_backlog_t *backlog)
{
    backlog->stopping = true;
    as_loop_clear(backlog->worker->loop, &backlog->timer);
}


/* False before the first count, and while only the orders can be counted: a
 * count of orders is no count of holds. */
bool
as_backlog_holds_known(const as_counters_t *counters)
{
    return counters->holds_at != 0
           && counters->orders_at - counters->holds_at
              <= AS_BACKLOG_LATE * counters->orders_wait;
}


/* Holds become due without being counted: the age of the oldest grows. */
static void
as_backlog_view_holds(const as_counters_t *counters, int64_t now_ms,
    as_backlog_view_t *view)
{
    int64_t                  old;
    const as_hold_counts_t  *holds = &counters->holds;

    view->holds_open = view->holds_pieces = view->holds_due = -1;
    view->holds_due_oldest_s = -1;

    if (as_backlog_holds_known(counters)) {
        view->holds_open = (double) holds->open;
        view->holds_pieces = (double) holds->pieces;
        view->holds_due = (double) holds->due;
        view->holds_due_oldest_s = 0;
    }

    if (counters->holds_at != 0 && holds->due_oldest_ms >= 0) {
        old = now_ms - counters->holds_at;
        if (old <= AS_BACKLOG_LATE * counters->orders_wait) {
            old = 0;
        }
        view->holds_due_oldest_s = (double) (holds->due_oldest_ms + old)
                                   / 1000;
    }
}


bool
as_backlog_holds_late(const as_counters_t *counters, int64_t now_ms)
{
    as_backlog_view_t  view;

    as_backlog_view_holds(counters, now_ms, &view);

    return view.holds_due_oldest_s * 1000 > AS_BACKLOG_HOLDS_LATE_MS;
}


void
as_backlog_view(const as_counters_t *counters, int64_t now_ms,
    int64_t skew_ms, as_backlog_view_t *view)
{
    int64_t                   old;
    const as_order_counts_t  *orders = &counters->orders;

    as_backlog_view_holds(counters, now_ms, view);

    if (counters->orders_at == 0) {
        view->counted_s = 0;
        view->pending = view->pending_oldest_s = view->published = -1;
        view->requested = view->overdue = -1;
        return;
    }

    /*
     * the ages do not grow at once: an order that was counted may be published
     * soon after
     */
    old = now_ms - counters->orders_at;
    if (old <= AS_BACKLOG_LATE * counters->orders_wait) {
        old = 0;
    }

    view->counted_s = (double) (counters->orders_at + skew_ms) / 1000;
    view->pending = (double) orders->pending;
    view->pending_oldest_s = orders->pending_oldest_ms < 0 ? 0
                       : (double) (orders->pending_oldest_ms + old) / 1000;
    view->published = (double) orders->published;
    view->requested = (double) orders->requested;
    view->overdue = (double) orders->overdue
                    + (orders->overdue_next_ms >= 0
                       && orders->overdue_next_ms < old);
}
