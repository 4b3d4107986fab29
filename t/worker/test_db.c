/*
 * A connection to the shop's database over a client library with the test's
 * answers: its first settings and queries, the state after a failure, and
 * endless answers.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "fake_mysql.h"


/* Connects to a sound MariaDB; the queries so far are forgotten. */
static void
a_connection(void)
{
    fake_add_server(NULL, "ROW", "16777216", "utf8mb4");
    assert_int_equal(as_db_connect(lib.db), AS_DB_OK);
    free(lib.queries[0]);
    lib.nqueries = 0;
}


static void
row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    assert_ptr_equal(data, &lib);
    assert_non_null(lengths);
    (void) snprintf(lib.got + strlen(lib.got),
                    sizeof(lib.got) - strlen(lib.got), "%u:%s%s%s;",
                    statement, columns[0], n > 1 ? "," : "",
                    n > 1 ? columns[1] : "");
}


static void
connects(void **state)
{
    (void) state;

    a_connection();
    assert_int_equal(lib.connects, 1);
    assert_string_equal(lib.host, "db");
    assert_null(lib.socket);
    assert_true(lib.flags & CLIENT_FOUND_ROWS);
    assert_true(as_db_is_mariadb(lib.db));
    assert_int_equal(as_db_packet_max(lib.db), 16777216);
    assert_string_equal(as_db_sku_charset(lib.db), "utf8mb4");
    assert_string_equal(as_db_sku_collation(lib.db), "some_collation");
    assert_false(as_db_by_statement(lib.db));
    assert_int_equal(lib.enforced, 0);

    /* the session sets what the server's defaults could change */
    assert_non_null(strstr(lib.options, "READ COMMITTED, READ WRITE"));
    assert_non_null(strstr(lib.options, "time_zone = '+00:00'"));
    assert_non_null(strstr(lib.options, "SET NAMES utf8mb4"));

    /* the second time it is already connected */
    assert_int_equal(as_db_connect(lib.db), AS_DB_OK);
    assert_int_equal(lib.connects, 1);
}


static void
connects_otherwise(void **state)
{
    (void) state;

    lib.settings.db_socket = "/run/db.sock";
    lib.settings.db_tls = AS_ON;
    lib.settings.db_tls_ca = "/etc/ca.pem";
    lib.mysql = true;
    a_connection();
    assert_null(lib.host);
    assert_string_equal(lib.socket, "/run/db.sock");
    assert_int_equal(lib.enforced, 2);
    assert_non_null(strstr(lib.options, "/etc/ca.pem;"));
    assert_false(as_db_is_mariadb(lib.db));
}


/* With any error number there is no connection. */
static void
cannot_connect(void **state)
{
    size_t  i;

    static const unsigned  errors[] = { 2002, 1045, 1049, 1040, 65535 };

    (void) state;

    for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        lib.connect_error = errors[i];
        assert_int_equal(as_db_exec(lib.db, "SELECT 1", NULL, NULL),
                         AS_DB_GONE);
        assert_int_equal(as_db_errno(lib.db), errors[i]);
        assert_int_equal(lib.closes, i + 1);
        assert_null(strstr(as_db_error(lib.db), "hidden"));
    }

    assert_int_equal(lib.nqueries, 0);
    lib.no_memory = true;
    assert_int_equal(as_db_connect(lib.db), AS_DB_GONE);
    assert_string_equal(as_db_error(lib.db), "out of memory");
}


/* A name that would need quotes is invalid. */
static void
names_of_the_column(void **state)
{
    size_t  i;

    static const struct {
        const char  *charset;
        const char  *is;
    } cases[] = {
        { "latin1", "latin1" }, { NULL, "" }, { "", "" }, { "a b", "" },
        { "x'y", "" }, { "\xeb\x8f\x84", "" },
        { "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff12345",
          "" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fake_add_server(NULL, "ROW", "1048576", cases[i].charset);
        assert_int_equal(as_db_connect(lib.db), AS_DB_OK);
        assert_string_equal(as_db_sku_charset(lib.db), cases[i].is);
        as_db_close(lib.db);
    }
}


/* With a binary log by statement the session writes by row, if it may. */
static void
binary_log(void **state)
{
    size_t  i;

    static const struct {
        unsigned        error;
        as_db_status_e  status;
        bool            by_statement;
    } cases[] = {
        { 0, AS_DB_OK, false },
        { 1227, AS_DB_OK, true },
        { 2013, AS_DB_GONE, true }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fake_add_server(NULL, "STATEMENT", "1048576", "utf8mb4");
        fake_add_result(0)->error = cases[i].error;
        assert_int_equal(as_db_connect(lib.db), cases[i].status);
        assert_int_equal(as_db_by_statement(lib.db), cases[i].by_statement);
        assert_string_equal(lib.queries[lib.nqueries - 1],
                            "SET SESSION binlog_format = ROW");
        as_db_close(lib.db);
    }

    /* without a binary log its format does not matter */
    lib.no_binlog = true;
    lib.at = lib.nresults;
    fake_add_server(NULL, "STATEMENT", "1048576", "utf8mb4");
    assert_int_equal(as_db_connect(lib.db), AS_DB_OK);
    assert_false(as_db_by_statement(lib.db));
}


static void
a_packet(void **state)
{
    fake_result_t  *r;

    (void) state;

    a_connection();
    r = fake_add_result(2);
    r->more = true;
    fake_add_row(r, "a", "b");
    fake_add_row(r, "c", "d");
    r = fake_add_result(0);
    r->affected = 7;
    r->more = true;
    fake_add_row(fake_add_result(1), "e", NULL);
    assert_int_equal(as_db_exec(lib.db, "one;two;three", row, &lib),
                     AS_DB_OK);
    assert_string_equal(lib.got, "0:a,b;0:c,d;2:e;");
    assert_int_equal(lib.nqueries, 1);
    assert_int_equal(as_db_affected(lib.db, 0), 0);
    assert_int_equal(as_db_affected(lib.db, 1), 7);
    assert_int_equal(as_db_affected(lib.db, AS_DB_STATEMENTS_MAX), 0);

    /* the next packet has its own counts; rows that are not asked for are
     * read */
    fake_add_row(fake_add_result(1), "f", NULL);
    assert_int_equal(as_db_exec(lib.db, "four", NULL, NULL), AS_DB_OK);
    assert_int_equal(as_db_affected(lib.db, 1), 0);
}


/* On a Galera node each statement is a packet of its own. */
static void
a_cluster(void **state)
{
    (void) state;

    fake_add_server("ON", "ROW", "1048576", "utf8mb4");
    assert_int_equal(as_db_connect(lib.db), AS_DB_OK);
    fake_add_result(0)->affected = 1;
    fake_add_result(0)->affected = 2;
    fake_add_result(0)->affected = 3;
    assert_int_equal(as_db_exec(lib.db, "one;two;three", NULL, NULL),
                     AS_DB_OK);
    assert_int_equal(lib.nqueries, 4);
    assert_string_equal(lib.queries[1], "one");
    assert_string_equal(lib.queries[3], "three");
    assert_int_equal(as_db_affected(lib.db, 0), 1);
    assert_int_equal(as_db_affected(lib.db, 2), 3);

    /* a failure ends it; a compound statement is not parted */
    fake_add_result(0);
    fake_add_result(0)->error = 1213;
    assert_int_equal(as_db_exec(lib.db, "one;two;three", NULL, NULL),
                     AS_DB_RETRY);
    assert_int_equal(lib.nqueries, 6);
    fake_add_result(0);
    assert_int_equal(as_db_exec(lib.db, "BEGIN NOT ATOMIC a; b; END", NULL,
                                NULL), AS_DB_OK);
    assert_string_equal(lib.queries[6], "BEGIN NOT ATOMIC a; b; END");

    /* OFF: it is none */
    as_db_close(lib.db);
    fake_add_server("OFF", "ROW", "1048576", "utf8mb4");
    fake_add_result(0);
    assert_int_equal(as_db_exec(lib.db, "one;two", NULL, NULL), AS_DB_OK);
    assert_string_equal(lib.queries[lib.nqueries - 1], "one;two");
}


/* After a failure: a transaction is rolled back; a lost connection is closed,
 * and so is one whose column has another collation now. */
static void
failures(void **state)
{
    size_t    i;
    unsigned  closes;

    static const struct {
        unsigned        error;
        bool            in_transaction;
        bool            rollback_fails;
        as_db_status_e  status;
        unsigned        queries;       /* with ROLLBACK */
        bool            closed;
    } cases[] = {
        { 1213, false, false, AS_DB_RETRY, 1, false },
        { 1205, true, false, AS_DB_RETRY, 2, false },
        { 1205, true, true, AS_DB_RETRY, 2, true },
        { 1062, true, false, AS_DB_DUPLICATE, 2, false },
        { 1142, false, false, AS_DB_ERROR, 1, false },
        { 2013, true, false, AS_DB_GONE, 1, true },
        { 1290, false, false, AS_DB_GONE, 1, true },
        { 1267, true, false, AS_DB_ERROR, 1, true }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) fake_mysql_teardown(state);
        (void) fake_mysql_setup(state);
        a_connection();
        closes = lib.closes;
        lib.in_transaction = cases[i].in_transaction;
        lib.rollback_fails = cases[i].rollback_fails;

        /* the second statement of a packet */
        fake_add_result(0)->more = true;
        fake_add_result(0)->error = cases[i].error;

        if (as_db_exec(lib.db, "one;two;three", NULL, NULL)
            != cases[i].status)
        {
            fail_msg("error %u", cases[i].error);
        }

        assert_int_equal(lib.nqueries, cases[i].queries);
        assert_int_equal(lib.closes - closes, cases[i].closed);
        assert_int_equal(as_db_errno(lib.db), cases[i].error);
    }
}


/* The connection is lost between two rows: those received are not a result. */
static void
cut_within_rows(void **state)
{
    fake_result_t  *r;

    (void) state;

    a_connection();
    r = fake_add_result(1);
    fake_add_row(r, "a", NULL);
    r->cut = true;
    assert_int_equal(as_db_exec(lib.db, "one", row, &lib), AS_DB_GONE);
    assert_string_equal(lib.got, "0:a;");
    assert_int_equal(lib.closes, 1);

    /* the next call connects again */
    lib.at = lib.nresults;
    fake_add_server(NULL, "ROW", "1048576", "utf8mb4");
    fake_add_result(0);
    assert_int_equal(as_db_exec(lib.db, "one", NULL, NULL), AS_DB_OK);
    assert_int_equal(lib.connects, 2);
}


static bool
peer_sees_the_end(void)
{
    char  byte;

    return recv(lib.fds[1], &byte, 1, MSG_DONTWAIT) == 0;
}


/* An answer without an end: the rest is not read. */
static void
endless_answers(void **state)
{
    (void) state;

    a_connection();
    lib.slow = true;
    fake_add_row(fake_add_result(1), "a", NULL);
    assert_int_equal(as_db_exec(lib.db, "one", NULL, NULL), AS_DB_GONE);
    assert_non_null(strstr(as_db_error(lib.db), "an answer did not end after "
                           "1 rows"));
    assert_null(lib.result.handle);
    assert_true(peer_sees_the_end());
    assert_int_equal(lib.closes, 1);

    (void) fake_mysql_teardown(state);
    (void) fake_mysql_setup(state);
    a_connection();
    fake_add_result(0);
    lib.endless = true;
    assert_int_equal(as_db_exec(lib.db, "one", NULL, NULL), AS_DB_GONE);
    assert_non_null(strstr(as_db_error(lib.db), "an answer did not end after "
                           "65536 results"));
    assert_true(peer_sees_the_end());
}


/* A packet that the server would refuse is not sent: it would end the
 * connection. */
static void
large_packets(void **state)
{
    (void) state;

    fake_add_server(NULL, "ROW", "10", "utf8mb4");
    fake_add_result(0);
    assert_int_equal(as_db_exec(lib.db, "123456789", NULL, NULL), AS_DB_OK);
    assert_int_equal(as_db_exec(lib.db, "1234567890", NULL, NULL),
                     AS_DB_ERROR);
    assert_non_null(strstr(as_db_error(lib.db), "a packet of 11 bytes is more "
                           "than the server's max_allowed_packet, 10: set it "
                           "to 1048576 or more"));
    assert_int_equal(lib.nqueries, 2);
}


/* Called by another thread: a running call ends, and no other begins. */
static void
aborted(void **state)
{
    (void) state;

    a_connection();
    as_db_abort(lib.db);
    assert_true(peer_sees_the_end());
    as_db_close(lib.db);
    assert_int_equal(as_db_exec(lib.db, "one", NULL, NULL), AS_DB_GONE);
    assert_string_equal(as_db_error(lib.db), "it was aborted");
    assert_int_equal(lib.connects, 1);
}


/* New settings are those of the next connection. */
static void
reloaded(void **state)
{
    as_settings_t  settings;

    (void) state;

    a_connection();
    settings = lib.settings;
    settings.db_hostname = "other";
    as_db_reload(lib.db, &settings);
    assert_int_equal(as_db_connect(lib.db), AS_DB_OK);
    assert_string_equal(lib.host, "db");
    as_db_close(lib.db);
    fake_add_server(NULL, "ROW", "1048576", "utf8mb4");
    assert_int_equal(as_db_connect(lib.db), AS_DB_OK);
    assert_string_equal(lib.host, "other");
}


/* The condition for a SKU, by the column's character set. */
static void
skus(void **state)
{
    size_t     i;
    as_text_t  sql = AS_TEXT_EMPTY;

    static const struct {
        const char  *charset;
        int64_t      match;
        const char  *sku;
        const char  *sql;
    } cases[] = {
        { "utf8mb4", AS_COLLATION, "A", "p.sku = _utf8mb4 X'41'" },
        { NULL, AS_COLLATION, "A", "p.sku = _utf8mb4 X'41'" },
        { "utf8mb4", AS_EXACT, "A", "p.sku = _utf8mb4 X'41' AND CAST(CONVERT("
          "p.sku USING utf8mb4) AS BINARY) = X'41'" },
        { "latin1", AS_COLLATION, "A", "p.sku = IF(CONVERT(CONVERT(_utf8mb4 "
          "X'41' USING latin1) USING utf8mb4) = _utf8mb4 X'41' COLLATE "
          "utf8mb4_bin, CONVERT(_utf8mb4 X'41' USING latin1), NULL) COLLATE "
          "some_collation" },
        { "utf8mb4", AS_COLLATION, "\xff", "FALSE" },
        { "utf8mb4", AS_COLLATION, "'; DROP", "p.sku = _utf8mb4 "
          "X'273b2044524f50'" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        as_db_close(lib.db);
        fake_add_server(NULL, "ROW", "1048576", cases[i].charset);
        lib.settings.sku_match = cases[i].match;
        assert_int_equal(as_db_connect(lib.db), AS_DB_OK);
        as_text_clear(&sql);
        as_db_sku(lib.db, &sql, "p.sku", cases[i].sku);
        assert_string_equal(as_text_get(&sql), cases[i].sql);
    }

    /* in the order of the index: by the collation, whatever the setting */
    lib.settings.sku_match = AS_EXACT;
    as_text_clear(&sql);
    as_db_sku_after(lib.db, &sql, "p.sku", "A");
    assert_string_equal(as_text_get(&sql), "p.sku > _utf8mb4 X'41'");
    as_text_clear(&sql);
    as_db_sku_after(lib.db, &sql, "p.sku", "\xff");
    assert_string_equal(as_text_get(&sql), "FALSE");
    as_text_free(&sql);
}


/* A statement whose text has a hole is not sent. */
static void
incomplete_text(void **state)
{
    as_text_t  text = AS_TEXT_EMPTY;

    (void) state;

    a_connection();
    as_text_put(&text, "DELETE FROM product");
    text.failed = true;
    assert_int_equal(as_db_run(lib.db, &text, NULL, NULL), AS_DB_ERROR);
    assert_string_equal(as_db_error(lib.db), "out of memory");
    assert_int_equal(as_db_errno(lib.db), 0);
    assert_int_equal(lib.nqueries, 0);

    text.failed = false;
    (void) fake_add_result(0);
    assert_int_equal(as_db_run(lib.db, &text, NULL, NULL), AS_DB_OK);
    assert_string_equal(lib.queries[0], "DELETE FROM product");
    as_text_free(&text);
}


#define TEST(name)                                                            \
    cmocka_unit_test_setup_teardown(name, fake_mysql_setup,                   \
                                    fake_mysql_teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(connects),
        TEST(connects_otherwise),
        TEST(cannot_connect),
        TEST(names_of_the_column),
        TEST(binary_log),
        TEST(a_packet),
        TEST(a_cluster),
        TEST(failures),
        TEST(cut_within_rows),
        TEST(endless_answers),
        TEST(large_packets),
        TEST(aborted),
        TEST(reloaded),
        TEST(skus),
        TEST(incomplete_text)
    };

    return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
