/*
 * The rows that a batch of settlements reads: sorted, linked, and refused where
 * they contradict each other.
 */

#include "settle_fixture.h"


/* Rows that contradict each other are an error. */

static void
rows_that_cannot_be(void **state)
{
    (void) subject(1, HELD);
    (void) product(5, 10);

    /* of no hold; of no, or too many pieces */
    assert_int_equal(part(9, 5, 1), NGX_ERROR);
    assert_int_equal(part(1, 5, 0), NGX_ERROR);
    assert_int_equal(part(1, 5, -1), NGX_ERROR);
    assert_int_equal(part(1, 5, NGX_HTTP_AUTOSTOCK_QUANTITY_MAX + 1),
                     NGX_ERROR);
    assert_int_equal(part(1, 5, NGX_HTTP_AUTOSTOCK_QUANTITY_MAX), NGX_OK);

    /* the same line twice */
    assert_int_equal(part(1, 5, 1), NGX_OK);
    assert_int_equal(ngx_http_autostock_settle_table_link(&fixture.s),
                     NGX_ERROR);
    (void) fixture_again(state);
}


/* Several rows may have had a product: it is one. */

static void
a_product_of_several_rows(void **state)
{
    size_t                                i;
    ngx_http_autostock_settle_part_t     *parts;
    ngx_http_autostock_settle_product_t  *products;

    (void) state;

    (void) subject(1, HELD);

    for (i = 0; i < 4; i++) {
        (void) product(5, 10);
        (void) product(7, 20);
    }

    (void) product(6, 30);
    (void) part(1, 7, 1);
    (void) part(1, 5, 2);
    (void) part(1, 6, 3);
    assert_int_equal(ngx_http_autostock_settle_table_link(&fixture.s),
                     NGX_OK);

    products = fixture.s.products.elts;
    parts = fixture.s.parts.elts;
    assert_int_equal(fixture.s.products.nelts, 3);

    for (i = 0; i < 3; i++) {
        assert_int_equal(products[i].id[0], 5 + i);
        assert_ptr_equal(parts[i].product, &products[i]);
    }
}


/* Rows come in any order, and each is found by its id. */

static void
rows_in_any_order(void **state)
{
    size_t                                i;
    u_char                                id[16];
    ngx_http_autostock_settle_part_t     *parts;
    ngx_http_autostock_settle_subject_t  *subjects;

    (void) state;

    (void) subject(1, HELD);
    (void) subject(2, HELD);
    (void) subject(3, HELD);

    for (i = 9; i >= 5; i -= 2) {
        (void) product((u_char) i, (int64_t) i);
    }

    (void) part(3, 7, 1);
    (void) part(1, 9, 2);
    (void) part(3, 5, 3);
    (void) part(1, 6, 4);
    assert_int_equal(ngx_http_autostock_settle_table_link(&fixture.s),
                     NGX_OK);

    subjects = fixture.s.subjects.elts;
    parts = fixture.s.parts.elts;
    assert_int_equal(subjects[0].nparts, 2);
    assert_int_equal(subjects[1].nparts, 0);
    assert_int_equal(subjects[2].nparts, 2);
    assert_int_equal(parts[subjects[0].part].quantity, 4);
    assert_null(parts[subjects[0].part].product);
    assert_int_equal(parts[subjects[0].part + 1].product->stock, 9);
    assert_int_equal(parts[subjects[2].part].product->stock, 5);

    for (i = 4; i <= 10; i++) {
        memset(id, (int) i, 16);
        assert_int_equal(ngx_http_autostock_settle_table_product(&fixture.s,
                                                                 id) != NULL,
                         i == 5 || i == 7 || i == 9);
    }
}


/* The checksum changes with each value that the decision depends on. */

static void
checksum(void **state)
{
    size_t                            i, k;
    ngx_str_t                         column;
    uint32_t                          sums[4];
    ngx_http_autostock_settlement_t  *s = &fixture.s;

    static const char *const  rows[][2] = {
        { "a", "b" }, { "b", "a" }, { "a", "c" }, { "ab", "" }
    };

    (void) state;

    for (i = 0; i < 256; i++) {
        ngx_crc32_table256[i] = (uint32_t) (i * 2654435761u);
    }

    for (i = 0; i < 4; i++) {
        s->seen = 0;

        for (k = 0; k < 2; k++) {
            column.data = (u_char *) rows[i][k];
            column.len = strlen(rows[i][k]);
            ngx_http_autostock_settle_table_sum(s, &column);
        }

        sums[i] = s->seen;

        for (k = 0; k < i; k++) {
            assert_true(sums[k] != sums[i]);
        }
    }
}


/* Before a packet no statement has a number; 0 would be one. */

static void
no_statement(void **state)
{
    ngx_http_autostock_settlement_t  *s = &fixture.s;

    (void) state;

    ngx_http_autostock_settle_table_none(s);
    assert_true(s->holds_at == NGX_CONF_UNSET_UINT);
    assert_true(s->sales_at == NGX_CONF_UNSET_UINT);
    assert_true(s->returned_at == NGX_CONF_UNSET_UINT);
    assert_true(s->keys_at == NGX_CONF_UNSET_UINT);
    assert_true(s->skus_at == NGX_CONF_UNSET_UINT);
    assert_true(s->stocks_at == NGX_CONF_UNSET_UINT);
    assert_true(s->anchor_at == NGX_CONF_UNSET_UINT);
    assert_true(s->free_at == NGX_CONF_UNSET_UINT);
    assert_true(s->commit_at == NGX_CONF_UNSET_UINT);
}


#define TEST(name)                                                            \
    cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(rows_that_cannot_be),
        TEST(a_product_of_several_rows),
        TEST(rows_in_any_order),
        TEST(checksum),
        TEST(no_statement)
    };

    return cmocka_run_group_tests_name("settle_table", tests, NULL, NULL);
}
