/*
 * Reading sales from the ledger: how many rows a statement asks for.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "db/sale_read.h"
#include "sql_fixture.h"


static unsigned  seen;


static void
each(void *data, const as_sale_row_t *row, const char *sku,
    const char *created_at)
{
    (void) data;
    (void) row;
    (void) sku;
    (void) created_at;

    seen++;
}


/* The next statement's result: rows that stand for so many sales each. */
static void
rows(unsigned n, const char *sales)
{
    unsigned  i;

    sql.nrows = 0;

    for (i = 1; i <= n; i++) {
        (void) sql_row_id(sql.npackets, 0, (unsigned char) i, 9,
                          "pppppppppppppppp", sales[0] == '0' ? "0" : "-1",
                          sales, NULL, "CP-502101", "2026-11-22T09:30:01Z",
                          NULL, NULL);
    }
}


static bool
asked_for(unsigned limit)
{
    char    text[20];
    size_t  len, packet;

    (void) snprintf(text, sizeof(text), " LIMIT %u", limit);
    len = strlen(text);
    packet = sql.npackets - 1;

    return strcmp(sql.packets[packet] + strlen(sql.packets[packet]) - len,
                  text) == 0;
}


/* Rows that are not used are read again: a statement asks for twice as many as
 * the last one used. */
static void
limit(void **state)
{
    size_t          i;
    as_sale_read_t  read;

    static const struct {
        unsigned     rows;
        const char  *sales;
        unsigned     used;
        unsigned     next;             /* LIMIT of the next statement */
    } cases[] = {
        { 40, "10000", 2, 16 },
        { 16, "1", 16, 32 },
        { 32, "1000", 20, 40 },
        { 40, "0", 40, 80 },
        { 60, "1", 60, 120 },
        { 60, "20000", 1, 16 }
    };

    (void) state;

    memset(&read, 0, sizeof(read));
    read.to_ms = 2000000000000;
    read.each = each;
    as_sale_read_from(&read, 0);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        rows(cases[i].rows, cases[i].sales);
        seen = 0;
        assert_int_equal(as_sale_read(sql_db, &read), AS_DB_OK);
        assert_true(asked_for(i == 0 ? 1000 : cases[i - 1].next));
        assert_true(read.more);
        assert_int_equal(seen, cases[i].sales[0] == '0' ? 0 : cases[i].used);
        assert_int_equal(read.cursor[0], cases[i].used);
    }

    /* at most as at the beginning; a failure changes nothing */
    read.limit = 900;
    rows(60, "1");
    (void) as_sale_read(sql_db, &read);
    assert_true(asked_for(900));
    rows(1, "1");
    sql.status[sql.npackets] = AS_DB_GONE;
    assert_int_equal(as_sale_read(sql_db, &read), AS_DB_GONE);
    assert_true(asked_for(120));
    rows(0, "");
    assert_int_equal(as_sale_read(sql_db, &read), AS_DB_OK);
    assert_true(asked_for(120));
    assert_false(read.more);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(limit, sql_setup, sql_teardown)
    };

    return cmocka_run_group_tests_name("sale_read", tests, NULL, NULL);
}
