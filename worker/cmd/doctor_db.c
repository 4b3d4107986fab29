/*
 * doctor's checks of the database.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/doctor_columns.h"
#include "cmd/doctor_db.h"
#include "cmd/doctor_db_rights.h"
#include "cmd/doctor_procedure.h"
#include "cmd/doctor_sku.h"


#define AS_DOCTOR_CLOCK_MS  INT64_C(2000)
#define AS_DOCTOR_TRIGGERS  6          /* in sql/trigger.sql */


typedef struct {
    as_findings_t  *findings;
    as_db_t        *db;
    as_text_t      *sku;
    const char     *database;

    bool            columns[AS_DOCTOR_COLUMNS_MAX];
    bool            keys[6];           /* open order, idempotency, ledger,
                                          movement, kind, hold state */
    bool            check;             /* stock >= 0 */
    int             triggers;
    bool            may_see_triggers;
    char            engine[64];        /* of a table that is not InnoDB */
    char            version[64];
    long            flush;
    long            sync_binlog;
    bool            binlog;
    bool            read_only;
    bool            utf8mb4;           /* of the session */
    int64_t         now_ms;
} as_doctor_db_t;


/* The number of the statement in the packet identifies its rows. */
static void
as_doctor_db_schema_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_doctor_db_t  *d = data;

    (void) lengths;
    (void) n;

    switch (statement) {
    case 0:
        as_doctor_columns_seen(d->columns, columns[0]);
        break;

    case 1:
        d->keys[0] |= strcmp(columns[0], "open_product_id") == 0;
        d->keys[1] |= strcmp(columns[0], "idempotency_key") == 0;
        d->keys[2] |= strcmp(columns[0], "ledger") == 0;
        d->keys[3] |= strcmp(columns[0], "movement_id") == 0;
        d->keys[4] |= strcmp(columns[0], "kind") == 0;
        d->keys[5] |= strcmp(columns[0], "state") == 0;
        break;

    case 2:
        d->check = true;
        break;

    case 3:
        d->triggers = atoi(columns[0]);
        break;

    case 4:
        d->may_see_triggers = columns[0][0] != '0';
        break;

    default:
        snprintf(d->engine, sizeof(d->engine), "%s is %s", columns[0],
                 columns[1] == NULL ? "of no engine" : columns[1]);
    }
}


static as_db_status_e
as_doctor_db_schema_read(as_doctor_db_t *d)
{
    return as_db_exec(d->db,
        "SELECT CONCAT(TABLE_NAME, '.', COLUMN_NAME) FROM"
        " information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE();"

        "SELECT MAX(COLUMN_NAME) FROM information_schema.STATISTICS WHERE"
        " TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN ('restock_order',"
        " 'stock_movement_key') AND NON_UNIQUE = 0 GROUP BY TABLE_NAME,"
        " INDEX_NAME HAVING COUNT(*) = 1 AND MAX(COLUMN_NAME) IS NOT NULL"
        " UNION ALL SELECT 'ledger' FROM information_schema.STATISTICS WHERE"
        " TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'stock_movement' AND"
        " INDEX_NAME = 'PRIMARY' AND COLUMN_NAME = 'product_id' UNION ALL"
        " SELECT 'movement_id' FROM information_schema.STATISTICS WHERE"
        " TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'stock_movement_key' AND"
        " SEQ_IN_INDEX = 1 AND COLUMN_NAME = 'movement_id' UNION ALL"
        " SELECT 'kind' FROM information_schema.COLUMNS WHERE TABLE_SCHEMA ="
        " DATABASE() AND TABLE_NAME = 'stock_movement' AND COLUMN_NAME ="
        " 'kind' AND COLUMN_TYPE LIKE '%''return''%' UNION ALL"
        " SELECT 'state' FROM information_schema.STATISTICS WHERE"
        " TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'stock_hold' AND"
        " SEQ_IN_INDEX = 1 AND COLUMN_NAME = 'state';"

        "SELECT 1 FROM information_schema.TABLE_CONSTRAINTS WHERE"
        " CONSTRAINT_SCHEMA = DATABASE() AND TABLE_NAME = 'product' AND"
        " CONSTRAINT_NAME = 'product_stock_not_negative';"

        "SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE"
        " TRIGGER_SCHEMA = DATABASE() AND EVENT_OBJECT_TABLE = 'product' AND"
        " TRIGGER_NAME IN ('product_opening_look', 'product_opening_key',"
        " 'product_opening_movement', 'product_closing', 'product_held',"
        " 'product_held_look');"

        "SELECT (SELECT COUNT(*) FROM information_schema.USER_PRIVILEGES"
        " WHERE PRIVILEGE_TYPE = 'TRIGGER') + (SELECT COUNT(*) FROM"
        " information_schema.SCHEMA_PRIVILEGES WHERE PRIVILEGE_TYPE ="
        " 'TRIGGER' AND DATABASE() LIKE TABLE_SCHEMA) + (SELECT COUNT(*)"
        " FROM information_schema.TABLE_PRIVILEGES WHERE PRIVILEGE_TYPE ="
        " 'TRIGGER' AND TABLE_SCHEMA = DATABASE() AND TABLE_NAME ="
        " 'product');"

        "SELECT TABLE_NAME, ENGINE FROM information_schema.TABLES WHERE"
        " TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN ('product',"
        " 'stock_movement', 'stock_movement_key', 'stock_hold',"
        " 'stock_hold_line', 'stock_return', 'restock_order',"
        " 'restock_order_trace') AND"
        " (ENGINE IS NULL OR ENGINE <> 'InnoDB')", as_doctor_db_schema_row, d);
}


/* The keys, in the order of d->keys. */
static const struct {
    const char  *what;
    const char  *mend;                 /* NULL: sql/schema.sql */
} as_doctor_keys[] = {
    { "restock_order has no unique key over open_product_id: a product may get "
      "two open orders",
      "ALTER TABLE restock_order ADD CONSTRAINT uc_restock_order_open_product "
      "UNIQUE (open_product_id); where two orders of a product are open, "
      "autostock-worker orders cancel one first" },

    { "stock_movement_key has no unique key over idempotency_key: a sale or a "
      "receipt may be booked twice",
      "ALTER TABLE stock_movement_key ADD PRIMARY KEY (idempotency_key)" },

    { "the primary key of stock_movement has no product_id: a transaction of "
      "two products fails", NULL },

    { "stock_movement_key has no index over movement_id: expired keys are "
      "found by reading all", NULL },

    { "the column kind of stock_movement has no value for holds and returns",
      NULL },

    { "stock_hold has no index over state: holds that are due are found by "
      "reading all", "ALTER TABLE stock_hold ADD KEY ix_stock_hold_state "
      "(state, expires_at)" }
};


static void
as_doctor_db_schema_tell(as_doctor_db_t *d)
{
    char      mend[400];
    size_t    i;
    unsigned  told;

    told = as_doctor_columns_tell(d->findings, d->columns, d->database);
    snprintf(mend, sizeof(mend), AS_DOCTOR_COLUMNS_SCHEMA, d->database);

    for (i = 0; i < sizeof(as_doctor_keys) / sizeof(as_doctor_keys[0])
                && told == 0; i++)
    {
        if (!d->keys[i]) {
            told++;
            as_findings_say(d->findings, AS_DOCTOR_WRONG, "schema",
                            as_doctor_keys[i].mend == NULL
                            ? mend : as_doctor_keys[i].mend, "%s",
                            as_doctor_keys[i].what);
        }
    }

    if (told == 0) {
        as_findings_say(d->findings, AS_DOCTOR_FINE, "schema", "",
                        "tables, columns and unique keys exist");
    }

    if (d->engine[0] != '\0') {
        as_findings_say(d->findings, AS_DOCTOR_WRONG, "engine",
                        "ALTER TABLE ... ENGINE=InnoDB", "%s: no "
                        "transactions", d->engine);
    }
}


static void
as_doctor_db_trigger_tell(as_doctor_db_t *d)
{
    char  mend[400];

    snprintf(mend, sizeof(mend), "mariadb %s < sql/trigger.sql; if the right "
             "is missing (error 1419), omit it: the watchdog writes the "
             "opening movements", d->database);

    if (d->triggers == AS_DOCTOR_TRIGGERS) {
        as_findings_say(d->findings, AS_DOCTOR_FINE, "trigger", "",
                        "products inserted by plain SQL get their opening "
                        "movement");

    } else if (d->may_see_triggers) {
        as_findings_say(d->findings, AS_DOCTOR_WARNING, "trigger", mend,
                        "product has %d of the %d triggers for opening "
                        "movements and held pieces", d->triggers,
                        AS_DOCTOR_TRIGGERS);
    } else {
        as_findings_say(d->findings, AS_DOCTOR_FINE, "trigger", "",
                        "this user may not see triggers; without them, the "
                        "watchdog writes the opening movements");
    }
}


/* The server shows constraints only to a user with a right on the whole table.
 * Where it shows none to another user, the result is unknown. */
static void
as_doctor_db_check_tell(as_doctor_db_t *d)
{
    if (d->check) {
        as_findings_say(d->findings, AS_DOCTOR_FINE, "check", "",
                        "a stock below 0 is refused by the database");

    } else if (d->may_see_triggers) {
        as_findings_say(d->findings, AS_DOCTOR_WRONG, "check",
                        "ALTER TABLE product ADD CONSTRAINT "
                        "product_stock_not_negative CHECK (stock >= 0)",
                        "product has no CHECK (stock >= 0): the stock may "
                        "become negative");
    } else {
        as_findings_say(d->findings, AS_DOCTOR_FINE, "check", "",
                        "this user may not see whether product has CHECK "
                        "(stock >= 0); sql/schema.sql adds it");
    }
}


static void
as_doctor_db_server_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_doctor_db_t  *d = data;

    (void) lengths;

    if (statement == 0 && n == 7) {
        snprintf(d->version, sizeof(d->version), "%s", columns[0]);
        d->flush = strtol(columns[1], NULL, 10);
        d->sync_binlog = strtol(columns[2], NULL, 10);
        d->binlog = columns[3][0] == '1';
        /* a number; MariaDB 12 returns OFF, ON, NO_LOCK, NO_LOCK_NO_ADMIN */
        d->read_only = strcmp(columns[4], "0") != 0
                       && strcmp(columns[4], "OFF") != 0;
        d->now_ms = strtoll(columns[5], NULL, 10) / 1000;
        d->utf8mb4 = columns[6][0] == '1';

    } else if (statement == 1) {
        as_text_put(d->sku, columns[0]);
    }
}


static bool
as_doctor_db_version_old(const as_doctor_db_t *d)
{
    int  major = 0, minor = 0, patch = 0;

    sscanf(d->version, "%d.%d.%d", &major, &minor, &patch);

    return as_db_is_mariadb(d->db)
           ? major * 1000 + minor < 10011
           : major * 1000000 + minor * 1000 + patch < 8000016;
}


static void
as_doctor_db_flush_tell(as_doctor_db_t *d)
{
    if (d->flush != 1) {
        as_findings_say(d->findings, AS_DOCTOR_WRONG, "flush",
                        "SET GLOBAL innodb_flush_log_at_trx_commit = 1, and "
                        "the same in the server's configuration",
                        "innodb_flush_log_at_trx_commit is %ld: a sale that "
                        "was answered 200 may be lost when the machine fails",
                        d->flush);
    }

    if (d->binlog && d->sync_binlog != 1) {
        as_findings_say(d->findings, AS_DOCTOR_WRONG, "sync-binlog",
                        "SET GLOBAL sync_binlog = 1, and the same in the "
                        "server's configuration", "sync_binlog is %ld with "
                        "a binary log: after a crash, replicas and server "
                        "may differ", d->sync_binlog);
    }

    if (d->flush == 1 && (!d->binlog || d->sync_binlog == 1)) {
        as_findings_say(d->findings, AS_DOCTOR_FINE, "flush", "",
                        "commits are durable (innodb_flush_log_at_trx_commit"
                        " 1, %s)", d->binlog ? "sync_binlog 1"
                                             : "no binary log");
    }
}


static void
as_doctor_db_packets_tell(as_doctor_db_t *d)
{
    if (as_db_by_statement(d->db)) {
        as_findings_say(d->findings, AS_DOCTOR_WRONG, "binlog-format",
                        "SET GLOBAL binlog_format = ROW (or MIXED), and the "
                        "same in the server's configuration; or GRANT BINLOG "
                        "ADMIN (MySQL: SESSION_VARIABLES_ADMIN) ON *.* to "
                        "the worker's and the module's user",
                        "binlog_format is STATEMENT, and this user may not "
                        "change it for its session: nothing can be written");
    }

    if (as_db_packet_max(d->db) < AS_DB_PACKET_MIN) {
        as_findings_say(d->findings, AS_DOCTOR_WARNING, "packet",
                        "SET GLOBAL max_allowed_packet = 16777216, and the "
                        "same in the server's configuration",
                        "max_allowed_packet is %zu: nginx sells in smaller "
                        "batches, and commands of the worker are refused",
                        as_db_packet_max(d->db));
    }
}


static void
as_doctor_db_read_only_tell(as_doctor_db_t *d, const char *why)
{
    as_findings_say(d->findings, AS_DOCTOR_WRONG, "read-only",
                    "if it is the primary: SET GLOBAL read_only = 0, and the "
                    "same in its configuration; if it is a replica, set "
                    "DB_HOSTNAME to the primary",
                    "the server accepts no changes: %s", why);
}


static void
as_doctor_db_server(as_doctor_db_t *d)
{
    int64_t          skew;
    as_db_status_e   status;
    struct timespec  now;

    status = as_db_exec(d->db, "SELECT @@version,"
                        " @@GLOBAL.innodb_flush_log_at_trx_commit,"
                        " @@GLOBAL.sync_binlog, @@GLOBAL.log_bin,"
                        " @@GLOBAL.read_only, TIMESTAMPDIFF(MICROSECOND,"
                        " '1970-01-01', UTC_TIMESTAMP(6)),"
                        " @@character_set_client = 'utf8mb4' AND"
                        " @@character_set_results = 'utf8mb4';SELECT sku FROM"
                        " product ORDER BY sku LIMIT 1",
                        as_doctor_db_server_row, d);
    clock_gettime(CLOCK_REALTIME, &now);

    if (status != AS_DB_OK && d->version[0] == '\0') {
        as_findings_say(d->findings, AS_DOCTOR_UNREACHABLE, "server",
                        "see the finding for the database, or run doctor again",
                        "its settings cannot be read: %s",
                        as_db_error(d->db));
        return;
    }

    as_findings_say(d->findings, as_doctor_db_version_old(d) ? AS_DOCTOR_WARNING
                    : AS_DOCTOR_FINE, "version", as_doctor_db_version_old(d)
                    ? "upgrade the server" : "", "%s %s%s",
                    as_db_is_mariadb(d->db) ? "MariaDB" : "MySQL", d->version,
                    as_doctor_db_version_old(d)
                    ? ", older than 10.11 (MariaDB) or 8.0.16 (MySQL)" : "");

    if (d->read_only) {
        as_doctor_db_read_only_tell(d, "@@read_only is on");
    }

    if (!d->utf8mb4) {
        as_findings_say(d->findings, AS_DOCTOR_WRONG, "session-charset",
                        "configure any proxy between this machine and the "
                        "server to pass SET NAMES on",
                        "the session's character set is not utf8mb4, although "
                        "it was set to utf8mb4");
    }

    as_doctor_db_flush_tell(d);
    as_doctor_db_packets_tell(d);

    skew = d->now_ms - ((int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000);
    if (skew > AS_DOCTOR_CLOCK_MS || skew < -AS_DOCTOR_CLOCK_MS) {
        as_findings_say(d->findings, AS_DOCTOR_WARNING, "database-clock",
                        "timedatectl set-ntp true, on both machines",
                        "the database's clock differs from this machine's by %"
                        PRId64 " ms", skew);
    }
}


bool
as_doctor_db(as_findings_t *findings, as_db_t *db,
    const as_settings_t *settings, as_text_t *sku)
{
    as_doctor_db_t   d;

    memset(&d, 0, sizeof(d));
    d.findings = findings;
    d.db = db;
    d.sku = sku;
    d.database = settings->db_database;

    if (as_db_connect(db) != AS_DB_OK) {
        as_findings_say(findings, AS_DOCTOR_UNREACHABLE, "database",
                        "check DB_HOSTNAME, DB_PORT or DB_SOCKET, DB_USERNAME, "
                        "DB_PASSWORD, DB_DATABASE, DB_TLS, and that the server "
                        "is up", "%s", as_db_error(db));
        return false;
    }

    as_findings_say(findings, AS_DOCTOR_FINE, "database", "",
                    "connected to %s as %s%s", settings->db_database,
                    settings->db_username,
                    settings->db_tls == AS_ON ? ", over TLS" : "");
    as_doctor_db_server(&d);

    if (as_doctor_db_schema_read(&d) != AS_DB_OK) {
        as_findings_say(findings, AS_DOCTOR_UNREACHABLE, "schema",
                        "see the finding for the database, or run doctor again",
                        "it cannot be read: %s", as_db_error(db));
        return false;
    }

    as_doctor_db_schema_tell(&d);
    as_doctor_db_check_tell(&d);
    as_doctor_db_trigger_tell(&d);
    as_doctor_procedure(findings, db, d.database);
    as_doctor_sku(findings, db, settings);

    if (!as_doctor_db_rights(findings, db, d.database) && !d.read_only) {
        as_doctor_db_read_only_tell(&d, as_db_error(db));
    }

    return true;
}
