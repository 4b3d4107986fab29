
#include "ngx_http_autostock_pool_private.h"
#include "ngx_http_autostock_session.h"
#include "ngx_http_autostock_repeat.h"
#include "ngx_http_autostock_status.h"


/* after a failed connect, ms */
#define NGX_HTTP_AUTOSTOCK_POOL_PAUSE_MIN  50
#define NGX_HTTP_AUTOSTOCK_POOL_PAUSE_MAX  1000


static void ngx_http_autostock_pool_serve(ngx_event_t *ev);
static ngx_http_autostock_connection_t *ngx_http_autostock_pool_idle(
    ngx_http_autostock_pool_t *pool);
static void ngx_http_autostock_pool_connect(ngx_http_autostock_pool_t *pool);
static void ngx_http_autostock_pool_count_open(
    ngx_http_autostock_pool_t *pool, ngx_int_t n);
static void ngx_http_autostock_pool_count_connecting(
    ngx_http_autostock_pool_t *pool, ngx_int_t n);
static void ngx_http_autostock_pool_connected(void *data, ngx_int_t rc);
static void ngx_http_autostock_pool_reached(ngx_http_autostock_pool_t *pool,
    ngx_http_autostock_connection_t *conn);
static void ngx_http_autostock_pool_fail(ngx_http_autostock_pool_t *pool);
static void ngx_http_autostock_pool_look_later(
    ngx_http_autostock_pool_t *pool);
static void ngx_http_autostock_pool_look(ngx_event_t *ev);
static const char *ngx_http_autostock_pool_over(
    ngx_http_autostock_pool_t *pool, ngx_http_autostock_connection_t *conn);
static void ngx_http_autostock_pool_hung_up(
    ngx_http_autostock_connection_t *conn);
static void ngx_http_autostock_pool_judge(ngx_http_autostock_pool_t *pool,
    ngx_http_autostock_connection_t *conn);


ngx_http_autostock_pool_t *
ngx_http_autostock_pool_create(ngx_http_autostock_database_t *db,
    ngx_http_autostock_server_t *server, ngx_http_autostock_pool_watch_t *watch)
{
    ngx_http_autostock_pool_t  *pool;

    pool = ngx_calloc(sizeof(ngx_http_autostock_pool_t), ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    pool->db = db;
    pool->server = server;
    pool->watch = watch;

    ngx_queue_init(&pool->idle);
    ngx_queue_init(&pool->busy);

    ngx_http_autostock_pool_takers_init(&pool->takers, db->pool_size);

    pool->posted.handler = ngx_http_autostock_pool_serve;
    pool->posted.data = pool;
    pool->posted.log = ngx_cycle->log;

    pool->again.handler = ngx_http_autostock_pool_serve;
    pool->again.data = pool;
    pool->again.log = ngx_cycle->log;

    pool->look.handler = ngx_http_autostock_pool_look;
    pool->look.data = pool;
    pool->look.log = ngx_cycle->log;
    pool->look.cancelable = 1;

    return pool;
}


void
ngx_http_autostock_pool_warm(ngx_http_autostock_pool_t *pool)
{
    if (pool->open == 0) {
        ngx_http_autostock_pool_connect(pool);
    }
}


void
ngx_http_autostock_pool_get(ngx_http_autostock_pool_t *pool,
    ngx_http_autostock_taker_t *taker)
{
    ngx_http_autostock_pool_takers_add(&pool->takers, taker);

    ngx_post_event(&pool->posted, &ngx_posted_events);
}


void
ngx_http_autostock_pool_move(ngx_http_autostock_pool_t *from,
    ngx_http_autostock_pool_t *to)
{
    ngx_http_autostock_pool_takers_move(&from->takers, &to->takers);

    if (ngx_http_autostock_pool_takers_wait(&to->takers)) {
        ngx_post_event(&to->posted, &ngx_posted_events);
    }
}


void
ngx_http_autostock_pool_retire(ngx_http_autostock_pool_t *pool,
    ngx_uint_t retired)
{
    ngx_queue_t                      *q;
    ngx_http_autostock_connection_t  *conn;

    pool->retired = retired ? 1 : 0;

    while (retired && !ngx_queue_empty(&pool->idle)) {
        q = ngx_queue_head(&pool->idle);
        conn = ngx_queue_data(q, ngx_http_autostock_connection_t, queue);

        ngx_http_autostock_status_gauge(pool->db,
                                    NGX_HTTP_AUTOSTOCK_CONNECTIONS_IDLE, -1);
        ngx_http_autostock_pool_close(conn, "another server is used");
    }
}


ngx_uint_t
ngx_http_autostock_pool_established(ngx_http_autostock_pool_t *pool)
{
    return pool->open - pool->connecting;
}


/* gives idle connections to takers, and connects for those that still wait */

static void
ngx_http_autostock_pool_serve(ngx_event_t *ev)
{
    ngx_uint_t                        waiting;
    ngx_http_autostock_pool_t        *pool = ev->data;
    ngx_http_autostock_taker_t       *taker;
    ngx_http_autostock_connection_t  *conn;

    while ((taker = ngx_http_autostock_pool_takers_next(&pool->takers))
           != NULL)
    {
        conn = ngx_http_autostock_pool_idle(pool);
        if (conn == NULL) {
            break;
        }

        ngx_http_autostock_pool_takers_give(&pool->takers, taker, conn);
    }

    if (pool->pause
        && (ngx_msec_int_t) (ngx_current_msec - pool->not_before) < 0)
    {
        /* after a recent failure the takers fail at once and do not wait */
        if (pool->open == 0) {
            ngx_http_autostock_pool_fail(pool);
        }

        return;
    }

    waiting = ngx_http_autostock_pool_takers_wanted(&pool->takers);

    while (waiting > pool->connecting && pool->open < pool->db->pool_size
           && ngx_http_autostock_pool_takers_wait(&pool->takers))
    {
        ngx_http_autostock_pool_connect(pool);
    }
}


static ngx_http_autostock_connection_t *
ngx_http_autostock_pool_idle(ngx_http_autostock_pool_t *pool)
{
    ngx_queue_t                      *q;
    ngx_http_autostock_connection_t  *conn;

    while (!ngx_queue_empty(&pool->idle)) {
        q = ngx_queue_head(&pool->idle);
        conn = ngx_queue_data(q, ngx_http_autostock_connection_t, queue);

        ngx_queue_remove(q);
        ngx_queue_insert_tail(&pool->busy, q);
        ngx_http_autostock_status_gauge(pool->db,
                                        NGX_HTTP_AUTOSTOCK_CONNECTIONS_IDLE,
                                        -1);

        if (ngx_http_autostock_connection_wake(conn) == NGX_OK) {
            return conn;
        }

        ngx_http_autostock_pool_close(conn,
                                      "the server ended it while it was idle");
    }

    return NULL;
}


static void
ngx_http_autostock_pool_connect(ngx_http_autostock_pool_t *pool)
{
    ngx_http_autostock_connection_t  *conn;

    conn = ngx_http_autostock_connection_create(pool->db, pool->server);
    if (conn == NULL) {
        ngx_http_autostock_pool_fail(pool);
        return;
    }

    conn->pool = pool;
    conn->kind = NGX_HTTP_AUTOSTOCK_KINDS;
    ngx_queue_insert_tail(&pool->busy, &conn->queue);
    ngx_http_autostock_pool_count_open(pool, 1);
    ngx_http_autostock_pool_count_connecting(pool, 1);

    ngx_http_autostock_status_count(pool->db, NGX_HTTP_AUTOSTOCK_CONNECTS, 1);

    ngx_http_autostock_connection_connect(conn,
                                   ngx_http_autostock_session_set,
                                   ngx_http_autostock_pool_connected, conn);
}


static void
ngx_http_autostock_pool_count_open(ngx_http_autostock_pool_t *pool,
    ngx_int_t n)
{
    pool->open += n;
    ngx_http_autostock_status_gauge(pool->db, NGX_HTTP_AUTOSTOCK_CONNECTIONS,
                                    n);
    ngx_http_autostock_status_server_add(pool->server,
                                   NGX_HTTP_AUTOSTOCK_SERVER_CONNECTIONS, n);
}


static void
ngx_http_autostock_pool_count_connecting(ngx_http_autostock_pool_t *pool,
    ngx_int_t n)
{
    pool->connecting += n;
    ngx_http_autostock_status_gauge(pool->db,
                               NGX_HTTP_AUTOSTOCK_CONNECTIONS_CONNECTING, n);
}


static void
ngx_http_autostock_pool_connected(void *data, ngx_int_t rc)
{
    ngx_http_autostock_connection_t  *conn = data;

    ngx_http_autostock_pool_t  *pool;

    pool = conn->pool;
    ngx_http_autostock_pool_count_connecting(pool, -1);

    if (rc == NGX_OK) {
        ngx_http_autostock_pool_reached(pool, conn);
        return;
    }

    ngx_http_autostock_status_count(pool->db,
                                    NGX_HTTP_AUTOSTOCK_CONNECT_FAILURES, 1);

    pool->pause = ngx_min(ngx_max(pool->pause * 2,
                                  NGX_HTTP_AUTOSTOCK_POOL_PAUSE_MIN),
                          NGX_HTTP_AUTOSTOCK_POOL_PAUSE_MAX);
    pool->not_before = ngx_current_msec + pool->pause;

    pool->patient = pool->watch
                    && pool->watch->failed(pool->watch->member, conn)
                       == NGX_AGAIN;

    ngx_http_autostock_pool_close(conn, "it could not be established");

    /* other connections may work, or be released soon */
    if (pool->open == pool->connecting) {
        ngx_http_autostock_pool_fail(pool);
    }
}


static void
ngx_http_autostock_pool_reached(ngx_http_autostock_pool_t *pool,
    ngx_http_autostock_connection_t *conn)
{
    if (pool->pause) {
        /* the same level as the line about the error */
        ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                      "autostock: database \"%V\" is reachable again%s",
                      &pool->db->name, ngx_http_autostock_repeat_over(
                        &pool->db->repeats[NGX_HTTP_AUTOSTOCK_REPEAT_REACH]));
    }

    pool->pause = 0;

    if (!pool->server->replica) {
        ngx_http_autostock_session_report(conn);
    }

    if (pool->watch) {
        pool->watch->reached(pool->watch->member, conn);
    }

    ngx_http_autostock_pool_release(conn);
}


static void
ngx_http_autostock_pool_fail(ngx_http_autostock_pool_t *pool)
{
    ngx_msec_int_t  left;

    if (!pool->patient) {
        ngx_http_autostock_pool_takers_fail(&pool->takers);
        return;
    }

    left = (ngx_msec_int_t) (pool->not_before - ngx_current_msec);

    if (!pool->again.timer_set) {
        ngx_add_timer(&pool->again, (ngx_msec_t) ngx_max(left, 1));
    }
}


static void
ngx_http_autostock_pool_look_later(ngx_http_autostock_pool_t *pool)
{
    if (pool->db->rights_again && !pool->look.timer_set && !pool->retired
        && !pool->server->replica)
    {
        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                       "autostock pool look in %M", pool->db->rights_again);

        ngx_add_timer(&pool->look, pool->db->rights_again);
    }
}


/*
 * Reads the user's rights again, on a new connection that replaces an idle one:
 * some grants have no effect on open sessions.
 */

static void
ngx_http_autostock_pool_look(ngx_event_t *ev)
{
    ngx_http_autostock_pool_t        *pool = ev->data;
    ngx_http_autostock_connection_t  *conn;

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, ev->log, 0, "autostock pool look");

    if (pool->retired) {
        return;
    }

    if (pool->pause || (ngx_queue_empty(&pool->idle)
                        && pool->open >= pool->db->pool_size))
    {
        ngx_http_autostock_pool_look_later(pool);
        return;
    }

    pool->db->rights_again = 0;
    pool->db->rights_of = NULL;

    conn = ngx_http_autostock_pool_idle(pool);

    if (conn) {
        ngx_http_autostock_pool_close(conn,
                                      "the user's rights are checked again");
    }

    ngx_http_autostock_pool_connect(pool);
}


void
ngx_http_autostock_pool_release(ngx_http_autostock_connection_t *conn)
{
    const char                 *reason;
    ngx_http_autostock_pool_t  *pool;

    pool = conn->pool;

    if (ngx_http_autostock_connection_in_transaction(conn)) {
        ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                      "autostock: a transaction was left open");
        ngx_http_autostock_pool_close(conn, "a transaction was left open");
        return;
    }

    reason = ngx_http_autostock_pool_over(pool, conn);

    if (reason) {
        conn->resting = 1;
        ngx_http_autostock_pool_close(conn, reason);
        return;
    }

    ngx_http_autostock_pool_takers_take_back(&pool->takers, conn);
    ngx_http_autostock_pool_look_later(pool);

    ngx_queue_remove(&conn->queue);
    ngx_queue_insert_head(&pool->idle, &conn->queue);
    ngx_http_autostock_status_gauge(pool->db,
                                    NGX_HTTP_AUTOSTOCK_CONNECTIONS_IDLE, 1);

    ngx_http_autostock_connection_rest(conn, ngx_http_autostock_pool_hung_up,
                                       pool->db->idle_timeout);

    if (ngx_http_autostock_pool_takers_wait(&pool->takers)) {
        ngx_post_event(&pool->posted, &ngx_posted_events);
    }
}


/* the reason why a usable connection is not kept; NULL: it is kept */

static const char *
ngx_http_autostock_pool_over(ngx_http_autostock_pool_t *pool,
    ngx_http_autostock_connection_t *conn)
{
    if (ngx_current_msec - conn->born > pool->db->lifetime) {
        return "it reached its lifetime";
    }

    if (!ngx_exiting && !ngx_terminate && !pool->retired) {
        return NULL;
    }

    /* takers that wait are served before the worker process exits */
    if (ngx_http_autostock_pool_takers_wait(&pool->takers)) {
        return NULL;
    }

    return pool->retired ? "another server is used" : "the worker exits";
}


static void
ngx_http_autostock_pool_hung_up(ngx_http_autostock_connection_t *conn)
{
    ngx_http_autostock_pool_t  *pool;

    pool = conn->pool;

    ngx_http_autostock_status_gauge(pool->db,
                                    NGX_HTTP_AUTOSTOCK_CONNECTIONS_IDLE, -1);
    ngx_http_autostock_pool_close(conn, conn->timer.timedout
                                        ? "it was idle too long"
                                        : "the server ended it");
}


void
ngx_http_autostock_pool_close(ngx_http_autostock_connection_t *conn,
    const char *reason)
{
    ngx_http_autostock_pool_t  *pool;

    pool = conn->pool;

    ngx_log_error(NGX_LOG_INFO, conn->log, 0,
                  "autostock: database \"%V\": connection %uL closed: %s",
                  &pool->db->name, conn->thread_id, reason);

    if (pool->watch && conn->kind != NGX_HTTP_AUTOSTOCK_KINDS) {
        ngx_http_autostock_pool_judge(pool, conn);
    }

    ngx_http_autostock_pool_takers_take_back(&pool->takers, conn);
    ngx_http_autostock_pool_look_later(pool);

    ngx_queue_remove(&conn->queue);
    ngx_http_autostock_pool_count_open(pool, -1);

    ngx_http_autostock_status_count(pool->db, NGX_HTTP_AUTOSTOCK_CLOSES, 1);

    ngx_http_autostock_connection_close(conn, reason);

    if (ngx_http_autostock_pool_takers_wait(&pool->takers)) {
        ngx_post_event(&pool->posted, &ngx_posted_events);
    }
}


/* a lost connection does not mean that its server has failed */

static void
ngx_http_autostock_pool_judge(ngx_http_autostock_pool_t *pool,
    ngx_http_autostock_connection_t *conn)
{
    if (conn->refuses) {
        pool->watch->refused(pool->watch->member, conn);

    } else if (conn->timed_out) {
        (void) pool->watch->failed(pool->watch->member, conn);
    }
}


void
ngx_http_autostock_pool_destroy(ngx_http_autostock_pool_t *pool)
{
    ngx_queue_t                      *q;
    ngx_http_autostock_connection_t  *conn;

    pool->watch = NULL;

    while (!ngx_queue_empty(&pool->idle)) {
        q = ngx_queue_head(&pool->idle);
        conn = ngx_queue_data(q, ngx_http_autostock_connection_t, queue);
        ngx_http_autostock_pool_close(conn, "the worker exits");
    }

    while (!ngx_queue_empty(&pool->busy)) {
        q = ngx_queue_head(&pool->busy);
        conn = ngx_queue_data(q, ngx_http_autostock_connection_t, queue);
        ngx_http_autostock_pool_close(conn, "the worker exits");
    }

    if (pool->posted.posted) {
        ngx_delete_posted_event(&pool->posted);
    }

    if (pool->again.timer_set) {
        ngx_del_timer(&pool->again);
    }

    if (pool->look.timer_set) {
        ngx_del_timer(&pool->look);
    }

    ngx_free(pool);
}
