/*
 * How the stock of a batch is allotted: carts as a whole or not at all, in the
 * order of arrival; and the way of writing and the orders, which depend on
 * stock and held pieces.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "../../src/sell/ngx_http_autostock_transaction_allot.c"


#define SOLD     NGX_HTTP_AUTOSTOCK_ITEM_SOLD
#define REFUSED  NGX_HTTP_AUTOSTOCK_ITEM_REFUSED
#define STALE    NGX_HTTP_AUTOSTOCK_ITEM_STALE

#define PLAIN    NGX_HTTP_AUTOSTOCK_WAY_PLAIN
#define PEEK     NGX_HTTP_AUTOSTOCK_WAY_PEEK
#define LOCK     NGX_HTTP_AUTOSTOCK_WAY_LOCK


static ngx_http_autostock_item_t         items[16];
static ngx_http_autostock_line_t         lines[4];
static ngx_http_autostock_product_t      products[4];
static ngx_http_autostock_transaction_t  t;

static as_trace_t                        traces[16];


void
ngx_http_autostock_order_open(ngx_http_autostock_order_t *order,
    as_trace_t *trace)
{
    memset(order, 0, sizeof(*order));

    if (trace) {
        order->trace = *trace;
    }
}


ngx_uint_t
ngx_http_autostock_transaction_rows_has_key(ngx_http_autostock_item_t *item)
{
    return item->state == NGX_HTTP_AUTOSTOCK_ITEM_REPLAYED;
}


/* products with this stock each, a reorder point of 0, and no order */

static int
shelf(void **state)
{
    size_t  i;

    (void) state;

    memset(&t, 0, sizeof(t));
    memset(items, 0, sizeof(items));
    memset(lines, 0, sizeof(lines));
    memset(products, 0, sizeof(products));

    t.items = items;
    t.lines = lines;
    t.traces = traces;
    t.nlines = 4;
    t.way = PLAIN;

    for (i = 0; i < 4; i++) {
        lines[i].product = &products[i];
        lines[i].seen = 1;
        lines[i].stock = products[i].stock = 10;
    }

    return 0;
}


/* the last item is one of these */

static void
chain(ngx_http_autostock_chain_t *chain)
{
    if (chain->last) {
        items[chain->last - 1].next = t.nitems;
    } else {
        chain->first = t.nitems;
    }

    chain->last = t.nitems;
}


/* a sale of n of the products; a quantity of 0: not of this product */

static ngx_http_autostock_item_t *
sale(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t                    i, quantity[] = { a, b, c };
    ngx_http_autostock_item_t  *head, *item;

    head = &items[t.nitems];

    for (i = 0; i < 3; i++) {
        if (quantity[i]) {
            item = &items[t.nitems++];
            item->line = i;
            item->quantity = quantity[i];
            item->number = head - items;
            head->parts++;
            chain(&lines[i].sales);
        }
    }

    t.nsales++;

    return head;
}


/* the same of one product, whose trace is that of its number */

static ngx_http_autostock_item_t *
traced(uint32_t a)
{
    ngx_http_autostock_item_t  *head;

    head = sale(a, 0, 0);
    head->traced = 1;
    t.traced = 1;
    memset(&traces[head->number], head->number + 1, sizeof(as_trace_t));

    return head;
}


static ngx_http_autostock_item_t *
traced_hold(uint32_t a)
{
    ngx_http_autostock_item_t   *head;
    ngx_http_autostock_chain_t   was;

    was = lines[0].sales;
    head = traced(a);
    head->hold = 60;

    if (was.last) {
        items[was.last - 1].next = 0;
    }

    lines[0].sales = was;
    chain(&lines[0].holds);

    return head;
}


/* the number of the request that opened the order, from 1; 0: no trace */

static int
opener(void)
{
    assert_true(ngx_http_autostock_transaction_allot(&t)
                & NGX_HTTP_AUTOSTOCK_ALLOT_ORDERS);

    return lines[0].opened.trace.id[0];
}


static void
whole_or_not_at_all(void **state)
{
    ngx_http_autostock_item_t  *first, *cart, *next;

    (void) state;

    first = sale(0, 8, 0);
    cart = sale(2, 3, 1);
    next = sale(9, 0, 0);

    assert_int_equal(ngx_http_autostock_transaction_allot(&t),
                     NGX_HTTP_AUTOSTOCK_ALLOT_SALES);

    assert_int_equal(first->state, SOLD);
    assert_int_equal(cart->state, REFUSED);
    assert_int_equal(cart[0].lacking, 0);
    assert_int_equal(cart[1].lacking, 1);
    assert_int_equal(cart[2].lacking, 0);
    assert_int_equal(cart[1].stock, 2);
    assert_int_equal(next->state, SOLD);

    assert_int_equal(lines[0].sold, 9);
    assert_int_equal(lines[1].sold, 8);
    assert_int_equal(lines[2].sold, 0);
}


static void
stock_of_each_line(void **state)
{
    ngx_http_autostock_item_t  *one, *two;

    (void) state;

    one = sale(1, 2, 0);
    two = sale(3, 4, 0);

    ngx_http_autostock_transaction_allot(&t);

    assert_int_equal(one[0].stock, 9);
    assert_int_equal(one[1].stock, 8);
    assert_int_equal(two[0].stock, 6);
    assert_int_equal(two[1].stock, 4);

    /* the same from the stock after the last sale */
    one[0].stock = one[1].stock = two[0].stock = two[1].stock = -1;
    ngx_http_autostock_transaction_allot_set_stock(&t);

    assert_int_equal(one[0].stock, 9);
    assert_int_equal(one[1].stock, 8);
    assert_int_equal(two[0].stock, 6);
    assert_int_equal(two[1].stock, 4);
}


static void
stale_as_a_whole(void **state)
{
    ngx_http_autostock_item_t  *cart, *next;

    (void) state;

    lines[1].seen = 0;
    cart = sale(1, 1, 1);
    next = sale(10, 0, 0);

    ngx_http_autostock_transaction_allot(&t);

    assert_int_equal(cart->state, STALE);
    assert_int_equal(next->state, SOLD);
    assert_int_equal(lines[2].sold, 0);
}


static void
hopeless_by_one_line(void **state)
{
    (void) state;

    sale(1, 1, 11);
    assert_int_equal(ngx_http_autostock_transaction_allot_way(&t, 0), PEEK);
}


static void
plain_while_every_line_allows(void **state)
{
    (void) state;

    sale(9, 9, 9);
    assert_int_equal(ngx_http_autostock_transaction_allot_way(&t, 0), PLAIN);
    sale(0, 1, 0);
    assert_int_equal(ngx_http_autostock_transaction_allot_way(&t, 0), LOCK);
    products[1].open_order = 1;
    assert_int_equal(ngx_http_autostock_transaction_allot_way(&t, 0), PLAIN);
    assert_int_equal(lines[1].open, 1);
}


static void
held_pieces_allow_plain(void **state)
{
    (void) state;

    products[0].held = 1;
    sale(10, 0, 0);
    assert_int_equal(ngx_http_autostock_transaction_allot_way(&t, 0), PLAIN);
    assert_int_equal(lines[0].judged, 1);

    sale(1, 0, 0);
    assert_int_equal(ngx_http_autostock_transaction_allot_way(&t, 1), LOCK);
}


static void
order_by_stock_and_held(void **state)
{
    (void) state;

    lines[0].held = 1;
    sale(10, 10, 0);

    assert_int_equal(ngx_http_autostock_transaction_allot(&t),
                     NGX_HTTP_AUTOSTOCK_ALLOT_SALES
                     | NGX_HTTP_AUTOSTOCK_ALLOT_ORDERS);
    assert_int_equal(lines[0].order, 0);
    assert_int_equal(lines[1].order, 1);
}


static void
trace_of_the_first_that_reaches_the_point(void **state)
{
    (void) state;

    lines[0].reorder_point = 5;
    traced(2);
    traced(3);
    traced(1);
    assert_int_equal(opener(), 2);

    t.items[1].traced = 0;
    lines[0].stock = 10;
    assert_int_equal(opener(), 0);
}


static void
trace_of_the_first_that_finds_too_little(void **state)
{
    (void) state;

    lines[0].stock = 4;
    lines[0].reorder_point = 4;
    traced(5)->gone = 1;
    traced(5);
    traced(1);
    assert_int_equal(opener(), 2);
}


static void
trace_among_holds(void **state)
{
    (void) state;

    /* held pieces count: only the sales bring both down */
    products[0].counts_held = 1;
    lines[0].reorder_point = 7;
    traced_hold(4);
    traced(1);
    traced_hold(1);
    traced(2);
    assert_int_equal(opener(), 4);

    products[0].counts_held = 0;
    lines[0].stock = 10;
    assert_int_equal(opener(), 1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(whole_or_not_at_all, shelf),
        cmocka_unit_test_setup(stock_of_each_line, shelf),
        cmocka_unit_test_setup(stale_as_a_whole, shelf),
        cmocka_unit_test_setup(hopeless_by_one_line, shelf),
        cmocka_unit_test_setup(plain_while_every_line_allows, shelf),
        cmocka_unit_test_setup(held_pieces_allow_plain, shelf),
        cmocka_unit_test_setup(order_by_stock_and_held, shelf),
        cmocka_unit_test_setup(trace_of_the_first_that_reaches_the_point,
                               shelf),
        cmocka_unit_test_setup(trace_of_the_first_that_finds_too_little,
                               shelf),
        cmocka_unit_test_setup(trace_among_holds, shelf),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
