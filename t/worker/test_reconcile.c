/*
 * The command `reconcile`: each kind of finding from the rows that show it, the
 * adjustments, and the file of metrics.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "reconcile_fixture.h"


#define RUN(...)  command_run(&as_command_reconcile, __VA_ARGS__, NULL)

#define ID1  "01010101-0101-0101-0101-010101010101"


/* Fails unless there is exactly this finding. */
static void
one_finding(const char *level, const char *check, const char *what)
{
    json_t  *found, *list, *finding;

    found = json_loads(command.out, 0, NULL);
    list = json_object_get(found, "findings");

    if (json_array_size(list) != 2) {
        fail_msg("expected one finding, found: %s", command.out);
    }

    finding = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(finding, "level")),
                        level);
    assert_string_equal(json_string_value(json_object_get(finding, "check")),
                        check);
    command_wrote(what);
    json_decref(found);
}


static void
usage(void **state)
{
    (void) state;

    assert_int_equal(RUN("all"), AS_EXIT_USAGE);
    command_told("reconcile: expected no arguments, found \"all\"");
    assert_int_equal(command.opened, 0);

    command.open = AS_EXIT_REACH;
    assert_int_equal(RUN(NULL), AS_EXIT_REACH);
    assert_int_equal(sql.npackets, 0);
}


static void
sound_books(void **state)
{
    (void) state;

    reconcile_sound();
    assert_int_equal(RUN(NULL), AS_EXIT_OK);
    command_wrote("5 movements of 1 products read: stock, ledger and orders "
                  "agree");
    command_wrote("1 fine, 0 warnings, 0 wrong, 0 unreachable");

    /* one snapshot for all; no statement locks */
    assert_true(sql_has(0, "START TRANSACTION WITH CONSISTENT SNAPSHOT"));
    (void) sql_find("COMMIT");
    assert_int_equal(reconcile.calls, 0);
}


static void
no_product(void **state)
{
    (void) state;

    assert_int_equal(RUN("--output", "json"), AS_EXIT_OK);
    command_wrote("0 movements of 0 products");
}


static void
a_chunk_follows_the_other(void **state)
{
    size_t  second;

    (void) state;

    (void) sql_row_to(END, 0, 2, sql_ids(1, 2), "20000");
    (void) sql_row_to(SUMS, 0, 5, sql_id(1), "9", "1", "0", "0");
    (void) sql_row(3, 0, 2, sql_ids(2, 2), "3");
    (void) sql_row(4, 0, 5, sql_id(1), "-2", "0", "0", "0");
    (void) sql_row_to(PRODUCTS, 0, 4, sql_id(1), "A", "7", "0");
    assert_int_equal(RUN(NULL), AS_EXIT_OK);
    command_wrote("20003 movements of 1 products");

    /* the second chunk begins where the first one ended */
    second = 3;
    assert_true(sql_has(second, "m.movement_id >= X'0101010101010101"));
}


/* The findings of a product's stock, sums and holds. */
static void
products(void **state)
{
    size_t  i;

    static const struct {
        const char  *product[6];
        const char  *holds[3];
        int          rc;
        const char  *level;
        const char  *check;
        const char  *what;
    } cases[] = {
        { { "7", "0", "9", "1", "0", "0" }, { "0", "0", "0" }, 1,
          "wrong", "stock", "A has a stock of 7, the sum of its movements is "
          "9" },
        { { "7", "0", "0", "0", "0", "0" }, { "0", "0", "0" }, 1,
          "warning", "opening", "A has no opening movement" },
        { { "-1", "0", "-1", "1", "0", "0" }, { "0", "0", "0" }, 1,
          "wrong", "negative-stock", "A has a stock of -1" },
        { { "7", "3", "7", "1", "0", "0" }, { "2", "0", "0" }, 1,
          "wrong", "held", "A has 3 held pieces, its open holds have 2" },
        { { "7", "0", "7", "1", "5", "0" }, { "0", "4", "0" }, 1,
          "wrong", "holds", "of A 5 pieces of holds were given back, 4 were "
          "released" },
        { { "7", "0", "7", "1", "3", "0" }, { "0", "4", "0" }, 1,
          "warning", "holds", "of A 3 pieces of holds were given back, 4" },
        { { "7", "0", "7", "1", "0", "2" }, { "0", "0", "1" }, 1,
          "wrong", "returns", "of A 2 returned pieces were put back, the "
          "returns have 1" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sql_reset();
        reconcile_product(cases[i].product[0], cases[i].product[1],
                  cases[i].product[2], cases[i].product[3],
                  cases[i].product[4], cases[i].product[5]);
        reconcile_holds(cases[i].holds[0], cases[i].holds[1], "0",
                        cases[i].holds[2]);
        assert_int_equal(RUN("--output=json"), cases[i].rc);
        one_finding(cases[i].level, cases[i].check, cases[i].what);
    }
}


/* A hold that was confirmed after its expiry took back the pieces that its
 * release had put back; a roll-up may have folded the release. */
static void
confirmed_late(void **state)
{
    size_t  i;

    static const struct {
        const char  *back;
        int          rc;
    } cases[] = {
        { "4", 0 }, { "3", 0 }, { "2", 0 }, { "1", 1 }, { "5", 1 }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sql_reset();
        reconcile_product("7", "0", "7", "1", cases[i].back, "0");
        reconcile_holds("0", "4", "2", "0");
        assert_int_equal(RUN(NULL), cases[i].rc);
    }
}


static void
a_product_that_is_gone(void **state)
{
    (void) state;

    (void) sql_row_to(END, 0, 2, sql_ids(1, 2), "5");
    (void) sql_row_to(SUMS, 0, 5, sql_id(1), "9", "1", "0", "0");
    assert_int_equal(RUN("--output=json"), AS_EXIT_FINDINGS);
    one_finding("warning", "orphan", "does not exist, " ID1);
}


/* Rows that each statement of the checks selects because they are wrong. */
static void
rows_that_are_wrong(void **state)
{
    size_t  i;

    static const struct {
        const char  *to;
        unsigned     statement;
        const char  *check;
        const char  *what;
    } cases[] = {
        { SUMS, 2, "key", "has a key that is not in stock_movement_key" },
        { SUMS, 3, "holds", "stock_hold_line has another number of them" },
        { KEYS, 0, "key", "is missing or has another key" },
        { KEYS, 2, "key", "but there is no such return" },
        { HOLDS, 2, "holds", "is a hold without a line, or whose state" },
        { HOLDS, 3, "holds", "is in stock_hold_line, and not in stock_hold" },
        { RETURNS, 1, "holds", "returns do not follow one another" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sql_reset();
        reconcile_sound();
        (void) sql_row_to(cases[i].to, cases[i].statement, 1, sql_id(1));
        assert_int_equal(RUN("--output=json"), AS_EXIT_FINDINGS);
        one_finding("wrong", cases[i].check, cases[i].what);
    }
}


static void
receipts(void **state)
{
    size_t  i;

    static const struct {
        const char  *state;
        const char  *received;
        const char  *what;
    } cases[] = {
        { NULL, NULL, "10 pieces were booked for order " ID1 ", which is "
          "missing" },
        { "failed", NULL, "for order " ID1 ", which is failed" },
        { "fulfilled", "9", "which is fulfilled with a received count of 9" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sql_reset();
        reconcile_sound();
        (void) sql_row_to(SUMS, 1, 4, sql_id(1), "10", cases[i].state,
                          cases[i].received);
        assert_int_equal(RUN("--output=json"), AS_EXIT_FINDINGS);
        one_finding("wrong", "receipt", cases[i].what);
    }

    sql_reset();
    reconcile_sound();
    (void) sql_row_to(SUMS, 1, 4, NULL, "10", NULL, NULL);
    assert_int_equal(RUN("--output=json"), AS_EXIT_FINDINGS);
    one_finding("wrong", "receipt", "for order without id, which is missing");
}


/* Rows of sales are decoded by the program: what SQL selects may be correct. */
static void
sales(void **state)
{
    (void) state;

    reconcile_sound();
    (void) sql_row_to(SUMS, 4, 5, sql_id(1), sql_id(2), "-3", "1", NULL);
    assert_int_equal(RUN("--output=json"), AS_EXIT_OK);

    sql_reset();
    reconcile_sound();
    (void) sql_row_to(SUMS, 4, 5, sql_id(1), sql_id(2), "2", "1", NULL);
    assert_int_equal(RUN("--output=json"), AS_EXIT_FINDINGS);
    one_finding("wrong", "sales", "movement " ID1 " of product 02020202");
}


/* A key with its sale: the same sale with another quantity, or none. */
static void
keys_of_sales(void **state)
{
    size_t  i;

    /* the row has one sale, number 0, of 3 pieces */
    static const struct {
        const char  *row;              /* its quantity; NULL: there is none */
        const char  *quantity;         /* the key's */
        const char  *what;             /* NULL: nothing is wrong */
    } cases[] = {
        { "-3", "3", NULL },
        { "-3", "2", "with another quantity than the sale" },
        { "-3", NULL, "with another quantity than the sale" },
        { NULL, "3", "has no such sale of that product" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sql_reset();
        reconcile_sound();
        (void) sql_row_to(KEYS, 1, 7, cases[i].row ? sql_id(1) : NULL,
                          cases[i].row ? sql_id(2) : NULL, cases[i].row,
                          cases[i].row ? "1" : NULL, NULL, sql_id(1),
                          cases[i].quantity);
        assert_int_equal(RUN("--output=json"), cases[i].what != NULL);

        if (cases[i].what != NULL) {
            one_finding("wrong", "key", cases[i].what);
        }
    }
}


static void
lines_of_holds(void **state)
{
    size_t  i;

    static const struct {
        const char  *row;
        const char  *quantity;
        bool         wrong;
    } cases[] = {
        { "-3", "3", false }, { "-3", "2", true }, { NULL, "3", true }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sql_reset();
        reconcile_sound();
        (void) sql_row_to(HOLDS, 1, 7, cases[i].row ? sql_id(1) : NULL,
                          cases[i].row ? sql_id(2) : NULL, cases[i].row,
                          cases[i].row ? "1" : NULL, NULL, sql_id(1),
                          cases[i].quantity);
        assert_int_equal(RUN("--output=json"), cases[i].wrong);

        if (cases[i].wrong) {
            one_finding("wrong", "holds", "is a hold with a line that the "
                        "ledger does not have");
        }
    }
}


/* More was returned than was sold, or something that was not sold. */
static void
returned_pieces(void **state)
{
    size_t  i;

    static const struct {
        const char  *returned;
        const char  *state;
        bool         old;              /* the row of before 0.2.0 has it */
        const char  *what;
    } cases[] = {
        { "3", "confirmed", false, NULL },
        { "3", "confirmed", true, NULL },
        { "4", "confirmed", false, "more pieces were returned than sold" },
        { "4", "held", false, "more pieces were returned than sold" },
        { "1", "expired", false, "and it is not confirmed" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool  old = cases[i].old;

        sql_reset();
        reconcile_sound();
        (void) sql_row_to(RETURNS, 2, 13, sql_id(1), cases[i].returned,
                          cases[i].state, old ? NULL : sql_id(1),
                          old ? NULL : sql_id(2), "-3", "1", NULL,
                          old ? sql_id(1) : NULL, old ? sql_id(2) : NULL,
                          "-3", "1", NULL);
        assert_int_equal(RUN("--output=json"), cases[i].what != NULL);

        if (cases[i].what != NULL) {
            one_finding("wrong", "holds", cases[i].what);
        }
    }
}


/* Each check of the orders: its statement, its finding. */
static void
orders(void **state)
{
    size_t  i;

    static const struct {
        const char  *to;
        const char  *level;
        const char  *check;
        const char  *what;
    } cases[] = {
        { "o.state = 'fulfilled' AND m.movement_id IS NULL", "wrong",
          "fulfilled", "is fulfilled, but the ledger has no receipt of it" },
        { "m.quantity <> o.received OR", "wrong", "received",
          "is fulfilled with another count than its receipt" },
        { "FROM restock_order t WHERE", "wrong", "open-twice",
          "is not the product's only open order" },
        { "p.product_id IS NULL AND o.open", "wrong", "order-product",
          "is open, but its product does not exist" },
        { "o.state <> 'fulfilled' AND o.received > 0", "wrong", "state",
          "is in an impossible state" },
        { "o.state = 'pending' AND (o.lease_until", "warning", "pending",
          "is due and not published" },
        { "o.state = 'published' AND (o.lease_until", "warning", "published",
          "and no worker received its message" },
        { "WHERE o.state = 'requested' AND COALESCE", "warning", "requested",
          "and the callback is overdue" },
        { "<= p.reorder_point AND", "warning", "no-order",
          "product " ID1 " of A is at its reorder point" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sql_reset();
        reconcile_sound();
        (void) sql_row_to(cases[i].to, 0, 3, sql_id(1), "A", "some detail");
        assert_int_equal(RUN("--output=json"), AS_EXIT_FINDINGS);
        one_finding(cases[i].level, cases[i].check, cases[i].what);
        command_wrote(" (some detail)");
    }

    /* a deleted product, and no detail */
    sql_reset();
    reconcile_sound();
    (void) sql_row_to(cases[3].to, 0, 3, sql_id(1), NULL, NULL);
    assert_int_equal(RUN("--output=json"), AS_EXIT_FINDINGS);
    command_wrote("of (no product) is open, but its product does not exist\"");
}


/* A running worker has its interval, and a minute; after the callback's time
 * its watchdog publishes or requests again. */
static void
times(void **state)
{
    (void) state;

    command.settings.watchdog_interval = 10000;
    command.settings.callback_timeout = 600000;
    reconcile_sound();
    assert_int_equal(RUN(NULL), AS_EXIT_OK);
    assert_true(sql_has(sql_find("o.state = 'pending' AND"),
                        "INTERVAL 70000000 MICROSECOND"));
    assert_true(sql_has(sql_find("o.state = 'published' AND (o.lease"),
                        "INTERVAL 670000000 MICROSECOND"));
    assert_true(sql_has(sql_find("WHERE o.state = 'requested' AND COA"),
                        "INTERVAL 670000000 MICROSECOND"));
}


/* A failed packet ends the checks: rows that cannot be read are not reported as
 * correct. */
static void
database_fails(void **state)
{
    size_t  i;

    static const char *const  packets[] = {
        "CONSISTENT SNAPSHOT", END, SUMS, KEYS, HOLD_END, HOLDS, SOLD_END,
        RETURNS, PRODUCTS, "COMMIT", "o.received OR", "p.reorder_point AND"
    };

    (void) state;

    for (i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
        sql_reset();
        reconcile_sound();
        sql.fails = packets[i];
        sql.fails_with = AS_DB_GONE;
        assert_int_equal(RUN("--metrics", "/dev/null/x"), AS_EXIT_REACH);
        command_wrote("refused: as the test says");
        command_wrote("1 unreachable");

        /* the file of metrics stays as it is */
        assert_null(strstr(command.err, "--metrics"));
    }

    assert_int_equal(reconcile.calls, 0);
}


/* Ten findings of one cause; --all shows all. */
static void
many_findings(void **state)
{
    size_t  i, run, n;
    char   *at;

    (void) state;

    for (run = 0; run < 2; run++) {
        sql_reset();
        reconcile_sound();
        for (i = 0; i < 14; i++) {
            (void) sql_row_to("p.reorder_point AND", 0, 3, sql_id(1), "A",
                              "stock 1");
        }

        assert_int_equal(RUN(run == 0 ? NULL : "--all"), AS_EXIT_FINDINGS);

        for (n = 0, at = command.out; (at = strstr(at, "no-order")) != NULL;
             at++)
        {
            n++;
        }
        assert_int_equal(n, run == 0 ? 10 : 14);
        assert_int_equal(strstr(command.out, "and 4 more like these: --all "
                                "shows them") != NULL, run == 0);
        command_wrote("14 warnings");
    }
}


static void
metrics(void **state)
{
    int    fd;
    char   file[] = "/tmp/autostock-test-XXXXXX", text[2048];
    FILE  *in;

    (void) state;

    fd = mkstemp(file);
    assert_true(fd != -1);
    (void) close(fd);
    reconcile_product("7", "0", "9", "1", "0", "0");
    assert_int_equal(RUN("--metrics", file), AS_EXIT_FINDINGS);

    in = fopen(file, "r");
    assert_non_null(in);
    text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
    (void) fclose(in);
    (void) unlink(file);
    assert_non_null(strstr(text, "\nautostock_reconcile_findings{level=\""
                           "wrong\"} 1\n"));
    assert_non_null(strstr(text, "\nautostock_reconcile_findings{level=\""
                           "warning\"} 0\n"));
    assert_non_null(strstr(text, "\nautostock_reconcile_products 1\n"));
    assert_non_null(strstr(text, "\nautostock_reconcile_last_run_seconds 1"));

    /* the file cannot be written: the former result would be taken
     * for this one */
    sql_reset();
    reconcile_sound();
    assert_int_equal(RUN("--metrics", "/dev/null/x"), AS_EXIT_FINDINGS);
    command_told("reconcile: --metrics: cannot write \"/dev/null/x\": Not a "
                 "directory");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        reconcile_test(usage),
        reconcile_test(sound_books),
        reconcile_test(no_product),
        reconcile_test(a_chunk_follows_the_other),
        reconcile_test(products),
        reconcile_test(confirmed_late),
        reconcile_test(a_product_that_is_gone),
        reconcile_test(rows_that_are_wrong),
        reconcile_test(receipts),
        reconcile_test(sales),
        reconcile_test(keys_of_sales),
        reconcile_test(lines_of_holds),
        reconcile_test(returned_pieces),
        reconcile_test(orders),
        reconcile_test(times),
        reconcile_test(database_fails),
        reconcile_test(many_findings),
        reconcile_test(metrics)
    };

    return cmocka_run_group_tests_name("reconcile", tests, NULL, NULL);
}
