/*
 * The relay: its outbox part.
 *
 * A database thread (the watcher) checks the outbox each
 * AUTOSTOCK_RELAY_INTERVAL.  It returns to the loop only when orders are due,
 * or after AS_RELAY_WATCH_MS.  It leases the orders and commits; then the loop
 * publishes them in batches of ten, several in parallel.  A second database
 * thread writes the results of SNS, many orders in one transaction.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/relay_parts.h"


#define AS_RELAY_WATCH_MS  5000        /* ms: the job returns to the loop */
#define AS_RELAY_PACKET_MS 1000        /* ms of checks in one packet */
#define AS_RELAY_MARK_MS   200         /* ms: the longest wait for more marks */


static void as_relay_go(void *data);


/* Runs in the watcher's thread. */
static as_db_status_e
as_relay_claim(as_relay_t *relay, as_db_t *db)
{
    as_db_status_e  status;

    relay->in_doubt = true;
    status = as_outbox_claim(db, &relay->claim);
    relay->in_doubt = status == AS_DB_GONE;
    relay->backlog = status == AS_DB_OK
                     && relay->claim.n == relay->claim.max;

    return status;
}


/* Runs in the watcher's thread, until orders are due or AS_RELAY_WATCH_MS have
 * passed. */
static as_db_status_e
as_relay_watch_run(void *data, as_db_t *db)
{
    bool             due;
    int64_t          spent, wait;
    unsigned         looks;
    as_relay_t      *relay = data;
    as_db_status_e   status;

    /*
     * repeated after a lost connection: releases what the last attempt leased
     */
    as_outbox_free(&relay->claim);

    if (relay->in_doubt) {
        status = as_outbox_unclaim(db, relay->owner);
        if (status != AS_DB_OK) {
            return status;
        }
        relay->in_doubt = false;
    }

    looks = 1 + (unsigned) (relay->packet_ms / relay->interval_ms);
    wait = looks == 1 ? relay->interval_ms : 0;
    spent = 0;

    do {
        due = relay->backlog;
        status = due ? AS_DB_OK
                 : as_outbox_watch(db, relay->interval_ms, looks, &due);
        if (status != AS_DB_OK) {
            return status;
        }
        if (due) {
            return as_relay_claim(relay, db);
        }
        spent += looks == 1 ? wait : relay->packet_ms;

    } while (spent < AS_RELAY_WATCH_MS
             && !as_db_thread_wait(relay->watcher, wait));

    return AS_DB_OK;
}


static void
as_relay_claimed(as_relay_t *relay)
{
    size_t              i;
    as_worker_t        *worker = relay->worker;
    as_outbox_order_t  *order;

    for (i = 0; i < relay->claim.n; i++) {
        order = &relay->claim.orders[i];

        if (order->claimed && order->pause_ms > 0) {
            worker->counters.paused++;
            as_log_order(worker->log, AS_LOG_WARN, AS_RELAY_PART, order->id,
                         &order->trace, "delayed by %" PRId64 " s: orders of "
                         "the product that failed since one was fulfilled: %d",
                         (order->pause_ms + 999) / 1000, order->failures);

        } else if (order->claimed) {
            worker->counters.claimed++;
            order->lease_end = as_loop_now(worker->loop) + AS_RELAY_LEASE_MS;
            relay->queue[(relay->first + relay->nqueue++) % AS_RELAY_QUEUE]
                = *order;
            order->factory = NULL;
        }
    }

    as_outbox_free(&relay->claim);
}


static void
as_relay_watch_done(void *data, as_db_status_e status, const char *error)
{
    as_relay_t  *relay = data;

    relay->watching = false;
    relay->progress = as_loop_now(relay->worker->loop);

    /* the connection was closed to end the wait */
    if (relay->stopping && status == AS_DB_GONE) {
        as_outbox_free(&relay->claim);
        as_relay_go(relay);
        return;
    }

    as_worker_db(relay->worker, status, relay->probe || relay->claim.n > 0,
                 error);
    as_refusal_note(&relay->unread, relay->worker->log, relay->progress,
                    AS_RELAY_PART, "the outbox cannot be read", status, error);

    if (status == AS_DB_OK) {
        as_relay_claimed(relay);
        as_relay_go(relay);
        return;
    }

    as_outbox_free(&relay->claim);
    as_loop_after(relay->worker->loop, &relay->timer,
                  status == AS_DB_ERROR ? 5000
                  : as_health_wait_ms(&relay->worker->db,
                                      as_loop_random(relay->worker->loop,
                                                     1000)));
}


static void
as_relay_watch(as_relay_t *relay)
{
    const as_settings_t  *settings = relay->worker->settings;

    if (!relay->in_doubt) {
        snprintf(relay->owner, sizeof(relay->owner), "relay:%s:%" PRIu64,
                 settings->worker_name, ++relay->seq);
    }

    /* a read-only server answers the reads of a watch: a write shows whether
     * the outage is over */
    relay->probe = relay->worker->db.down;
    relay->in_doubt |= relay->probe;

    relay->interval_ms = settings->relay_interval;
    relay->packet_ms = settings->db_query_timeout / 2 < AS_RELAY_PACKET_MS
                       ? settings->db_query_timeout / 2 : AS_RELAY_PACKET_MS;
    as_outbox_free(&relay->claim);
    relay->claim.owner = relay->owner;
    relay->claim.lease_ms = AS_RELAY_LEASE_MS;
    relay->claim.pause_min_ms = settings->failure_pause_min;
    relay->claim.pause_max_ms = settings->failure_pause_max;
    relay->claim.max = AS_OUTBOX_MAX;

    relay->watching = true;
    as_db_thread_submit(relay->watcher, &relay->watch);
}


static as_db_status_e
as_relay_mark_run(void *data, as_db_t *db)
{
    as_relay_t  *relay = data;

    return as_outbox_mark(db, relay->worker->settings->worker_name,
                          relay->marked, relay->nmarked);
}


static void
as_relay_mark_done(void *data, as_db_status_e status, const char *error)
{
    as_relay_t  *relay = data;

    relay->marking = false;
    relay->progress = as_loop_now(relay->worker->loop);
    as_worker_db(relay->worker, status, true, error);
    as_refusal_note(&relay->unmarked, relay->worker->log, relay->progress,
                    AS_RELAY_PART, "orders cannot be marked published",
                    status, error);

    if (status == AS_DB_OK) {
        relay->nmarked = 0;
        as_relay_go(relay);
        return;
    }

    if (status != AS_DB_GONE) {
        /* the leases will expire, and the orders are published again */
        relay->nmarked = 0;
    }

    as_loop_after(relay->worker->loop, &relay->timer,
                  as_health_wait_ms(&relay->worker->db,
                                    as_loop_random(relay->worker->loop,
                                                   1000)));
}


/*
 * True where marks can wait: while calls are in flight, more results will come.
 * They do not wait longer, since the leases of published orders must not expire
 * before they are marked.
 */
static bool
as_relay_mark_waits(as_relay_t *relay)
{
    int64_t  left;

    if (relay->calls == 0 || relay->nmarks >= AS_OUTBOX_MAX) {
        return false;
    }

    left = relay->marks_at + AS_RELAY_MARK_MS
           - as_loop_now(relay->worker->loop);
    if (relay->nmarks > 0 && left > 0) {
        as_loop_within(relay->worker->loop, &relay->soon, left);
    }

    return relay->nmarks == 0 || left > 0;
}


/* Marks many orders in one transaction. */
static void
as_relay_mark(as_relay_t *relay)
{
    size_t  n;

    if (relay->marking
        || (relay->nmarked == 0 && as_relay_mark_waits(relay)))
    {
        return;
    }

    if (relay->nmarked == 0) {
        n = relay->nmarks < AS_OUTBOX_MAX ? relay->nmarks : AS_OUTBOX_MAX;
        memcpy(relay->marked, relay->marks, n * sizeof(relay->marks[0]));
        memmove(relay->marks, relay->marks + n,
                (relay->nmarks - n) * sizeof(relay->marks[0]));
        relay->nmarked = n;
        relay->nmarks -= n;
    }

    if (relay->nmarked > 0) {
        relay->marking = true;
        as_db_thread_submit(relay->db_thread, &relay->mark);
    }
}


/* True where no work is left. */
static bool
as_relay_finish(as_relay_t *relay)
{
    as_aws_error_t  err;

    as_aws_error_set(&err, 0, "Stopped", 7, "the worker stopped", 18);
    as_relay_publish_give_back(relay, &err);
    as_relay_mark(relay);

    return relay->calls == 0 && !relay->watching && !relay->marking
           && relay->nqueue == 0 && relay->nmarks == 0
           && relay->nmarked == 0;
}


/* Does all that can be done now. */
static void
as_relay_go(void *data)
{
    as_relay_t  *relay = data;

    relay->progress = as_loop_now(relay->worker->loop);

    if (relay->stopping) {
        if (as_relay_finish(relay) && relay->stopped != NULL) {
            relay->stopped(relay->stopped_data);
            relay->stopped = NULL;
        }
        return;
    }

    as_relay_publish(relay);
    as_relay_mark(relay);

    /* the timer is set while SNS or the database is unreachable */
    if (!relay->watching && !relay->timer.set
        && relay->nqueue + AS_OUTBOX_MAX <= AS_RELAY_QUEUE)
    {
        as_relay_watch(relay);
    }
}


as_relay_t *
as_relay_create(as_worker_t *worker)
{
    size_t       i;
    as_relay_t  *relay;

    relay = calloc(1, sizeof(*relay));
    if (relay == NULL) {
        return NULL;
    }

    relay->worker = worker;
    relay->seq = (uint64_t) as_loop_unix_ms(worker->loop) * 1000;
    relay->timer.fn = as_relay_go;
    relay->timer.data = relay;
    relay->soon.fn = as_relay_go;
    relay->soon.data = relay;
    relay->watch.run = as_relay_watch_run;
    relay->watch.done = as_relay_watch_done;
    relay->watch.data = relay;
    relay->mark.run = as_relay_mark_run;
    relay->mark.done = as_relay_mark_done;
    relay->mark.data = relay;

    for (i = 0; i < AS_RELAY_CALLS; i++) {
        relay->batches[i].relay = relay;
    }

    relay->db_thread = as_db_thread_create(AS_RELAY_PART, worker->loop,
                                           worker->settings, worker->log);
    relay->watcher = as_db_thread_create(AS_RELAY_PART, worker->loop,
                                         worker->settings, worker->log);
    if (relay->db_thread == NULL || relay->watcher == NULL) {
        as_db_thread_destroy(relay->db_thread);
        as_db_thread_destroy(relay->watcher);
        free(relay);
        return NULL;
    }

    as_relay_go(relay);

    return relay;
}


void
as_relay_destroy(as_relay_t *relay)
{
    size_t  i, k;

    if (relay == NULL) {
        return;
    }

    as_db_thread_abort(relay->db_thread);
    as_db_thread_abort(relay->watcher);
    as_db_thread_destroy(relay->db_thread);
    as_db_thread_destroy(relay->watcher);
    as_loop_clear(relay->worker->loop, &relay->timer);
    as_loop_clear(relay->worker->loop, &relay->soon);

    for (i = 0; i < AS_RELAY_CALLS; i++) {
        as_aws_call_cancel(relay->worker->aws, relay->batches[i].call);
        for (k = 0; k < relay->batches[i].n; k++) {
            free(relay->batches[i].orders[k].factory);
        }
    }

    for (i = 0; i < relay->nqueue; i++) {
        free(relay->queue[(relay->first + i) % AS_RELAY_QUEUE].factory);
    }

    as_outbox_free(&relay->claim);
    free(relay);
}


void
as_relay_reload(as_relay_t *relay)
{
    as_db_thread_reload(relay->db_thread, relay->worker->settings);
    as_db_thread_reload(relay->watcher, relay->worker->settings);
}


void
as_relay_stop(as_relay_t *relay, void (*stopped)(void *data), void *data)
{
    relay->stopping = true;
    relay->stopped = stopped;
    relay->stopped_data = data;

    as_db_thread_abort(relay->watcher);
    as_relay_go(relay);
}


int64_t
as_relay_progress(const as_relay_t *relay)
{
    return relay->progress;
}
