/*
 * The command `ledger rollup`: the movements that it folds, the order of its
 * statements, and its end.
 */

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "command_fixture.h"
#include "db/ledger.h"
#include "db/pace.h"


#define RUN(...)  command_run(&as_command_ledger, "rollup", __VA_ARGS__, NULL)

/* texts of the packets of a chunk */
#define CHUNK   "AND m.kind <> 'opening' ORDER BY"
#define LOCK    "FROM stock_movement m LEFT JOIN (SELECT DISTINCT"
#define DELETE  "DELETE m, k FROM stock_movement m"

#define BEFORE  "2026-01-01"
#define HORIZON INT64_C(1767225600000)


static struct {
    size_t          openings;          /* that are missing */
    unsigned        chunks;            /* of keys */
    unsigned        opens;
    unsigned        forgets;
    int64_t         before_ms;         /* of the keys */
    as_db_status_e  open_status;
    as_db_status_e  forget_status;
    unsigned        waits;
    as_db_status_e  wait_status;
} db;


as_db_status_e
as_pace_wait(as_pace_t *pace, as_db_t *conn)
{
    assert_non_null(pace);
    assert_ptr_equal(conn, sql_db);
    db.waits++;

    return db.wait_status;
}


as_db_status_e
as_ledger_open(as_db_t *conn, as_uuid_gen_t *gen, size_t *opened)
{
    assert_ptr_equal(conn, sql_db);
    assert_non_null(gen);
    db.opens++;
    *opened = db.openings;
    db.openings = 0;

    return db.open_status;
}


as_db_status_e
as_ledger_forget(as_db_t *conn, uint8_t cursor[AS_UUID_LEN],
    int64_t before_ms, bool *more, uint64_t *forgotten)
{
    assert_ptr_equal(conn, sql_db);
    assert_non_null(cursor);
    db.forgets++;
    db.before_ms = before_ms;
    *more = db.chunks > 0;
    *forgotten = 1;
    db.chunks -= *more;

    return db.forget_status;
}


static int
setup(void **state)
{
    memset(&db, 0, sizeof(db));

    return command_setup(state);
}


/* A chunk with this number of rows, of which these of products 1 and 2 are
 * folded. */
static void
a_chunk(const char *looked, const char *quantity, const char *hold,
    const char *returns)
{
    (void) sql_row_to(CHUNK, 0, 2, sql_ids(9, 2), looked);
    (void) sql_row_to(LOCK, 1, 5, sql_id(3), sql_id(2), "-4", "0", "0");
    (void) sql_row_to(LOCK, 1, 5, sql_id(4), sql_id(1), quantity, hold,
                      returns);
    (void) sql_row_to(LOCK, 1, 5, sql_id(5), sql_id(1), "-1", "0", "0");
}


static void
usage(void **state)
{
    (void) state;

    assert_int_equal(command_run(&as_command_ledger, NULL), AS_EXIT_USAGE);
    assert_int_equal(command_run(&as_command_ledger, "fold", NULL),
                     AS_EXIT_USAGE);
    assert_int_equal(RUN(NULL), AS_EXIT_USAGE);
    command_told("--before: expected a date, found nothing");
    assert_int_equal(RUN("--before", "yesterday"), AS_EXIT_USAGE);
    assert_int_equal(RUN("--before", "2026-13-01"), AS_EXIT_USAGE);
    assert_int_equal(command.opened, 0);

    command.open = AS_EXIT_USAGE;
    assert_int_equal(RUN("--before", BEFORE, "--yes"), AS_EXIT_USAGE);
    assert_int_equal(sql.npackets, 0);
}


/* A sale in doubt is looked up by its movement for an hour. */
static void
too_young(void **state)
{
    (void) state;

    assert_int_equal(RUN("--before", "59m", "--yes"), AS_EXIT_USAGE);
    command_told("--before: expected a time at least an hour ago");
    assert_int_equal(RUN("--before", "2999-01-01", "--yes"), AS_EXIT_USAGE);
    assert_int_equal(sql.npackets, 0);
    assert_int_equal(db.opens, 0);

    assert_int_equal(RUN("--before", "61m", "--yes"), AS_EXIT_OK);
}


static void
asks(void **state)
{
    (void) state;

    command_asks("fold all movements before " BEFORE " into one opening",
                 &as_command_ledger, "rollup", "--before", BEFORE);
    assert_int_equal(sql.npackets, 0);
    assert_int_equal(db.opens + db.forgets, 0);
}


static void
nothing_to_fold(void **state)
{
    json_t  *told;

    (void) state;

    told = command_json(AS_EXIT_OK, &as_command_ledger, "rollup", "--before",
                        BEFORE, "--yes", NULL);
    assert_string_equal(json_string_value(json_object_get(told, "before")),
                        BEFORE);
    assert_true(json_is_false(json_object_get(told, "dry_run")));
    assert_int_equal(json_integer_value(json_object_get(told, "folded")), 0);
    assert_int_equal(json_integer_value(json_object_get(told, "kept")), 0);
    json_decref(told);
}


/* Each product's opening gets the sum of its rows, in the order of the
 * products' ids; then the rows are deleted; COMMIT is sent separately. */
static void
folds(void **state)
{
    size_t       fold;
    const char  *sql_text, *first, *second;

    (void) state;

    a_chunk("8", "-2", "0", "0");
    assert_int_equal(RUN("--before", BEFORE, "--yes"), AS_EXIT_OK);
    command_wrote("folded             3");
    command_wrote("kept               5");

    assert_true(sql_has(sql_find(LOCK), "START TRANSACTION;"));
    assert_true(sql_has(sql_find(LOCK), " FOR UPDATE"));
    fold = sql_find(DELETE);
    sql_text = sql.packets[fold];
    first = strstr(sql_text, "quantity = quantity + (-3)");
    second = strstr(sql_text, "quantity = quantity + (-4)");
    assert_true(first != NULL && second != NULL && first < second);
    assert_int_equal(sql_count(fold, "UPDATE stock_movement"), 2);
    assert_true(sql_has(fold, "CAST('2026-01-01 00:00:00.000' AS DATETIME"));
    assert_int_equal(sql_count(fold, "DELETE FROM stock_return"), 0);
    assert_int_equal(sql_count(fold, "DELETE h FROM stock_hold"), 0);
    assert_string_equal(sql.packets[fold + 1], "COMMIT");

    /* the next chunk begins where this one ended */
    assert_true(sql_has(fold + 2, CHUNK));
    assert_true(sql_has(fold + 2, "m.movement_id >= X'0909090909"));
}


/* The lines of a hold are deleted with its row, and the returns with their
 * sale. */
static void
folds_holds_and_returns(void **state)
{
    size_t  fold;

    (void) state;

    a_chunk("3", "-2", "1", "1");
    assert_int_equal(RUN("--before", BEFORE, "--yes"), AS_EXIT_OK);
    fold = sql_find(DELETE);
    assert_int_equal(sql_count(fold, "DELETE h FROM stock_hold h"), 1);
    assert_int_equal(sql_count(fold, "DELETE FROM stock_hold_line"), 1);
    assert_int_equal(sql_count(fold, "DELETE FROM stock_return"), 1);

    /* the ids of a transaction's holds */
    assert_true(sql_has(fold, "BETWEEN X'04040404040404040404040404040404' AND"
                        " X'0404040404040404040404040404bfff'"));

    sql_reset();
    a_chunk("3", "-2", "0", "1");
    assert_int_equal(RUN("--before", BEFORE, "--yes"), AS_EXIT_OK);
    fold = sql_find(DELETE);
    assert_int_equal(sql_count(fold, "DELETE h FROM stock_hold h"), 0);
    assert_true(sql_has(fold, "X'04040404040404040404040404047fff'"));
}


static void
a_dry_run_changes_nothing(void **state)
{
    size_t  i;

    (void) state;

    db.chunks = 3;
    db.openings = 1;
    a_chunk("8", "-2", "1", "1");
    assert_int_equal(RUN("--before", BEFORE, "--dry-run"), AS_EXIT_OK);
    command_wrote("dry_run            yes");
    command_wrote("folded             3");
    assert_int_equal(db.opens + db.forgets, 0);

    for (i = 0; i < sql.npackets; i++) {
        assert_int_equal(strncmp(sql.packets[i], "SELECT", 6), 0);
        assert_false(sql_has(i, ";"));
        assert_false(sql_has(i, "FOR UPDATE"));
    }
}


/* First the missing openings, then the keys past their retention, but none that
 * is younger than the folded sales. */
static void
openings_and_keys_first(void **state)
{
    int64_t  now;

    (void) state;

    now = (int64_t) time(NULL) * 1000;
    db.openings = 50;
    db.chunks = 2;
    command.settings.idempotency_retention = 86400000;
    assert_int_equal(RUN("--before", "2h", "--yes"), AS_EXIT_OK);
    assert_int_equal(db.opens, 2);
    assert_int_equal(db.forgets, 3);
    assert_in_range(db.before_ms, now - 86400000, now - 86400000 + 20000);

    /* keys are never younger than the horizon */
    assert_int_equal(RUN("--before", BEFORE, "--yes"), AS_EXIT_OK);
    assert_int_equal(db.before_ms, HORIZON);
}


/* A failure ends the command; it reports the chunks that were committed. */
static void
database_fails(void **state)
{
    size_t  i;

    static const char *const  packets[] = { CHUNK, LOCK, DELETE, "COMMIT" };

    (void) state;

    for (i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
        sql_reset();
        a_chunk("8", "-2", "0", "0");
        sql.fails = packets[i];
        sql.fails_with = AS_DB_GONE;
        assert_int_equal(RUN("--before", BEFORE, "--yes"), AS_EXIT_REACH);
        command_told("database: refused: as the test says");
        assert_null(strstr(command.err, "movements were folded"));
        assert_string_equal(command.out, "");
    }

    sql_reset();
    a_chunk("8", "-2", "0", "0");
    db.wait_status = AS_DB_GONE;
    assert_int_equal(RUN("--before", BEFORE, "--dry-run"), AS_EXIT_REACH);
    command_told("3 movements were folded; run the same command again");

    db.wait_status = AS_DB_OK;
    db.forget_status = AS_DB_ERROR;
    assert_int_equal(RUN("--before", BEFORE, "--yes"), AS_EXIT_REACH);
    db.open_status = AS_DB_ERROR;
    sql_reset();
    assert_int_equal(RUN("--before", BEFORE, "--yes"), AS_EXIT_REACH);
    assert_int_equal(sql.npackets, 0);
}


/* After a deadlock with a sale the chunk is run again. */
static void
deadlock(void **state)
{
    (void) state;

    a_chunk("8", "-2", "0", "0");
    (void) sql_row(4, 0, 2, sql_ids(9, 2), "8");
    (void) sql_row(5, 1, 5, sql_id(3), sql_id(2), "-4", "0", "0");
    sql.status[3] = AS_DB_RETRY;
    assert_int_equal(RUN("--before", BEFORE, "--yes"), AS_EXIT_OK);
    command_wrote("folded             1");
    assert_int_equal(command.paused_ms, 5);
}


#define TEST(name)                                                            \
    cmocka_unit_test_setup_teardown(name, setup, command_teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(usage),
        TEST(too_young),
        TEST(asks),
        TEST(nothing_to_fold),
        TEST(folds),
        TEST(folds_holds_and_returns),
        TEST(a_dry_run_changes_nothing),
        TEST(openings_and_keys_first),
        TEST(database_fails),
        TEST(deadlock)
    };

    return cmocka_run_group_tests_name("command_ledger", tests, NULL, NULL);
}
