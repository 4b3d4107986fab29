/*
 * Returns of sales: bookings, refusals, a concurrent return, and a lost
 * connection.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "db/sale_back.h"
#include "sql_fixture.h"


/* The sale number 2 of its transaction, whose id is all "i" but for the last
 * two bytes. */
#define TAIL  "\0\0"

static as_sale_back_t  back;
static char            ids[2][AS_UUID_LEN + 1] = {
    "iiiiiiiiiiiiii" TAIL, "pppppppppppppppp"
};
static char            other[AS_UUID_LEN + 1] = "qqqqqqqqqqqqqqqq";


static int
setup(void **state)
{
    memset(&back, 0, sizeof(back));
    memset(back.sale_id, 'i', AS_UUID_LEN);
    back.sale_id[14] = 0;
    back.sale_id[15] = 2;
    memset(back.return_id, 'r', AS_UUID_LEN);
    back.restock = true;

    return sql_setup(state);
}


static int
teardown(void **state)
{
    as_sale_back_free(&back);

    return sql_teardown(state);
}


/* A line of the sale, 5 pieces, of which some were returned. */
static void
line(size_t packet, char *product, const char *sku, const char *returned,
    const char *state)
{
    sql_row_t  *row;

    row = sql_row(packet, 0, 9, NULL, NULL, "-5", "1", NULL, sku, returned,
                  state, sku == NULL ? NULL : "10");
    row->columns[0] = ids[0];
    row->lengths[0] = AS_UUID_LEN;
    row->columns[1] = product;
    row->lengths[1] = AS_UUID_LEN;
    row->columns[4] = "\0\2\0\0\5";
    row->lengths[4] = 5;
}


static void
wants(size_t i, const char *sku, int64_t quantity)
{
    back.wants[i].sku = sku;
    back.wants[i].quantity = quantity;
    back.nwants = i + 1;
}


/* Of two lines: all that is left. */
static void
all(void **state)
{
    (void) state;

    line(0, ids[1], "P", "2", NULL);
    line(0, other, "Q", "0", NULL);
    (void) sql_row(0, 1, 1, "0");
    sql.affected[1] = sql.affected[2] = 1;
    sql.affected[4] = 2;

    assert_int_equal(as_sale_back(sql_db, &back), AS_DB_OK);
    assert_int_equal(back.outcome, AS_SALE_BACK_DONE);
    assert_int_equal(back.nlines, 2);
    assert_int_equal(back.lines[0].quantity, 3);
    assert_int_equal(back.lines[0].stock, 13);
    assert_int_equal(back.lines[1].quantity, 5);

    /* the chain; the order of locks: returns, ledger, products */
    assert_int_equal(sql_count(1, "INSERT INTO stock_return"), 2);
    assert_true(sql_has(1, ",2,3,1,X'7272"));
    assert_true(sql_has(1, ",0,5,1,X'7272"));

    assert_true(sql_has(1, " LOCK IN SHARE MODE;INSERT INTO stock_return"));
    assert_true(sql_has(1, " LOCK IN SHARE MODE;INSERT INTO stock_movement"));
    assert_true(strstr(sql.packets[1], "INSERT INTO stock_return")
                < strstr(sql.packets[1], "INSERT INTO stock_movement"));
    assert_true(strstr(sql.packets[1], "INSERT INTO stock_movement")
                < strstr(sql.packets[1], "UPDATE stock_movement m"));
    assert_string_equal(sql.packets[2], "COMMIT");
}


static void
refused(void **state)
{
    size_t  i;

    static const struct {
        const char      *sku;          /* NULL: the product is deleted */
        const char      *returned;     /* NULL: no such sale */
        const char      *state;
        int64_t          wanted;       /* 0: all */
        bool             found;        /* the wanted SKU */
        as_sale_back_e   outcome;
    } cases[] = {
        { "P", NULL, NULL, 0, true, AS_SALE_BACK_UNKNOWN },
        { "P", "0", "held", 0, true, AS_SALE_BACK_UNKNOWN },
        { "P", "5", NULL, 0, true, AS_SALE_BACK_NOTHING },
        { "P", "3", NULL, 3, true, AS_SALE_BACK_TOO_MANY },
        { "P", "3", "confirmed", 3, true, AS_SALE_BACK_TOO_MANY },
        { "P", "0", NULL, 1, false, AS_SALE_BACK_NO_LINE },
        { NULL, "0", NULL, 0, true, AS_SALE_BACK_NO_PRODUCT }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) teardown(state);
        (void) setup(state);

        if (cases[i].returned != NULL) {
            line(0, ids[1], cases[i].sku, cases[i].returned, cases[i].state);
        }
        (void) sql_row(0, 1, 1, "0");

        if (cases[i].wanted > 0) {
            wants(0, "P", cases[i].wanted);
            (void) sql_row_id(1, 0, cases[i].found ? 'p' : 'z', 1);
        }

        assert_int_equal(as_sale_back(sql_db, &back), AS_DB_OK);
        assert_int_equal(back.outcome, cases[i].outcome);
        assert_int_equal(sql.npackets, cases[i].wanted > 0 ? 2 : 1);
    }
}


/* Two spellings of one product. */
static void
adds_up(void **state)
{
    (void) state;

    line(0, ids[1], "P", "0", NULL);
    wants(0, "P", 2);
    wants(1, "p", 3);
    (void) sql_row_id(1, 0, 'p', 1);
    (void) sql_row_id(2, 0, 'p', 1);
    sql.affected[1] = sql.affected[3] = 1;

    assert_int_equal(as_sale_back(sql_db, &back), AS_DB_OK);
    assert_int_equal(back.outcome, AS_SALE_BACK_DONE);
    assert_int_equal(back.lines[0].quantity, 5);
}


/* The key exists: another return took the rest meanwhile. */
static void
another_return(void **state)
{
    (void) state;

    line(0, ids[1], "P", "0", NULL);
    sql.status[1] = AS_DB_DUPLICATE;
    line(2, ids[1], "P", "5", NULL);

    assert_int_equal(as_sale_back(sql_db, &back), AS_DB_OK);
    assert_int_equal(back.outcome, AS_SALE_BACK_NOTHING);
    assert_int_equal(sql.npackets, 3);
}


/* The connection was lost with COMMIT: the next attempt finds its own rows. */
static void
in_doubt(void **state)
{
    (void) state;

    line(0, ids[1], "P", "0", NULL);
    sql.affected[1] = sql.affected[3] = 1;
    sql.status[2] = AS_DB_GONE;
    assert_int_equal(as_sale_back(sql_db, &back), AS_DB_GONE);

    line(3, ids[1], "P", "5", NULL);
    (void) sql_row(3, 1, 1, "1");
    assert_int_equal(as_sale_back(sql_db, &back), AS_DB_OK);
    assert_int_equal(back.outcome, AS_SALE_BACK_DONE);
    assert_int_equal(back.lines[0].quantity, 5);
    assert_int_equal(sql.npackets, 4);
}


/* A product was deleted between two statements. */
static void
deleted_meanwhile(void **state)
{
    (void) state;

    line(0, ids[1], "P", "0", NULL);
    sql.affected[1] = 1;
    sql.affected[3] = 0;
    line(3, ids[1], NULL, "0", NULL);

    assert_int_equal(as_sale_back(sql_db, &back), AS_DB_OK);
    assert_string_equal(sql.packets[2], "ROLLBACK");
    assert_int_equal(back.outcome, AS_SALE_BACK_NO_PRODUCT);
}


/* A roll-up folded the sale, or one of its rows, between two statements. */
static void
folded_meanwhile(void **state)
{
    bool  restock;

    for (restock = false; ; restock = true) {
        line(0, ids[1], "P", "0", NULL);
        line(0, other, "Q", "0", NULL);
        back.restock = restock;
        sql.affected[2] = 1;
        sql.affected[4] = 2;

        assert_int_equal(as_sale_back(sql_db, &back), AS_DB_OK);
        assert_string_equal(sql.packets[2], "ROLLBACK");
        assert_int_equal(back.outcome, AS_SALE_BACK_UNKNOWN);

        if (restock) {
            break;
        }

        (void) teardown(state);
        (void) setup(state);
    }
}


/* Goods that are not put back: products need not change, nor exist. */
static void
without_restock(void **state)
{
    (void) state;

    back.restock = false;
    line(0, ids[1], NULL, "0", NULL);
    sql.affected[1] = 1;
    assert_int_equal(as_sale_back(sql_db, &back), AS_DB_OK);
    assert_int_equal(back.outcome, AS_SALE_BACK_DONE);
    assert_true(sql_has(1, ",0,5,0,X'7272"));
    assert_string_equal(sql.packets[2], "COMMIT");
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(all),
        TEST(refused),
        TEST(adds_up),
        TEST(another_return),
        TEST(in_doubt),
        TEST(deleted_meanwhile),
        TEST(folded_meanwhile),
        TEST(without_restock)
    };

    return cmocka_run_group_tests_name("sale_back", tests, NULL, NULL);
}
