
#include "ngx_http_autostock_batch.h"
#include "ngx_http_autostock_session.h"
#include "ngx_http_autostock_status.h"

#include "as_sqlerror.h"


/* maximum size of a packet, and of its SQL that belongs to no waiter, bytes */
#define NGX_HTTP_AUTOSTOCK_FLIGHT_BYTES   (1024 * 1024)
#define NGX_HTTP_AUTOSTOCK_FLIGHT_MARGIN  2048

/* maximum pause before a retry, ms */
#define NGX_HTTP_AUTOSTOCK_FLIGHT_PAUSE  200

/* the clock is read after so many reported results */
#define NGX_HTTP_AUTOSTOCK_FLIGHT_LOOK   16


static void ngx_http_autostock_flight_ready(void *data, ngx_int_t rc,
    ngx_http_autostock_connection_t *conn);
static void ngx_http_autostock_flight_start(
    ngx_http_autostock_flight_t *flight);
static ngx_uint_t ngx_http_autostock_flight_lost_here(
    ngx_http_autostock_flight_t *flight);
static void ngx_http_autostock_flight_killed(void *data, ngx_int_t rc);
static void ngx_http_autostock_flight_unreachable(
    ngx_http_autostock_flight_t *flight);
static void ngx_http_autostock_flight_fill(
    ngx_http_autostock_flight_t *flight);
static void ngx_http_autostock_flight_end(
    ngx_http_autostock_flight_t *flight);
static void ngx_http_autostock_flight_retry(ngx_event_t *ev);


ngx_http_autostock_flight_t *
ngx_http_autostock_flight_take(ngx_http_autostock_batch_t *batch,
    ngx_uint_t aside, ngx_http_autostock_ended_pt ended)
{
    ngx_queue_t                  *q;
    ngx_http_autostock_flight_t  *flight;

    if (!ngx_queue_empty(&batch->free)) {
        q = ngx_queue_head(&batch->free);
        flight = ngx_queue_data(q, ngx_http_autostock_flight_t, queue);
        ngx_queue_remove(q);

    } else {
        flight = ngx_calloc(batch->ops->flight_size, ngx_cycle->log);
        if (flight == NULL) {
            return NULL;
        }

        flight->batch = batch;
        flight->taker.ready = ngx_http_autostock_flight_ready;
        flight->taker.data = flight;
        flight->taker.kind = batch->ops->kind;
        flight->timer.handler = ngx_http_autostock_flight_retry;
        flight->timer.data = flight;
        flight->timer.log = ngx_cycle->log;
        ngx_queue_init(&flight->waiters);

        if (batch->ops->create(flight) != NGX_OK) {
            ngx_free(flight);
            return NULL;
        }
    }

    flight->filled = 0;
    flight->split = 0;
    flight->aside = aside;
    flight->ended = ended;
    flight->n = 0;
    flight->answered = 0;
    flight->retries = 0;
    flight->lost.thread = 0;
    flight->taker.bound = NULL;
    flight->taker.reads = batch->reads;
    flight->began = ngx_current_msec;

    batch->ops->reset(flight);

    return flight;
}


static void
ngx_http_autostock_flight_ready(void *data, ngx_int_t rc,
    ngx_http_autostock_connection_t *conn)
{
    ngx_http_autostock_flight_t *flight = data;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "autostock %s flight ready: %i",
                   flight->batch->ops->name, rc);

    if (rc != NGX_OK) {
        ngx_http_autostock_flight_unreachable(flight);
        return;
    }

    if (!flight->filled && !flight->aside) {
        flight->batch->connecting = 0;
    }

    flight->conn = conn;

    /* a packet above the server's limit ends the connection */

    flight->room = ngx_min(NGX_HTTP_AUTOSTOCK_FLIGHT_BYTES,
                           conn->packet - NGX_HTTP_AUTOSTOCK_FLIGHT_MARGIN);

    ngx_http_autostock_flight_start(flight);
}


static void
ngx_http_autostock_flight_start(ngx_http_autostock_flight_t *flight)
{
    if (!flight->filled) {
        ngx_http_autostock_flight_fill(flight);
    }

    if (flight->n == 0) {
        ngx_http_autostock_flight_end(flight);
        return;
    }

    if (ngx_http_autostock_flight_lost_here(flight)) {
        ngx_http_autostock_sql_reset(&flight->sql);
        ngx_http_autostock_sql_text(&flight->sql, "KILL ");
        ngx_http_autostock_sql_number(&flight->sql,
                                      (int64_t) flight->lost.thread);

        ngx_http_autostock_flight_query(flight, NULL,
                                        ngx_http_autostock_flight_killed);
        return;
    }

    flight->batch->ops->start(flight);
}


/*
 * 1 if the lost session may still run on this server, and hold locks.  After a
 * restart the server does not have the session, and may have given its thread
 * id to another one.  There was a restart if the start time differs (in
 * seconds), or if a connection that was opened later has no greater thread id.
 */

static ngx_uint_t
ngx_http_autostock_flight_lost_here(ngx_http_autostock_flight_t *flight)
{
    ngx_http_autostock_connection_t  *conn;

    conn = flight->conn;

    return flight->lost.thread
           && conn->server == flight->lost.server
           && ngx_abs(conn->server_start - flight->lost.started) <= 2
           && ((ngx_msec_int_t) (conn->born - flight->lost.at) <= 0
               || conn->thread_id > flight->lost.thread);
}


static void
ngx_http_autostock_flight_killed(void *data, ngx_int_t rc)
{
    ngx_http_autostock_lost_t     lost;
    ngx_http_autostock_flight_t  *flight = data;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "autostock %s lost session killed: %i",
                   flight->batch->ops->name, rc);

    lost = flight->lost;
    flight->lost.thread = 0;

    if (rc == NGX_ERROR) {
        ngx_http_autostock_flight_again(flight, 1, "it was lost in a KILL");

        /* the next attempt kills the first lost session */
        flight->lost = lost;
        return;
    }

    /* refused: the session has ended, or is another user's */

    flight->batch->ops->start(flight);
}


/*
 * Queued waiters are refused at once, unless the operation is patient: its
 * clients would not send the request again.  Waiters that the flight has taken
 * may be in doubt.  For these and for a patient operation, retries continue
 * until the deadlines.
 */

static void
ngx_http_autostock_flight_unreachable(ngx_http_autostock_flight_t *flight)
{
    ngx_queue_t                  *q, *from, refused;
    ngx_http_autostock_batch_t   *batch;
    ngx_http_autostock_waiter_t  *waiter;

    batch = flight->batch;
    from = flight->aside ? &batch->aside : &batch->waiting;

    if (flight->filled) {
        ngx_http_autostock_flight_again(flight, 0, "unreachable");
        return;
    }

    if (flight->taker.reads) {
        /* with max_fails=0, pools does not leave an unreachable replica */
        flight->taker.reads = 0;
        ngx_http_autostock_pools_get(batch->db->pools, &flight->taker);
        return;
    }

    if (batch->ops->patient && !ngx_queue_empty(from)) {
        ngx_add_timer(&flight->timer, NGX_HTTP_AUTOSTOCK_FLIGHT_PAUSE);
        return;
    }

    batch->connecting = 0;
    ngx_queue_init(&refused);

    while (!ngx_queue_empty(&batch->waiting)) {
        q = ngx_queue_head(&batch->waiting);
        waiter = ngx_queue_data(q, ngx_http_autostock_waiter_t, queue);

        ngx_http_autostock_waiter_unqueue(waiter);
        ngx_queue_insert_tail(&refused, q);
    }

    /* the queue is empty now, so that this stops the timer of the deadlines */
    ngx_http_autostock_flight_end(flight);

    while (!ngx_queue_empty(&refused)) {
        q = ngx_queue_head(&refused);
        waiter = ngx_queue_data(q, ngx_http_autostock_waiter_t, queue);
        ngx_http_autostock_waiter_refuse(NULL, waiter,
                                        NGX_HTTP_AUTOSTOCK_UNREACHABLE);
    }
}


static void
ngx_http_autostock_flight_fill(ngx_http_autostock_flight_t *flight)
{
    flight->filled = 1;
    flight->began = ngx_current_msec;
    flight->began_ns = ngx_http_autostock_clock_ns();

    ngx_http_autostock_flight_waiters_take(flight);
}


ngx_uint_t
ngx_http_autostock_flight_is_standby(ngx_http_autostock_flight_t *flight)
{
    return flight->conn->read_only && flight->batch->db->servers.nelts > 1;
}


ngx_int_t
ngx_http_autostock_flight_may_write(ngx_http_autostock_flight_t *flight,
    ngx_uint_t doubt)
{
    if (ngx_http_autostock_flight_is_standby(flight)) {
        ngx_http_autostock_flight_elsewhere(flight, "its server is read-only");
        return NGX_DECLINED;
    }

    if (ngx_http_autostock_session_report_reason(flight->conn) == NULL
        && (flight->conn->durable
            || flight->batch->db->durability
               != NGX_HTTP_AUTOSTOCK_DURABILITY_REQUIRE))
    {
        return NGX_OK;
    }

    if (doubt) {
        /* only the deadlines end a batch in doubt */
        ngx_http_autostock_flight_elsewhere(flight,
                                      "its server is not set up for sales");
        return NGX_DECLINED;
    }

    /* the next connection reads the server's settings again */
    ngx_http_autostock_flight_drop(flight, "its server is not set up for "
                                   "sales");
    ngx_http_autostock_flight_fail(flight, NGX_HTTP_AUTOSTOCK_FAILED);

    return NGX_DECLINED;
}


void
ngx_http_autostock_flight_all_aside(ngx_http_autostock_flight_t *flight)
{
    ngx_http_autostock_flight_waiters_set_aside(flight, &flight->waiters);
    ngx_http_autostock_flight_end(flight);
}


ngx_int_t
ngx_http_autostock_flight_split(ngx_http_autostock_flight_t *flight)
{
    ngx_uint_t                    keep;
    ngx_queue_t                  *q, waiters;
    ngx_http_autostock_batch_t   *batch;
    ngx_http_autostock_waiter_t  *waiter;

    batch = flight->batch;

    if (flight->n <= 1 && !flight->split) {
        return NGX_DECLINED;
    }

    if (!flight->aside) {
        ngx_http_autostock_flight_all_aside(flight);
        return NGX_OK;
    }

    ngx_queue_init(&waiters);

    /* waiters that were cancelled in the meantime are not in the queue */
    for (keep = ngx_max(flight->n / 2, 1);
         keep && !ngx_queue_empty(&flight->waiters);
         keep--)
    {
        q = ngx_queue_head(&flight->waiters);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&waiters, q);
    }

    ngx_http_autostock_flight_waiters_set_aside(flight, &flight->waiters);
    ngx_http_autostock_status_gauge(batch->db, NGX_HTTP_AUTOSTOCK_IN_FLIGHT,
                                    - (ngx_int_t) flight->n);
    flight->n = 0;
    flight->split = 0;
    flight->retries = 0;

    batch->ops->reset(flight);

    while (!ngx_queue_empty(&waiters)) {
        q = ngx_queue_head(&waiters);
        waiter = ngx_queue_data(q, ngx_http_autostock_waiter_t, queue);
        ngx_queue_remove(q);

        if (batch->ops->add(flight, waiter) == NGX_OK) {
            ngx_http_autostock_flight_waiters_add(flight, waiter);
        } else {
            ngx_http_autostock_waiter_set_aside(batch, waiter);
        }
    }

    ngx_http_autostock_status_gauge(batch->db, NGX_HTTP_AUTOSTOCK_IN_FLIGHT,
                                    flight->n);
    ngx_http_autostock_flight_start(flight);

    return NGX_OK;
}


void
ngx_http_autostock_flight_query(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_row_pt row, ngx_http_autostock_done_pt done)
{
    ngx_http_autostock_query_t  *query;

    if (flight->sql.failed) {
        ngx_http_autostock_flight_fail(flight, NGX_HTTP_AUTOSTOCK_FAILED);
        return;
    }

    query = &flight->query;
    query->sql.data = flight->sql.start;
    query->sql.len = flight->sql.pos - flight->sql.start;
    query->row = row;
    query->done = done;
    query->data = flight;

    ngx_http_autostock_connection_query(flight->conn, query);
}


void
ngx_http_autostock_flight_again(ngx_http_autostock_flight_t *flight,
    ngx_uint_t lost, const char *reason)
{
    ngx_uint_t                        shift;
    ngx_msec_t                        pause;
    ngx_http_autostock_connection_t  *conn;

    conn = flight->conn;

    if (conn && lost) {
        flight->lost.thread = conn->thread_id;
        flight->lost.server = conn->server;
        flight->lost.started = conn->server_start;
        flight->lost.at = ngx_current_msec;
        ngx_http_autostock_flight_drop(flight, reason);

    } else if (conn) {
        /* other flights can use it during the pause */
        flight->conn = NULL;
        ngx_http_autostock_pool_release(conn);
    }

    ngx_http_autostock_status_count(flight->batch->db,
                                    NGX_HTTP_AUTOSTOCK_BATCH_RETRIES, 1);

    if (ngx_queue_empty(&flight->waiters)) {
        ngx_http_autostock_flight_fail(flight, NGX_HTTP_AUTOSTOCK_FAILED);
        return;
    }

    flight->retries++;

    /* a random pause below a limit that doubles, from 2 ms to 200 ms */
    shift = ngx_min(flight->retries, 8);
    pause = ngx_min((ngx_msec_t) 1 << shift, NGX_HTTP_AUTOSTOCK_FLIGHT_PAUSE);

    ngx_add_timer(&flight->timer, 1 + (ngx_msec_t) ngx_random() % pause);

    /* if sales use another server now, another flight may start */
    if (flight->taker.bound && !ngx_queue_empty(&flight->batch->waiting)) {
        ngx_post_event(&flight->batch->posted, &ngx_posted_events);
    }
}


void
ngx_http_autostock_flight_elsewhere(ngx_http_autostock_flight_t *flight,
    const char *reason)
{
    ngx_http_autostock_flight_drop(flight, reason);
    ngx_http_autostock_flight_again(flight, 0, reason);
}


ngx_uint_t
ngx_http_autostock_flight_left_replica(ngx_http_autostock_flight_t *flight,
    ngx_int_t rc)
{
    if (rc == NGX_OK || !flight->conn->server->replica) {
        return 0;
    }

    flight->taker.reads = 0;

    if (rc == NGX_DECLINED
        && as_sqlerror(flight->query.error) == AS_SQLERROR_ALL)
    {
        /* it would refuse other look-ups, too */
        flight->conn->refuses = 1;
    }

    ngx_http_autostock_flight_elsewhere(flight, "a replica did not answer");

    return 1;
}


static void
ngx_http_autostock_flight_retry(ngx_event_t *ev)
{
    ngx_http_autostock_flight_t *flight = ev->data;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ev->log, 0,
                   "autostock %s retry %ui", flight->batch->ops->name,
                   flight->retries);

    if (flight->filled && ngx_queue_empty(&flight->waiters)) {
        ngx_http_autostock_flight_fail(flight, NGX_HTTP_AUTOSTOCK_FAILED);
        return;
    }

    ngx_http_autostock_pools_get(flight->batch->db->pools, &flight->taker);
}


void
ngx_http_autostock_flight_drop(ngx_http_autostock_flight_t *flight,
    const char *reason)
{
    ngx_http_autostock_connection_t  *conn;

    conn = flight->conn;
    flight->conn = NULL;

    ngx_http_autostock_pool_close(conn, reason);
}


void
ngx_http_autostock_flight_finish(ngx_http_autostock_flight_t *flight)
{
    uint32_t                          now;
    ngx_queue_t                      *q;
    ngx_http_autostock_batch_t       *batch;
    ngx_http_autostock_waiter_t      *waiter;
    ngx_http_autostock_connection_t  *conn;

    batch = flight->batch;
    conn = flight->conn;
    flight->conn = NULL;
    now = ngx_http_autostock_clock_usec();

    /* other flights can use it while the results are reported */
    if (conn) {
        ngx_http_autostock_pool_release(conn);
    }

    while (!ngx_queue_empty(&flight->waiters)) {
        q = ngx_queue_head(&flight->waiters);
        waiter = ngx_queue_data(q, ngx_http_autostock_waiter_t, queue);

        if (++flight->answered % NGX_HTTP_AUTOSTOCK_FLIGHT_LOOK == 0) {
            (void) ngx_http_autostock_clock_usec();
        }

        ngx_http_autostock_waiter_end(flight, waiter, now);

        ngx_queue_remove(q);
        waiter->batch = NULL;
        waiter->flight = NULL;

        batch->ops->answer(flight, waiter);
    }

    ngx_http_autostock_flight_end(flight);
}


void
ngx_http_autostock_flight_fail(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_why_e why)
{
    ngx_queue_t                  *q;
    ngx_http_autostock_waiter_t  *waiter;

    while (!ngx_queue_empty(&flight->waiters)) {
        q = ngx_queue_head(&flight->waiters);
        waiter = ngx_queue_data(q, ngx_http_autostock_waiter_t, queue);
        flight->answered++;
        ngx_http_autostock_waiter_refuse(flight, waiter, why);
    }

    ngx_http_autostock_flight_end(flight);
}


/* releases the connection; ended() makes the flight free */

static void
ngx_http_autostock_flight_end(ngx_http_autostock_flight_t *flight)
{
    ngx_http_autostock_batch_t       *batch;
    ngx_http_autostock_connection_t  *conn;

    batch = flight->batch;
    conn = flight->conn;
    flight->conn = NULL;

    if (conn) {
        ngx_http_autostock_pool_release(conn);
    }

    if (flight->timer.timer_set) {
        ngx_del_timer(&flight->timer);
    }

    if (flight->n) {
        ngx_http_autostock_status_gauge(batch->db, NGX_HTTP_AUTOSTOCK_IN_FLIGHT,
                                        - (ngx_int_t) flight->n);
    }

    flight->ended(flight);
}
