
/*
 * How a connection comes to be: the host's address, the handshake (in a
 * thread where it is TLS), the session's settings.
 */


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
static ngx_int_t ngx_http_autostock_connection_setup_row(void *data,
    ngx_uint_t statement, ngx_str_t *columns, ngx_uint_t n);
static ngx_uint_t ngx_http_autostock_connection_is_utf8mb4(ngx_str_t *name);
static void ngx_http_autostock_connection_setup_done(void *data, ngx_int_t rc);
static ngx_uint_t ngx_http_autostock_connection_look(
    ngx_http_autostock_connection_t *conn);
static ngx_int_t ngx_http_autostock_connection_look_row(void *data,
    ngx_uint_t statement, ngx_str_t *columns, ngx_uint_t n);
static void ngx_http_autostock_connection_look_done(void *data, ngx_int_t rc);


void
ngx_http_autostock_connection_connect(ngx_http_autostock_connection_t *conn,
    ngx_http_autostock_done_pt done, void *data)
{
    conn->connected = done;
    conn->data = data;
    conn->starting = 1;

    ngx_add_timer(&conn->timer, conn->db->connect_timeout);

    if (conn->db->addr) {
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
    const char                       *note;
    ngx_resolver_addr_t              *addr;
    ngx_http_autostock_connection_t  *conn;

    conn = ctx->data;
    conn->resolving = NULL;

    if (ctx->state || ctx->naddrs == 0) {
        note = ngx_http_autostock_repeat(
                        &conn->db->repeats[NGX_HTTP_AUTOSTOCK_REPEAT_REACH]);

        if (note) {
            ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                          "autostock: database \"%V\": host \"%V\" could not "
                          "be resolved (%i: %s)%s", &conn->db->name,
                          &ctx->name, ctx->state,
                          ngx_resolver_strerror(ctx->state), note);
        }

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

    if (conn->db->tls) {
        ngx_http_autostock_connection_start_thread(conn);
        return;
    }

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


void
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
     * before we give its connection up; and a session that we lost in the
     * middle of a transaction does not hold its locks for ever.
     *
     * The library asked for utf8mb4 in the handshake, but the server may not
     * have listened (skip-character-set-client-handshake), or init_connect
     * may have set another.
     */
    p = ngx_snprintf(conn->setup_text, sizeof(conn->setup_text),
            "SET NAMES utf8mb4;"
            "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;"
            "SET SESSION sql_mode='STRICT_ALL_TABLES',autocommit=1,"
            "innodb_lock_wait_timeout=%M,eq_range_index_dive_limit=1,"
            "wait_timeout=%M"
            "/*M!100300 ,idle_transaction_timeout=%M"
            ",max_statement_time=%M.%03M */;"
            "SELECT @@innodb_flush_log_at_trx_commit,@@log_bin,"
            "@@sync_binlog,@@read_only,"
            "@@character_set_client,@@character_set_results;"
            "SHOW GLOBAL STATUS LIKE 'Uptime';"
            "SHOW SESSION VARIABLES LIKE 'wsrep_on';"
            NGX_HTTP_AUTOSTOCK_COLUMN_SELECT,
            ngx_max(timeout / 2000, 1),
            conn->db->idle_timeout / 1000 + timeout / 1000 + 10,
            ngx_max(timeout / 1000, 1), (timeout * 9 / 10) / 1000,
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

    if (statement == 3 && n == 6) {
        conn->durable = ngx_atoi(columns[0].data, columns[0].len) == 1
                        && (ngx_atoi(columns[1].data, columns[1].len) == 0
                            || ngx_atoi(columns[2].data, columns[2].len)
                               == 1);
        conn->read_only = ngx_atoi(columns[3].data, columns[3].len) != 0;
        conn->utf8mb4 = ngx_http_autostock_connection_is_utf8mb4(&columns[4])
                && ngx_http_autostock_connection_is_utf8mb4(&columns[5]);
        return NGX_OK;
    }

    if (statement == 4 && n == 2) {
        uptime = ngx_atoi(columns[1].data, columns[1].len);
        conn->server_start = ngx_time() - uptime;
        return uptime == NGX_ERROR ? NGX_ERROR : NGX_OK;
    }

    if (statement == 5 && n == 2) {
        conn->clustered = columns[1].len == 2;         /* ON, not OFF */
        return NGX_OK;
    }

    if (statement == 6 && n == 2) {
        return ngx_http_autostock_column_learn(&conn->sku, &columns[0],
                                               &columns[1]);
    }

    return NGX_ERROR;
}


static ngx_uint_t
ngx_http_autostock_connection_is_utf8mb4(ngx_str_t *name)
{
    return name->len == sizeof("utf8mb4") - 1
           && ngx_strncmp(name->data, "utf8mb4", name->len) == 0;
}


static void
ngx_http_autostock_connection_setup_done(void *data, ngx_int_t rc)
{
    const char                       *note;
    ngx_http_autostock_connection_t  *conn = data;

    if (rc == NGX_OK && conn->server_start == 0) {
        rc = NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {
        note = ngx_http_autostock_repeat(
                        &conn->db->repeats[NGX_HTTP_AUTOSTOCK_REPEAT_REACH]);

        if (note) {
            ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                          "autostock: database \"%V\" refused the session's "
                          "settings, error %ui: %s%s", &conn->db->name,
                          conn->setup.error, conn->setup.text, note);
        }

        rc = NGX_ERROR;
    }

    if (rc == NGX_OK && !conn->utf8mb4) {
        ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                      "autostock: database \"%V\" did not set the session's "
                      "character set to utf8mb4: is there a proxy between?",
                      &conn->db->name);
        rc = NGX_ERROR;
    }

    if (rc == NGX_OK && ngx_http_autostock_connection_look(conn)) {
        return;
    }

    conn->connected(conn->data, rc);
}


/* Once per worker process: what the collation of product.sku folds. */

static ngx_uint_t
ngx_http_autostock_connection_look(ngx_http_autostock_connection_t *conn)
{
    u_char                      *p;
    ngx_http_autostock_query_t  *query;

    if (conn->db->sku_looked || conn->db->exact_sku) {
        return 0;
    }

    conn->db->sku_looked = 1;

    p = ngx_http_autostock_column_probe(&conn->sku, conn->setup_text,
                                        sizeof(conn->setup_text));
    if (p == NULL) {
        return 0;
    }

    query = &conn->setup;
    query->sql.len = p - conn->setup_text;
    query->row = ngx_http_autostock_connection_look_row;
    query->done = ngx_http_autostock_connection_look_done;

    ngx_http_autostock_connection_query(conn, query);

    return 1;
}


static ngx_int_t
ngx_http_autostock_connection_look_row(void *data, ngx_uint_t statement,
    ngx_str_t *columns, ngx_uint_t n)
{
    ngx_uint_t                        accents, emoji;
    ngx_http_autostock_connection_t  *conn = data;

    if (n != 2) {
        return NGX_ERROR;
    }

    accents = columns[0].len == 1 && columns[0].data[0] == '1';
    emoji = columns[1].len == 1 && columns[1].data[0] == '1';

    if (accents || emoji) {
        ngx_log_error(NGX_LOG_WARN, conn->log, 0,
                      "autostock: database \"%V\": the collation %V of "
                      "product.sku takes different SKUs for one (%s%s%s): "
                      "set \"sku_match exact\", or give the column the "
                      "collation utf8mb4_bin", &conn->db->name,
                      &conn->sku.collation,
                      accents ? "\"cafe\" and \"caf\xc3\xa9\"" : "",
                      accents && emoji ? ", " : "", emoji ? "all emoji" : "");
    }

    return NGX_OK;
}


/* Only a lost connection counts: the warning is not worth a sale. */

static void
ngx_http_autostock_connection_look_done(void *data, ngx_int_t rc)
{
    ngx_http_autostock_connection_t  *conn = data;

    conn->connected(conn->data, rc == NGX_ERROR ? NGX_ERROR : NGX_OK);
}
