/*
 * doctor's checks of the database: a correct one, and each fault of server,
 * schema and rights with its remedy.
 */

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "cmd/doctor_db.h"
#include "cmd/doctor_db_rights.h"
#include "cmd/doctor_sku.h"
#include "findings_fixture.h"
#include "settings_fixture.h"
#include "sql_fixture.h"


#define SERVER   "SELECT @@version"
#define SCHEMA   "SELECT CONCAT(TABLE_NAME, '.', COLUMN_NAME)"
#define FOLDS    "SELECT CONVERT(_utf8mb4"


/* The server's values, by default correct ones. */
static struct {
    as_settings_t       settings;
    const char         *version;
    const char         *flush;
    const char         *sync_binlog;
    const char         *binlog;
    const char         *read_only;
    const char         *utf8mb4;
    int64_t             skew_ms;
    unsigned            keys;          /* a bit of each key */
    bool                check;
    const char         *triggers;
    const char         *may_see;
    const char         *engine;        /* of product; NULL: InnoDB */
    bool                by_statement;
    size_t              packet_max;
    const char         *charset;
    const char         *collation;
} db;


bool
as_db_by_statement(const as_db_t *conn)
{
    assert_ptr_equal(conn, sql_db);

    return db.by_statement;
}


size_t
as_db_packet_max(const as_db_t *conn)
{
    assert_ptr_equal(conn, sql_db);

    return db.packet_max;
}


const char *
as_db_sku_charset(const as_db_t *conn)
{
    assert_ptr_equal(conn, sql_db);

    return db.charset;
}


const char *
as_db_sku_collation(const as_db_t *conn)
{
    assert_ptr_equal(conn, sql_db);

    return db.collation;
}


static void
sound(void)
{
    sql_reset();
    memset(&db, 0, sizeof(db));
    db.settings = *settings_fixture();
    db.version = "10.11.6-MariaDB";
    db.flush = "1";
    db.sync_binlog = "1";
    db.binlog = "1";
    db.read_only = "0";
    db.utf8mb4 = "1";
    db.keys = 0x3f;
    db.check = true;
    db.triggers = "6";
    db.may_see = "1";
    db.packet_max = 16777216;
    db.charset = "utf8mb4";
    db.collation = "utf8mb4_bin";
}


static int
setup(void **state)
{
    sound();

    return findings_setup(state);
}


static int
teardown(void **state)
{
    sql_reset();

    return findings_teardown(state);
}


static const char *const  keys[] = {
    "open_product_id", "idempotency_key", "ledger", "movement_id", "kind",
    "state"
};


static void
the_server(void)
{
    static char      now[32];
    struct timespec  ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    (void) snprintf(now, sizeof(now), "%" PRId64, ((int64_t) ts.tv_sec * 1000
                    + ts.tv_nsec / 1000000 + db.skew_ms) * 1000);
    (void) sql_row_to(SERVER, 0, 7, db.version, db.flush, db.sync_binlog,
                      db.binlog, db.read_only, now, db.utf8mb4);
    (void) sql_row_to(SERVER, 1, 1, "CP-1");
}


static void
the_schema(void)
{
    size_t  i;

    for (i = 0; i < 6; i++) {
        if (db.keys & 1u << i) {
            (void) sql_row_to(SCHEMA, 1, 1, keys[i]);
        }
    }

    if (db.check) {
        (void) sql_row_to(SCHEMA, 2, 1, "1");
    }

    (void) sql_row_to(SCHEMA, 3, 1, db.triggers);
    (void) sql_row_to(SCHEMA, 4, 1, db.may_see);

    if (db.engine != NULL) {
        (void) sql_row_to(SCHEMA, 5, 2, "product", db.engine);
    }
}


/* All checks; the columns are not in the fixture's result. */
static bool
doctor(void)
{
    bool       ok;
    as_text_t  sku = AS_TEXT_EMPTY;

    the_server();
    the_schema();
    ok = as_doctor_db(&findings, sql_db, &db.settings, &sku);

    if (ok) {
        assert_string_equal(as_text_get(&sku), "CP-1");
    }
    as_text_free(&sku);

    return ok;
}


/* The findings of the schema, without those of the columns. */
static void
the_columns_are_there(void)
{
    assert_int_equal(findings_of("wrong", "schema"), 11);
}


static void
cannot_connect(void **state)
{
    as_text_t  sku = AS_TEXT_EMPTY;

    (void) state;

    sql.connect = AS_DB_GONE;
    assert_false(as_doctor_db(&findings, sql_db, &db.settings, &sku));
    assert_int_equal(sql.npackets, 0);
    findings_one("unreachable", "database", "check DB_HOSTNAME");
    as_text_free(&sku);
}


static void
server_is_sound(void **state)
{
    (void) state;

    assert_true(doctor());
    the_columns_are_there();
    assert_int_equal(findings_of("fine", "database"), 1);
    assert_int_equal(findings_of("fine", "version"), 1);
    assert_int_equal(findings_of("fine", "flush"), 1);
    assert_int_equal(findings_of("fine", "check"), 1);
    assert_int_equal(findings_of("fine", "trigger"), 1);
    assert_int_equal(findings_of("fine", "sku-collation"), 1);
    assert_int_equal(findings_of("fine", "grants"), 1);
    assert_int_equal(findings_of("warning", NULL), 0);
}


static void
versions(void **state)
{
    size_t  i;

    static const struct {
        const char  *version;
        bool         mysql;
        bool         old;
    } cases[] = {
        { "10.11.0-MariaDB", false, false }, { "10.10.9-MariaDB", false, true },
        { "11.8.2-MariaDB", false, false }, { "10.6.16-MariaDB", false, true },
        { "8.0.16", true, false }, { "8.0.15", true, true },
        { "8.4.3", true, false }, { "5.7.44-log", true, true }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sound();
        findings_reset();
        db.version = cases[i].version;
        sql.mysql = cases[i].mysql;
        (void) doctor();
        assert_int_equal(findings_of("warning", "version"), cases[i].old);
        assert_int_equal(findings_of("fine", "version"), !cases[i].old);
    }
}


/* One value of the server that is wrong. */
static void
server_settings(void **state)
{
    size_t  i;

    static const struct {
        const char  *flush;
        const char  *sync_binlog;
        const char  *binlog;
        const char  *read_only;
        const char  *utf8mb4;
        int64_t      skew_ms;
        const char  *level;
        const char  *check;            /* NULL: nothing is wrong */
    } cases[] = {
        { "2", "1", "1", "0", "1", 0, "wrong", "flush" },
        { "0", "1", "0", "0", "1", 0, "wrong", "flush" },
        { "1", "0", "1", "0", "1", 0, "wrong", "sync-binlog" },
        { "1", "0", "0", "0", "1", 0, "wrong", NULL },
        { "1", "1", "1", "1", "1", 0, "wrong", "read-only" },
        { "1", "1", "1", "OFF", "1", 0, "wrong", NULL },
        { "1", "1", "1", "NO_LOCK", "1", 0, "wrong", "read-only" },
        { "1", "1", "1", "0", "0", 0, "wrong", "session-charset" },
        { "1", "1", "1", "0", "1", 60000, "warning", "database-clock" },
        { "1", "1", "1", "0", "1", -60000, "warning", "database-clock" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sound();
        findings_reset();
        db.flush = cases[i].flush;
        db.sync_binlog = cases[i].sync_binlog;
        db.binlog = cases[i].binlog;
        db.read_only = cases[i].read_only;
        db.utf8mb4 = cases[i].utf8mb4;
        db.skew_ms = cases[i].skew_ms;
        (void) doctor();

        if (cases[i].check != NULL) {
            assert_int_equal(findings_of(cases[i].level, cases[i].check), 1);
        }

        /* the columns, and it */
        assert_int_equal(findings_of("wrong", NULL)
                         + findings_of("warning", NULL),
                         11 + (cases[i].check != NULL));
    }
}


static void
packets(void **state)
{
    (void) state;

    db.packet_max = 4096;
    (void) doctor();
    assert_int_equal(findings_of("warning", "packet"), 1);

    /* each right that fails for the binary log is not one that is missing */
    sound();
    findings_reset();
    db.by_statement = true;
    sql.fails = "INSERT INTO";
    sql.fails_with = AS_DB_ERROR;
    sql.error = 1665;
    (void) doctor();
    assert_int_equal(findings_of("wrong", "binlog-format"), 1);
    assert_int_equal(findings_of(NULL, "grants"), 0);
}


/* Statements that cannot be read. */
static void
unreachable(void **state)
{
    (void) state;

    sql.fails = SCHEMA;
    sql.fails_with = AS_DB_GONE;
    assert_false(doctor());
    findings_one("unreachable", "schema", "it cannot be read: refused");

    sound();
    sql.fails = SERVER;
    sql.fails_with = AS_DB_GONE;
    db.version = "";
    assert_true(doctor());
    assert_int_equal(findings_of("unreachable", "server"), 1);
    assert_int_equal(findings_of(NULL, "version"), 0);
}


/* What this user may not read is not reported as missing. */
static void
triggers_and_check(void **state)
{
    size_t  i;

    static const struct {
        const char  *triggers;
        bool         check;
        const char  *may_see;
        unsigned     warnings;         /* of the trigger */
        unsigned     wrong;            /* of the check */
    } cases[] = {
        { "6", true, "1", 0, 0 }, { "6", true, "0", 0, 0 },
        { "5", true, "1", 1, 0 }, { "0", false, "1", 1, 1 },
        { "0", false, "0", 0, 0 }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sound();
        findings_reset();
        db.triggers = cases[i].triggers;
        db.check = cases[i].check;
        db.may_see = cases[i].may_see;
        (void) doctor();
        assert_int_equal(findings_of("warning", "trigger"),
                         cases[i].warnings);
        assert_int_equal(findings_of("wrong", "check"), cases[i].wrong);
        assert_int_equal(findings_of(NULL, "trigger"), 1);
        assert_int_equal(findings_of(NULL, "check"), 1);
    }
}


static void
engines(void **state)
{
    (void) state;

    db.engine = "Aria";
    (void) doctor();
    assert_int_equal(findings_of("wrong", "engine"), 1);

    sound();
    findings_reset();
    db.engine = NULL;
    (void) doctor();
    assert_int_equal(findings_of(NULL, "engine"), 0);
}


/* The spellings of a SKU that the column's collation treats as equal. */
static void
skus(void **state)
{
    size_t  i;

    static const struct {
        const char  *accents;
        const char  *emoji;
        int64_t      match;
        const char  *level;
        const char  *what;
    } cases[] = {
        { "0", "0", AS_COLLATION, "fine", "at most upper and lower case" },
        { "1", "0", AS_COLLATION, "warning", "(cafe and caf\xc3\xa9)" },
        { "0", "1", AS_COLLATION, "warning", "(all emoji)" },
        { "1", "1", AS_COLLATION, "warning", "caf\xc3\xa9, all emoji)" },
        { "1", "1", AS_EXACT, "fine", "AUTOSTOCK_SKU_MATCH is exact" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sql_reset();
        db.settings.sku_match = cases[i].match;
        (void) sql_row_to(FOLDS, 0, 2, cases[i].accents, cases[i].emoji);
        as_doctor_sku(&findings, sql_db, &db.settings);

        if (strcmp(cases[i].level, "fine") == 0) {
            findings_fine(cases[i].what);
        } else {
            findings_one("warning", "sku-collation", cases[i].what);
        }
    }

    /* binary: all spellings differ, and nothing is queried */
    sql_reset();
    db.charset = "";
    as_doctor_sku(&findings, sql_db, &db.settings);
    assert_int_equal(findings_of(NULL, NULL) + (unsigned) sql.npackets, 0);

    db.charset = "latin1";
    as_doctor_sku(&findings, sql_db, &db.settings);
    findings_fine("product.sku is latin1: a SKU that it cannot represent");

    sql.fails = FOLDS;
    sql.fails_with = AS_DB_ERROR;
    db.charset = "utf8mb4";
    as_doctor_sku(&findings, sql_db, &db.settings);
    findings_one("warning", "sku-collation", "cannot be checked: refused");
}


/* Each right is tested by a statement that changes nothing; the remedy names
 * this user. */
static void
grants(void **state)
{
    size_t  i;

    static const struct {
        const char  *sql;
        const char  *may;
    } cases[] = {
        { "FOR UPDATE", "lock a product's row" },
        { "FROM factory LIMIT 0", "read the factories" },
        { "INSERT INTO restock_order", "open orders" },
        { "UPDATE restock_order", "change orders" },
        { "'opening', 1, NULL FROM DUAL", "write opening movements" },
        { "UPDATE stock_movement SET", "delete idempotency keys" },
        { "UPDATE stock_hold SET", "release holds that are due" },
        { "FROM stock_return", "read returns" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sound();
        findings_reset();
        sql.fails = cases[i].sql;
        sql.fails_with = AS_DB_ERROR;
        sql.error = 1142;
        (void) sql_row_to("CURRENT_USER", 0, 1, "shop_worker@10.%");
        assert_true(as_doctor_db_rights(&findings, sql_db, "shop"));
        findings_one("wrong", "grants", cases[i].may);
    }

    sound();
    sql.fails = "FROM factory LIMIT 0";
    sql.fails_with = AS_DB_ERROR;
    sql.error = 1142;
    (void) sql_row_to("CURRENT_USER", 0, 1, "shop_worker@10.%");
    (void) as_doctor_db_rights(&findings, sql_db, "shop");
    findings_one("wrong", "grants", "sed 's/autostock_worker@localhost/"
                 "shop_worker@\"10.%\"/' sql/grants.sql | mariadb shop");
}


/* A statement that fails for another reason shows nothing about the rights. */
static void
grants_unknown(void **state)
{
    size_t  i;

    static const struct {
        as_db_status_e   status;
        unsigned         error;
        bool             may;          /* the server may take changes */
        unsigned         findings;
    } cases[] = {
        { AS_DB_ERROR, 1146, true, 0 }, { AS_DB_ERROR, 1054, true, 0 },
        { AS_DB_ERROR, 1290, false, 0 }, { AS_DB_ERROR, 1836, false, 0 },
        { AS_DB_GONE, 2013, true, 1 }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sound();
        findings_reset();
        sql.fails = "UPDATE restock_order";
        sql.fails_with = cases[i].status;
        sql.error = cases[i].error;
        assert_int_equal(as_doctor_db_rights(&findings, sql_db, "shop"),
                         cases[i].may);
        assert_int_equal(findings_of(NULL, NULL), cases[i].findings);
        assert_int_equal(findings_of("unreachable", "grants"),
                         cases[i].findings);
    }
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(cannot_connect),
        TEST(server_is_sound),
        TEST(versions),
        TEST(server_settings),
        TEST(packets),
        TEST(unreachable),
        TEST(triggers_and_check),
        TEST(engines),
        TEST(skus),
        TEST(grants),
        TEST(grants_unknown)
    };

    return cmocka_run_group_tests_name("doctor_db", tests, NULL, NULL);
}
