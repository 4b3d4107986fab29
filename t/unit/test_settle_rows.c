/*
 * The rows in the results of a settlement's packets: what each sets, and that
 * an impossible row is an error.
 */

#define FIXTURE_COLUMNS                /* the real ones */

#include "settle_fixture.h"

#include "../../src/sell/ngx_http_autostock_settle_column.c"
#include "../../src/sell/ngx_http_autostock_settle_rows.c"
#include "../../src/sell/ngx_http_autostock_settle_rows_return.c"


static ngx_str_t  columns[8];


void *
ngx_pnalloc(ngx_pool_t *pool, size_t size)
{
    return ngx_palloc(pool, size);
}


u_char *
ngx_pstrdup(ngx_pool_t *pool, ngx_str_t *src)
{
    u_char  *p;

    p = ngx_palloc(pool, src->len);

    return p ? memcpy(p, src->data, src->len) : NULL;
}


ngx_int_t
ngx_http_autostock_sql_integer(ngx_str_t *column, int64_t *value)
{
    char  text[32], *end;

    assert_true(column->len < sizeof(text));
    memcpy(text, column->data, column->len);
    text[column->len] = '\0';
    *value = strtoll(text, &end, 10);

    return column->len && *end == '\0' ? NGX_OK : NGX_ERROR;
}


/* An id is fresh if its first byte is set so. */

ngx_uint_t
ngx_http_autostock_id_is_fresh(u_char id[NGX_HTTP_AUTOSTOCK_UUID_LEN])
{
    return id[0] == 0xff;
}


static int
setup(void **state)
{
    (void) fixture_setup(state);
    ngx_http_autostock_settle_table_none(&fixture.s);
    memset(columns, 0, sizeof(columns));

    return 0;
}


static int
again(void **state)
{
    (void) fixture_teardown(state);

    return setup(state);
}


/* a column of these bytes; NULL: SQL's NULL */

static void
column(ngx_uint_t i, const char *text)
{
    columns[i].data = (u_char *) text;
    columns[i].len = text ? strlen(text) : 0;
}


/* a column of 16 bytes, the last two of them given */

static void
id(ngx_uint_t i, u_char byte, u_char last, u_char least)
{
    static u_char  ids[8][16];

    memset(ids[i], byte, 14);
    ids[i][14] = last;
    ids[i][15] = least;
    columns[i].data = ids[i];
    columns[i].len = 16;
}


static ngx_int_t
row(ngx_uint_t statement, ngx_uint_t n)
{
    return ngx_http_autostock_settle_rows(&fixture.s, statement, columns, n);
}


static ngx_http_autostock_settle_subject_t *
subjects(void)
{
    return fixture.s.subjects.elts;
}


/* A row of another statement is an error. */

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
        assert_int_equal(row(0, 5), cases[i].is == NONE ? NGX_ERROR : NGX_OK);
        assert_int_equal(subjects()->state, cases[i].is);
        assert_int_equal(subjects()->was, cases[i].is);

        if (cases[i].is != NONE) {
            assert_int_equal(subjects()->over, -500);

            /* the same hold twice */
            assert_int_equal(row(0, 5), NGX_ERROR);
        }
    }
}


/* Either clock may show that a state is not yet on disk; for an open hold
 * nothing was read that could be lost. */

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

        assert_int_equal(row(3, 5), NGX_OK);
        assert_int_equal(subjects()->fresh, cases[i].fresh);
    }
}


static void
holds_that_cannot_be(void **state)
{
    (void) state;

    fixture.s.holds_at = 0;
    (void) subject(1, NONE);
    column(1, "held");
    column(2, "0");
    column(4, "0");

    id(0, 2, 2, 2);                    /* not requested */
    assert_int_equal(row(0, 5), NGX_ERROR);
    id(0, 1, 1, 1);
    assert_int_equal(row(0, 4), NGX_ERROR);
    columns[0].len = 15;
    assert_int_equal(row(0, 5), NGX_ERROR);
    id(0, 1, 1, 1);
    column(2, "");
    assert_int_equal(row(0, 5), NGX_ERROR);
    column(2, "1x");
    subjects()->state = NONE;
    assert_int_equal(row(0, 5), NGX_ERROR);
}


static void
lines(void **state)
{
    ngx_http_autostock_settle_part_t  *p;

    (void) state;

    fixture.s.lines_at = 1;
    (void) subject(1, NONE);
    id(0, 1, 1, 1);
    id(1, 5, 5, 5);
    column(2, "3");
    assert_int_equal(row(1, 3), NGX_OK);
    p = fixture.s.parts.elts;
    assert_int_equal(p->quantity, 3);
    assert_int_equal(p->product_id[0], 5);

    column(2, "0");
    assert_int_equal(row(1, 3), NGX_ERROR);
    column(2, "3");
    assert_int_equal(row(1, 2), NGX_ERROR);
    columns[1].len = 8;
    assert_int_equal(row(1, 3), NGX_ERROR);
}


/* A sale's number in the ledger's row: the only sale, sales of one piece each,
 * a list, or a number that is not in it. */

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
        uint32_t     pieces;           /* 0: not in the row */
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
        id(1, 1, 0, 0);
        id(2, 5, 5, 5);
        column(3, cases[i].quantity);
        column(4, cases[i].sales);
        column(5, NULL);

        if (cases[i].listed) {
            columns[5].data = (u_char *) list;
            columns[5].len = sizeof(list);
        }

        assert_int_equal(row(2, 6), NGX_OK);
        assert_int_equal(subjects()->sold, cases[i].pieces != 0);
        assert_int_equal(fixture.s.parts.nelts, cases[i].pieces != 0);

        if (cases[i].pieces) {
            p = fixture.s.parts.elts;
            assert_int_equal(p->quantity, cases[i].pieces);
            assert_memory_equal(subjects()->movement_id, columns[1].data, 16);
        }
    }
}


static void
sales_that_cannot_be(void **state)
{
    (void) state;

    fixture.s.sales_at = 0;
    (void) subject(1, NONE);
    id(0, 1, 0, 0);
    id(1, 2, 0, 0);                    /* of another transaction */
    id(2, 5, 5, 5);
    column(3, "-3");
    column(4, "1");
    assert_int_equal(row(0, 6), NGX_ERROR);

    id(1, 1, 0, 0);
    assert_int_equal(row(0, 5), NGX_ERROR);
    assert_int_equal(row(0, 6), NGX_ERROR);      /* was not asked for */

    /* of a truncated list the complete entries count */
    memcpy(subjects()->id, columns[0].data, 16);
    columns[5].data = (u_char *) "\0\0\0\0\7\0";
    columns[5].len = 4;
    assert_int_equal(row(0, 6), NGX_OK);
    assert_int_equal(subjects()->sold, 0);
    columns[5].len = 6;
    assert_int_equal(row(0, 6), NGX_OK);
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


/* The key of a return: of the same request, of another one, or not of a
 * return. */

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


/* The SKU is kept escaped for JSON. */

static void
products(void **state)
{
    size_t                                i;
    ngx_http_autostock_settle_product_t  *p;

    fixture.s.products_at = 0;
    id(0, 5, 5, 5);
    column(1, "a\"b");
    column(2, "10");
    column(3, "2");
    column(4, "-1");
    column(5, "20");
    column(6, "1");
    column(7, "0");
    assert_int_equal(row(0, 8), NGX_OK);
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

    for (i = 2; i < 6; i++) {
        column(i, NULL);
        assert_int_equal(row(0, 8), NGX_ERROR);
        column(i, "1");
    }

    assert_int_equal(row(0, 7), NGX_ERROR);

    for (i = 1; i < 3; i++) {
        (void) again(state);
        fixture.s.products_at = 0;
        id(0, 5, 5, 5);
        column(1, "A");
        fixture.no_memory = i;
        assert_int_equal(row(0, 8), NGX_ERROR);
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


#define TEST(name)                                                            \
    cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(unknown_statement),
        TEST(holds),
        TEST(fresh_holds),
        TEST(holds_that_cannot_be),
        TEST(lines),
        TEST(sales),
        TEST(sales_that_cannot_be),
        TEST(returned),
        TEST(keys),
        TEST(products),
        TEST(after_the_batch),
        TEST(skus)
    };

    return cmocka_run_group_tests_name("settle_rows", tests, NULL, NULL);
}
