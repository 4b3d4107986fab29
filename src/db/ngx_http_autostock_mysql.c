
#include "ngx_http_autostock_mysql_private.h"
#include "as_sqlerror.h"


/* limit of one call: more than the largest packet (4 MiB) */
#define NGX_HTTP_AUTOSTOCK_MYSQL_CALL  (5 * 1024 * 1024)


static int ngx_http_autostock_mysql_send_call(ngx_http_autostock_mysql_t *m,
    int ready);
static int ngx_http_autostock_mysql_fetch_call(ngx_http_autostock_mysql_t *m,
    int ready);
static int ngx_http_autostock_mysql_next_call(ngx_http_autostock_mysql_t *m,
    int ready);
/* since 3.4 the library reads by one function, whether it may wait or not */

#if (MARIADB_PACKAGE_VERSION_ID >= 30400)
#define ngx_http_autostock_mysql_reader  read
#else
#define ngx_http_autostock_mysql_reader  async_read
#endif


static ssize_t ngx_http_autostock_mysql_read(MARIADB_PVIO *pvio,
    unsigned char *buffer, size_t size);
static ngx_http_autostock_mysql_rc_e ngx_http_autostock_mysql_failed(
    ngx_http_autostock_mysql_t *m);


/*
 * In one call, the library reads the columns of a result until the server sends
 * no more of them; it returns only when it must wait.  A call that reads more
 * than this limit is given an end of file.  Over TLS the library does not use
 * this function, but then the server is verified.
 */

void
ngx_http_autostock_mysql_bound(ngx_http_autostock_mysql_t *m)
{
    MARIADB_PVIO  *pvio;

    pvio = m->mysql.net.pvio;

    m->library = pvio->methods;
    m->methods = *pvio->methods;
    m->methods.ngx_http_autostock_mysql_reader =
        ngx_http_autostock_mysql_read;

    pvio->methods = &m->methods;
}


static ssize_t
ngx_http_autostock_mysql_read(MARIADB_PVIO *pvio, unsigned char *buffer,
    size_t size)
{
    ssize_t                      n;
    ngx_http_autostock_mysql_t  *m;

    /* mysql is the first member of m */
    m = (ngx_http_autostock_mysql_t *) pvio->mysql;

    if (m->taken > NGX_HTTP_AUTOSTOCK_MYSQL_CALL) {
        return 0;
    }

    n = m->library->ngx_http_autostock_mysql_reader(pvio, buffer, size);

    if (n > 0) {
        m->taken += n;
    }

    return n;
}


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


/* Fetches one row: storing them all would read without limit. */

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
            ngx_http_autostock_mysql_let_go(m);

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

    ngx_http_autostock_mysql_let_go(m);

    m->state = ngx_http_autostock_mysql_idle;
    error = mysql_errno(&m->mysql);

    if (as_sqlerror(error) == AS_SQLERROR_LOST) {
        return NGX_HTTP_AUTOSTOCK_MYSQL_LOST;
    }

    /* 2000 to 2999 and 5000 to 5999 are the library's own errors */
    if (error == 0 || (error >= 2000 && error < 3000)
        || (error >= 5000 && error < 6000))
    {
        return NGX_HTTP_AUTOSTOCK_MYSQL_LOST;
    }

    return NGX_HTTP_AUTOSTOCK_MYSQL_REFUSED;
}


void
ngx_http_autostock_mysql_let_go(ngx_http_autostock_mysql_t *m)
{
    if (m->result == NULL) {
        return;
    }

    /* otherwise the library would read the rest of the result, and block */
    m->result->handle = NULL;

    mysql_free_result(m->result);

    m->result = NULL;
    m->row = NULL;
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


uint64_t
ngx_http_autostock_mysql_insert_id(ngx_http_autostock_mysql_t *m)
{
    return mysql_insert_id(&m->mysql);
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
