
#include "ngx_http_autostock_pool.h"
#include "ngx_http_autostock_session.h"
#include "ngx_http_autostock_status.h"


#define NGX_HTTP_AUTOSTOCK_POOL_PAUSE_MIN  50         /* ms */
#define NGX_HTTP_AUTOSTOCK_POOL_PAUSE_MAX  1000

/* between two looks at a user's rights while one is missing, in ms */
#define NGX_HTTP_AUTOSTOCK_POOL_LOOK       5000


struct ngx_http_autostock_pool_s {
    ngx_http_autostock_database_t  *db;

    ngx_queue_t                     idle;       /* most recently used first */
    ngx_queue_t                     busy;       /* connecting or taken */
    ngx_queue_t                     takers[NGX_HTTP_AUTOSTOCK_KINDS];
    ngx_uint_t                      held[NGX_HTTP_AUTOSTOCK_KINDS];
    ngx_uint_t                      share[NGX_HTTP_AUTOSTOCK_KINDS];
    ngx_uint_t                      most[NGX_HTTP_AUTOSTOCK_KINDS];
    ngx_uint_t                      turn;       /* the kind served next */
    ngx_uint_t                      open;       /* idle and busy */
    ngx_uint_t                      connecting;

    /* after a failed connect, a pause that doubles */
    ngx_msec_t                      pause;
    ngx_msec_t                      not_before;

    ngx_event_t                     posted;
    ngx_event_t                     look;       /* at the user's rights */
};


static void ngx_http_autostock_pool_divide(ngx_http_autostock_pool_t *pool);
static void ngx_http_autostock_pool_serve(ngx_event_t *ev);
static ngx_http_autostock_taker_t *ngx_http_autostock_pool_next(
    ngx_http_autostock_pool_t *pool);
static ngx_uint_t ngx_http_autostock_pool_room(
    ngx_http_autostock_pool_t *pool, ngx_uint_t kind);
static ngx_uint_t ngx_http_autostock_pool_wanted(
    ngx_http_autostock_pool_t *pool);
static ngx_uint_t ngx_http_autostock_pool_waiting(
    ngx_http_autostock_pool_t *pool);
static void ngx_http_autostock_pool_take_back(
    ngx_http_autostock_pool_t *pool, ngx_http_autostock_connection_t *conn);
static void ngx_http_autostock_pool_connect(ngx_http_autostock_pool_t *pool);
static void ngx_http_autostock_pool_count_connecting(
    ngx_http_autostock_pool_t *pool, ngx_int_t n);
static void ngx_http_autostock_pool_connected(void *data, ngx_int_t rc);
static void ngx_http_autostock_pool_look_later(
    ngx_http_autostock_pool_t *pool);
static void ngx_http_autostock_pool_look(ngx_event_t *ev);
static void ngx_http_autostock_pool_fail(ngx_http_autostock_pool_t *pool);
static void ngx_http_autostock_pool_hung_up(void *data);
static ngx_http_autostock_connection_t *ngx_http_autostock_pool_idle(
    ngx_http_autostock_pool_t *pool);


ngx_http_autostock_pool_t *
ngx_http_autostock_pool_create(ngx_http_autostock_database_t *db)
{
    ngx_uint_t                  kind;
    ngx_http_autostock_pool_t  *pool;

    pool = ngx_calloc(sizeof(ngx_http_autostock_pool_t), ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    pool->db = db;

    ngx_queue_init(&pool->idle);
    ngx_queue_init(&pool->busy);

    for (kind = 0; kind < NGX_HTTP_AUTOSTOCK_KINDS; kind++) {
        ngx_queue_init(&pool->takers[kind]);
    }

    ngx_http_autostock_pool_divide(pool);

    pool->posted.handler = ngx_http_autostock_pool_serve;
    pool->posted.data = pool;
    pool->posted.log = ngx_cycle->log;

    pool->look.handler = ngx_http_autostock_pool_look;
    pool->look.data = pool;
    pool->look.log = ngx_cycle->log;
    pool->look.cancelable = 1;

    return pool;
}


static void
ngx_http_autostock_pool_divide(ngx_http_autostock_pool_t *pool)
{
    ngx_uint_t  kind, size;

    size = pool->db->pool_size;

    for (kind = 0; kind < NGX_HTTP_AUTOSTOCK_KINDS; kind++) {
        pool->share[kind] = size >= NGX_HTTP_AUTOSTOCK_KINDS;
        pool->most[kind] = size;
    }

    pool->most[NGX_HTTP_AUTOSTOCK_KIND_RECEIPT] = ngx_max(size / 4, 1);

    if (size == 2) {
        pool->share[NGX_HTTP_AUTOSTOCK_KIND_LOOKUP] = 1;
        pool->most[NGX_HTTP_AUTOSTOCK_KIND_LOOKUP] = 1;
    }
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
    taker->waiting = 1;
    ngx_queue_insert_tail(&pool->takers[taker->kind], &taker->queue);

    ngx_post_event(&pool->posted, &ngx_posted_events);
}


void
ngx_http_autostock_pool_cancel(ngx_http_autostock_pool_t *pool,
    ngx_http_autostock_taker_t *taker)
{
    if (taker->waiting) {
        taker->waiting = 0;
        ngx_queue_remove(&taker->queue);
    }
}


/* Gives out idle connections, and connects for the takers that still wait. */

static void
ngx_http_autostock_pool_serve(ngx_event_t *ev)
{
    ngx_uint_t                        waiting;
    ngx_http_autostock_pool_t        *pool = ev->data;
    ngx_http_autostock_taker_t       *taker;
    ngx_http_autostock_connection_t  *conn;

    while ((taker = ngx_http_autostock_pool_next(pool)) != NULL) {

        conn = ngx_http_autostock_pool_idle(pool);
        if (conn == NULL) {
            break;
        }

        conn->kind = taker->kind;
        pool->held[taker->kind]++;
        pool->turn = (taker->kind + 1) % NGX_HTTP_AUTOSTOCK_KINDS;

        ngx_http_autostock_pool_cancel(pool, taker);
        taker->ready(taker->data, NGX_OK, conn);
    }

    if (pool->pause
        && (ngx_msec_int_t) (ngx_current_msec - pool->not_before) < 0)
    {
        /* the failure is recent: fail at once instead of waiting */
        if (pool->open == 0) {
            ngx_http_autostock_pool_fail(pool);
        }

        return;
    }

    waiting = ngx_http_autostock_pool_wanted(pool);

    while (waiting > pool->connecting && pool->open < pool->db->pool_size
           && ngx_http_autostock_pool_waiting(pool))
    {
        ngx_http_autostock_pool_connect(pool);
    }
}


/* The first taker of the next kind that may have a connection, or NULL. */

static ngx_http_autostock_taker_t *
ngx_http_autostock_pool_next(ngx_http_autostock_pool_t *pool)
{
    ngx_uint_t    i, kind;
    ngx_queue_t  *q;

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_KINDS; i++) {
        kind = (pool->turn + i) % NGX_HTTP_AUTOSTOCK_KINDS;

        if (!ngx_queue_empty(&pool->takers[kind])
            && ngx_http_autostock_pool_room(pool, kind))
        {
            q = ngx_queue_head(&pool->takers[kind]);
            return ngx_queue_data(q, ngx_http_autostock_taker_t, queue);
        }
    }

    return NULL;
}


/* How many more connections this kind may have, without the others' shares. */

static ngx_uint_t
ngx_http_autostock_pool_room(ngx_http_autostock_pool_t *pool, ngx_uint_t kind)
{
    ngx_uint_t  i, taken;

    taken = 0;

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_KINDS; i++) {
        taken += (i == kind) ? pool->held[i]
                             : ngx_max(pool->held[i], pool->share[i]);
    }

    if (taken >= pool->db->pool_size
        || pool->held[kind] >= pool->most[kind])
    {
        return 0;
    }

    return ngx_min(pool->db->pool_size - taken,
                   pool->most[kind] - pool->held[kind]);
}


/* How many of the waiting takers could have a connection if there was one. */

static ngx_uint_t
ngx_http_autostock_pool_wanted(ngx_http_autostock_pool_t *pool)
{
    ngx_uint_t    kind, n, room, wanted;
    ngx_queue_t  *q;

    wanted = 0;

    for (kind = 0; kind < NGX_HTTP_AUTOSTOCK_KINDS; kind++) {
        room = ngx_http_autostock_pool_room(pool, kind);
        n = 0;

        for (q = ngx_queue_head(&pool->takers[kind]);
             q != ngx_queue_sentinel(&pool->takers[kind]) && n < room;
             q = ngx_queue_next(q))
        {
            n++;
        }

        wanted += n;
    }

    return wanted;
}


static ngx_uint_t
ngx_http_autostock_pool_waiting(ngx_http_autostock_pool_t *pool)
{
    ngx_uint_t  kind;

    for (kind = 0; kind < NGX_HTTP_AUTOSTOCK_KINDS; kind++) {
        if (!ngx_queue_empty(&pool->takers[kind])) {
            return 1;
        }
    }

    return 0;
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

        ngx_http_autostock_pool_close(pool, conn,
                                      "the server ended it while it was idle");
    }

    return NULL;
}


static void
ngx_http_autostock_pool_connect(ngx_http_autostock_pool_t *pool)
{
    ngx_http_autostock_connection_t  *conn;

    conn = ngx_http_autostock_connection_create(pool->db);
    if (conn == NULL) {
        ngx_http_autostock_pool_fail(pool);
        return;
    }

    conn->pool = pool;
    conn->kind = NGX_HTTP_AUTOSTOCK_KINDS;
    ngx_queue_insert_tail(&pool->busy, &conn->queue);
    pool->open++;
    ngx_http_autostock_pool_count_connecting(pool, 1);

    ngx_http_autostock_status_gauge(pool->db, NGX_HTTP_AUTOSTOCK_CONNECTIONS,
                                    1);
    ngx_http_autostock_status_count(pool->db, NGX_HTTP_AUTOSTOCK_CONNECTS, 1);

    ngx_http_autostock_connection_connect(conn,
                                   ngx_http_autostock_session_set,
                                   ngx_http_autostock_pool_connected, conn);
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
        if (pool->pause) {
            /* at the level of the error that it ends */
            ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                          "autostock: database \"%V\" is reachable again%s",
                          &pool->db->name, ngx_http_autostock_repeat_over(
                        &pool->db->repeats[NGX_HTTP_AUTOSTOCK_REPEAT_REACH]));
        }

        pool->pause = 0;
        ngx_http_autostock_session_report(conn);
        ngx_http_autostock_pool_release(pool, conn);
        return;
    }

    ngx_http_autostock_status_count(pool->db,
                                    NGX_HTTP_AUTOSTOCK_CONNECT_FAILURES, 1);

    pool->pause = ngx_min(ngx_max(pool->pause * 2,
                                  NGX_HTTP_AUTOSTOCK_POOL_PAUSE_MIN),
                          NGX_HTTP_AUTOSTOCK_POOL_PAUSE_MAX);
    pool->not_before = ngx_current_msec + pool->pause;

    ngx_http_autostock_pool_close(pool, conn, "it could not be established");

    /* other connections may work, or be released soon */
    if (pool->open == pool->connecting) {
        ngx_http_autostock_pool_fail(pool);
    }
}


static void
ngx_http_autostock_pool_look_later(ngx_http_autostock_pool_t *pool)
{
    if (pool->db->rights_again && !pool->look.timer_set) {
        ngx_add_timer(&pool->look, NGX_HTTP_AUTOSTOCK_POOL_LOOK);
    }
}


/*
 * By a new connection, in an idle one's place: not every grant counts for a
 * session that is there.
 */

static void
ngx_http_autostock_pool_look(ngx_event_t *ev)
{
    ngx_http_autostock_pool_t        *pool = ev->data;
    ngx_http_autostock_connection_t  *conn;

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, ev->log, 0, "autostock pool look");

    if (pool->pause || (ngx_queue_empty(&pool->idle)
                        && pool->open >= pool->db->pool_size))
    {
        ngx_http_autostock_pool_look_later(pool);
        return;
    }

    pool->db->rights_again = 0;
    pool->db->rights_looked = 0;

    conn = ngx_http_autostock_pool_idle(pool);

    if (conn) {
        ngx_http_autostock_pool_close(pool, conn,
                                      "the user's rights are checked again");
    }

    ngx_http_autostock_pool_connect(pool);
}


static void
ngx_http_autostock_pool_fail(ngx_http_autostock_pool_t *pool)
{
    ngx_uint_t                   kind;
    ngx_queue_t                 *q, takers;
    ngx_http_autostock_taker_t  *taker;

    /* a failed taker may ask again at once, but not in this round */
    ngx_queue_init(&takers);

    for (kind = 0; kind < NGX_HTTP_AUTOSTOCK_KINDS; kind++) {
        if (!ngx_queue_empty(&pool->takers[kind])) {
            ngx_queue_add(&takers, &pool->takers[kind]);
            ngx_queue_init(&pool->takers[kind]);
        }
    }

    while (!ngx_queue_empty(&takers)) {
        q = ngx_queue_head(&takers);
        taker = ngx_queue_data(q, ngx_http_autostock_taker_t, queue);

        ngx_http_autostock_pool_cancel(pool, taker);
        taker->ready(taker->data, NGX_ERROR, NULL);
    }
}


void
ngx_http_autostock_pool_release(ngx_http_autostock_pool_t *pool,
    ngx_http_autostock_connection_t *conn)
{
    ngx_http_autostock_database_t  *db;

    db = pool->db;

    if (ngx_http_autostock_connection_in_transaction(conn)) {
        ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                      "autostock: a transaction was left open");
        ngx_http_autostock_pool_close(pool, conn,
                                      "a transaction was left open");
        return;
    }

    if (ngx_current_msec - conn->born > db->lifetime) {
        conn->resting = 1;
        ngx_http_autostock_pool_close(pool, conn, "it reached its lifetime");
        return;
    }

    /* waiting takers are served first, however the worker process ends */
    if ((ngx_exiting || ngx_terminate)
        && !ngx_http_autostock_pool_waiting(pool))
    {
        conn->resting = 1;
        ngx_http_autostock_pool_close(pool, conn, "the worker exits");
        return;
    }

    ngx_http_autostock_pool_take_back(pool, conn);

    ngx_queue_remove(&conn->queue);
    ngx_queue_insert_head(&pool->idle, &conn->queue);
    ngx_http_autostock_status_gauge(db, NGX_HTTP_AUTOSTOCK_CONNECTIONS_IDLE, 1);

    conn->data = conn;
    ngx_http_autostock_connection_rest(conn, ngx_http_autostock_pool_hung_up,
                                       db->idle_timeout);

    if (ngx_http_autostock_pool_waiting(pool)) {
        ngx_post_event(&pool->posted, &ngx_posted_events);
    }
}


static void
ngx_http_autostock_pool_take_back(ngx_http_autostock_pool_t *pool,
    ngx_http_autostock_connection_t *conn)
{
    if (conn->kind != NGX_HTTP_AUTOSTOCK_KINDS) {
        pool->held[conn->kind]--;
        conn->kind = NGX_HTTP_AUTOSTOCK_KINDS;
    }

    ngx_http_autostock_pool_look_later(pool);
}


static void
ngx_http_autostock_pool_hung_up(void *data)
{
    ngx_http_autostock_connection_t  *conn = data;

    ngx_http_autostock_pool_t  *pool;

    pool = conn->pool;

    ngx_http_autostock_status_gauge(pool->db,
                                    NGX_HTTP_AUTOSTOCK_CONNECTIONS_IDLE, -1);
    ngx_http_autostock_pool_close(pool, conn,
                                  conn->timer.timedout ? "it was idle too long"
                                                       : "the server ended it");
}


void
ngx_http_autostock_pool_close(ngx_http_autostock_pool_t *pool,
    ngx_http_autostock_connection_t *conn, const char *reason)
{
    ngx_log_error(NGX_LOG_INFO, conn->log, 0,
                  "autostock: database \"%V\": connection %uL closed: %s",
                  &pool->db->name, conn->thread_id, reason);

    ngx_http_autostock_pool_take_back(pool, conn);

    ngx_queue_remove(&conn->queue);
    pool->open--;

    ngx_http_autostock_status_gauge(pool->db, NGX_HTTP_AUTOSTOCK_CONNECTIONS,
                                    -1);
    ngx_http_autostock_status_count(pool->db, NGX_HTTP_AUTOSTOCK_CLOSES, 1);

    ngx_http_autostock_connection_close(conn, reason);

    if (ngx_http_autostock_pool_waiting(pool)) {
        ngx_post_event(&pool->posted, &ngx_posted_events);
    }
}


void
ngx_http_autostock_pool_destroy(ngx_http_autostock_pool_t *pool)
{
    ngx_queue_t                      *q;
    ngx_http_autostock_connection_t  *conn;

    while (!ngx_queue_empty(&pool->idle)) {
        q = ngx_queue_head(&pool->idle);
        conn = ngx_queue_data(q, ngx_http_autostock_connection_t, queue);
        ngx_http_autostock_pool_close(pool, conn, "the worker exits");
    }

    while (!ngx_queue_empty(&pool->busy)) {
        q = ngx_queue_head(&pool->busy);
        conn = ngx_queue_data(q, ngx_http_autostock_connection_t, queue);
        ngx_http_autostock_pool_close(pool, conn, "the worker exits");
    }

    if (pool->posted.posted) {
        ngx_delete_posted_event(&pool->posted);
    }

    if (pool->look.timer_set) {
        ngx_del_timer(&pool->look);
    }

    ngx_free(pool);
}
