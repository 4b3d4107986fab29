/*
 * A connection to the shop's database.
 */

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "as_greeting.h"
#include "as_sqlerror.h"
#include "db/db_parts.h"


#define AS_DB_RESULTS_MAX  65536       /* in one packet */
#define AS_DB_NAME_LEN     64          /* bytes of a name */


struct as_db_s {
    MYSQL                *mysql;       /* NULL: not connected */
    pthread_mutex_t       lock;        /* protects settings, fd, aborted */
    const as_settings_t  *settings;
    int                   fd;          /* -1: none; for as_db_abort() */
    bool                  aborted;
    bool                  mariadb;
    bool                  clustered;   /* a Galera node */
    bool                  binlog;
    bool                  by_statement;  /* format of the session's binary
                                            log */
    size_t                packet_max;    /* the server's max_allowed_packet */
    char                  charset[AS_DB_NAME_LEN + 1];     /* product.sku's; */
    char                  collation[AS_DB_NAME_LEN + 1];   /* "": not known */
    unsigned              error;
    char                  message[AS_DB_ERROR_LEN];
    uint64_t              affected[AS_DB_STATEMENTS_MAX];
};


as_db_t *
as_db_create(const as_settings_t *settings)
{
    as_db_t  *db;

    db = calloc(1, sizeof(*db));
    if (db == NULL) {
        return NULL;
    }

    db->settings = settings;
    db->fd = -1;
    pthread_mutex_init(&db->lock, NULL);

    return db;
}


void
as_db_destroy(as_db_t *db)
{
    if (db == NULL) {
        return;
    }

    as_db_close(db);
    pthread_mutex_destroy(&db->lock);
    free(db);
}


static void
as_db_set_fd(as_db_t *db, int fd)
{
    pthread_mutex_lock(&db->lock);
    db->fd = fd;
    pthread_mutex_unlock(&db->lock);
}


void
as_db_abort(as_db_t *db)
{
    pthread_mutex_lock(&db->lock);
    db->aborted = true;
    if (db->fd != -1) {
        shutdown(db->fd, SHUT_RDWR);
    }
    pthread_mutex_unlock(&db->lock);
}


static bool
as_db_is_aborted(as_db_t *db)
{
    bool  aborted;

    pthread_mutex_lock(&db->lock);
    aborted = db->aborted;
    pthread_mutex_unlock(&db->lock);

    return aborted;
}


void
as_db_close(as_db_t *db)
{
    if (db->mysql != NULL) {
        as_db_set_fd(db, -1);
        mysql_close(db->mysql);
        db->mysql = NULL;
    }
}


/* Stores the error and returns its class. */
static as_db_status_e
as_db_fail(as_db_t *db, MYSQL *mysql)
{
    db->error = mysql_errno(mysql);
    as_db_error_tell(db->message, db->error, mysql_error(mysql));

    return as_db_error_status(db->error);
}


void
as_db_reload(as_db_t *db, const as_settings_t *settings)
{
    pthread_mutex_lock(&db->lock);
    db->settings = settings;
    pthread_mutex_unlock(&db->lock);
}


static const as_settings_t *
as_db_settings(as_db_t *db)
{
    const as_settings_t  *settings;

    pthread_mutex_lock(&db->lock);
    settings = db->settings;
    pthread_mutex_unlock(&db->lock);

    return settings;
}


static as_db_status_e as_db_statements(as_db_t *db, const char *sql,
    size_t len, unsigned *statement, as_db_row_pt row, void *data);


/* Accepts only a name that can be written into SQL without quotes. */
static void
as_db_name(char to[AS_DB_NAME_LEN + 1], const char *name)
{
    size_t  len;

    len = strlen(name);

    if (len <= AS_DB_NAME_LEN && strspn(name, "abcdefghijklmnopqrstuvwxyz"
                                        "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                        "0123456789_") == len)
    {
        memcpy(to, name, len + 1);
    }
}


static void
as_db_look_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    as_db_t  *db = data;

    (void) lengths;

    if (n != 2 || columns[0] == NULL || columns[1] == NULL) {
        return;                        /* a column of bytes */
    }

    if (statement > 0) {
        as_db_name(db->charset, columns[0]);
        as_db_name(db->collation, columns[1]);

    } else if (strcasecmp(columns[0], "wsrep_on") == 0) {
        db->clustered = strcmp(columns[1], "ON") == 0;

    } else if (strcasecmp(columns[0], "log_bin") == 0) {
        db->binlog = strcmp(columns[1], "ON") == 0;

    } else if (strcasecmp(columns[0], "binlog_format") == 0) {
        db->by_statement = strcmp(columns[1], "STATEMENT") == 0;

    } else {
        db->packet_max = strtoull(columns[1], NULL, 10);
    }
}


/* Reads the server's properties: whether it is a Galera node (only those have
 * the variable), the format of its binary log, the maximum packet, the type of
 * product.sku.  READ COMMITTED requires a binary log by row: where the session
 * may not set that, its writes are refused with error 1665, and doctor reports
 * it. */
static as_db_status_e
as_db_look(as_db_t *db)
{
    unsigned        statement = 0;
    as_db_status_e  status;

    static const char  sql[] = "SHOW SESSION VARIABLES WHERE Variable_name"
        " IN ('wsrep_on', 'log_bin', 'binlog_format', 'max_allowed_packet');"
        "SELECT CHARACTER_SET_NAME, COLLATION_NAME FROM"
        " information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND"
        " TABLE_NAME = 'product' AND COLUMN_NAME = 'sku'";
    static const char  by_row[] = "SET SESSION binlog_format = ROW";

    db->clustered = db->binlog = db->by_statement = false;
    db->packet_max = 0;
    db->charset[0] = '\0';
    db->collation[0] = '\0';

    status = as_db_statements(db, sql, sizeof(sql) - 1, &statement,
                              as_db_look_row, db);

    db->by_statement &= db->binlog;
    if (status != AS_DB_OK || !db->by_statement) {
        return status;
    }

    statement = 0;
    status = as_db_statements(db, by_row, sizeof(by_row) - 1, &statement,
                              NULL, NULL);
    db->by_statement = status != AS_DB_OK;

    return status == AS_DB_ERROR ? AS_DB_OK : status;
}


/* A result is too large or takes too long: the rest is not read. */
static void
as_db_endless(as_db_t *db, uint64_t n, const char *what)
{
    shutdown(db->fd, SHUT_RDWR);
    as_db_close(db);
    db->error = 0;
    snprintf(db->message, sizeof(db->message), "an answer did not end after %"
             PRIu64 " %s", n, what);
}


as_db_status_e
as_db_connect(as_db_t *db)
{
    char                 *version;
    MYSQL                *mysql, *connected;
    const as_settings_t  *settings;

    if (db->mysql != NULL) {
        return AS_DB_OK;
    }

    if (as_db_is_aborted(db)) {
        snprintf(db->message, sizeof(db->message), "it was aborted");
        return AS_DB_GONE;
    }

    settings = as_db_settings(db);

    mysql = mysql_init(NULL);
    if (mysql == NULL) {
        snprintf(db->message, sizeof(db->message), "out of memory");
        return AS_DB_GONE;
    }

    as_db_options(settings, mysql);

    version = as_greeting_expect(mysql);

    connected = mysql_real_connect(mysql, settings->db_socket != NULL ? NULL
                           : settings->db_hostname, settings->db_username,
                           settings->db_password, settings->db_database,
                           (unsigned) settings->db_port, settings->db_socket,
                           CLIENT_MULTI_STATEMENTS | CLIENT_FOUND_ROWS);

    /* where it is still in place mysql_close() frees it */
    (void) as_greeting_seen(mysql, version);

    if (connected == NULL) {
        /* in each case there is no connection */
        as_db_fail(db, mysql);
        mysql_close(mysql);
        return AS_DB_GONE;
    }

    db->mysql = mysql;
    db->mariadb = mariadb_connection(mysql);
    as_db_set_fd(db, (int) mysql_get_socket(mysql));

    return as_db_look(db);
}


/* Reads the current result.  0, or -1 where the connection failed. */
static int
as_db_result(as_db_t *db, unsigned statement, as_db_row_pt row, void *data)
{
    uint64_t    rows;
    MYSQL_RES  *result;

    result = mysql_use_result(db->mysql);

    if (result == NULL) {
        if (mysql_field_count(db->mysql) != 0) {
            return -1;
        }

        if (statement < AS_DB_STATEMENTS_MAX) {
            db->affected[statement] = mysql_affected_rows(db->mysql);
        }
        return 0;
    }

    if (as_db_rows(result, statement, row, data, &rows) != 0) {
        as_db_endless(db, rows, "rows");
        return -1;
    }

    return mysql_errno(db->mysql) == 0 ? 0 : -1;
}


static as_db_status_e
as_db_failed(as_db_t *db)
{
    unsigned        state;
    as_db_status_e  status;

    if (db->mysql == NULL) {
        return AS_DB_GONE;             /* as_db_endless() has set the error */
    }

    status = as_db_fail(db, db->mysql);

    if (status == AS_DB_GONE) {
        as_db_close(db);
        return status;
    }

    if (as_sqlerror(db->error) == AS_SQLERROR_ALTERED) {
        /* the next connection reads the column again */
        as_db_close(db);
        return status;
    }

    /* a statement that fails within a packet leaves the transaction open */
    state = 0;
    mariadb_get_infov(db->mysql, MARIADB_CONNECTION_SERVER_STATUS, &state);

    if ((state & SERVER_STATUS_IN_TRANS)
        && mysql_real_query(db->mysql, "ROLLBACK", 8) != 0)
    {
        as_db_close(db);
    }

    return status;
}


/* Sends one packet. *statement continues to count. */
static as_db_status_e
as_db_statements(as_db_t *db, const char *sql, size_t len,
    unsigned *statement, as_db_row_pt row, void *data)
{
    int  more;

    if (mysql_real_query(db->mysql, sql, len) != 0) {
        return as_db_failed(db);
    }

    for (more = 0; more == 0; (*statement)++) {
        if (as_db_result(db, *statement, row, data) != 0) {
            return as_db_failed(db);
        }

        if (*statement == AS_DB_RESULTS_MAX) {
            as_db_endless(db, *statement, "results");
            return AS_DB_GONE;
        }

        more = mysql_next_result(db->mysql);
        if (more > 0) {
            return as_db_failed(db);
        }
    }

    return AS_DB_OK;
}


/*
 * Where a Galera node aborts a transaction between two statements of a packet,
 * for another node's transaction, it runs the rest of the packet in autocommit
 * and reports OK.  So on such a node each statement is sent separately.  No
 * statement of the worker contains ";" (strings are hexadecimal) except a
 * compound one, which writes nothing.
 */
static as_db_status_e
as_db_packet(as_db_t *db, const char *sql, size_t len, as_db_row_pt row,
    void *data)
{
    size_t           part;
    unsigned         statement;
    as_db_status_e   status;

    memset(db->affected, 0, sizeof(db->affected));
    statement = 0;

    status = as_db_connect(db);
    if (status != AS_DB_OK) {
        return status;
    }

    if (db->packet_max != 0 && len + 1 > db->packet_max) {
        db->error = 0;
        snprintf(db->message, sizeof(db->message), "a packet of %zu bytes is "
                 "more than the server's max_allowed_packet, %zu: set it to "
                 "%u or more", len + 1, db->packet_max, AS_DB_PACKET_MIN);
        return AS_DB_ERROR;
    }

    if (!db->clustered || strncmp(sql, "BEGIN NOT ATOMIC", 16) == 0) {
        return as_db_statements(db, sql, len, &statement, row, data);
    }

    while (status == AS_DB_OK && len > 0) {
        part = strcspn(sql, ";");
        status = as_db_statements(db, sql, part, &statement, row, data);
        part += part < len;
        sql += part;
        len -= part;
    }

    return status;
}


as_db_status_e
as_db_run(as_db_t *db, const as_text_t *sql, as_db_row_pt row, void *data)
{
    if (!as_text_ok(sql)) {
        db->error = 0;
        snprintf(db->message, sizeof(db->message), "out of memory");
        return AS_DB_ERROR;
    }

    return as_db_packet(db, as_text_get(sql), sql->len, row, data);
}


as_db_status_e
as_db_exec(as_db_t *db, const char *sql, as_db_row_pt row, void *data)
{
    return as_db_packet(db, sql, strlen(sql), row, data);
}


/*
 * A server compares a literal in the column's character set where it can, and
 * refuses the statement (error 1267) where it cannot.  So for a column that is
 * not utf8mb4 the worker converts the literal.  A literal that does not survive
 * the conversion equals no row.
 */
static void
as_db_sku_literal(as_db_t *db, as_text_t *sql, const char *sku)
{
    as_text_t  utf8 = AS_TEXT_EMPTY;

    /* where this fails, the statement will fail too */
    if (as_db_connect(db) != AS_DB_OK || db->charset[0] == '\0'
        || db->collation[0] == '\0' || strcmp(db->charset, "utf8mb4") == 0)
    {
        as_text_sql_string(sql, sku);
        return;
    }

    as_text_sql_string(&utf8, sku);
    as_text_printf(sql, "IF(CONVERT(CONVERT(%s USING %s) USING utf8mb4) = %s"
                   " COLLATE utf8mb4_bin, CONVERT(%s USING %s), NULL)"
                   " COLLATE %s", as_text_get(&utf8), db->charset,
                   as_text_get(&utf8), as_text_get(&utf8), db->charset,
                   db->collation);
    as_text_free(&utf8);
}


void
as_db_sku(as_db_t *db, as_text_t *sql, const char *column, const char *sku)
{
    if (!as_text_is_utf8(sku)) {
        as_text_put(sql, "FALSE");
        return;
    }

    as_text_printf(sql, "%s = ", column);
    as_db_sku_literal(db, sql, sku);

    if (as_db_settings(db)->sku_match == AS_EXACT) {
        as_text_printf(sql, " AND CAST(CONVERT(%s USING utf8mb4) AS BINARY)"
                       " = ", column);
        as_text_sql_bytes(sql, sku, strlen(sku));
    }
}


void
as_db_sku_after(as_db_t *db, as_text_t *sql, const char *column,
    const char *sku)
{
    if (!as_text_is_utf8(sku)) {
        as_text_put(sql, "FALSE");
        return;
    }

    as_text_printf(sql, "%s > ", column);
    as_db_sku_literal(db, sql, sku);
}


const char *
as_db_sku_charset(const as_db_t *db)
{
    return db->charset;
}


const char *
as_db_sku_collation(const as_db_t *db)
{
    return db->collation;
}


uint64_t
as_db_affected(const as_db_t *db, unsigned statement)
{
    return statement < AS_DB_STATEMENTS_MAX ? db->affected[statement] : 0;
}


const char *
as_db_error(const as_db_t *db)
{
    return db->message;
}


unsigned
as_db_errno(const as_db_t *db)
{
    return db->error;
}


bool
as_db_is_mariadb(const as_db_t *db)
{
    return db->mariadb;
}


bool
as_db_by_statement(const as_db_t *db)
{
    return db->by_statement;
}


size_t
as_db_packet_max(const as_db_t *db)
{
    return db->packet_max;
}
