
/*
 * Logs what a new session has read: once, until it changes.
 */


#include "ngx_http_autostock_session.h"


static void ngx_http_autostock_session_report_durable(
    ngx_http_autostock_connection_t *conn);
static void ngx_http_autostock_session_report_charset(
    ngx_http_autostock_connection_t *conn);
static void ngx_http_autostock_session_report_refusal(
    ngx_http_autostock_connection_t *conn);
static void ngx_http_autostock_session_report_required(
    ngx_http_autostock_connection_t *conn, ngx_uint_t missing);
static void ngx_http_autostock_session_report_optional(
    ngx_http_autostock_connection_t *conn, ngx_uint_t missing);


void
ngx_http_autostock_session_report(ngx_http_autostock_connection_t *conn)
{
    ngx_http_autostock_session_report_durable(conn);
    ngx_http_autostock_session_report_charset(conn);
    ngx_http_autostock_session_report_refusal(conn);
}


static void
ngx_http_autostock_session_report_durable(
    ngx_http_autostock_connection_t *conn)
{
    ngx_uint_t                     durable;
    ngx_http_autostock_database_t *db;

    db = conn->db;
    durable = conn->durable ? NGX_HTTP_AUTOSTOCK_DURABLE_YES
                            : NGX_HTTP_AUTOSTOCK_DURABLE_NO;

    if (durable == db->durable_logged) {
        return;
    }

    db->durable_logged = durable;
    ngx_http_autostock_status_durable(db, durable);

    if (conn->durable || db->durability == NGX_HTTP_AUTOSTOCK_DURABILITY_OFF)
    {
        return;
    }

    if (conn->engine[0]) {
        ngx_log_error(NGX_LOG_WARN, conn->log, 0,
                      "autostock: database \"%V\" at %V: table %s, not InnoDB: "
                      "sales are not transactions%s; ALTER TABLE ... "
                      "ENGINE=InnoDB", &db->name,
                      &conn->server->name, conn->engine,
                      db->durability == NGX_HTTP_AUTOSTOCK_DURABILITY_REQUIRE
                      ? ", nothing is sold from it" : "");
        return;
    }

    ngx_log_error(NGX_LOG_WARN, conn->log, 0,
                  "autostock: database \"%V\" at %V is not durable%s: sales "
                  "may be lost when its machine fails; set "
                  "innodb_flush_log_at_trx_commit = 1 and, with a binary "
                  "log, sync_binlog = 1", &db->name, &conn->server->name,
                  db->durability == NGX_HTTP_AUTOSTOCK_DURABILITY_REQUIRE
                  ? ", nothing is sold from it" : "");
}


/* no sale is wrong for that, so "durability require" does not refuse it */

static void
ngx_http_autostock_session_report_charset(
    ngx_http_autostock_connection_t *conn)
{
    ngx_uint_t  foreign;

    foreign = ngx_http_autostock_column_is_foreign(&conn->sku);

    if (foreign && !conn->db->charset_logged) {
        ngx_log_error(NGX_LOG_WARN, conn->log, 0,
                      "autostock: database \"%V\" at %V: product.sku has the "
                      "character set %V, not utf8mb4: a SKU that it cannot "
                      "represent is answered 404; see docs/upgrading.md",
                      &conn->db->name, &conn->server->name, &conn->sku.charset);
    }

    conn->db->charset_logged = foreign;
}


static void
ngx_http_autostock_session_report_refusal(
    ngx_http_autostock_connection_t *conn)
{
    const char  *refusal;

    refusal = ngx_http_autostock_session_report_reason(conn);

    if (refusal && refusal != conn->db->refusal_logged) {
        ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                      "autostock: nothing is sold from database \"%V\" at "
                      "%V: %s", &conn->db->name, &conn->server->name, refusal);
    }

    conn->db->refusal_logged = refusal;
}


void
ngx_http_autostock_session_report_rights(ngx_http_autostock_connection_t *conn)
{
    ngx_uint_t                      missing;
    ngx_http_autostock_database_t  *db;

    db = conn->db;
    missing = ngx_http_autostock_rights_missing(&conn->rights);

    /* without these rights orders are written without traces */
    db->traces = (missing & NGX_HTTP_AUTOSTOCK_RIGHTS_OPTIONAL) == 0;

    ngx_http_autostock_status_lacks(db, missing);

    ngx_http_autostock_session_report_required(conn,
                               missing & ~NGX_HTTP_AUTOSTOCK_RIGHTS_OPTIONAL);
    ngx_http_autostock_session_report_optional(conn,
                               missing & NGX_HTTP_AUTOSTOCK_RIGHTS_OPTIONAL);

    db->rights_missing = missing;
    db->rights_again = missing & ~NGX_HTTP_AUTOSTOCK_RIGHTS_OPTIONAL
                       ? NGX_HTTP_AUTOSTOCK_RIGHTS_AGAIN
                       : missing ? NGX_HTTP_AUTOSTOCK_RIGHTS_SELDOM : 0;
}


static void
ngx_http_autostock_session_report_required(
    ngx_http_autostock_connection_t *conn, ngx_uint_t missing)
{
    u_char                         *p, text[NGX_HTTP_AUTOSTOCK_RIGHTS_TEXT];
    ngx_uint_t                      before;
    ngx_http_autostock_database_t  *db;

    db = conn->db;
    before = db->rights_missing & ~NGX_HTTP_AUTOSTOCK_RIGHTS_OPTIONAL;

    if (missing && missing != before) {
        p = ngx_http_autostock_rights_text(&conn->rights, missing, text,
                                           text + sizeof(text));

        ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                      "autostock: database \"%V\" at %V: user \"%V\" has no "
                      "right to %*s, or these do not exist; requests that need "
                      "them will fail: as an administrator, with this user in "
                      "it, mariadb %V < sql/grants.sql, after sql/schema.sql",
                      &db->name, &conn->server->name, &db->user,
                      (size_t) (p - text), text, &db->database);

    } else if (missing == 0 && before) {
        /* the same level as the line about the missing rights */
        ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                      "autostock: database \"%V\" at %V: user \"%V\" has all "
                      "required rights again", &db->name, &conn->server->name,
                      &db->user);
    }
}


static void
ngx_http_autostock_session_report_optional(
    ngx_http_autostock_connection_t *conn, ngx_uint_t missing)
{
    u_char                         *p, text[NGX_HTTP_AUTOSTOCK_RIGHTS_TEXT];
    ngx_uint_t                      before;
    ngx_http_autostock_database_t  *db;

    db = conn->db;
    before = db->rights_missing & NGX_HTTP_AUTOSTOCK_RIGHTS_OPTIONAL;

    if (missing && missing != before) {
        p = ngx_http_autostock_rights_text(&conn->rights, missing, text,
                                           text + sizeof(text));

        ngx_log_error(NGX_LOG_NOTICE, conn->log, 0,
                      "autostock: database \"%V\" at %V: orders have no "
                      "traces: user \"%V\" cannot %*s; sql/schema.sql has the "
                      "table, sql/grants.sql the rights", &db->name,
                      &conn->server->name, &db->user, (size_t) (p - text),
                      text);

    } else if (missing == 0 && before) {
        ngx_log_error(NGX_LOG_NOTICE, conn->log, 0,
                      "autostock: database \"%V\" at %V: orders have traces "
                      "again", &db->name, &conn->server->name);
    }
}


const char *
ngx_http_autostock_session_report_reason(ngx_http_autostock_connection_t *conn)
{
    return conn->binlog && conn->by_statement
           ? "its binlog_format is STATEMENT, which the user may not change "
             "for the session; set it to ROW or MIXED, or grant BINLOG ADMIN "
             "(MySQL: SESSION_VARIABLES_ADMIN)"
           : NULL;
}


const char *
ngx_http_autostock_session_report_unfit(ngx_http_autostock_connection_t *conn)
{
    if (conn->read_only) {
        return "it is read-only";
    }

    if (!conn->durable
        && conn->db->durability == NGX_HTTP_AUTOSTOCK_DURABILITY_REQUIRE)
    {
        return "it is not durable, as \"durability require\" demands";
    }

    return ngx_http_autostock_session_report_reason(conn);
}
