
#include "ngx_http_autostock_connection.h"


static void ngx_http_autostock_connection_resolve(
    ngx_http_autostock_connection_t *conn);
static void ngx_http_autostock_connection_resolved(ngx_resolver_ctx_t *ctx);
static void ngx_http_autostock_connection_start(
    ngx_http_autostock_connection_t *conn, ngx_addr_t *addr);
static void ngx_http_autostock_connection_start_thread(
    ngx_http_autostock_connection_t *conn);
static void ngx_http_autostock_connection_thread(void *data, ngx_log_t *log);
static void ngx_http_autostock_connection_thread_done(ngx_event_t *ev);
static ngx_int_t ngx_http_autostock_connection_watch(
    ngx_http_autostock_connection_t *conn);
static void ngx_http_autostock_connection_setup(
    ngx_http_autostock_connection_t *conn);
static ngx_int_t ngx_http_autostock_connection_setup_row(void *data,
    ngx_uint_t statement, ngx_str_t *columns, ngx_uint_t n);
static void ngx_http_autostock_connection_setup_done(void *data,
    ngx_int_t rc);
static void ngx_http_autostock_connection_event(ngx_event_t *ev);
static void ngx_http_autostock_connection_run(
    ngx_http_autostock_connection_t *conn, ngx_uint_t events);
static ngx_int_t ngx_http_autostock_connection_statement(
    ngx_http_autostock_connection_t *conn);
static ngx_int_t ngx_http_autostock_connection_wait(
    ngx_http_autostock_connection_t *conn);
static void ngx_http_autostock_connection_timeout(ngx_event_t *ev);
static void ngx_http_autostock_connection_finish(
    ngx_http_autostock_connection_t *conn, ngx_int_t rc);
static void ngx_http_autostock_connection_finished(ngx_event_t *ev);
static void ngx_http_autostock_connection_failed(
    ngx_http_autostock_connection_t *conn);
static ngx_int_t ngx_http_autostock_connection_peek(
    ngx_http_autostock_connection_t *conn);
static void ngx_http_autostock_connection_free(
    ngx_http_autostock_connection_t *conn, ngx_uint_t politely);


ngx_http_autostock_connection_t *
ngx_http_autostock_connection_create(ngx_http_autostock_database_t *db)
{
    ngx_http_autostock_connection_t  *conn;

    conn = ngx_calloc(sizeof(ngx_http_autostock_connection_t),
                      ngx_cycle->log);
    if (conn == NULL) {
        return NULL;
    }

    conn->mysql = ngx_http_autostock_mysql_open(db);
    if (conn->mysql == NULL) {
        ngx_free(conn);
        return NULL;
    }

    conn->db = db;
    conn->log = ngx_cycle->log;
    conn->born = ngx_current_msec;

    conn->timer.handler = ngx_http_autostock_connection_timeout;
    conn->timer.data = conn;
    conn->timer.log = conn->log;

    conn->finished.handler = ngx_http_autostock_connection_finished;
    conn->finished.data = conn;
    conn->finished.log = conn->log;

    return conn;
}


void
ngx_http_autostock_connection_connect(ngx_http_autostock_connection_t *conn,
    ngx_http_autostock_done_pt done, void *data)
{
    conn->connected = done;
    conn->data = data;
    conn->starting = 1;

    ngx_add_timer(&conn->timer, conn->db->connect_timeout);

    if (conn->db->tls) {
        ngx_http_autostock_connection_start_thread(conn);

    } else if (conn->db->addr) {
        ngx_http_autostock_connection_start(conn, conn->db->addr);

    } else {
        ngx_http_autostock_connection_resolve(conn);
    }

    conn->starting = 0;
}


/* never in the library: its getaddrinfo() blocks */

static void
ngx_http_autostock_connection_resolve(ngx_http_autostock_connection_t *conn)
{
    ngx_resolver_ctx_t  *ctx;

    ctx = ngx_resolve_start(conn->db->resolver, NULL);
    if (ctx == NULL || ctx == NGX_NO_RESOLVER) {
        ngx_http_autostock_connection_finish(conn, NGX_ERROR);
        return;
    }

    ctx->name = conn->db->host;
    ctx->handler = ngx_http_autostock_connection_resolved;
    ctx->data = conn;
    ctx->timeout = conn->db->resolver_timeout;

    conn->resolving = ctx;

    if (ngx_resolve_name(ctx) != NGX_OK) {
        conn->resolving = NULL;
        ngx_http_autostock_connection_finish(conn, NGX_ERROR);
    }
}


static void
ngx_http_autostock_connection_resolved(ngx_resolver_ctx_t *ctx)
{
    ngx_resolver_addr_t              *addr;
    ngx_http_autostock_connection_t  *conn;

    conn = ctx->data;
    conn->resolving = NULL;

    if (ctx->state || ctx->naddrs == 0) {
        ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                      "autostock: database \"%V\": host \"%V\" could not be "
                      "resolved (%i: %s)", &conn->db->name, &ctx->name,
                      ctx->state, ngx_resolver_strerror(ctx->state));
        ngx_resolve_name_done(ctx);
        ngx_http_autostock_connection_finish(conn, NGX_ERROR);
        return;
    }

    addr = &ctx->addrs[(ngx_uint_t) ngx_random() % ctx->naddrs];

    ngx_memcpy(&conn->sockaddr, addr->sockaddr, addr->socklen);
    ngx_inet_set_port(&conn->sockaddr.sockaddr, conn->db->port);

    conn->addr.sockaddr = &conn->sockaddr.sockaddr;
    conn->addr.socklen = addr->socklen;

    ngx_resolve_name_done(ctx);

    ngx_http_autostock_connection_start(conn, &conn->addr);
}


static void
ngx_http_autostock_connection_start(ngx_http_autostock_connection_t *conn,
    ngx_addr_t *addr)
{
    ngx_http_autostock_mysql_connect(conn->mysql, addr);
    ngx_http_autostock_connection_run(conn, 0);
}


static void
ngx_http_autostock_connection_start_thread(
    ngx_http_autostock_connection_t *conn)
{
#if (NGX_THREADS)

    conn->task = ngx_calloc(sizeof(ngx_thread_task_t), conn->log);

    if (conn->task) {
        conn->task->ctx = conn;
        conn->task->handler = ngx_http_autostock_connection_thread;
        conn->task->event.handler = ngx_http_autostock_connection_thread_done;
        conn->task->event.data = conn;

        if (ngx_thread_task_post(conn->db->thread_pool, conn->task)
            == NGX_OK)
        {
            conn->in_thread = 1;
            return;
        }
    }

#endif

    ngx_http_autostock_connection_finish(conn, NGX_ERROR);
}


static void
ngx_http_autostock_connection_thread(void *data, ngx_log_t *log)
{
    ngx_http_autostock_connection_t  *conn = data;

    conn->rc = ngx_http_autostock_mysql_connect_blocking(conn->mysql)
               == NGX_HTTP_AUTOSTOCK_MYSQL_DONE ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_autostock_connection_thread_done(ngx_event_t *ev)
{
    ngx_int_t                         rc;
    ngx_http_autostock_connection_t  *conn = ev->data;

    conn->in_thread = 0;
    rc = conn->rc;

    if (conn->closed) {
        ngx_http_autostock_connection_free(conn, 0);
        return;
    }

    if (rc == NGX_OK) {
        rc = ngx_http_autostock_connection_watch(conn);
    }

    if (rc != NGX_OK) {
        ngx_http_autostock_connection_failed(conn);
        ngx_http_autostock_connection_finish(conn, NGX_ERROR);
        return;
    }

    ngx_http_autostock_connection_setup(conn);
}


/* Gives the library's descriptor an nginx connection, for its events. */

static ngx_int_t
ngx_http_autostock_connection_watch(ngx_http_autostock_connection_t *conn)
{
    ngx_socket_t       fd;
    ngx_connection_t  *c;

    fd = ngx_http_autostock_mysql_socket(conn->mysql);
    if (fd == (ngx_socket_t) -1) {
        return NGX_ERROR;
    }

    if (conn->c) {
        /* another descriptor would have lost its registration */
        return conn->c->fd == fd ? NGX_OK : NGX_ERROR;
    }

    c = ngx_get_connection(fd, conn->log);
    if (c == NULL) {
        return NGX_ERROR;
    }

    c->data = conn;
    c->log = conn->log;
    c->read->log = conn->log;
    c->write->log = conn->log;
    c->read->handler = ngx_http_autostock_connection_event;
    c->write->handler = ngx_http_autostock_connection_event;

    conn->c = c;

    return NGX_OK;
}


static void
ngx_http_autostock_connection_setup(ngx_http_autostock_connection_t *conn)
{
    u_char                      *p;
    ngx_msec_t                   timeout;
    ngx_http_autostock_query_t  *query;

    timeout = conn->db->query_timeout;

    /*
     * READ COMMITTED: no gap locks, and each statement sees what was
     * committed before it.  No index dives: a batch names every row by its
     * key.  The server's limits are below ours, so that it ends a statement
     * before we give its connection up.
     */
    p = ngx_snprintf(conn->setup_text, sizeof(conn->setup_text),
            "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;"
            "SET SESSION sql_mode='STRICT_ALL_TABLES',autocommit=1,"
            "innodb_lock_wait_timeout=%M,eq_range_index_dive_limit=1"
            "/*M!100108 ,max_statement_time=%M.%03M */;"
            "SELECT @@innodb_flush_log_at_trx_commit,@@log_bin,"
            "@@sync_binlog,@@read_only;"
            "SHOW GLOBAL STATUS LIKE 'Uptime'",
            ngx_max(timeout / 2000, 1), (timeout * 9 / 10) / 1000,
            (timeout * 9 / 10) % 1000);

    query = &conn->setup;
    query->sql.data = conn->setup_text;
    query->sql.len = p - conn->setup_text;
    query->row = ngx_http_autostock_connection_setup_row;
    query->done = ngx_http_autostock_connection_setup_done;
    query->data = conn;

    conn->thread_id = ngx_http_autostock_mysql_thread_id(conn->mysql);

    /* what is left of connect_timeout: the timer goes on */
    conn->query = query;
    ngx_http_autostock_mysql_query(conn->mysql, &query->sql);
    ngx_http_autostock_connection_run(conn, 0);
}


static ngx_int_t
ngx_http_autostock_connection_setup_row(void *data, ngx_uint_t statement,
    ngx_str_t *columns, ngx_uint_t n)
{
    ngx_int_t                         uptime;
    ngx_http_autostock_connection_t  *conn = data;

    if (statement == 2 && n == 4) {
        conn->durable = ngx_atoi(columns[0].data, columns[0].len) == 1
                        && (ngx_atoi(columns[1].data, columns[1].len) == 0
                            || ngx_atoi(columns[2].data, columns[2].len)
                               == 1);
        conn->read_only = ngx_atoi(columns[3].data, columns[3].len) != 0;
        return NGX_OK;
    }

    if (statement == 3 && n == 2) {
        uptime = ngx_atoi(columns[1].data, columns[1].len);
        conn->server_start = ngx_time() - uptime;
        return uptime == NGX_ERROR ? NGX_ERROR : NGX_OK;
    }

    return NGX_ERROR;
}


static void
ngx_http_autostock_connection_setup_done(void *data, ngx_int_t rc)
{
    ngx_http_autostock_connection_t  *conn = data;

    if (rc == NGX_OK && conn->server_start == 0) {
        rc = NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {
        ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                      "autostock: database \"%V\" refused the session's "
                      "settings, error %ui", &conn->db->name,
                      conn->setup.error);
        rc = NGX_ERROR;
    }

    conn->connected(conn->data, rc);
}


void
ngx_http_autostock_connection_query(ngx_http_autostock_connection_t *conn,
    ngx_http_autostock_query_t *query)
{
    query->statements = 0;
    query->insert_id = 0;
    query->error = 0;

    conn->query = query;
    conn->starting = 1;

    ngx_add_timer(&conn->timer, conn->db->query_timeout);

    ngx_http_autostock_mysql_query(conn->mysql, &query->sql);
    ngx_http_autostock_connection_run(conn, 0);

    conn->starting = 0;
}


static void
ngx_http_autostock_connection_event(ngx_event_t *ev)
{
    ngx_uint_t                        events;
    ngx_connection_t                 *c;
    ngx_http_autostock_connection_t  *conn;

    c = ev->data;
    conn = c->data;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ev->log, 0,
                   "autostock connection event %d of %ui", c->fd, conn->wait);

    if (conn->resting) {
        if (c->close || ngx_http_autostock_connection_peek(conn) != NGX_OK) {
            conn->hung_up(conn->data);
            return;
        }

        c->read->ready = 0;

        if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
            conn->hung_up(conn->data);
        }

        return;
    }

    events = ev->write ? NGX_HTTP_AUTOSTOCK_WAIT_WRITE
                       : NGX_HTTP_AUTOSTOCK_WAIT_READ;

    /* the library may be gone on with only as it asked */
    if (events & conn->wait) {
        ngx_http_autostock_connection_run(conn, events);
    }
}


static void
ngx_http_autostock_connection_run(ngx_http_autostock_connection_t *conn,
    ngx_uint_t events)
{
    const char                     *text;
    ngx_http_autostock_mysql_rc_e   rc;

    for ( ;; ) {
        conn->wait = 0;
        rc = ngx_http_autostock_mysql_step(conn->mysql, events, &conn->wait);
        events = 0;

        switch (rc) {

        case NGX_HTTP_AUTOSTOCK_MYSQL_WAIT:
            if (ngx_http_autostock_connection_wait(conn) == NGX_OK) {
                return;
            }
            break;

        case NGX_HTTP_AUTOSTOCK_MYSQL_STATEMENT:
            if (ngx_http_autostock_connection_statement(conn) == NGX_OK) {
                continue;
            }
            break;

        case NGX_HTTP_AUTOSTOCK_MYSQL_DONE:
            if (conn->query == NULL) {
                if (ngx_http_autostock_connection_watch(conn) == NGX_OK) {
                    ngx_http_autostock_connection_setup(conn);
                    return;
                }
                break;
            }

            ngx_http_autostock_connection_finish(conn, NGX_OK);
            return;

        case NGX_HTTP_AUTOSTOCK_MYSQL_REFUSED:
            conn->query->error = ngx_http_autostock_mysql_error(conn->mysql,
                                                                &text);
            ngx_http_autostock_connection_finish(conn, NGX_DECLINED);
            return;

        default: /* LOST */
            if (conn->query) {
                conn->query->error =
                         ngx_http_autostock_mysql_error(conn->mysql, &text);
            }
            break;
        }

        ngx_http_autostock_connection_failed(conn);
        ngx_http_autostock_connection_finish(conn, NGX_ERROR);
        return;
    }
}


static ngx_int_t
ngx_http_autostock_connection_statement(ngx_http_autostock_connection_t *conn)
{
    uint64_t                     id;
    ngx_int_t                    rc;
    ngx_str_t                    columns[NGX_HTTP_AUTOSTOCK_COLUMNS];
    ngx_uint_t                   n;
    ngx_http_autostock_query_t  *query;

    query = conn->query;

    for ( ;; ) {
        rc = ngx_http_autostock_mysql_row(conn->mysql, columns, &n);

        if (rc == NGX_DONE) {
            break;
        }

        if (rc != NGX_OK || query->row == NULL
            || query->row(query->data, query->statements, columns, n)
               != NGX_OK)
        {
            ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                          "autostock: database \"%V\" gave an answer that "
                          "was not asked for", &conn->db->name);
            return NGX_ERROR;
        }
    }

    id = ngx_http_autostock_mysql_insert_id(conn->mysql);
    if (id) {
        query->insert_id = id;
    }

    query->statements++;

    return NGX_OK;
}


static ngx_int_t
ngx_http_autostock_connection_wait(ngx_http_autostock_connection_t *conn)
{
    ngx_connection_t  *c;

    if (ngx_http_autostock_connection_watch(conn) != NGX_OK) {
        return NGX_ERROR;
    }

    c = conn->c;

    if (conn->wait & NGX_HTTP_AUTOSTOCK_WAIT_READ) {
        c->read->ready = 0;

        if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (conn->wait & NGX_HTTP_AUTOSTOCK_WAIT_WRITE) {
        c->write->ready = 0;

        if (ngx_handle_write_event(c->write, 0) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_http_autostock_connection_timeout(ngx_event_t *ev)
{
    ngx_http_autostock_connection_t  *conn = ev->data;

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, ev->log, 0,
                   "autostock connection time-out");

    if (conn->resting) {
        conn->hung_up(conn->data);
        return;
    }

    ngx_log_error(NGX_LOG_ERR, conn->log, NGX_ETIMEDOUT,
                  "autostock: database \"%V\" at %V did not answer within "
                  "%s", &conn->db->name, &conn->db->server,
                  (conn->query && conn->query != &conn->setup)
                  ? "query_timeout" : "connect_timeout");

    ngx_http_autostock_connection_finish(conn, NGX_ERROR);
}


/* Hands the result over, from an event if the call has not returned yet. */

static void
ngx_http_autostock_connection_finish(ngx_http_autostock_connection_t *conn,
    ngx_int_t rc)
{
    conn->rc = rc;
    conn->wait = 0;

    if (conn->starting) {
        ngx_post_event(&conn->finished, &ngx_posted_events);
        return;
    }

    ngx_http_autostock_connection_finished(&conn->finished);
}


static void
ngx_http_autostock_connection_finished(ngx_event_t *ev)
{
    ngx_http_autostock_query_t       *query;
    ngx_http_autostock_connection_t  *conn = ev->data;

    if (conn->timer.timer_set) {
        ngx_del_timer(&conn->timer);
    }

    query = conn->query;
    conn->query = NULL;

    if (query) {
        query->done(query->data, conn->rc);
        return;
    }

    conn->connected(conn->data, NGX_ERROR);
}


static void
ngx_http_autostock_connection_failed(ngx_http_autostock_connection_t *conn)
{
    ngx_uint_t   error;
    const char  *text;

    error = ngx_http_autostock_mysql_error(conn->mysql, &text);

    ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                  "autostock: database \"%V\" at %V: %s: %s (%ui)",
                  &conn->db->name, &conn->db->server,
                  (conn->query && conn->query != &conn->setup)
                  ? "connection lost" : "no connection",
                  error ? text : "unexpected answer", error);
}


void
ngx_http_autostock_connection_rest(ngx_http_autostock_connection_t *conn,
    void (*closed)(void *data), ngx_msec_t timeout)
{
    conn->resting = 1;
    conn->hung_up = closed;
    conn->c->idle = 1;
    conn->c->read->ready = 0;

    /* a worker that quits does not wait for idle connections */
    conn->timer.cancelable = 1;
    ngx_add_timer(&conn->timer, timeout);

    if (ngx_handle_read_event(conn->c->read, 0) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                      "autostock: an idle connection cannot be watched");
    }
}


/* Nothing may arrive on an idle connection but its end. */

static ngx_int_t
ngx_http_autostock_connection_peek(ngx_http_autostock_connection_t *conn)
{
    char     byte;
    ssize_t  n;

    n = recv(conn->c->fd, &byte, 1, MSG_PEEK|MSG_DONTWAIT);

    return (n == -1 && ngx_socket_errno == NGX_EAGAIN) ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_autostock_connection_wake(ngx_http_autostock_connection_t *conn)
{
    if (ngx_http_autostock_connection_peek(conn) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_del_timer(&conn->timer);

    conn->timer.cancelable = 0;
    conn->resting = 0;
    conn->c->idle = 0;

    return NGX_OK;
}


ngx_uint_t
ngx_http_autostock_connection_in_transaction(
    ngx_http_autostock_connection_t *conn)
{
    return ngx_http_autostock_mysql_in_transaction(conn->mysql);
}


void
ngx_http_autostock_connection_close(ngx_http_autostock_connection_t *conn,
    const char *reason)
{
    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, conn->log, 0,
                   "autostock connection %uL closed: %s", conn->thread_id,
                   reason);

    if (conn->timer.timer_set) {
        ngx_del_timer(&conn->timer);
    }

    if (conn->finished.posted) {
        ngx_delete_posted_event(&conn->finished);
    }

    if (conn->resolving) {
        ngx_resolve_name_done(conn->resolving);
        conn->resolving = NULL;
    }

    if (conn->in_thread) {
        conn->closed = 1;
        return;
    }

    ngx_http_autostock_connection_free(conn, conn->resting);
}


static void
ngx_http_autostock_connection_free(ngx_http_autostock_connection_t *conn,
    ngx_uint_t politely)
{
    ngx_int_t          flags;
    ngx_connection_t  *c;

    c = conn->c;

    if (c) {
        /* the library may have closed the descriptor itself */
        flags = (ngx_http_autostock_mysql_socket(conn->mysql) == c->fd)
                ? 0 : NGX_CLOSE_EVENT;

        if (c->read->active || c->write->active) {
            if (ngx_del_conn) {
                ngx_del_conn(c, flags);

            } else {
                if (c->read->active) {
                    ngx_del_event(c->read, NGX_READ_EVENT, flags);
                }

                if (c->write->active) {
                    ngx_del_event(c->write, NGX_WRITE_EVENT,
                                  flags);
                }
            }
        }

        /* the descriptor is the library's, which closes it */
        c->shared = 1;
        ngx_close_connection(c);
    }

    ngx_http_autostock_mysql_close(conn->mysql, politely);

#if (NGX_THREADS)
    if (conn->task) {
        ngx_free(conn->task);
    }
#endif

    ngx_free(conn);
}
