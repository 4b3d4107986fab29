
/*
 * Establishes a connection: resolves the host, connects (in a thread if it uses
 * TLS), then calls established.
 */


#include "ngx_http_autostock_connection.h"


static void ngx_http_autostock_connection_connect_resolve(
    ngx_http_autostock_connection_t *conn);
static void ngx_http_autostock_connection_connect_resolved(
    ngx_resolver_ctx_t *ctx);
static void ngx_http_autostock_connection_connect_start(
    ngx_http_autostock_connection_t *conn, ngx_addr_t *addr);
static void ngx_http_autostock_connection_connect_start_thread(
     ngx_http_autostock_connection_t *conn);
static void ngx_http_autostock_connection_connect_thread(void *data,
    ngx_log_t *log);
static void ngx_http_autostock_connection_connect_done(ngx_event_t *ev);


void
ngx_http_autostock_connection_connect(ngx_http_autostock_connection_t *conn,
    void (*established)(ngx_http_autostock_connection_t *conn),
    ngx_http_autostock_done_pt done, void *data)
{
    conn->established = established;
    conn->connected = done;
    conn->data = data;
    conn->starting = 1;

    ngx_add_timer(&conn->timer, conn->db->connect_timeout);

    if (conn->server->addr) {
        ngx_http_autostock_connection_connect_start(conn, conn->server->addr);

    } else {
        ngx_http_autostock_connection_connect_resolve(conn);
    }

    conn->starting = 0;
}


/* nginx resolves the host: the library's getaddrinfo() would block */

static void
ngx_http_autostock_connection_connect_resolve(
    ngx_http_autostock_connection_t *conn)
{
    ngx_resolver_ctx_t  *ctx;

    ctx = ngx_resolve_start(conn->db->resolver, NULL);
    if (ctx == NULL || ctx == NGX_NO_RESOLVER) {
        ngx_http_autostock_connection_finish(conn, NGX_ERROR);
        return;
    }

    ctx->name = conn->server->host;
    ctx->handler = ngx_http_autostock_connection_connect_resolved;
    ctx->data = conn;
    ctx->timeout = conn->db->resolver_timeout;

    conn->resolving = ctx;

    if (ngx_resolve_name(ctx) != NGX_OK) {
        conn->resolving = NULL;
        ngx_http_autostock_connection_finish(conn, NGX_ERROR);
    }
}


static void
ngx_http_autostock_connection_connect_resolved(ngx_resolver_ctx_t *ctx)
{
    const char                       *note;
    ngx_resolver_addr_t              *addr;
    ngx_http_autostock_connection_t  *conn;

    conn = ctx->data;
    conn->resolving = NULL;

    if (ctx->state || ctx->naddrs == 0) {
        note = ngx_http_autostock_connection_note(conn);

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
    ngx_inet_set_port(&conn->sockaddr.sockaddr, conn->server->port);

    conn->addr.sockaddr = &conn->sockaddr.sockaddr;
    conn->addr.socklen = addr->socklen;

    ngx_resolve_name_done(ctx);

    ngx_http_autostock_connection_connect_start(conn, &conn->addr);
}


static void
ngx_http_autostock_connection_connect_start(
    ngx_http_autostock_connection_t *conn, ngx_addr_t *addr)
{
    ngx_http_autostock_mysql_connect(conn->mysql, addr);

    if (conn->server->tls) {
        ngx_http_autostock_connection_connect_start_thread(conn);
        return;
    }

    ngx_http_autostock_connection_run(conn, 0);
}


static void
ngx_http_autostock_connection_connect_start_thread(
    ngx_http_autostock_connection_t *conn)
{
#if (NGX_THREADS)

    conn->task = ngx_calloc(sizeof(ngx_thread_task_t), conn->log);

    if (conn->task) {
        conn->task->ctx = conn;
        conn->task->handler = ngx_http_autostock_connection_connect_thread;
        conn->task->event.handler = ngx_http_autostock_connection_connect_done;
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
ngx_http_autostock_connection_connect_thread(void *data, ngx_log_t *log)
{
    ngx_http_autostock_connection_t  *conn = data;

    conn->rc = ngx_http_autostock_mysql_connect_blocking(conn->mysql)
               == NGX_HTTP_AUTOSTOCK_MYSQL_DONE ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_autostock_connection_connect_done(ngx_event_t *ev)
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

    conn->established(conn);
}
