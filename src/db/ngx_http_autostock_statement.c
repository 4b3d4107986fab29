
/*
 * The statements of a query: what is sent in one packet, and the results as
 * they come back, numbered from 0.
 */


#include "ngx_http_autostock_connection.h"


/*
 * All of them in one packet; but one at a time in a Galera cluster.  There,
 * a transaction that another node's aborts between two statements of one
 * packet ends without a word (MariaDB 10.11, measured): what follows is done
 * outside of any transaction, and COMMIT is answered OK.
 *
 * No literal has a ';' in it: what comes from outside is hexadecimal.
 */

void
ngx_http_autostock_connection_send(ngx_http_autostock_connection_t *conn)
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


ngx_int_t
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
