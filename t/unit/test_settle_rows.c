/*
 * The rows in the results of a settlement's packets: what each sets, and that a
 * row which cannot be is no result.
 */

#include "settle_rows_fixture.h"


/* A statement that no number names has no rows. */

static void
unknown_statement(void **state)
{
    (void) state;

    id(0, 1, 1, 1);
    assert_int_equal(row(0, 1), NGX_ERROR);
    assert_int_equal(row(5, 3), NGX_ERROR);
}


static void
holds(void **state)
{
    size_t  i;

    static const struct {
        const char                       *text;
        ngx_http_autostock_hold_state_e   is;
    } cases[] = {
        { "held", HELD }, { "confirmed", CONFIRMED }, { "released", RELEASED },
        { "expired", EXPIRED }, { "", NONE }, { "HELD", NONE },
        { "helds", NONE }, { "hel", NONE }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) again(state);
        fixture.s.holds_at = 0;
        (void) subject(1, NONE);
        id(0, 1, 1, 1);
        column(1, cases[i].text);
        column(2, "-500");
        column(3, NULL);
        column(4, "0");
        assert_int_equal(row(0, COLUMNS),
                         cases[i].is == NONE ? NGX_ERROR : NGX_OK);
        assert_int_equal(subjects()->state, cases[i].is);
        assert_int_equal(subjects()->was, cases[i].is);

        if (cases[i].is != NONE) {
            assert_int_equal(subjects()->over, -500);

            /* another line of it; the same hold in another state */
            assert_int_equal(row(0, COLUMNS), NGX_OK);
            column(1, cases[i].is == HELD ? "expired" : "held");
            assert_int_equal(row(0, COLUMNS), NGX_ERROR);
            assert_int_equal(subjects()->was, cases[i].is);
        }
    }
}


/* A state may not be on disk by either clock; of a hold that is held nothing
 * was read that could be lost. */

static void
fresh_holds(void **state)
{
    size_t  i;

    static const struct {
        const char  *state;
        u_char       settled;          /* the first byte of its id; 0: none */
        const char  *young;
        unsigned     fresh;
    } cases[] = {
        { "released", 0x01, "0", 0 }, { "released", 0x01, "1", 1 },
        { "released", 0xff, "0", 1 }, { "confirmed", 0xff, "1", 1 },
        { "expired", 0, "0", 0 }, { "held", 0, "1", 0 },
        { "held", 0xff, "1", 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) again(state);
        fixture.s.holds_at = 3;
        (void) subject(1, NONE);
        id(0, 1, 1, 1);
        column(1, cases[i].state);
        column(2, "0");
        column(4, cases[i].young);

        if (cases[i].settled) {
            id(3, cases[i].settled, 0, 0);
        }

        assert_int_equal(row(3, COLUMNS), NGX_OK);
        assert_int_equal(subjects()->fresh, cases[i].fresh);
    }
}


static void
holds_that_cannot_be(void **state)
{
    (void) state;

    fixture.s.holds_at = 0;
    (void) subject(1, NONE);
    hold_columns();

    id(0, 2, 2, 2);                    /* was not asked for */
    assert_int_equal(row(0, COLUMNS), NGX_ERROR);
    id(0, 1, 1, 1);
    assert_int_equal(row(0, COLUMNS - 1), NGX_ERROR);
    columns[0].len = 15;
    assert_int_equal(row(0, COLUMNS), NGX_ERROR);
    id(0, 1, 1, 1);
    column(2, "");
    assert_int_equal(row(0, COLUMNS), NGX_ERROR);
    column(2, "1x");
    assert_int_equal(row(0, COLUMNS), NGX_ERROR);
}


/* A hold has a row for each line, with the line's product. */

static void
lines(void **state)
{
    ngx_uint_t                         i;
    ngx_http_autostock_settle_part_t  *p;

    (void) state;

    fixture.s.holds_at = 1;
    (void) subject(1, NONE);
    hold_columns();
    assert_int_equal(row(1, COLUMNS), NGX_OK);
    assert_int_equal(fixture.s.parts.nelts, 0);

    column(5, "3");
    product_columns(6);
    assert_int_equal(row(1, COLUMNS), NGX_OK);
    id(6, 6, 6, 6);

    for (i = 7; i < COLUMNS - 1; i++) {
        column(i, NULL);               /* was deleted */
    }

    assert_int_equal(row(1, COLUMNS), NGX_OK);
    p = fixture.s.parts.elts;
    assert_int_equal(fixture.s.parts.nelts, 2);
    assert_int_equal(fixture.s.products.nelts, 1);
    assert_int_equal(p[0].quantity, 3);
    assert_int_equal(p[0].product_id[0], 5);
    assert_int_equal(p[1].product_id[0], 6);

    column(5, "0");
    assert_int_equal(row(1, COLUMNS), NGX_ERROR);
    column(5, "3");
    columns[6].len = 8;
    assert_int_equal(row(1, COLUMNS), NGX_ERROR);
}


static ngx_int_t
product_row(void)
{
    return ngx_http_autostock_settle_product(&fixture.s, columns);
}


/* The SKU is kept as it may be written into JSON. */

static void
products(void **state)
{
    size_t                                i;
    ngx_http_autostock_settle_product_t  *p;

    product_columns(0);
    assert_int_equal(product_row(), NGX_OK);
    p = fixture.s.products.elts;
    assert_int_equal(p->stock, 10);
    assert_int_equal(p->after, 10);
    assert_int_equal(p->held, 2);
    assert_int_equal(p->reorder_point, -1);
    assert_int_equal(p->reorder_quantity, 20);
    assert_int_equal(p->reorder_held, 1);
    assert_int_equal(p->open, 0);
    assert_memory_equal(p->json.data, "a\\\"b", 4);
    assert_int_equal(p->sku.len, 3);

    /* another one, and that once */
    id(0, 6, 6, 6);
    assert_int_equal(product_row(), NGX_OK);
    assert_int_equal(product_row(), NGX_OK);
    assert_int_equal(fixture.s.products.nelts, 2);

    /* a shop's own column may be NULL */
    id(0, 7, 7, 7);
    column(1, NULL);
    assert_int_equal(product_row(), NGX_OK);
    p = fixture.s.products.elts;
    assert_int_equal(fixture.s.products.nelts, 3);
    assert_int_equal(p[2].sku.len, 0);
    assert_int_equal(p[2].json.len, 0);

    for (i = 2; i < 6; i++) {
        (void) again(state);
        product_columns(0);
        column(i, NULL);
        assert_int_equal(product_row(), NGX_ERROR);
    }

    for (i = 1; i < 3; i++) {
        (void) again(state);
        product_columns(0);
        fixture.no_memory = i;
        assert_int_equal(product_row(), NGX_ERROR);
    }
}


/* After the batch: the stocks, the rows that are not locked, the anchor. */

static void
after_the_batch(void **state)
{
    ngx_http_autostock_settle_product_t  *p;

    (void) state;

    fixture.s.stocks_at = 0;
    fixture.s.free_at = 1;
    fixture.s.anchor_at = 2;
    p = product(5, 10);
    p->locked = 1;
    id(0, 5, 5, 5);
    column(1, "8");
    assert_int_equal(row(0, 2), NGX_OK);
    assert_int_equal(p->after, 8);
    assert_int_equal(p->stock, 10);
    assert_int_equal(row(1, 1), NGX_OK);
    assert_int_equal(p->locked, 0);

    id(0, 6, 6, 6);
    assert_int_equal(row(0, 2), NGX_ERROR);
    assert_int_equal(row(1, 1), NGX_ERROR);

    column(0, "1");
    assert_int_equal(row(2, 1), NGX_OK);
    assert_int_equal(fixture.s.found, 1);
    assert_int_equal(fixture.s.anchored, 0);
    column(0, "0");
    assert_int_equal(row(2, 1), NGX_OK);
    assert_int_equal(fixture.s.anchored, 1);
    assert_int_equal(row(2, 2), NGX_ERROR);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(unknown_statement),
        TEST(holds),
        TEST(fresh_holds),
        TEST(holds_that_cannot_be),
        TEST(lines),
        TEST(products),
        TEST(after_the_batch)
    };

    return cmocka_run_group_tests_name("settle_rows", tests, NULL, NULL);
}
