
#include "ngx_http_autostock_probe.h"
#include "ngx_http_autostock_session.h"

#include "as_sqlerror.h"


#define NGX_HTTP_AUTOSTOCK_PROBE_SYNTAX  1064  /* ER_PARSE_ERROR */
#define NGX_HTTP_AUTOSTOCK_PROBE_DENIED  1227  /* ER_SPECIFIC_ACCESS_DENIED */


static void ngx_http_autostock_probe_connected(void *data, ngx_int_t rc);
static void ngx_http_autostock_probe_ask(ngx_http_autostock_probe_t *probe);
static void ngx_http_autostock_probe_send(ngx_http_autostock_probe_t *probe,
    const char *sql);
static ngx_int_t ngx_http_autostock_probe_row(void *data,
    ngx_uint_t statement, ngx_str_t *columns, ngx_uint_t n);
static ngx_int_t ngx_http_autostock_probe_aurora_row(
    ngx_http_autostock_probe_t *probe, ngx_str_t *columns, ngx_uint_t n);
static void ngx_http_autostock_probe_add(ngx_http_autostock_probe_t *probe,
    ngx_str_t *seconds);
static void ngx_http_autostock_probe_answered(void *data, ngx_int_t rc);
static void ngx_http_autostock_probe_replica(
    ngx_http_autostock_probe_t *probe, ngx_int_t rc);
static void ngx_http_autostock_probe_done(ngx_http_autostock_probe_t *probe,
    ngx_int_t rc, const char *unfit);


void
ngx_http_autostock_probe_start(ngx_http_autostock_probe_t *probe)
{
    ngx_http_autostock_connection_t  *conn;

    probe->unfit = NULL;
    probe->lag = NGX_HTTP_AUTOSTOCK_PROBE_NO_LAG;
    probe->kept = 0;

    if (probe->conn
        && ngx_current_msec - probe->conn->born > probe->db->lifetime)
    {
        /* a host name may have another address now */
        ngx_http_autostock_probe_close(probe);
    }

    if (probe->conn) {
        probe->kept = 1;
        ngx_http_autostock_probe_ask(probe);
        return;
    }

    conn = ngx_http_autostock_connection_create(probe->db, probe->server);
    if (conn == NULL) {
        ngx_http_autostock_probe_done(probe, NGX_ERROR, "no memory");
        return;
    }

    probe->conn = conn;
    conn->probes = 1;

    /* a worker process that quits does not wait for the probe */
    conn->timer.cancelable = 1;

    ngx_http_autostock_connection_connect(conn, ngx_http_autostock_session_set,
                                          ngx_http_autostock_probe_connected,
                                          probe);
}


void
ngx_http_autostock_probe_close(ngx_http_autostock_probe_t *probe)
{
    if (probe->conn) {
        ngx_http_autostock_connection_close(probe->conn,
                                            "the probe has ended");
        probe->conn = NULL;
    }
}


static void
ngx_http_autostock_probe_connected(void *data, ngx_int_t rc)
{
    ngx_http_autostock_probe_t *probe = data;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "autostock probe connected: %i, %V", rc,
                   &probe->server->name);

    if (rc != NGX_OK) {
        ngx_http_autostock_probe_done(probe, NGX_ERROR,
                                      "it cannot be reached");
        return;
    }

    probe->old = 0;
    ngx_http_autostock_probe_ask(probe);
}


/*
 * reads a table, since a Galera node that has left its cluster accepts
 * connections but no queries
 */

static void
ngx_http_autostock_probe_ask(ngx_http_autostock_probe_t *probe)
{
    probe->rows = 0;
    probe->aurora = 0;

    if (!probe->server->replica) {
        ngx_http_autostock_probe_send(probe, "SELECT sku FROM product LIMIT 0");
        return;
    }

    /* of all its sources: MariaDB shows them only with ALL */
    ngx_http_autostock_probe_send(probe,
                      ngx_http_autostock_mysql_is_mariadb(probe->conn->mysql)
                      ? "SHOW ALL REPLICAS STATUS"
                      : probe->old ? "SHOW SLAVE STATUS"
                                   : "SHOW REPLICA STATUS");
}


static void
ngx_http_autostock_probe_send(ngx_http_autostock_probe_t *probe,
    const char *sql)
{
    ngx_http_autostock_query_t  *query;

    query = &probe->query;
    query->sql.data = (u_char *) sql;
    query->sql.len = ngx_strlen(sql);
    query->row = ngx_http_autostock_probe_row;
    query->done = ngx_http_autostock_probe_answered;
    query->data = probe;

    ngx_http_autostock_connection_query(probe->conn, query);

    /* the query is fast, so that a late answer means a lost server */
    if (probe->db->connect_timeout < probe->db->query_timeout) {
        ngx_add_timer(&probe->conn->timer, probe->db->connect_timeout);
    }
}


static ngx_int_t
ngx_http_autostock_probe_row(void *data, ngx_uint_t statement,
    ngx_str_t *columns, ngx_uint_t n)
{
    ngx_http_autostock_probe_t *probe = data;

    ngx_uint_t   i;
    const char  *name;

    probe->rows++;

    if (probe->aurora) {
        return ngx_http_autostock_probe_aurora_row(probe, columns, n);
    }

    for (i = 0; i < n; i++) {
        name = ngx_http_autostock_mysql_column(probe->conn->mysql, i);

        if (ngx_strcmp(name, "Seconds_Behind_Master") == 0
            || ngx_strcmp(name, "Seconds_Behind_Source") == 0)
        {
            ngx_http_autostock_probe_add(probe, &columns[i]);
            return NGX_OK;
        }
    }

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_autostock_probe_aurora_row(ngx_http_autostock_probe_t *probe,
    ngx_str_t *columns, ngx_uint_t n)
{
    if (n != 1) {
        return NGX_ERROR;
    }

    ngx_http_autostock_probe_add(probe, &columns[0]);

    return NGX_OK;
}


/* the lag is the largest of all sources; NULL: replication does not run */

static void
ngx_http_autostock_probe_add(ngx_http_autostock_probe_t *probe,
    ngx_str_t *seconds)
{
    ngx_int_t  lag;

    lag = seconds->data ? ngx_atoi(seconds->data, seconds->len) : NGX_ERROR;

    if (lag == NGX_ERROR) {
        probe->unfit = "its replication does not run";

    } else {
        probe->lag = ngx_max(probe->lag, lag);
    }
}


static void
ngx_http_autostock_probe_answered(void *data, ngx_int_t rc)
{
    ngx_http_autostock_probe_t *probe = data;

    ngx_log_debug4(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "autostock probe answered: %i, %V, error %ui, lag %T", rc,
                   &probe->server->name, probe->query.error, probe->lag);

    if (rc == NGX_ERROR && probe->kept) {
        /* the server may have closed the connection between two probes */
        ngx_http_autostock_probe_close(probe);
        ngx_http_autostock_probe_start(probe);

    } else if (rc == NGX_ERROR) {
        ngx_http_autostock_probe_done(probe, NGX_ERROR, "it does not answer");

    } else if (probe->server->replica) {
        ngx_http_autostock_probe_replica(probe, rc);

    } else {
        ngx_http_autostock_probe_done(probe, rc, rc == NGX_OK ? NULL
                                      : "it does not read the table product");
    }
}


static void
ngx_http_autostock_probe_replica(ngx_http_autostock_probe_t *probe,
    ngx_int_t rc)
{
    if (rc == NGX_DECLINED && !probe->aurora
        && probe->query.error == NGX_HTTP_AUTOSTOCK_PROBE_DENIED)
    {
        ngx_http_autostock_probe_done(probe, NGX_DECLINED,
                              "its lag cannot be read, grant REPLICA MONITOR "
                              "(MySQL: REPLICATION CLIENT) ON *.* to the user");
        return;
    }

    if (rc == NGX_DECLINED && !probe->aurora && !probe->old
        && probe->query.error == NGX_HTTP_AUTOSTOCK_PROBE_SYNTAX)
    {
        /* MySQL has SHOW REPLICA STATUS since 8.0.22 */
        probe->old = 1;
        ngx_http_autostock_probe_ask(probe);
        return;
    }

    if (rc == NGX_OK && probe->rows) {
        ngx_http_autostock_probe_done(probe, probe->unfit ? NGX_DECLINED
                                                          : NGX_OK,
                                      probe->unfit);
        return;
    }

    if (rc == NGX_OK && probe->conn->clustered) {
        /* a node of the same cluster */
        probe->lag = 0;
        ngx_http_autostock_probe_done(probe, NGX_OK, NULL);
        return;
    }

    if (rc == NGX_OK && !probe->aurora
        && !ngx_http_autostock_mysql_is_mariadb(probe->conn->mysql))
    {
        /* Aurora's readers share the storage: SHOW REPLICA STATUS is empty */
        probe->aurora = 1;
        ngx_http_autostock_probe_send(probe,
            "SELECT CEIL(replica_lag_in_milliseconds/1000)"
            " FROM information_schema.replica_host_status"
            " WHERE server_id=@@aurora_server_id");
        return;
    }

    ngx_http_autostock_probe_done(probe, NGX_DECLINED, rc == NGX_OK
                                  || probe->aurora
                                  ? "it replicates from no server"
                                  : "its lag cannot be read");
}


/* the connection to a replica is kept for the next probe */

static void
ngx_http_autostock_probe_done(ngx_http_autostock_probe_t *probe, ngx_int_t rc,
    const char *unfit)
{
    probe->unfit = unfit;
    probe->done(probe->member, rc);

    if (rc == NGX_ERROR || !probe->server->replica) {
        ngx_http_autostock_probe_close(probe);
    }
}
