
#include "ngx_http_autostock_connection.h"
#include "ngx_http_autostock_repeat.h"

#include "as_sqlerror.h"


/* rows and results to read before other events are handled */
#define NGX_HTTP_AUTOSTOCK_CONNECTION_TURN  512


static void ngx_http_autostock_connection_event(ngx_event_t *ev);
static void ngx_http_autostock_connection_refused(
    ngx_http_autostock_connection_t *conn);
static void ngx_http_autostock_connection_turn(ngx_event_t *ev);
static ngx_int_t ngx_http_autostock_connection_wait(
    ngx_http_autostock_connection_t *conn);
static void ngx_http_autostock_connection_timeout(ngx_event_t *ev);
static void ngx_http_autostock_connection_finished(ngx_event_t *ev);
static ngx_int_t ngx_http_autostock_connection_peek(
    ngx_http_autostock_connection_t *conn);


ngx_http_autostock_connection_t *
ngx_http_autostock_connection_create(ngx_http_autostock_database_t *db,
    ngx_http_autostock_server_t *server)
{
    ngx_http_autostock_connection_t  *conn;

    conn = ngx_calloc(sizeof(ngx_http_autostock_connection_t),
                      ngx_cycle->log);
    if (conn == NULL) {
        return NULL;
    }

    conn->mysql = ngx_http_autostock_mysql_connect_open(db, server);
    if (conn->mysql == NULL) {
        ngx_free(conn);
        return NULL;
    }

    conn->db = db;
    conn->server = server;
    conn->log = ngx_cycle->log;
    conn->born = ngx_current_msec;

    conn->timer.handler = ngx_http_autostock_connection_timeout;
    conn->timer.data = conn;
    conn->timer.log = conn->log;

    conn->finished.handler = ngx_http_autostock_connection_finished;
    conn->finished.data = conn;
    conn->finished.log = conn->log;

    conn->turn.handler = ngx_http_autostock_connection_turn;
    conn->turn.data = conn;
    conn->turn.log = conn->log;

    return conn;
}


void
ngx_http_autostock_connection_query(ngx_http_autostock_connection_t *conn,
    ngx_http_autostock_query_t *query)
{
    query->statements = 0;
    query->insert_id = 0;
    query->error = 0;
    query->text[0] = '\0';

    conn->pieces = 0;
    conn->bytes = 0;

    conn->query = query;
    conn->asked = ngx_current_msec;
    conn->starting = 1;

    ngx_add_timer(&conn->timer, conn->db->query_timeout);

    conn->unsent = query->sql;
    ngx_http_autostock_connection_statement_send(conn);
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
            conn->hung_up(conn);
            return;
        }

        c->read->ready = 0;

        if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
            conn->hung_up(conn);
        }

        return;
    }

    events = ev->write ? NGX_HTTP_AUTOSTOCK_WAIT_WRITE
                       : NGX_HTTP_AUTOSTOCK_WAIT_READ;

    /* the library may only be continued for the events it asked for */
    if (events & conn->wait) {
        ngx_http_autostock_connection_run(conn, events);
    }
}


void
ngx_http_autostock_connection_run(ngx_http_autostock_connection_t *conn,
    ngx_uint_t events)
{
    const char                     *text;
    ngx_uint_t                      pieces;
    ngx_http_autostock_mysql_rc_e   rc;

    pieces = 0;

    for ( ;; ) {
        conn->wait = 0;

        if (pieces++ == NGX_HTTP_AUTOSTOCK_CONNECTION_TURN) {
            /* let nginx handle the other events first, including timers */
            ngx_post_event(&conn->turn, &ngx_posted_next_events);
            return;
        }

        rc = ngx_http_autostock_mysql_step(conn->mysql, events, &conn->wait);
        events = 0;

        switch (rc) {

        case NGX_HTTP_AUTOSTOCK_MYSQL_WAIT:
            if (ngx_http_autostock_connection_wait(conn) == NGX_OK) {
                return;
            }
            break;

        case NGX_HTTP_AUTOSTOCK_MYSQL_ROW:
            if (ngx_http_autostock_connection_statement_row(conn) == NGX_OK) {
                continue;
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
                    conn->established(conn);
                    return;
                }
                break;
            }

            if (conn->unsent.len) {
                ngx_http_autostock_connection_statement_send(conn);
                continue;
            }

            ngx_http_autostock_connection_finish(conn, NGX_OK);
            return;

        case NGX_HTTP_AUTOSTOCK_MYSQL_REFUSED:
            conn->query->error = ngx_http_autostock_mysql_error(conn->mysql,
                                                                &text);
            ngx_http_autostock_error_text(conn->query->text,
                                          conn->query->error, text);
            ngx_http_autostock_connection_refused(conn);
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


/*
 * A right may have been revoked since the rights were read, or the server may
 * have become read-only.
 */

static void
ngx_http_autostock_connection_refused(ngx_http_autostock_connection_t *conn)
{
    if (as_sqlerror_is_denied(conn->query->error)
        && !conn->server->replica)
    {
        conn->db->rights_again = NGX_HTTP_AUTOSTOCK_RIGHTS_AGAIN;
    }

    if (as_sqlerror(conn->query->error) == AS_SQLERROR_READ_ONLY) {
        conn->refuses = 1;
    }
}


static void
ngx_http_autostock_connection_turn(ngx_event_t *ev)
{
    ngx_http_autostock_connection_t *conn = ev->data;

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, ev->log, 0,
                   "autostock connection turn");

    ngx_http_autostock_connection_run(conn, 0);
}


ngx_int_t
ngx_http_autostock_connection_watch(ngx_http_autostock_connection_t *conn)
{
    ngx_socket_t       fd;
    ngx_connection_t  *c;

    fd = ngx_http_autostock_mysql_socket(conn->mysql);
    if (fd == (ngx_socket_t) -1) {
        return NGX_ERROR;
    }

    if (conn->c) {
        /* a new descriptor would not be registered for events */
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
    const char                       *note;
    ngx_http_autostock_connection_t  *conn = ev->data;

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, ev->log, 0,
                   "autostock connection time-out");

    if (conn->resting) {
        conn->hung_up(conn);
        return;
    }

    conn->timed_out = 1;
    note = ngx_http_autostock_connection_note(conn);

    if (note) {
        ngx_log_error(NGX_LOG_ERR, conn->log, NGX_ETIMEDOUT,
                      "autostock: database \"%V\" at %V did not answer within "
                      "%s%s", &conn->db->name, &conn->server->name,
                      (conn->query && conn->query != &conn->setup)
                      ? "query_timeout" : "connect_timeout", note);
    }

    ngx_http_autostock_connection_finish(conn, NGX_ERROR);
}


void
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

    if (conn->turn.posted) {
        ngx_delete_posted_event(&conn->turn);
    }

    query = conn->query;
    conn->query = NULL;

    if (query) {
        query->done(query->data, conn->rc);
        return;
    }

    conn->connected(conn->data, NGX_ERROR);
}


void
ngx_http_autostock_connection_failed(ngx_http_autostock_connection_t *conn)
{
    u_char       said[NGX_HTTP_AUTOSTOCK_ERROR_TEXT];
    ngx_uint_t   error;
    const char  *text, *note;

    error = ngx_http_autostock_mysql_error(conn->mysql, &text);
    conn->error = error;

    note = ngx_http_autostock_connection_note(conn);
    if (note == NULL) {
        return;
    }

    ngx_http_autostock_error_text(said, error,
                                  error ? text : "unexpected answer");

    ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                  "autostock: database \"%V\" at %V: %s: %s (%ui)%s",
                  &conn->db->name, &conn->server->name,
                  (conn->query && conn->query != &conn->setup)
                  ? "connection lost" : "no connection", said, error, note);
}


const char *
ngx_http_autostock_connection_note(ngx_http_autostock_connection_t *conn)
{
    return conn->probes ? NULL : ngx_http_autostock_repeat(
                        &conn->db->repeats[NGX_HTTP_AUTOSTOCK_REPEAT_REACH]);
}


void
ngx_http_autostock_connection_rest(ngx_http_autostock_connection_t *conn,
    void (*closed)(ngx_http_autostock_connection_t *conn), ngx_msec_t timeout)
{
    conn->resting = 1;
    conn->hung_up = closed;
    conn->c->idle = 1;
    conn->c->read->ready = 0;

    /* a quitting worker process does not wait for idle connections */
    conn->timer.cancelable = 1;
    ngx_add_timer(&conn->timer, timeout);

    if (ngx_handle_read_event(conn->c->read, 0) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                      "autostock: an idle connection cannot be watched");
    }
}


/* on an idle connection nothing but its end can arrive */

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

    if (conn->turn.posted) {
        ngx_delete_posted_event(&conn->turn);
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


void
ngx_http_autostock_connection_free(ngx_http_autostock_connection_t *conn,
    ngx_uint_t quit)
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

        /* the library owns the descriptor and closes it */
        c->shared = 1;
        ngx_close_connection(c);
    }

    ngx_http_autostock_mysql_close(conn->mysql, quit);

#if (NGX_THREADS)
    if (conn->task) {
        ngx_free(conn->task);
    }
#endif

    ngx_free(conn);
}
