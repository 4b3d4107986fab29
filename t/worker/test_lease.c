/*
 * The consumer's access to an order: the statements of each kind of job, and
 * the meaning of the rows.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "db/lease.h"
#include "sql_fixture.h"


#define LEASES  4

/* X'..' of an id whose bytes are all 01, and so on */
#define ID1  "'01010101010101010101010101010101'"
#define ID2  "'02020202020202020202020202020202'"


typedef struct {
    as_lease_t   leases[LEASES];
    as_lease_t  *list[LEASES];
} test_t;


static test_t  test;


static int
setup(void **state)
{
    size_t  i;

    memset(&test, 0, sizeof(test));
    for (i = 0; i < LEASES; i++) {
        test.list[i] = &test.leases[i];
        memset(test.leases[i].id, (int) i + 1, AS_UUID_LEN);
        test.leases[i].error = "it's broken";
        test.leases[i].again_ms = 7000;
    }

    return sql_setup(state);
}


static int
teardown(void **state)
{
    size_t  i;

    for (i = 0; i < LEASES; i++) {
        as_lease_free(&test.leases[i]);
    }

    return sql_teardown(state);
}


static as_db_status_e
run(size_t n, bool stop_on_lost)
{
    return as_lease_run(sql_db, "w", 9, 25000, stop_on_lost, test.list, n);
}


/* A row of the query of an order. */
static sql_row_t *
looked(size_t packet, unsigned char id, const char *state, const char *mine)
{
    return sql_row_id(packet, 3, id, 12, state, "10", mine, "5000000",
                      "pppppppppppppppp", "CP-502101", "FF-500293",
                      "http://factory/api", "1234", "0", "00-4bf92f3577b34da6a"
                      "3ce929d0e0e4736-00f067aa0ba902b7-01");
}


/* One transaction; the query comes after its COMMIT. */
static void
takes(void **state)
{
    (void) state;

    assert_int_equal(run(2, false), AS_DB_OK);
    assert_int_equal(sql.npackets, 1);
    assert_int_equal(sql_count(0, "START TRANSACTION"), 1);
    assert_int_equal(sql_count(0, "UPDATE restock_order"), 1);
    assert_int_equal(sql_count(0, "COMMIT"), 1);
    assert_int_equal(sql_count(0, "SELECT o.order_id"), 1);
    assert_true(strstr(sql.packets[0], ";COMMIT;SELECT o.order_id") != NULL);
    assert_true(sql_has(0, "lease_owner = "));
    assert_true(sql_has(0, "INTERVAL 25000000 MICROSECOND"));
    assert_true(sql_has(0, "(NULL,X" ID1 ",X" ID2 ")"));
    assert_true(sql_has(0, "state IN ('pending', 'published')"));
    assert_true(sql_has(0, "lease_owner LIKE 'relay:%'"));
    assert_false(sql_has(0, "FOR UPDATE"));
}


/* This message's own lease may be taken again, and that of a job whose result
 * was lost, but no other one. */
static void
retakes_its_own(void **state)
{
    char    without[4096];
    size_t  len;

    (void) state;

    (void) run(1, false);
    len = strlen(sql.packets[0]);
    assert_true(len < sizeof(without));
    memcpy(without, sql.packets[0], len + 1);
    assert_null(strstr(without, "OR order_id = "));
    assert_non_null(strstr(without, " OR (lease_owner = "));

    test.leases[0].token = 8;
    (void) run(1, false);
    assert_true(sql_has(1, "OR order_id = X" ID1 " AND lease_owner = "));
    assert_true(strlen(sql.packets[1]) > len);
}


/* The statements of each kind of result, and how many. */
static void
results(void **state)
{
    size_t  i, k;

    static const struct {
        as_lease_kind_e   kind;
        const char       *parts[5];
        const char       *without;
    } cases[] = {
        { AS_LEASE_REQUESTED,
          { "state = 'requested'", "attempts = attempts + 1",
            "state IN ('pending', 'published')", "lease_owner = NULL",
            "last_error = NULL" }, "lease_owner = _" },
        { AS_LEASE_RELEASE,
          { "next_attempt_at = UTC_TIMESTAMP(6) + INTERVAL 7000000",
            "lease_until = NULL", "WHERE state = 'published'",
            "AND lease_owner = ", "last_error = " }, "state = 'pending'" },
        { AS_LEASE_PUT_OFF,
          { "INTERVAL 7000000 MICROSECOND, state = 'pending'",
            "lease_until = NULL", "WHERE state = 'published'",
            "AND lease_owner = ", "last_error = " }, "attempts" },
        { AS_LEASE_FAIL,
          { "state = 'failed'", "failed_at = UTC_TIMESTAMP(6)",
            "state IN ('pending', 'published')", "next_attempt_at = NULL",
            "last_error = " }, "attempts" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        test.leases[0].kind = cases[i].kind;
        test.leases[0].token = 3;
        assert_int_equal(run(1, true), AS_DB_OK);
        assert_int_equal(sql_count(i, "UPDATE restock_order"), 1);
        assert_int_equal(sql_count(i, "SELECT"), 0);
        assert_int_equal(sql_count(i, "COMMIT"), 1);
        assert_true(sql_has(i, ID1));

        for (k = 0; k < 5; k++) {
            if (!sql_has(i, cases[i].parts[k])) {
                fail_msg("%s is not in %s", cases[i].parts[k],
                         sql.packets[i]);
            }
        }

        assert_false(sql_has(i, cases[i].without));
        assert_false(sql_has(i, "it's"));
    }
}


/* All kinds share a transaction: results without an individual text share one
 * statement, the others have one each. */
static void
mixed(void **state)
{
    size_t  i;

    (void) state;

    for (i = 0; i < 2; i++) {
        test.leases[i].kind = AS_LEASE_REQUESTED;
        test.leases[2 + i].kind = AS_LEASE_FAIL;
    }
    (void) run(4, false);
    assert_int_equal(sql_count(0, "UPDATE restock_order"), 3);
    assert_int_equal(sql_count(0, "START TRANSACTION"), 1);
    assert_int_equal(sql_count(0, "COMMIT"), 1);
    assert_true(sql_has(0, "(NULL,X" ID1 ",X" ID2 ")"));
}


/* The effect of an order's state on its message. */
static void
answers(void **state)
{
    size_t  i;

    static const struct {
        const char         *state;
        const char         *mine;
        as_lease_answer_e   answer;
    } cases[] = {
        { "published", "1", AS_LEASE_MINE },
        { "published", "0", AS_LEASE_OTHERS },
        { "pending", "0", AS_LEASE_OTHERS },
        { "requested", "0", AS_LEASE_ASKED },
        { "fulfilled", "0", AS_LEASE_FULFILLED },
        { "cancelled", "0", AS_LEASE_CANCELLED },
        { "failed", "0", AS_LEASE_FAILED }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) looked(i, 1, cases[i].state, cases[i].mine);
        test.leases[0].token = 5;
        (void) run(1, false);
        assert_int_equal(test.leases[0].answer, cases[i].answer);
        assert_int_equal(test.leases[0].token, i == 0 ? 9 : 0);
        assert_int_equal(test.leases[0].left_ms, 5000);
        assert_int_equal(test.leases[0].quantity, 10);
        assert_int_equal(test.leases[0].age_ms, 1234);
        assert_int_equal(test.leases[0].failed_ms, 0);
        assert_memory_equal(test.leases[0].product_id, "pppppppppppppppp",
                            16);
        assert_string_equal(test.leases[0].sku, "CP-502101");
        assert_string_equal(test.leases[0].factory, "FF-500293");
        assert_string_equal(test.leases[0].api, "http://factory/api");
        assert_int_equal(test.leases[0].trace.id[0], 0x4b);
    }
}


/* No row: no such order.  A product or factory that was deleted: no SKU. */
static void
what_is_missing(void **state)
{
    (void) state;

    (void) sql_row_id(0, 3, 1, 12, "published", "10", "1", "0",
                      "pppppppppppppppp", NULL, NULL, "", NULL,
                      "1700000000000", NULL);
    test.leases[1].answer = AS_LEASE_MINE;
    (void) run(2, false);
    assert_int_equal(test.leases[0].answer, AS_LEASE_MINE);
    assert_null(test.leases[0].sku);
    assert_false(as_trace_is_set(&test.leases[0].trace));
    assert_int_equal(test.leases[0].age_ms, -1);
    assert_true(test.leases[0].failed_ms == INT64_C(1700000000000));
    assert_int_equal(test.leases[1].answer, AS_LEASE_NO_ORDER);
}


/* Two messages of one order in a batch: the first gets the lease. */
static void
one_of_two(void **state)
{
    (void) state;

    memset(test.leases[1].id, 1, AS_UUID_LEN);
    (void) looked(0, 1, "published", "1");
    (void) run(2, false);
    assert_int_equal(test.leases[0].answer, AS_LEASE_MINE);
    assert_int_equal(test.leases[0].token, 9);
    assert_int_equal(test.leases[1].answer, AS_LEASE_OTHERS);
    assert_int_equal(test.leases[1].token, 0);
}


/* With AUTOSTOCK_LOST_ANSWER=stop a lease that ran out in a call is found
 * before it is taken, and its message gets no other answer. */
static void
lost(void **state)
{
    (void) state;

    (void) sql_row_id(0, 1, 1, 1);
    (void) looked(0, 1, "published", "1");
    (void) looked(0, 2, "published", "1");
    (void) run(2, true);
    assert_true(sql_has(0, "lease_owner LIKE 'call:%' AND lease_until <="));
    assert_true(sql_has(0, "FOR UPDATE;UPDATE restock_order"));
    assert_int_equal(test.leases[0].answer, AS_LEASE_LOST);
    assert_int_equal(test.leases[0].token, 0);
    assert_int_equal(test.leases[1].answer, AS_LEASE_MINE);
}


/* A lease that this batch or this message took is not one of a worker that died
 * during its call: the factory was never called under it, even where it ran out
 * in an outage. */
static void
lost_is_not_its_own(void **state)
{
    char        look[4096];
    const char  *end;

    (void) state;

    test.leases[1].token = 8;
    (void) run(2, true);
    end = strstr(sql.packets[0], " FOR UPDATE;");
    assert_non_null(end);
    assert_true((size_t) (end - sql.packets[0]) < sizeof(look));
    memcpy(look, sql.packets[0], (size_t) (end - sql.packets[0]));
    look[end - sql.packets[0]] = '\0';

    /* call:w:9 and call:w:8 */
    assert_non_null(strstr(look, " AND NOT (lease_owner = "));
    assert_non_null(strstr(look, "63616c6c3a773a39"));
    assert_non_null(strstr(look, " OR order_id = X" ID2
                           " AND lease_owner = "));
    assert_non_null(strstr(look, "63616c6c3a773a38"));
    assert_null(strstr(look, "order_id = X" ID1));
}


/* Rows with other ids or forms change nothing, nor do rows for a job that is
 * not a TAKE. */
static void
rows_of_others(void **state)
{
    (void) state;

    (void) looked(0, 7, "published", "1");
    (void) sql_row(0, 3, 2, "short", "1");
    (void) looked(0, 2, "published", "1");
    test.leases[1].kind = AS_LEASE_REQUESTED;
    (void) run(2, false);
    assert_int_equal(test.leases[0].answer, AS_LEASE_NO_ORDER);
    assert_int_equal(test.leases[1].answer, AS_LEASE_NO_ORDER);
    assert_null(test.leases[1].sku);
}


/* A job that is repeated forgets the strings of its first run. */
static void
repeated(void **state)
{
    (void) state;

    sql.status[0] = AS_DB_RETRY;
    (void) looked(0, 1, "published", "1");
    (void) looked(1, 1, "requested", "0");
    assert_int_equal(run(1, false), AS_DB_RETRY);
    assert_int_equal(run(1, false), AS_DB_OK);
    assert_int_equal(test.leases[0].answer, AS_LEASE_ASKED);
    assert_int_equal(test.leases[0].token, 0);
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(takes),
        TEST(retakes_its_own),
        TEST(results),
        TEST(mixed),
        TEST(answers),
        TEST(what_is_missing),
        TEST(one_of_two),
        TEST(lost),
        TEST(lost_is_not_its_own),
        TEST(rows_of_others),
        TEST(repeated)
    };

    return cmocka_run_group_tests_name("lease", tests, NULL, NULL);
}
