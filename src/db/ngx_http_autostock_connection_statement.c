
/*
 * The statements of a query: sends them in one packet, and counts their results
 * from 0.
 */


#include "ngx_http_autostock_connection.h"


/*
 * The maximum number of rows and statements of a result, and of its rows'
 * bytes: more than the result of a batch of 512 holds, each with 50 lines and
 * products.
 */
#define NGX_HTTP_AUTOSTOCK_STATEMENT_PIECES  65536
#define NGX_HTTP_AUTOSTOCK_STATEMENT_BYTES   (32 * 1024 * 1024)


static ngx_int_t ngx_http_autostock_connection_statement_piece(
    ngx_http_autostock_connection_t *conn);


/*
 * Sends all statements in one packet; in a Galera cluster, one at a time.  In a
 * cluster, if the transaction of another node aborts ours between two
 * statements of one packet, there is no error (MariaDB 10.11, measured): the
 * statements after it run outside of any transaction, and the server answers
 * COMMIT with OK.
 *
 * No literal contains a ';', since external input is hexadecimal.
 */

void
ngx_http_autostock_connection_statement_send(
    ngx_http_autostock_connection_t *conn)
{
    u_char  *end, *last;

    last = conn->unsent.data + conn->unsent.len;
    conn->sending = conn->unsent;
    conn->unsent.len = 0;

    end = conn->clustered ? ngx_strlchr(conn->sending.data, last, ';') : NULL;

    if (end) {
        conn->sending.len = end - conn->sending.data;
        conn->unsent.data = end + 1;
        conn->unsent.len = last - conn->unsent.data;
    }

    ngx_http_autostock_mysql_query(conn->mysql, &conn->sending);
}


/*
 * Rows and results are read one at a time, so that an endless result neither
 * fills the memory nor blocks the event loop.
 */

ngx_int_t
ngx_http_autostock_connection_statement_row(
    ngx_http_autostock_connection_t *conn)
{
    ngx_str_t                    columns[NGX_HTTP_AUTOSTOCK_COLUMNS];
    ngx_uint_t                   i, n;
    ngx_http_autostock_query_t  *query;

    query = conn->query;

    if (ngx_http_autostock_mysql_row(conn->mysql, columns, &n) != NGX_OK
        || query->row == NULL
        || query->row(query->data, query->statements, columns, n) != NGX_OK)
    {
        ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                      "autostock: database \"%V\" sent an unexpected "
                      "answer", &conn->db->name);
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        conn->bytes += columns[i].len;
    }

    return ngx_http_autostock_connection_statement_piece(conn);
}


ngx_int_t
ngx_http_autostock_connection_statement(ngx_http_autostock_connection_t *conn)
{
    uint64_t                     id;
    ngx_http_autostock_query_t  *query;

    query = conn->query;

    id = ngx_http_autostock_mysql_insert_id(conn->mysql);
    if (id) {
        query->insert_id = id;
    }

    query->statements++;

    return ngx_http_autostock_connection_statement_piece(conn);
}


static ngx_int_t
ngx_http_autostock_connection_statement_piece(
    ngx_http_autostock_connection_t *conn)
{
    if (++conn->pieces <= NGX_HTTP_AUTOSTOCK_STATEMENT_PIECES
        && conn->bytes <= NGX_HTTP_AUTOSTOCK_STATEMENT_BYTES)
    {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                  "autostock: database \"%V\" sent an answer over the limits: "
                  "%ui rows and results, %uz bytes", &conn->db->name,
                  conn->pieces, conn->bytes);

    return NGX_ERROR;
}
