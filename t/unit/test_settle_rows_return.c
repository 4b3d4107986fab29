/*
 * The rows that returns are decided by: what each sets, and that a row which
 * cannot be is no result.
 */

#include "settle_rows_fixture.h"


/* The ledger's row has the sale, by its number: alone, of one piece each, in a
 * list, or not at all. */

static void
sales(void **state)
{
    size_t                             i;
    ngx_http_autostock_settle_part_t  *p;

    /* numbers 2 and 300 with 7 and 70000 pieces */
    static const u_char  list[] = {
        0, 2, 0, 0, 7, 1, 44, 1, 17, 112
    };

    static const struct {
        u_char       last;             /* of the sale's id, from that of the */
        u_char       least;            /* row, which ends in 0, 0 */
        const char  *quantity;
        const char  *sales;
        ngx_uint_t   listed;
        uint32_t     pieces;           /* 0: the row has not the sale */
    } cases[] = {
        { 0, 0, "-3", "1", 0, 3 },
        { 0, 1, "-3", "1", 0, 0 },
        { 0, 4, "-5", "5", 0, 1 },
        { 0, 5, "-5", "5", 0, 0 },
        { 0, 2, "-9", "2", 1, 7 },
        { 1, 44, "-9", "2", 1, 70000 },
        { 0, 3, "-9", "2", 1, 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) again(state);
        fixture.s.sales_at = 2;
        id(0, 1, cases[i].last, cases[i].least);
        (void) subject(1, NONE);
        memcpy(subjects()->id, columns[0].data, 16);
        columns[0].data += 14;
        columns[0].len = 2;
        id(1, 1, 0, 0);
        column(2, cases[i].quantity);
        column(3, cases[i].sales);
        column(4, NULL);
        product_columns(5);

        if (cases[i].listed) {
            columns[4].data = (u_char *) list;
            columns[4].len = sizeof(list);
        }

        assert_int_equal(row(2, SALE_COLUMNS), NGX_OK);
        assert_int_equal(subjects()->sold, cases[i].pieces != 0);
        assert_int_equal(fixture.s.parts.nelts, cases[i].pieces != 0);
        assert_int_equal(fixture.s.products.nelts, cases[i].pieces != 0);

        if (cases[i].pieces) {
            p = fixture.s.parts.elts;
            assert_int_equal(p->quantity, cases[i].pieces);
            assert_int_equal(p->product_id[0], 5);
            assert_memory_equal(subjects()->movement_id, columns[1].data, 16);
        }
    }
}


/* A row of before 0.2.0 has the sale's own id, whatever this ends in. */

static void
a_sale_without_a_number(void **state)
{
    ngx_http_autostock_settle_part_t  *p;

    (void) state;

    fixture.s.sales_at = 0;
    (void) subject(1, NONE);
    column(0, NULL);
    id(1, 1, 1, 1);
    column(2, "-3");
    column(3, "1");
    column(4, NULL);
    product_columns(5);
    assert_int_equal(row(0, SALE_COLUMNS), NGX_OK);
    p = fixture.s.parts.elts;
    assert_int_equal(fixture.s.parts.nelts, 1);
    assert_int_equal(p->quantity, 3);
    assert_int_equal(subjects()->sold, 1);
    assert_memory_equal(subjects()->movement_id, subjects()->id, 16);
}


static void
sales_that_cannot_be(void **state)
{
    (void) state;

    fixture.s.sales_at = 0;
    (void) subject(1, NONE);
    memset(subjects()->id + 14, 0, 2);
    columns[0].data = (u_char *) "\0\0";
    columns[0].len = 2;
    id(1, 2, 0, 0);                    /* was not asked for */
    column(2, "-3");
    column(3, "1");
    product_columns(5);
    assert_int_equal(row(0, SALE_COLUMNS), NGX_ERROR);

    id(1, 1, 0, 0);
    assert_int_equal(row(0, SALE_COLUMNS - 1), NGX_ERROR);
    columns[0].len = 1;
    assert_int_equal(row(0, SALE_COLUMNS), NGX_ERROR);
    columns[0].len = 2;
    columns[5].len = 15;
    assert_int_equal(row(0, SALE_COLUMNS), NGX_ERROR);
    columns[5].len = 16;

    /* a list that is cut has what is whole */
    columns[4].data = (u_char *) "\0\0\0\0\7\0";
    columns[4].len = 4;
    assert_int_equal(row(0, SALE_COLUMNS), NGX_OK);
    assert_int_equal(subjects()->sold, 0);
    columns[4].len = 6;
    assert_int_equal(row(0, SALE_COLUMNS), NGX_OK);
    assert_int_equal(subjects()->sold, 1);
}


static void
returned(void **state)
{
    size_t                                 i;
    ngx_http_autostock_settle_returned_t  *r;

    static const struct {
        u_char       last;             /* the first byte of the return's id */
        const char  *young;
        unsigned     fresh;
    } cases[] = { { 1, "0", 0 }, { 1, "1", 1 }, { 0xff, "0", 1 } };

    for (i = 0; i < 3; i++) {
        (void) again(state);
        fixture.s.returned_at = 0;
        (void) subject(1, NONE);
        (void) subject(2, NONE);
        id(0, 2, 2, 2);
        id(1, 5, 5, 5);
        column(2, "4");
        id(3, cases[i].last, 0, 0);
        column(4, cases[i].young);
        assert_int_equal(row(0, 5), NGX_OK);
        r = fixture.s.returned.elts;
        assert_int_equal(r->subject, 1);
        assert_int_equal(r->quantity, 4);
        assert_int_equal(r->product_id[0], 5);
        assert_int_equal(subjects()[1].returned_fresh, cases[i].fresh);
    }

    id(0, 3, 3, 3);
    assert_int_equal(row(0, 5), NGX_ERROR);
    id(0, 2, 2, 2);
    column(2, NULL);
    assert_int_equal(row(0, 5), NGX_ERROR);
}


/* The key of a return: the same request, or another one, or no return's. */

static void
keys(void **state)
{
    size_t                             i;
    ngx_http_autostock_settle_item_t  *it;

    static const struct {
        const char  *fingerprint;
        const char  *pieces;
        const char  *sku;
        unsigned     same;
    } cases[] = {
        { "12345678", "3", "A", 1 }, { "12345678", "3", NULL, 1 },
        { "87654321", "3", "A", 0 }, { "12345678", NULL, "A", 0 },
        { "1234567", "3", "A", 0 }, { NULL, "3", "A", 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) again(state);
        fixture.s.keys_at = 0;
        (void) subject(1, NONE);
        it = item(RETURN, 1);
        it->keyed = 1;
        memset(it->key, 7, 16);
        memcpy(it->fingerprint, "12345678", 8);
        id(0, 7, 7, 7);
        id(1, 9, 9, 9);
        column(2, cases[i].fingerprint);
        column(3, cases[i].pieces);
        column(4, cases[i].sku);
        column(5, "12");
        column(6, "0");
        assert_int_equal(row(0, 7), NGX_OK);
        assert_int_equal(it->used, 1);
        assert_int_equal(it->same, cases[i].same);
        assert_int_equal(it->nresults, cases[i].same);
        assert_int_equal(it->return_id[0], 9);

        if (cases[i].same) {
            assert_int_equal(it->results[0].line.quantity, 3);
            assert_int_equal(it->results[0].line.absent,
                             cases[i].sku == NULL);
            assert_int_equal(it->results[0].line.stock, cases[i].sku ? 12
                                                                     : -1);
        }
    }

    /* of no request */
    id(0, 8, 8, 8);
    assert_int_equal(row(0, 7), NGX_ERROR);
}


/* The product that a SKU of a line names, by the column's collation. */

static void
skus(void **state)
{
    size_t                             i;
    ngx_http_autostock_settle_line_t   asked[2];
    ngx_http_autostock_settle_item_t  *it;

    static const struct {
        const char  *item;
        const char  *line;
        ngx_int_t    rc;
    } cases[] = {
        { "0", "1", NGX_OK }, { "1", "0", NGX_ERROR },
        { "0", "2", NGX_ERROR }, { "-1", "0", NGX_ERROR },
        { "0", "-1", NGX_ERROR }, { "", "0", NGX_ERROR }
    };

    (void) state;

    memset(asked, 0, sizeof(asked));
    fixture.s.skus_at = 0;
    (void) subject(1, NONE);
    it = item(RETURN, 1);
    it->lines = asked;
    it->nlines = 2;
    id(2, 5, 5, 5);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        column(0, cases[i].item);
        column(1, cases[i].line);
        assert_int_equal(row(0, 3), cases[i].rc);
    }

    assert_int_equal(asked[0].known, 0);
    assert_int_equal(asked[1].known, 1);
    assert_int_equal(asked[1].product_id[0], 5);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(sales),
        TEST(a_sale_without_a_number),
        TEST(sales_that_cannot_be),
        TEST(returned),
        TEST(keys),
        TEST(skus)
    };

    return cmocka_run_group_tests_name("settle_rows_return", tests, NULL, NULL);
}
