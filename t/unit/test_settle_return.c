/*
 * Returns of a sale: never more than was sold, over all its returns and over
 * the requests of one batch; the effect of a key and of a deleted product.
 */

#include "settle_fixture.h"


static ngx_http_autostock_settle_line_t  lines[FIXTURE_ITEMS][3];


/* a sale of 3 of product "e" and 4 of product "f", with stocks of 10 */

static void
a_sale(int64_t returned_e, int64_t returned_f)
{
    ngx_uint_t                             i;
    ngx_http_autostock_settle_returned_t  *r;

    subject(1, NONE)->sold = 1;
    (void) product('e', 10);
    (void) product('f', 10);
    (void) part(1, 'e', 3);
    (void) part(1, 'f', 4);

    for (i = 0; i < 2; i++) {
        r = ngx_array_push(&fixture.s.returned);
        memset(r->product_id, i == 0 ? 'e' : 'f', 16);
        r->subject = 0;
        r->quantity = i == 0 ? returned_e : returned_f;
    }
}


/* a return of n lines of these SKUs; without lines: all that is left */

static ngx_http_autostock_settle_item_t *
back(ngx_uint_t n, const char *sku, uint32_t one, uint32_t two)
{
    ngx_uint_t                         i;
    ngx_http_autostock_settle_item_t  *it;

    it = item(RETURN, 1);
    it->restock = 1;
    it->nlines = n;
    it->lines = lines[it - fixture.items];
    memset(it->lines, 0, sizeof(lines[0]));

    for (i = 0; i < n; i++) {
        it->lines[i].sku.data = (u_char *) &sku[i];
        it->lines[i].sku.len = 1;
        it->lines[i].quantity = i == 0 ? one : two;
    }

    return it;
}


static ngx_http_autostock_settle_return_t *
row(ngx_uint_t i)
{
    assert_true(i < fixture.s.returns.nelts);

    return (ngx_http_autostock_settle_return_t *) fixture.s.returns.elts + i;
}


static int64_t
stock_of(ngx_uint_t i)
{
    return ((ngx_http_autostock_settle_product_t *)
            fixture.s.products.elts)[i].stock;
}


/* Returns of lines, of a part of them, and of all that is left: the pieces put
 * back, and those left to return if it was too much. */

static void
quantities(void **state)
{
    size_t                             i;
    ngx_http_autostock_settle_item_t  *it;

    static const struct {
        int64_t                              before[2];
        ngx_uint_t                           n;
        const char                          *sku;
        uint32_t                             quantity[2];
        ngx_http_autostock_settle_outcome_e  outcome;
        int                                  moved[2];
    } cases[] = {
        { { 0, 0 }, 0, "", { 0, 0 }, OUTCOME(DONE), { 3, 4 } },
        { { 1, 4 }, 0, "", { 0, 0 }, OUTCOME(DONE), { 2, 0 } },
        { { 3, 4 }, 0, "", { 0, 0 }, OUTCOME(RETURNED), { 0, 0 } },
        { { 0, 0 }, 1, "e", { 3, 0 }, OUTCOME(DONE), { 3, 0 } },
        { { 0, 0 }, 1, "e", { 4, 0 }, OUTCOME(RETURNED), { 0, 0 } },
        { { 2, 0 }, 1, "e", { 2, 0 }, OUTCOME(RETURNED), { 0, 0 } },
        { { 2, 0 }, 1, "e", { 1, 0 }, OUTCOME(DONE), { 1, 0 } },
        { { 0, 0 }, 2, "ef", { 1, 4 }, OUTCOME(DONE), { 1, 4 } },
        { { 0, 0 }, 2, "ef", { 1, 5 }, OUTCOME(RETURNED), { 0, 0 } },

        /* two lines of one SKU are one */
        { { 0, 0 }, 2, "ee", { 1, 2 }, OUTCOME(DONE), { 3, 0 } },
        { { 0, 0 }, 2, "ee", { 2, 2 }, OUTCOME(RETURNED), { 0, 0 } },

        /* more was returned than sold: nothing is left */
        { { 5, 0 }, 1, "e", { 1, 0 }, OUTCOME(RETURNED), { 0, 0 } },

        { { 0, 0 }, 1, "g", { 1, 0 }, OUTCOME(NO_LINE), { 0, 0 } },
        { { 0, 0 }, 2, "eg", { 1, 1 }, OUTCOME(NO_LINE), { 0, 0 } }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) fixture_again(state);
        a_sale(cases[i].before[0], cases[i].before[1]);
        it = back(cases[i].n, cases[i].sku, cases[i].quantity[0],
                  cases[i].quantity[1]);
        decide();

        if (it->outcome != cases[i].outcome) {
            fail_msg("case %zu: outcome %d", i, (int) it->outcome);
        }

        assert_int_equal(stock_of(0), 10 + cases[i].moved[0]);
        assert_int_equal(stock_of(1), 10 + cases[i].moved[1]);
        assert_int_equal(fixture.s.returns.nelts, (cases[i].moved[0] != 0)
                                                  + (cases[i].moved[1] != 0));
        assert_int_equal(it->planned, cases[i].outcome == OUTCOME(DONE));
    }
}


/* A quantity without lines refers to the sale's only line. */

static void
a_number_alone(void **state)
{
    ngx_http_autostock_settle_item_t  *it;

    a_sale(0, 0);
    it = back(0, "", 0, 0);
    it->quantity = 1;
    decide();
    assert_int_equal(it->outcome, OUTCOME(MANY_LINES));

    (void) fixture_again(state);
    subject(1, NONE)->sold = 1;
    (void) product('e', 10);
    (void) part(1, 'e', 3);
    it = back(0, "", 0, 0);
    it->quantity = 2;
    decide();
    assert_int_equal(it->outcome, OUTCOME(DONE));
    assert_int_equal(stock_of(0), 12);
}


/* The number of pieces returned before is a part of the row's primary key. */

static void
rows_of_a_return(void **state)
{
    ngx_http_autostock_settle_item_t  *it;

    (void) state;

    a_sale(1, 0);
    it = back(2, "ef", 2, 1);
    decide();
    assert_int_equal(row(0)->already, 1);
    assert_int_equal(row(0)->quantity, 2);
    assert_int_equal(row(0)->product_id[0], 'e');
    assert_int_equal(row(0)->sale_id[0], 1);
    assert_ptr_equal(row(0)->item, it);
    assert_int_equal(row(1)->already, 0);
    assert_int_equal(row(1)->quantity, 1);

    /* ids of returns have their own range within the transaction */
    assert_int_equal(it->return_id[0], 0xaa);
    assert_int_equal(it->return_id[14] << 8 | it->return_id[15],
                     AS_MOVEMENT_RETURN);

    assert_int_equal(it->nresults, 2);
    assert_int_equal(it->results[0].line.quantity, 2);
    assert_int_equal(it->results[0].line.stock, 12);
    assert_int_equal(it->results[0].line.left, 0);
    assert_int_equal(it->results[1].line.left, 3);
}


/* Requests of one batch see those before them. */

static void
two_of_one_sale(void **state)
{
    ngx_http_autostock_settle_item_t  *one, *two, *three;

    (void) state;

    a_sale(0, 0);
    one = back(1, "e", 2, 0);
    two = back(1, "e", 2, 0);
    three = back(1, "e", 1, 0);
    decide();
    assert_int_equal(one->outcome, OUTCOME(DONE));
    assert_int_equal(two->outcome, OUTCOME(RETURNED));
    assert_int_equal(two->results[0].line.left, 1);
    assert_int_equal(three->outcome, OUTCOME(DONE));
    assert_int_equal(row(0)->already, 0);
    assert_int_equal(row(1)->already, 2);
    assert_int_equal(stock_of(0), 13);
}


/* Goods that are not put back: booked, and no stock changes. */

static void
no_restock(void **state)
{
    ngx_http_autostock_settle_item_t  *it;

    (void) state;

    a_sale(0, 0);
    it = back(0, "", 0, 0);
    it->restock = 0;
    decide();
    assert_int_equal(it->outcome, OUTCOME(DONE));
    assert_int_equal(stock_of(0), 10);
    assert_int_equal(fixture.s.returns.nelts, 2);
    assert_int_equal(fixture.s.nwritten, 0);
}


static void
stock_overflows(void **state)
{
    size_t                             i;
    ngx_http_autostock_settle_item_t  *it;

    for (i = 0; i < 3; i++) {
        (void) fixture_again(state);
        a_sale(0, 0);
        ((ngx_http_autostock_settle_product_t *)
         fixture.s.products.elts)[1].stock = NGX_MAX_INT32_VALUE
                                             - (i == 0 ? 4 : 3);
        it = back(0, "", 0, 0);
        it->restock = i < 2;
        decide();
        assert_int_equal(it->outcome, i == 1 ? OUTCOME(OVERFLOW)
                                             : OUTCOME(DONE));
    }

    assert_int_equal(stock_of(0), 10);
}


/* The product was deleted: its pieces cannot be booked; the others can. */

static void
deleted_product(void **state)
{
    size_t                             i;
    ngx_http_autostock_settle_item_t  *it;

    for (i = 0; i < 2; i++) {
        (void) fixture_again(state);
        subject(1, NONE)->sold = 1;
        (void) product('f', 10);
        (void) part(1, 'e', 3);
        (void) part(1, 'f', 4);
        it = back(i == 0 ? 0 : 1, "f", 1, 0);
        decide();
        assert_int_equal(it->outcome, i == 0 ? OUTCOME(NO_PRODUCT)
                                             : OUTCOME(DONE));
        assert_int_equal(fixture.s.returns.nelts, i);
    }
}


/* A line refers to its product by the id that was read for its SKU, if one was:
 * under a collation the product's SKU may be spelled in another way. */

static void
line_by_id(void **state)
{
    ngx_http_autostock_settle_item_t  *it;

    a_sale(0, 0);
    it = back(1, "E", 1, 0);
    it->lines[0].known = 1;
    memset(it->lines[0].product_id, 'e', 16);
    decide();
    assert_int_equal(it->outcome, OUTCOME(DONE));
    assert_int_equal(stock_of(0), 11);

    (void) fixture_again(state);
    a_sale(0, 0);
    it = back(1, "e", 1, 0);
    it->lines[0].known = 1;
    memset(it->lines[0].product_id, 'x', 16);
    decide();
    assert_int_equal(it->outcome, OUTCOME(NO_LINE));
    assert_int_equal(it->results[0].line.absent, 1);
}


/* A used key is checked before anything else. */

static void
keys(void **state)
{
    size_t                             i;
    ngx_http_autostock_settle_item_t  *it;

    static const struct {
        unsigned                             used;
        unsigned                             same;
        ngx_http_autostock_settle_outcome_e  outcome;
    } cases[] = {
        { 0, 0, OUTCOME(RETURNED) },
        { 1, 1, OUTCOME(REPLAYED) },
        { 1, 0, OUTCOME(KEY_CONFLICT) }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) fixture_again(state);
        a_sale(3, 4);
        it = back(1, "e", 1, 0);
        it->keyed = 1;
        it->fresh = 1;
        it->used = cases[i].used;
        it->same = cases[i].same;
        decide();
        assert_int_equal(it->outcome, cases[i].outcome);
        assert_int_equal(it->planned, 0);

        /* the key's row may not be on disk */
        assert_int_equal(fixture.s.fresh, cases[i].used);
    }
}


/* The key of an earlier request of the batch. */

static void
keys_of_the_batch(void **state)
{
    ngx_http_autostock_settle_item_t  *one, *two, *three, *four;

    (void) state;

    a_sale(0, 0);
    one = back(1, "e", 1, 0);
    two = back(1, "e", 1, 0);
    three = back(1, "e", 2, 0);
    four = back(1, "e", 1, 0);
    one->keyed = two->keyed = three->keyed = four->keyed = 1;
    memset(one->key, 7, 16);
    memset(two->key, 7, 16);
    memset(three->key, 7, 16);
    memset(four->key, 8, 16);
    three->fingerprint[0] = 1;
    decide();
    assert_int_equal(one->outcome, OUTCOME(DONE));
    assert_int_equal(two->outcome, OUTCOME(REPLAYED));
    assert_memory_equal(two->return_id, one->return_id, 16);
    assert_ptr_equal(two->results, one->results);
    assert_int_equal(three->outcome, OUTCOME(KEY_CONFLICT));
    assert_int_equal(four->outcome, OUTCOME(DONE));
    assert_int_equal(stock_of(0), 12);
}


/* A refusal that depends on a return that may not be on disk waits for that. */

static void
fresh_returns(void **state)
{
    size_t  i;

    for (i = 0; i < 3; i++) {
        (void) fixture_again(state);
        a_sale(3, 0);
        ((ngx_http_autostock_settle_subject_t *)
         fixture.s.subjects.elts)->returned_fresh = i != 2;
        (void) back(1, i == 0 ? "e" : "f", i == 0 ? 1 : i == 1 ? 4 : 5, 0);
        decide();
        assert_int_equal(fixture.s.fresh, i == 0);
    }
}


static void
no_memory(void **state)
{
    ngx_uint_t  i;

    for (i = 1; i < 4; i++) {
        (void) fixture_again(state);
        a_sale(0, 0);
        (void) back(0, "", 0, 0);
        assert_int_equal(ngx_http_autostock_settle_table_link(&fixture.s),
                         NGX_OK);
        fixture.no_memory = i;
        assert_int_equal(ngx_http_autostock_settle_decide(&fixture.s),
                         NGX_ERROR);
    }
}


#define TEST(name)                                                            \
    cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(quantities),
        TEST(a_number_alone),
        TEST(rows_of_a_return),
        TEST(two_of_one_sale),
        TEST(no_restock),
        TEST(stock_overflows),
        TEST(deleted_product),
        TEST(line_by_id),
        TEST(keys),
        TEST(keys_of_the_batch),
        TEST(fresh_returns),
        TEST(no_memory)
    };

    return cmocka_run_group_tests_name("settle_return", tests, NULL, NULL);
}
