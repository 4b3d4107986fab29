/*
 * The products that are suspects after refusals, and for how long.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "../../src/sell/ngx_http_autostock_suspects.c"


volatile ngx_msec_t  ngx_current_msec;

static ngx_http_autostock_suspects_t  suspects;
static u_char                         ids[256][16];


static int
setup(void **state)
{
    int  i;

    (void) state;

    memset(&suspects, 0, sizeof(suspects));
    ngx_current_msec = 1000;

    for (i = 0; i < 256; i++) {
        memset(ids[i], i, 16);
    }

    return 0;
}


/* A list of products, each given by a character. */
static ngx_http_autostock_suspects_list_t *
list(const char *products)
{
    static ngx_http_autostock_suspects_list_t  made;

    for (made.n = 0; *products; products++) {
        ngx_http_autostock_suspects_list_add(&made, ids[(u_char) *products]);
    }

    return &made;
}


static void
refuse(const char *products)
{
    ngx_http_autostock_suspects_note_refused(&suspects, list(products));
}


static ngx_uint_t
refuses(const char *products)
{
    return ngx_http_autostock_suspects_refuses(&suspects, list(products));
}


static ngx_uint_t
has(const char *products)
{
    return ngx_http_autostock_suspects_has(&suspects, list(products));
}


/* After three refusals the common products are suspects, the others not. */
static void
in_common(void **state)
{
    (void) state;

    refuse("ab");
    refuse("cad");
    assert_false(refuses("a"));
    refuse("ea");
    assert_true(refuses("a"));
    assert_true(refuses("xya"));
    assert_true(has("xya"));
    assert_false(refuses("b"));
    assert_false(refuses("bcde"));
}


/* Two products that were always together are suspects only together: a cart
 * with one of them is tried. */
static void
together(void **state)
{
    (void) state;

    refuse("abx");
    refuse("bay");
    refuse("zab");
    assert_true(refuses("ab"));
    assert_false(refuses("ac"));
    assert_false(refuses("bc"));

    /* one of them was changed */
    ngx_http_autostock_suspects_note_done(&suspects, ids['b']);
    assert_true(refuses("ac"));
    assert_false(refuses("bc"));

    ngx_http_autostock_suspects_note_done(&suspects, ids['a']);
    assert_false(refuses("ab"));
    assert_int_equal(suspects.n, 0);
}


/* Tried again after 3 s, aside from the others for 8. */
static void
for_a_while(void **state)
{
    (void) state;

    refuse("ab");
    refuse("ac");
    refuse("ad");
    ngx_current_msec += 2999;
    assert_true(refuses("a"));
    ngx_current_msec += 1;
    assert_false(refuses("a"));
    assert_true(has("a"));

    /* one more refusal is enough then */
    refuse("ae");
    assert_true(refuses("a"));

    ngx_current_msec += 8000;
    assert_false(has("a"));

    /* and nothing is remembered */
    refuse("ab");
    assert_false(refuses("a"));
    refuse("ax");
    refuse("ay");
    assert_true(refuses("a"));
}


/* More sets than there is room for: the oldest makes room. */
static void
several(void **state)
{
    int          i;
    char         product[2] = "A";

    (void) state;

    for (i = 0; i <= NGX_HTTP_AUTOSTOCK_SUSPECTS_SETS; i++) {
        product[0] = (char) ('A' + i);
        ngx_current_msec++;
        refuse(product);
        refuse(product);
        refuse(product);
        assert_true(refuses(product));
    }

    assert_false(refuses("A"));
    assert_true(refuses("B"));
    assert_int_equal(suspects.n, NGX_HTTP_AUTOSTOCK_SUSPECTS_SETS);
}


#define TEST(name)  cmocka_unit_test_setup(name, setup)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(in_common),
        TEST(together),
        TEST(for_a_while),
        TEST(several)
    };

    return cmocka_run_group_tests_name("suspects", tests, NULL, NULL);
}
