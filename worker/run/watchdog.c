/*
 * The watchdog.  Every worker runs one.  Each change is a compare-and-set, and
 * only the worker whose change took effect reports it.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/db_thread.h"
#include "run/depth.h"
#include "run/refusal.h"
#include "db/ledger.h"
#include "run/spans.h"
#include "run/watchdog.h"


#define AS_WATCHDOG_PART       "watchdog"
#define AS_WATCHDOG_OPEN_MS    60000   /* ms between checks for openings */
#define AS_WATCHDOG_QUEUE_MS   15000   /* ms between checks of the queues */
#define AS_WATCHDOG_CHUNKS     20      /* of the ledger, per round */
#define AS_WATCHDOG_BACKLOG    10      /* messages: up to this is no backlog */
#define AS_WATCHDOG_SHARE      20      /* a round takes at most 1/n of the
                                          time */
#define AS_WATCHDOG_LOOKS      2       /* checks without backlog in a row that
                                          count as quiet */


struct as_watchdog_s {
    as_worker_t              *worker;
    as_watchdog_hooks_t       hooks;
    as_db_thread_t           *db_thread;
    as_timer_t                timer;
    bool                      stopping;
    int64_t                   progress;
    as_refusal_t              refusal;
    as_depth_t                depth;
    int64_t                   queue_at;          /* time of the next check */
    unsigned                  quiet;             /* checks without backlog in a
                                                    row */
    int64_t                   open_at;

    /* the round that runs in the database thread */
    as_job_t                  job;
    bool                      working;
    int64_t                   begun;
    as_uuid_gen_t             uuid;
    int64_t                   now_unix_ms;
    bool                      look_published;
    bool                      look_openings;
    as_order_overdue_page_t   requested;
    as_order_overdue_page_t   published;
    as_order_products_t       products;
    size_t                    opened;
    uint64_t                  forgotten;
    bool                      more;              /* more chunks of the ledger
                                                    are left */
    uint8_t                   cursor[AS_UUID_LEN];
};


static void
as_watchdog_ids(as_watchdog_t *watchdog)
{
    size_t  i;

    for (i = 0; i < AS_ORDER_PAGE; i++) {
        as_uuid_v7(&watchdog->uuid, (uint64_t) watchdog->now_unix_ms,
                   watchdog->products.products[i].order_id);
        as_trace_make(&watchdog->products.products[i].trace, &watchdog->uuid);
    }
}


static as_db_status_e
as_watchdog_forget(as_watchdog_t *watchdog, as_db_t *db)
{
    int              i;
    int64_t          before;
    uint64_t         n;
    as_db_status_e   status;

    before = watchdog->now_unix_ms
             - watchdog->worker->settings->idempotency_retention;
    status = AS_DB_OK;
    watchdog->more = true;

    for (i = 0; i < AS_WATCHDOG_CHUNKS && watchdog->more; i++) {
        status = as_ledger_forget(db, watchdog->cursor, before,
                                  &watchdog->more, &n);
        if (status != AS_DB_OK || as_db_thread_wait(watchdog->db_thread, 10)) {
            break;
        }
        watchdog->forgotten += n;
    }

    return status;
}


/* Runs in the database thread: one round. */
static as_db_status_e
as_watchdog_run(void *data, as_db_t *db)
{
    as_watchdog_t   *watchdog = data;
    as_db_status_e   status;

    status = as_order_overdue(db, &watchdog->requested);

    if (status == AS_DB_OK && watchdog->look_published) {
        status = as_order_overdue(db, &watchdog->published);
    }

    if (status == AS_DB_OK) {
        as_watchdog_ids(watchdog);
        status = as_order_restock(db, &watchdog->products);
    }

    if (status == AS_DB_OK && watchdog->look_openings) {
        status = as_ledger_open(db, &watchdog->uuid, &watchdog->opened);
    }

    return status == AS_DB_OK ? as_watchdog_forget(watchdog, db) : status;
}


static void
as_watchdog_tell_overdue(as_watchdog_t *watchdog,
    const as_order_overdue_page_t *page, const char *what)
{
    size_t                     i;
    as_worker_t               *worker = watchdog->worker;
    const as_order_overdue_t  *order;

    for (i = 0; i < page->n; i++) {
        order = &page->orders[i];

        if (order->failed) {
            worker->counters.overdue_failed++;
            as_log_order(worker->log, AS_LOG_ERROR, AS_WATCHDOG_PART,
                         order->id, &order->trace,
                         "failed: %s (attempts: %d)", what, order->attempts);

        } else if (order->again) {
            worker->counters.asked_again++;
            as_log_order(worker->log, AS_LOG_WARN, AS_WATCHDOG_PART,
                         order->id, &order->trace, "%s: published again "
                         "(attempts: %d of %" PRId64 ")", what, order->attempts,
                         worker->settings->callback_attempts);
        }
    }
}


/* The trace of an order that the watchdog opened begins here. */
static void
as_watchdog_span(const as_watchdog_t *watchdog,
    const as_order_product_t *product)
{
    as_span_t  span;

    memset(&span, 0, sizeof(span));
    span.trace = product->trace;
    span.kind = AS_SPAN_INTERNAL;
    span.name = "open order";
    span.start_ms = watchdog->now_unix_ms;
    span.order_id = product->order_id;

    as_spans_end(watchdog->worker->spans, &span);
}


static void
as_watchdog_tell(as_watchdog_t *watchdog)
{
    size_t        i;
    as_worker_t  *worker = watchdog->worker;

    as_watchdog_tell_overdue(watchdog, &watchdog->requested,
                             "the factory's callback is overdue");
    if (watchdog->look_published) {
        as_watchdog_tell_overdue(watchdog, &watchdog->published,
                                 "no worker received its message");
    }

    for (i = 0; i < watchdog->products.n; i++) {
        if (watchdog->products.products[i].done) {
            worker->counters.restocked++;
            as_watchdog_span(watchdog, &watchdog->products.products[i]);
            as_log_order(worker->log, AS_LOG_INFO, AS_WATCHDOG_PART,
                         watchdog->products.products[i].order_id,
                         &watchdog->products.products[i].trace,
                         "opened: the product is at its reorder point and "
                         "had no order");
        }
    }

    if (watchdog->opened == AS_LEDGER_OPENINGS) {
        watchdog->open_at = 0;         /* more products may lack an opening */
    }

    if (watchdog->opened > 0) {
        worker->counters.openings += watchdog->opened;
        as_log_write(worker->log, AS_LOG_INFO, AS_WATCHDOG_PART, "wrote the "
                     "opening movements of %zu products", watchdog->opened);
    }

    worker->counters.forgotten += watchdog->forgotten;
}


/* A short wait while more than a page of work is left. */
static int64_t
as_watchdog_wait(const as_watchdog_t *watchdog)
{
    int64_t       interval, spent;
    as_worker_t  *worker = watchdog->worker;

    if (watchdog->requested.n == AS_ORDER_PAGE || watchdog->more
        || watchdog->published.n == AS_ORDER_PAGE
        || watchdog->products.n == AS_ORDER_PAGE
        || watchdog->opened == AS_LEDGER_OPENINGS)
    {
        return 100;
    }

    interval = worker->settings->watchdog_interval;
    if (interval > worker->settings->callback_timeout / 4) {
        interval = worker->settings->callback_timeout / 4 + 20;
    }

    /* a round reads all products: with many products it must run less often */
    spent = as_loop_now(worker->loop) - watchdog->begun;
    if (interval < AS_WATCHDOG_SHARE * spent) {
        interval = AS_WATCHDOG_SHARE * spent;
    }

    /* jitter, so that the rounds of several workers do not coincide */
    return interval * 9 / 10 + as_loop_random(worker->loop, interval / 5);
}


static void
as_watchdog_done(void *data, as_db_status_e status, const char *error)
{
    int64_t         wait;
    as_watchdog_t  *watchdog = data;
    as_worker_t    *worker = watchdog->worker;

    watchdog->working = false;
    watchdog->progress = as_loop_now(worker->loop);
    as_worker_db(worker, status, false, error);
    as_refusal_note(&watchdog->refusal, worker->log, watchdog->progress,
                    AS_WATCHDOG_PART, "orders and ledger cannot be checked",
                    status, error);

    if (status == AS_DB_OK) {
        as_watchdog_tell(watchdog);
        wait = as_watchdog_wait(watchdog);

    } else if (status == AS_DB_GONE) {
        wait = as_health_wait_ms(&worker->db,
                                 as_loop_random(worker->loop, 1000));
    } else {
        wait = worker->settings->watchdog_interval;
    }

    if (!watchdog->stopping) {
        as_loop_after(worker->loop, &watchdog->timer, wait);
    }
}


static void as_watchdog_begin(as_watchdog_t *watchdog, bool looked);


static void
as_watchdog_looked(void *data, bool ok, unsigned max_receive)
{
    int64_t         visible;
    as_watchdog_t  *watchdog = data;

    if (!ok) {
        watchdog->quiet = 0;
        watchdog->queue_at = 0;
        as_watchdog_begin(watchdog, false);
        return;
    }

    watchdog->hooks.max_receive(watchdog->hooks.data, max_receive);

    visible = watchdog->worker->counters.queue_visible;
    watchdog->quiet = visible >= 0 && visible <= AS_WATCHDOG_BACKLOG
                      && watchdog->hooks.quiet(watchdog->hooks.data)
                      ? watchdog->quiet + 1 : 0;
    as_watchdog_begin(watchdog, true);
}


/* True where the round continues in the queue's callback. */
static bool
as_watchdog_queues(as_watchdog_t *watchdog)
{
    int64_t       now, every;
    as_worker_t  *worker = watchdog->worker;

    now = as_loop_now(worker->loop);
    if (now < watchdog->queue_at || watchdog->stopping) {
        return false;
    }

    every = worker->settings->callback_timeout / 4;
    watchdog->queue_at = now + (every < AS_WATCHDOG_QUEUE_MS
                                ? every : AS_WATCHDOG_QUEUE_MS);

    return as_depth_look(&watchdog->depth);
}


static void
as_watchdog_begin(as_watchdog_t *watchdog, bool looked)
{
    int64_t               now;
    as_worker_t          *worker = watchdog->worker;
    const as_settings_t  *settings = worker->settings;

    if (watchdog->stopping) {
        return;
    }

    now = as_loop_now(worker->loop);
    watchdog->now_unix_ms = as_loop_unix_ms(worker->loop);

    watchdog->requested.published = false;
    watchdog->requested.timeout_ms = settings->callback_timeout;
    watchdog->requested.max_attempts = (int) settings->callback_attempts;
    watchdog->published = watchdog->requested;
    watchdog->published.published = true;
    if (watchdog->published.timeout_ms < 2 * settings->visibility) {
        watchdog->published.timeout_ms = 2 * settings->visibility;
    }
    watchdog->requested.n = watchdog->published.n = 0;

    watchdog->look_published = looked && watchdog->quiet >= AS_WATCHDOG_LOOKS;
    watchdog->look_openings = now >= watchdog->open_at;
    if (watchdog->look_openings) {
        watchdog->open_at = now + AS_WATCHDOG_OPEN_MS;
    }

    watchdog->products.n = 0;
    watchdog->opened = 0;
    watchdog->forgotten = 0;
    watchdog->more = false;

    watchdog->working = true;
    watchdog->begun = now;
    watchdog->job.run = as_watchdog_run;
    watchdog->job.done = as_watchdog_done;
    watchdog->job.data = watchdog;
    as_db_thread_submit(watchdog->db_thread, &watchdog->job);
}


static void
as_watchdog_round(void *data)
{
    as_watchdog_t  *watchdog = data;

    watchdog->progress = as_loop_now(watchdog->worker->loop);

    if (!as_watchdog_queues(watchdog)) {
        as_watchdog_begin(watchdog, false);
    }
}


as_watchdog_t *
as_watchdog_create(as_worker_t *worker, const as_watchdog_hooks_t *hooks)
{
    as_watchdog_t  *watchdog;

    watchdog = calloc(1, sizeof(*watchdog));
    if (watchdog == NULL) {
        return NULL;
    }

    watchdog->worker = worker;
    watchdog->hooks = *hooks;
    watchdog->timer.fn = as_watchdog_round;
    watchdog->timer.data = watchdog;
    as_depth_init(&watchdog->depth, worker, as_watchdog_looked, watchdog);

    if (as_uuid_init(&watchdog->uuid) != 0) {
        free(watchdog);
        return NULL;
    }

    watchdog->db_thread = as_db_thread_create(AS_WATCHDOG_PART, worker->loop,
                                              worker->settings, worker->log);
    if (watchdog->db_thread == NULL) {
        free(watchdog);
        return NULL;
    }

    as_loop_after(worker->loop, &watchdog->timer, 1);

    return watchdog;
}


void
as_watchdog_destroy(as_watchdog_t *watchdog)
{
    if (watchdog == NULL) {
        return;
    }

    as_db_thread_abort(watchdog->db_thread);
    as_db_thread_destroy(watchdog->db_thread);
    as_loop_clear(watchdog->worker->loop, &watchdog->timer);
    as_depth_free(&watchdog->depth);
    free(watchdog);
}


void
as_watchdog_reload(as_watchdog_t *watchdog)
{
    as_db_thread_reload(watchdog->db_thread, watchdog->worker->settings);
}


void
as_watchdog_stop(as_watchdog_t *watchdog)
{
    watchdog->stopping = true;
    as_loop_clear(watchdog->worker->loop, &watchdog->timer);
    as_db_thread_interrupt(watchdog->db_thread);
}


int64_t
as_watchdog_progress(const as_watchdog_t *watchdog)
{
    return watchdog->progress;
}
