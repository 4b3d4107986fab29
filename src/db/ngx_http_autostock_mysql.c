
#include "ngx_http_autostock_mysql_private.h"
#include "as_sqlerror.h"


/* maximum number of steps after the socket was shut down; one is enough */
#define NGX_HTTP_AUTOSTOCK_MYSQL_ENDS    8


static int ngx_http_autostock_mysql_send_call(ngx_http_autostock_mysql_t *m,
    int ready);
static int ngx_http_autostock_mysql_fetch_call(ngx_http_autostock_mysql_t *m,
    int ready);
static int ngx_http_autostock_mysql_next_call(ngx_http_autostock_mysql_t *m,
    int ready);
static ngx_http_autostock_mysql_rc_e ngx_http_autostock_mysql_failed(
    ngx_http_autostock_mysql_t *m);
static void ngx_http_autostock_mysql_give_up(ngx_http_autostock_mysql_t *m);


void
ngx_http_autostock_mysql_query(ngx_http_autostock_mysql_t *m, ngx_str_t *sql)
{
    m->sql = *sql;
    m->state = ngx_http_autostock_mysql_sending;
    m->started = 0;
}


static int
ngx_http_autostock_mysql_send_call(ngx_http_autostock_mysql_t *m, int ready)
{
    if (m->started) {
        return mysql_real_query_cont(&m->failed, &m->mysql, ready);
    }

    m->started = 1;
    m->taken = 0;

    return mysql_real_query_start(&m->failed, &m->mysql,
                                  (char *) m->sql.data, m->sql.len);
}


/* fetches one row: a call that stores all rows would read without limit */

static int
ngx_http_autostock_mysql_fetch_call(ngx_http_autostock_mysql_t *m, int ready)
{
    if (m->started) {
        return mysql_fetch_row_cont(&m->row, m->result, ready);
    }

    m->started = 1;
    m->taken = 0;

    return mysql_fetch_row_start(&m->row, m->result);
}


static int
ngx_http_autostock_mysql_next_call(ngx_http_autostock_mysql_t *m, int ready)
{
    if (m->started) {
        return mysql_next_result_cont(&m->failed, &m->mysql, ready);
    }

    m->started = 1;
    m->taken = 0;

    return mysql_next_result_start(&m->failed, &m->mysql);
}


ngx_http_autostock_mysql_rc_e
ngx_http_autostock_mysql_step(ngx_http_autostock_mysql_t *m,
    ngx_uint_t events, ngx_uint_t *wait)
{
    int  ready;

    ready = ((events & NGX_HTTP_AUTOSTOCK_WAIT_READ) ? MYSQL_WAIT_READ : 0)
            | ((events & NGX_HTTP_AUTOSTOCK_WAIT_WRITE)
               ? MYSQL_WAIT_WRITE : 0);

    for ( ;; ) {

        switch (m->state) {

        case ngx_http_autostock_mysql_connecting:
            m->wanted = ngx_http_autostock_mysql_connect_call(m, ready);
            break;

        case ngx_http_autostock_mysql_sending:
            m->wanted = ngx_http_autostock_mysql_send_call(m, ready);
            break;

        case ngx_http_autostock_mysql_fetching:
            m->wanted = ngx_http_autostock_mysql_fetch_call(m, ready);
            break;

        case ngx_http_autostock_mysql_between:
            ngx_http_autostock_mysql_read_release(m);

            if (!mysql_more_results(&m->mysql)) {
                m->state = ngx_http_autostock_mysql_idle;
                return NGX_HTTP_AUTOSTOCK_MYSQL_DONE;
            }

            m->state = ngx_http_autostock_mysql_next;
            m->started = 0;
            /* fall through */

        case ngx_http_autostock_mysql_next:
            m->wanted = ngx_http_autostock_mysql_next_call(m, ready);
            break;

        default: /* idle */
            return NGX_HTTP_AUTOSTOCK_MYSQL_DONE;
        }

        ready = 0;

        if (m->wanted) {
            *wait = ((m->wanted & MYSQL_WAIT_READ)
                     ? NGX_HTTP_AUTOSTOCK_WAIT_READ : 0)
                    | ((m->wanted & MYSQL_WAIT_WRITE)
                       ? NGX_HTTP_AUTOSTOCK_WAIT_WRITE : 0);
            return NGX_HTTP_AUTOSTOCK_MYSQL_WAIT;
        }

        switch (m->state) {

        case ngx_http_autostock_mysql_connecting:
            m->state = ngx_http_autostock_mysql_idle;
            return m->connected ? NGX_HTTP_AUTOSTOCK_MYSQL_DONE
                                : NGX_HTTP_AUTOSTOCK_MYSQL_LOST;

        case ngx_http_autostock_mysql_fetching:
            m->started = 0;

            if (m->row) {
                return NGX_HTTP_AUTOSTOCK_MYSQL_ROW;
            }

            if (mysql_errno(&m->mysql)) {
                return ngx_http_autostock_mysql_failed(m);
            }

            m->state = ngx_http_autostock_mysql_between;
            return NGX_HTTP_AUTOSTOCK_MYSQL_STATEMENT;

        default: /* sending, next */
            if (m->failed) {
                return ngx_http_autostock_mysql_failed(m);
            }

            if (mysql_field_count(&m->mysql) == 0) {
                m->state = ngx_http_autostock_mysql_between;
                return NGX_HTTP_AUTOSTOCK_MYSQL_STATEMENT;
            }

            m->result = mysql_use_result(&m->mysql);
            if (m->result == NULL) {
                return ngx_http_autostock_mysql_failed(m);
            }

            m->state = ngx_http_autostock_mysql_fetching;
            m->started = 0;
        }
    }
}


static ngx_http_autostock_mysql_rc_e
ngx_http_autostock_mysql_failed(ngx_http_autostock_mysql_t *m)
{
    unsigned int  error;

    ngx_http_autostock_mysql_read_release(m);

    m->state = ngx_http_autostock_mysql_idle;
    error = mysql_errno(&m->mysql);

    if (error == 0 || as_sqlerror_is_library(error)
        || as_sqlerror(error) == AS_SQLERROR_LOST)
    {
        return NGX_HTTP_AUTOSTOCK_MYSQL_LOST;
    }

    return NGX_HTTP_AUTOSTOCK_MYSQL_REFUSED;
}


ngx_int_t
ngx_http_autostock_mysql_row(ngx_http_autostock_mysql_t *m,
    ngx_str_t *columns, ngx_uint_t *n)
{
    ngx_uint_t      i;
    unsigned long  *lengths;

    *n = mysql_num_fields(m->result);
    if (*n > NGX_HTTP_AUTOSTOCK_COLUMNS) {
        return NGX_ERROR;
    }

    lengths = mysql_fetch_lengths(m->result);

    for (i = 0; i < *n; i++) {
        columns[i].data = (u_char *) m->row[i];
        columns[i].len = m->row[i] ? lengths[i] : 0;
    }

    return NGX_OK;
}


const char *
ngx_http_autostock_mysql_column(ngx_http_autostock_mysql_t *m, ngx_uint_t i)
{
    return mysql_fetch_field_direct(m->result, (unsigned int) i)->name;
}


uint64_t
ngx_http_autostock_mysql_insert_id(ngx_http_autostock_mysql_t *m)
{
    int          end;
    size_t       len;
    uint64_t     id;
    ngx_int_t    tracked;
    ngx_uint_t   named;
    const char  *text;

    id = mysql_insert_id(&m->mysql);

    if (id) {
        return id;
    }

    /* the name of each variable that was set, and then its value */

    named = 0;
    end = mysql_session_track_get_first(&m->mysql,
                                        SESSION_TRACK_SYSTEM_VARIABLES, &text,
                                        &len);

    while (!end) {
        if (named) {
            tracked = ngx_atoi((u_char *) text, len);
            return tracked == NGX_ERROR ? 0 : tracked;
        }

        named = len == sizeof("last_insert_id") - 1
                && ngx_strncmp(text, "last_insert_id", len) == 0;

        end = mysql_session_track_get_next(&m->mysql,
                                           SESSION_TRACK_SYSTEM_VARIABLES,
                                           &text, &len);
    }

    return 0;
}


ngx_uint_t
ngx_http_autostock_mysql_error(ngx_http_autostock_mysql_t *m,
    const char **text)
{
    *text = mysql_error(&m->mysql);

    return mysql_errno(&m->mysql);
}


ngx_socket_t
ngx_http_autostock_mysql_socket(ngx_http_autostock_mysql_t *m)
{
    return (ngx_socket_t) mysql_get_socket(&m->mysql);
}


uint64_t
ngx_http_autostock_mysql_thread_id(ngx_http_autostock_mysql_t *m)
{
    return mysql_thread_id(&m->mysql);
}


ngx_uint_t
ngx_http_autostock_mysql_is_mariadb(ngx_http_autostock_mysql_t *m)
{
    return mariadb_connection(&m->mysql) ? 1 : 0;
}


ngx_uint_t
ngx_http_autostock_mysql_in_transaction(ngx_http_autostock_mysql_t *m)
{
    unsigned int  status;

    if (mariadb_get_infov(&m->mysql, MARIADB_CONNECTION_SERVER_STATUS,
                          &status))
    {
        return 1;
    }

    return (status & SERVER_STATUS_IN_TRANS) ? 1 : 0;
}


/*
 * A suspended operation holds memory (8 kB if rows were expected), which is
 * freed only when the operation ends.  So the operation is continued: it ends
 * with the first read or write, since the socket is shut down.
 */

static void
ngx_http_autostock_mysql_give_up(ngx_http_autostock_mysql_t *m)
{
    ngx_uint_t                     n, wait;
    ngx_http_autostock_mysql_rc_e  rc;

    if (m->wanted == 0) {
        return;
    }

    n = 0;

    do {
        rc = ngx_http_autostock_mysql_step(m, NGX_HTTP_AUTOSTOCK_WAIT_READ
                                           | NGX_HTTP_AUTOSTOCK_WAIT_WRITE,
                                           &wait);
    } while (rc == NGX_HTTP_AUTOSTOCK_MYSQL_WAIT
             && ++n < NGX_HTTP_AUTOSTOCK_MYSQL_ENDS);
}


void
ngx_http_autostock_mysql_close(ngx_http_autostock_mysql_t *m,
    ngx_uint_t quit)
{
    ngx_socket_t  fd;

    if (!quit) {
        fd = ngx_http_autostock_mysql_socket(m);

        /* the library's last writes must not block */
        if (fd != (ngx_socket_t) -1) {
            (void) shutdown(fd, SHUT_RDWR);
            ngx_http_autostock_mysql_give_up(m);
        }
    }

    ngx_http_autostock_mysql_read_release(m);
    mysql_close(&m->mysql);
    ngx_free(m);
}
