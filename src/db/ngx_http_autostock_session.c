
/*
 * The session of a new connection: its settings, independent of the server's
 * defaults, and what the server reports about itself.
 */


#include "ngx_http_autostock_session.h"

#include "as_procedure.h"


/*
 * One SELECT per table: with name and schema given, MariaDB opens only that
 * table.
 */
#define NGX_HTTP_AUTOSTOCK_SESSION_ENGINE(table)                             \
    "SELECT TABLE_NAME,ENGINE FROM information_schema.TABLES WHERE"          \
    " TABLE_SCHEMA=DATABASE() AND TABLE_NAME='" table "'"                    \
    " AND ENGINE<>'InnoDB'"

/* one row if the user may execute the procedure of sql/procedure.sql */
#define NGX_HTTP_AUTOSTOCK_SESSION_ROUTINE                                   \
    ";SELECT ROUTINE_NAME,ROUTINE_COMMENT FROM information_schema.ROUTINES"  \
    " WHERE ROUTINE_SCHEMA=DATABASE() AND"                                   \
    " ROUTINE_NAME='" AS_PROCEDURE_NAME "' AND"                              \
    " ROUTINE_COMMENT='" AS_PROCEDURE_VERSION "'"

/* the number of this statement, the last one */
#define NGX_HTTP_AUTOSTOCK_SESSION_ROUTINE_AT  8

/* minimum of max_allowed_packet: for a packet of one sale or of this file */
#define NGX_HTTP_AUTOSTOCK_SESSION_PACKET_MIN  16384


static ngx_int_t ngx_http_autostock_session_row(void *data,
    ngx_uint_t statement, ngx_str_t *columns, ngx_uint_t n);
static ngx_int_t ngx_http_autostock_session_variables(
    ngx_http_autostock_connection_t *conn, ngx_str_t *columns);
static ngx_uint_t ngx_http_autostock_session_is_on(ngx_str_t *value);
static ngx_uint_t ngx_http_autostock_session_is(ngx_str_t *value,
    const char *text);
static void ngx_http_autostock_session_done(void *data, ngx_int_t rc);
static void ngx_http_autostock_session_track(
    ngx_http_autostock_connection_t *conn);
static void ngx_http_autostock_session_tracks(void *data, ngx_int_t rc);
static ngx_int_t ngx_http_autostock_session_check(
    ngx_http_autostock_connection_t *conn);
static void ngx_http_autostock_session_by_row(void *data, ngx_int_t rc);
static void ngx_http_autostock_session_look(
    ngx_http_autostock_connection_t *conn);
static ngx_int_t ngx_http_autostock_session_look_row(void *data,
    ngx_uint_t statement, ngx_str_t *columns, ngx_uint_t n);
static void ngx_http_autostock_session_look_sku(
    ngx_http_autostock_connection_t *conn, ngx_str_t *columns);
static void ngx_http_autostock_session_look_done(void *data, ngx_int_t rc);


void
ngx_http_autostock_session_set(ngx_http_autostock_connection_t *conn)
{
    u_char                      *p;
    ngx_msec_t                   timeout;
    ngx_http_autostock_query_t  *query;

    timeout = conn->db->query_timeout;
    conn->wait_timeout = conn->db->idle_timeout / 1000 + timeout / 1000 + 10;
    conn->limits_itself = ngx_http_autostock_mysql_is_mariadb(conn->mysql);

    /*
     * READ COMMITTED: no gap locks, and each statement sees what was committed
     * before it.  No index dives: a batch names every row by its key.  The
     * server's limits are below ours, so that the server ends a statement
     * before the module closes the connection; the wait for a table's lock is
     * the shortest, since its error says that nothing is committed.
     * idle_transaction_timeout ends a session that was lost within a
     * transaction, and so frees its locks; for MySQL, which does not have it,
     * see ngx_http_autostock_packet_limit().
     *
     * The library requested utf8mb4 in the handshake, but the server may have
     * ignored that (skip-character-set-client-handshake), or init_connect may
     * have set another character set.
     */
    p = ngx_snprintf(conn->setup_text, sizeof(conn->setup_text),
            "SET NAMES utf8mb4;"
            "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED,"
            "READ WRITE;"
            "SET SESSION sql_mode='STRICT_ALL_TABLES',autocommit=1,"
            "completion_type=0,sql_select_limit=18446744073709551615,"
            "sql_big_selects=1,sql_safe_updates=0,foreign_key_checks=1,"
            "unique_checks=1,time_zone='+00:00',"
            "innodb_lock_wait_timeout=1,lock_wait_timeout=%M,"
            "eq_range_index_dive_limit=1,wait_timeout=%ui,"
            "net_read_timeout=%M,net_write_timeout=%M"
            "/*M!100300 ,idle_transaction_timeout=%M"
            ",max_statement_time=%M.%03M,check_constraint_checks=1 */;"
            "SELECT @@innodb_flush_log_at_trx_commit,@@log_bin,"
            "@@sync_binlog,@@read_only,"
            "@@character_set_client,@@character_set_results,"
            "@@max_allowed_packet,@@innodb_read_only;"
            "SHOW GLOBAL STATUS LIKE 'Uptime';"
            "SHOW SESSION VARIABLES WHERE Variable_name"
            " IN('wsrep_on','binlog_format');"
            NGX_HTTP_AUTOSTOCK_COLUMN_SELECT ";"
            NGX_HTTP_AUTOSTOCK_SESSION_ENGINE("product") " UNION ALL "
            NGX_HTTP_AUTOSTOCK_SESSION_ENGINE("stock_movement") " UNION ALL "
            NGX_HTTP_AUTOSTOCK_SESSION_ENGINE("stock_movement_key")
            " UNION ALL "
            NGX_HTTP_AUTOSTOCK_SESSION_ENGINE("restock_order") " UNION ALL "
            NGX_HTTP_AUTOSTOCK_SESSION_ENGINE("stock_hold") " UNION ALL "
            NGX_HTTP_AUTOSTOCK_SESSION_ENGINE("stock_hold_line") " UNION ALL "
            NGX_HTTP_AUTOSTOCK_SESSION_ENGINE("stock_return") " UNION ALL "
            NGX_HTTP_AUTOSTOCK_SESSION_ENGINE("restock_order_trace")
            "%s",
            ngx_max(timeout * 8 / 10000, 1),
            conn->wait_timeout,
            ngx_max(timeout / 1000, 1), ngx_max(timeout / 1000, 1),
            ngx_max(timeout / 1000, 1), (timeout * 9 / 10) / 1000,
            (timeout * 9 / 10) % 1000,
            conn->limits_itself ? NGX_HTTP_AUTOSTOCK_SESSION_ROUTINE : "");

    conn->thread_id = ngx_http_autostock_mysql_thread_id(conn->mysql);

    query = &conn->setup;
    query->sql.data = conn->setup_text;
    query->sql.len = p - conn->setup_text;
    query->row = ngx_http_autostock_session_row;
    query->done = ngx_http_autostock_session_done;
    query->data = conn;

    /* the timer of connect_timeout continues */
    conn->query = query;
    ngx_http_autostock_mysql_query(conn->mysql, &query->sql);
    ngx_http_autostock_connection_run(conn, 0);
}


static ngx_int_t
ngx_http_autostock_session_row(void *data, ngx_uint_t statement,
    ngx_str_t *columns, ngx_uint_t n)
{
    ngx_int_t                         uptime;
    ngx_http_autostock_connection_t  *conn = data;

    if (statement == 3 && n == 8) {
        return ngx_http_autostock_session_variables(conn, columns);
    }

    if (n != 2) {
        return NGX_ERROR;
    }

    switch (statement) {

    case 4:
        uptime = ngx_atoi(columns[1].data, columns[1].len);
        conn->server_start = ngx_time() - uptime;
        return uptime == NGX_ERROR ? NGX_ERROR : NGX_OK;

    case 5:
        if (ngx_http_autostock_session_is(&columns[0], "wsrep_on")) {
            conn->clustered = ngx_http_autostock_session_is(&columns[1],
                                                            "ON");
        } else {
            conn->by_statement = ngx_http_autostock_session_is(&columns[1],
                                                               "STATEMENT");
        }

        return NGX_OK;

    case 6:
        return ngx_http_autostock_column_learn(&conn->sku, &columns[0],
                                               &columns[1]);

    case 7:
        conn->durable = 0;
        ngx_snprintf(conn->engine, sizeof(conn->engine), "%V is %V%Z",
                     &columns[0], &columns[1]);
        conn->engine[sizeof(conn->engine) - 1] = '\0';
        return NGX_OK;

    case NGX_HTTP_AUTOSTOCK_SESSION_ROUTINE_AT:
        /* a cluster gets one statement at a time */
        conn->calls = !conn->clustered;
        return NGX_OK;

    default:
        return NGX_ERROR;
    }
}


static ngx_int_t
ngx_http_autostock_session_variables(ngx_http_autostock_connection_t *conn,
    ngx_str_t *columns)
{
    ngx_int_t  packet;

    conn->binlog = ngx_atoi(columns[1].data, columns[1].len) != 0;
    conn->durable = ngx_atoi(columns[0].data, columns[0].len) == 1
                    && (!conn->binlog
                        || ngx_atoi(columns[2].data, columns[2].len) == 1);

    /* a reader of an Aurora cluster has innodb_read_only, but not read_only */
    conn->read_only = ngx_http_autostock_session_is_on(&columns[3])
                      || ngx_http_autostock_session_is_on(&columns[7]);

    conn->utf8mb4 = ngx_http_autostock_session_is(&columns[4], "utf8mb4")
                    && ngx_http_autostock_session_is(&columns[5], "utf8mb4");

    packet = ngx_atoi(columns[6].data, columns[6].len);
    conn->packet = packet;

    return packet == NGX_ERROR ? NGX_ERROR : NGX_OK;
}


/* read_only is a number; in MariaDB 12, OFF, ON, NO_LOCK, NO_LOCK_NO_ADMIN */

static ngx_uint_t
ngx_http_autostock_session_is_on(ngx_str_t *value)
{
    return !ngx_http_autostock_session_is(value, "0")
           && !ngx_http_autostock_session_is(value, "OFF");
}


static ngx_uint_t
ngx_http_autostock_session_is(ngx_str_t *value, const char *text)
{
    return value->len == ngx_strlen(text)
           && ngx_strncmp(value->data, text, value->len) == 0;
}


static void
ngx_http_autostock_session_done(void *data, ngx_int_t rc)
{
    const char                       *note;
    ngx_http_autostock_connection_t  *conn = data;

    if (rc == NGX_DECLINED
        && conn->setup.statements == NGX_HTTP_AUTOSTOCK_SESSION_ROUTINE_AT)
    {
        /* mysql.proc is broken: the session does without the procedure */
        ngx_log_error(NGX_LOG_NOTICE, conn->log, 0,
                      "autostock: database \"%V\": the procedures cannot be "
                      "read, error %ui: %s", &conn->db->name,
                      conn->setup.error, conn->setup.text);
        rc = NGX_OK;
    }

    if (rc == NGX_DECLINED) {
        note = ngx_http_autostock_connection_note(conn);

        if (note) {
            ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                          "autostock: database \"%V\" refused the session's "
                          "settings, error %ui: %s%s", &conn->db->name,
                          conn->setup.error, conn->setup.text, note);
        }

        rc = NGX_ERROR;
    }

    if (rc == NGX_OK) {
        rc = ngx_http_autostock_session_check(conn);
    }

    if (rc != NGX_OK) {
        conn->connected(conn->data, rc);
        return;
    }

    if (conn->binlog && conn->by_statement) {
        /* with READ COMMITTED, a binary log by statement refuses all writes */
        ngx_str_set(&conn->setup.sql, "SET SESSION binlog_format=ROW");
        conn->setup.done = ngx_http_autostock_session_by_row;
        ngx_http_autostock_connection_query(conn, &conn->setup);
        return;
    }

    ngx_http_autostock_session_track(conn);
}


/* without the privilege to set it, the session can only read */

static void
ngx_http_autostock_session_by_row(void *data, ngx_int_t rc)
{
    ngx_http_autostock_connection_t  *conn = data;

    conn->by_statement = (rc == NGX_DECLINED);

    if (rc == NGX_ERROR) {
        conn->connected(conn->data, NGX_ERROR);
        return;
    }

    ngx_http_autostock_session_track(conn);
}


/*
 * The answer to CALL has no LAST_INSERT_ID().  A session with the procedure
 * tracks the variable, so that the answer contains its new value.
 */

static void
ngx_http_autostock_session_track(ngx_http_autostock_connection_t *conn)
{
    if (!conn->calls) {
        ngx_http_autostock_session_look(conn);
        return;
    }

    ngx_str_set(&conn->setup.sql,
                "SET SESSION session_track_system_variables='last_insert_id'");
    conn->setup.done = ngx_http_autostock_session_tracks;
    ngx_http_autostock_connection_query(conn, &conn->setup);
}


static void
ngx_http_autostock_session_tracks(void *data, ngx_int_t rc)
{
    ngx_http_autostock_connection_t  *conn = data;

    conn->calls = (rc == NGX_OK);

    if (rc == NGX_ERROR) {
        conn->connected(conn->data, NGX_ERROR);
        return;
    }

    ngx_http_autostock_session_look(conn);
}


static ngx_int_t
ngx_http_autostock_session_check(ngx_http_autostock_connection_t *conn)
{
    const char  *note;

    if (conn->server_start == 0) {
        return NGX_ERROR;
    }

    if (!conn->utf8mb4) {
        ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                      "autostock: database \"%V\" did not set the session's "
                      "character set to utf8mb4: check any proxy in between",
                      &conn->db->name);
        return NGX_ERROR;
    }

    if (conn->packet < NGX_HTTP_AUTOSTOCK_SESSION_PACKET_MIN) {
        note = ngx_http_autostock_connection_note(conn);

        if (note) {
            ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                          "autostock: database \"%V\": its "
                          "max_allowed_packet is %uz, which must be %d or "
                          "more%s", &conn->db->name, conn->packet,
                          NGX_HTTP_AUTOSTOCK_SESSION_PACKET_MIN, note);
        }

        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * Reads, once per worker process, which SKUs the collation of product.sku
 * treats as equal; and the user's rights, again after one was missing or sales
 * have changed to another server.
 */

static void
ngx_http_autostock_session_look(ngx_http_autostock_connection_t *conn)
{
    u_char                      *p, *last, *probe;
    ngx_http_autostock_query_t  *query;

    if (conn->probes || conn->server->replica) {
        conn->connected(conn->data, NGX_OK);
        return;
    }

    p = conn->setup_text;
    last = p + sizeof(conn->setup_text);

    ngx_http_autostock_rights_begin(&conn->rights);

    if (conn->db->rights_of != conn->server) {
        conn->db->rights_of = conn->server;
        conn->looks = 1;
        p = ngx_slprintf(p, last, NGX_HTTP_AUTOSTOCK_RIGHTS_SELECT ";");
    }

    if (!conn->db->sku_looked && !conn->db->exact_sku) {
        conn->db->sku_looked = 1;
        probe = ngx_http_autostock_column_probe(&conn->sku, p, last - p);
        p = probe ? probe : p;
    }

    if (p == conn->setup_text) {
        conn->connected(conn->data, NGX_OK);
        return;
    }

    if (p[-1] == ';') {
        p--;
    }

    query = &conn->setup;
    query->sql.data = conn->setup_text;
    query->sql.len = p - conn->setup_text;
    query->row = ngx_http_autostock_session_look_row;
    query->done = ngx_http_autostock_session_look_done;

    ngx_http_autostock_connection_query(conn, query);
}


static ngx_int_t
ngx_http_autostock_session_look_row(void *data, ngx_uint_t statement,
    ngx_str_t *columns, ngx_uint_t n)
{
    ngx_http_autostock_connection_t  *conn = data;

    if (conn->looks && statement == 0) {
        if (n != 3) {
            return NGX_ERROR;
        }

        ngx_http_autostock_rights_row(&conn->rights, &columns[0],
                                      &columns[1], &columns[2]);
        return NGX_OK;
    }

    if (n != 2) {
        return NGX_ERROR;
    }

    ngx_http_autostock_session_look_sku(conn, columns);

    return NGX_OK;
}


static void
ngx_http_autostock_session_look_sku(ngx_http_autostock_connection_t *conn,
    ngx_str_t *columns)
{
    ngx_uint_t  accents, emoji;

    accents = columns[0].len == 1 && columns[0].data[0] == '1';
    emoji = columns[1].len == 1 && columns[1].data[0] == '1';

    if (accents || emoji) {
        ngx_log_error(NGX_LOG_WARN, conn->log, 0,
                      "autostock: database \"%V\": the collation %V of "
                      "product.sku treats different SKUs as equal (%s%s%s): "
                      "set \"sku_match exact\", or give the column the "
                      "collation utf8mb4_bin", &conn->db->name,
                      &conn->sku.collation,
                      accents ? "\"cafe\" and \"caf\xc3\xa9\"" : "",
                      accents && emoji ? ", " : "", emoji ? "all emoji" : "");
    }
}


/* only a lost connection is an error: the queries serve only the log */

static void
ngx_http_autostock_session_look_done(void *data, ngx_int_t rc)
{
    ngx_http_autostock_connection_t  *conn = data;

    if (rc != NGX_ERROR && conn->looks && conn->setup.statements) {
        ngx_http_autostock_session_report_rights(conn);
    }

    conn->looks = 0;
    conn->connected(conn->data, rc == NGX_ERROR ? NGX_ERROR : NGX_OK);
}
