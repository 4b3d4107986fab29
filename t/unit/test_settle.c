/*
 * How a hold is settled: each action in each state, what a later request of the
 * batch sees, and what is written.
 */

#include "settle_fixture.h"


/* Each action in each state; what it adds to the stock of 10. */

static void
states_and_actions(void **state)
{
    size_t                                i;
    ngx_http_autostock_settle_item_t     *it;
    ngx_http_autostock_settle_product_t  *p;

    static const struct {
        ngx_http_autostock_hold_state_e      was;
        ngx_http_autostock_settle_action_e   action;
        ngx_http_autostock_settle_outcome_e  outcome;
        ngx_http_autostock_hold_state_e      is;
        int                                  moved;
        ngx_uint_t                           freed;
    } cases[] = {
        { NONE, CONFIRM, OUTCOME(UNKNOWN_ID), NONE, 0, 0 },
        { NONE, RELEASE, OUTCOME(UNKNOWN_ID), NONE, 0, 0 },
        { NONE, RETURN, OUTCOME(UNKNOWN_ID), NONE, 0, 0 },
        { HELD, CONFIRM, OUTCOME(DONE), CONFIRMED, 0, 3 },
        { HELD, RELEASE, OUTCOME(DONE), RELEASED, 3, 3 },
        { HELD, RETURN, OUTCOME(UNKNOWN_ID), HELD, 0, 0 },
        { CONFIRMED, CONFIRM, OUTCOME(REPLAYED), CONFIRMED, 0, 0 },
        { CONFIRMED, RELEASE, OUTCOME(CONFIRMED), CONFIRMED, 0, 0 },
        { CONFIRMED, RETURN, OUTCOME(DONE), CONFIRMED, 3, 0 },
        { RELEASED, CONFIRM, OUTCOME(RELEASED), RELEASED, 0, 0 },
        { RELEASED, RELEASE, OUTCOME(REPLAYED), RELEASED, 0, 0 },
        { RELEASED, RETURN, OUTCOME(UNKNOWN_ID), RELEASED, 0, 0 },
        { EXPIRED, CONFIRM, OUTCOME(EXPIRED), EXPIRED, 0, 0 },
        { EXPIRED, RELEASE, OUTCOME(REPLAYED), EXPIRED, 0, 0 },
        { EXPIRED, RETURN, OUTCOME(UNKNOWN_ID), EXPIRED, 0, 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) fixture_again(state);
        (void) subject(1, cases[i].was);
        p = product(5, 10);

        if (cases[i].was != NONE) {
            assert_int_equal(part(1, 5, 3), NGX_OK);
        }

        it = item(cases[i].action, 1);
        it->restock = 1;
        decide();

        if (it->outcome != cases[i].outcome) {
            fail_msg("case %zu: outcome %d", i, (int) it->outcome);
        }

        assert_int_equal(it->planned, cases[i].outcome == OUTCOME(DONE));
        assert_int_equal(fixture.s.planned, it->planned);
        assert_int_equal(p->stock, 10 + cases[i].moved);
        assert_int_equal(p->moved, cases[i].moved);
        assert_int_equal(p->freed, cases[i].freed);
        assert_int_equal(((ngx_http_autostock_settle_subject_t *)
                          fixture.s.subjects.elts)->state, cases[i].is);

        /* only rows that change are written */
        assert_int_equal(fixture.s.nwritten,
                         cases[i].moved != 0 || cases[i].freed != 0);
    }
}


/* A response that depends on a state that may not be on disk waits for that. */

static void
fresh_states(void **state)
{
    size_t  i;

    static const struct {
        ngx_http_autostock_hold_state_e      was;
        ngx_http_autostock_settle_action_e   action;
        unsigned                             fresh;
    } cases[] = {
        { HELD, CONFIRM, 0 }, { HELD, RELEASE, 0 },
        { CONFIRMED, CONFIRM, 1 }, { CONFIRMED, RELEASE, 1 },
        { RELEASED, CONFIRM, 1 }, { RELEASED, RELEASE, 1 },
        { EXPIRED, CONFIRM, 1 }, { EXPIRED, RELEASE, 1 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) fixture_again(state);
        subject(1, cases[i].was)->fresh = 1;
        (void) product(5, 10);
        (void) part(1, 5, 3);
        (void) item(cases[i].action, 1);
        decide();
        assert_int_equal(fixture.s.fresh, cases[i].fresh);
    }
}


/* Of two requests in one batch the first is done, and the second sees it. */

static void
two_of_one_hold(void **state)
{
    size_t                             i;
    ngx_http_autostock_settle_item_t  *one, *two;

    static const struct {
        ngx_http_autostock_settle_action_e   first;
        ngx_http_autostock_settle_action_e   second;
        ngx_http_autostock_settle_outcome_e  outcome;  /* of the second */
        int                                  stock;
    } cases[] = {
        { CONFIRM, CONFIRM, OUTCOME(REPLAYED), 10 },
        { CONFIRM, RELEASE, OUTCOME(CONFIRMED), 10 },
        { CONFIRM, RETURN, OUTCOME(DONE), 13 },
        { RELEASE, RELEASE, OUTCOME(REPLAYED), 13 },
        { RELEASE, CONFIRM, OUTCOME(RELEASED), 13 },
        { RELEASE, RETURN, OUTCOME(UNKNOWN_ID), 13 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) fixture_again(state);
        (void) subject(1, HELD);
        (void) product(5, 10);
        (void) part(1, 5, 3);
        one = item(cases[i].first, 1);
        two = item(cases[i].second, 1);
        two->restock = 1;
        decide();
        assert_int_equal(one->outcome, OUTCOME(DONE));

        if (two->outcome != cases[i].outcome) {
            fail_msg("case %zu: outcome %d", i, (int) two->outcome);
        }

        assert_int_equal(((ngx_http_autostock_settle_product_t *)
                          fixture.s.products.elts)->stock, cases[i].stock);
    }
}


/* An expired hold: within the grace time the pieces are taken again, if all of
 * them are in stock. */

static void
grace(void **state)
{
    size_t                                i;
    ngx_http_autostock_settle_item_t     *it;
    ngx_http_autostock_settle_subject_t  *subj;

    static const struct {
        int64_t     over;              /* us */
        ngx_msec_t  grace;
        int64_t     stock;             /* of the second product */
        ngx_uint_t  deleted;
        ngx_uint_t  done;
    } cases[] = {
        { 999999, 1000, 4, 0, 1 },
        { 1000000, 1000, 4, 0, 0 },
        { 0, 0, 4, 0, 0 },
        { 5, 1000, 3, 0, 0 },
        { 5, 1000, 4, 1, 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) fixture_again(state);
        subj = subject(1, EXPIRED);
        subj->over = cases[i].over;
        (void) product(5, 10);

        if (!cases[i].deleted) {
            (void) product(6, cases[i].stock);
        }

        (void) part(1, 5, 3);
        (void) part(1, 6, 4);
        it = item(CONFIRM, 1);
        it->grace = cases[i].grace;
        decide();
        assert_int_equal(it->outcome, cases[i].done ? OUTCOME(DONE)
                                                    : OUTCOME(EXPIRED));
        assert_int_equal(fixture.s.nwritten, cases[i].done ? 2 : 0);

        if (cases[i].done) {
            assert_int_equal(fixture.s.written[0]->moved, -3);
            assert_int_equal(fixture.s.written[1]->moved, -4);

            /* they were put back, so that they are not held any more */
            assert_int_equal(fixture.s.written[0]->freed, 0);
        }
    }
}


/* Two expired holds of the same pieces: one of them gets them. */

static void
grace_for_one(void **state)
{
    ngx_http_autostock_settle_item_t  *one, *two;

    (void) state;

    (void) subject(1, EXPIRED);
    (void) subject(2, EXPIRED);
    (void) product(5, 5);
    (void) part(1, 5, 3);
    (void) part(2, 5, 3);
    one = item(CONFIRM, 2);
    two = item(CONFIRM, 1);
    one->grace = two->grace = 1000;
    decide();
    assert_int_equal(one->outcome, OUTCOME(DONE));
    assert_int_equal(two->outcome, OUTCOME(EXPIRED));
    assert_int_equal(fixture.s.written[0]->stock, 2);
}


static void
release_overflows(void **state)
{
    size_t                             i;
    ngx_http_autostock_settle_item_t  *it;

    static const struct {
        int64_t                              stock;
        ngx_http_autostock_settle_outcome_e  outcome;
    } cases[] = {
        { NGX_MAX_INT32_VALUE - 3, OUTCOME(DONE) },
        { NGX_MAX_INT32_VALUE - 2, OUTCOME(OVERFLOW) }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) fixture_again(state);
        (void) subject(1, HELD);
        (void) product(5, cases[i].stock);
        (void) part(1, 5, 3);
        it = item(RELEASE, 1);
        decide();
        assert_int_equal(it->outcome, cases[i].outcome);
    }

    /* a confirm moves nothing */
    (void) fixture_again(state);
    (void) subject(1, HELD);
    (void) product(5, NGX_MAX_INT32_VALUE);
    (void) part(1, 5, 3);
    it = item(CONFIRM, 1);
    decide();
    assert_int_equal(it->outcome, OUTCOME(DONE));
}


/* A product of the hold was deleted: the others are settled. */

static void
deleted_product(void **state)
{
    ngx_http_autostock_settle_item_t  *it;

    (void) state;

    (void) subject(1, HELD);
    (void) product(6, 10);
    (void) part(1, 5, 3);
    (void) part(1, 6, 4);
    it = item(RELEASE, 1);
    decide();
    assert_int_equal(it->outcome, OUTCOME(DONE));
    assert_int_equal(it->nresults, 2);
    assert_int_equal(it->results[0].line.absent, 1);
    assert_int_equal(it->results[0].line.stock, -1);
    assert_int_equal(it->results[0].line.quantity, 3);
    assert_null(it->results[0].product);
    assert_int_equal(it->results[1].line.absent, 0);
    assert_int_equal(it->results[1].line.stock, 14);
    assert_int_equal(fixture.s.nwritten, 1);
}


/* A hold without lines was not written by the module. */

static void
hold_without_lines(void **state)
{
    size_t                             i;
    ngx_http_autostock_settle_item_t  *it;

    static const ngx_http_autostock_settle_action_e  actions[] = {
        CONFIRM, RELEASE, RETURN
    };

    for (i = 0; i < 3; i++) {
        (void) fixture_again(state);
        (void) subject(1, CONFIRMED);
        it = item(actions[i], 1);
        decide();
        assert_int_equal(it->outcome, OUTCOME(UNAVAILABLE));
        assert_int_equal(fixture.s.planned, 0);
    }
}


/* An item that does not fit into the packet waits, and so do those behind it:
 * the order is kept. */

static void
packet_is_full(void **state)
{
    size_t  i;

    (void) state;

    for (i = 1; i <= 4; i++) {
        (void) subject((u_char) i, HELD);
    }

    (void) product(5, 10);
    (void) product(6, 10);
    (void) part(1, 5, 1);
    (void) part(2, 5, 1);
    (void) part(2, 6, 1);
    (void) part(3, 5, 1);
    (void) part(4, 5, 1);

    for (i = 1; i <= 4; i++) {
        (void) item(CONFIRM, (u_char) i);
    }

    fixture.items[3].gone = 1;

    /* the first, and not the second with its two lines */
    fixture.s.flight.room = 512 + 640 + 512 + 640;
    decide();
    assert_int_equal(fixture.items[0].planned, 1);
    assert_int_equal(fixture.items[1].apart, 1);
    assert_int_equal(fixture.items[2].apart, 1);
    assert_int_equal(fixture.items[3].apart, 0);
    assert_int_equal(fixture.s.planned, 1);

    /* the first item always goes */
    fixture.s.flight.room = 1;
    decide();
    assert_int_equal(fixture.items[0].apart, 0);
    assert_int_equal(fixture.items[1].apart, 1);
}


/* A product that was locked a moment ago waits aside; the others go. */

static void
locked_product(void **state)
{
    (void) state;

    (void) subject(1, HELD);
    (void) subject(2, HELD);
    (void) product(5, 10);
    (void) product(6, 10);
    (void) part(1, 5, 1);
    (void) part(1, 6, 1);
    (void) part(2, 5, 1);
    (void) item(CONFIRM, 1);
    (void) item(CONFIRM, 2);
    fixture.batch.refusals.n = 1;
    fixture.locked = 6;
    decide();
    assert_int_equal(fixture.items[0].apart, 1);
    assert_int_equal(fixture.items[0].planned, 0);
    assert_int_equal(fixture.items[1].planned, 1);
}


/* The flight aside tries it. */

static void
locked_product_aside(void **state)
{
    (void) state;

    (void) subject(1, HELD);
    (void) product(6, 10);
    (void) part(1, 6, 1);
    (void) item(CONFIRM, 1);
    fixture.batch.refusals.n = 1;
    fixture.locked = 6;
    fixture.s.flight.aside = 1;
    decide();
    assert_int_equal(fixture.items[0].planned, 1);
}


/* A confirm is a sale: at the reorder point it opens an order, unless one is
 * open. */

static void
orders(void **state)
{
    size_t                                i;
    ngx_http_autostock_settle_product_t  *p;

    static const struct {
        ngx_http_autostock_settle_action_e  action;
        int64_t                             stock;
        int64_t                             held;
        unsigned                            reorder_held;
        unsigned                            open;
        unsigned                            due;
    } cases[] = {
        { CONFIRM, 5, 9, 0, 0, 1 },
        { CONFIRM, 6, 9, 0, 0, 0 },
        { CONFIRM, 5, 9, 0, 1, 0 },
        { RELEASE, 0, 9, 0, 0, 0 },

        /* the pieces that stay held count, too */
        { CONFIRM, 3, 5, 1, 0, 1 },
        { CONFIRM, 3, 6, 1, 0, 0 },
        { CONFIRM, 5, 1, 1, 0, 1 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) fixture_again(state);
        (void) subject(1, HELD);
        p = product(5, cases[i].stock);
        p->reorder_point = 5;
        p->held = cases[i].held;
        p->reorder_held = cases[i].reorder_held;
        p->open = cases[i].open;
        (void) part(1, 5, 3);
        (void) item(cases[i].action, 1);
        decide();

        if (p->due != cases[i].due) {
            fail_msg("case %zu", i);
        }

        assert_int_equal(p->opened.id[0], cases[i].due ? 0xee : 0);
    }
}


/* An open order does not matter to a product above its reorder point. */

static void
order_above_the_point(void **state)
{
    ngx_http_autostock_settle_product_t  *p;

    (void) state;

    (void) subject(1, HELD);
    p = product(5, 10);
    p->open = 1;
    (void) part(1, 5, 3);
    (void) item(CONFIRM, 1);
    decide();
    assert_int_equal(p->open, 0);
    assert_int_equal(p->due, 0);
}


/* One row of the ledger for each product and action, with its sum. */

static void
movements(void **state)
{
    ngx_http_autostock_settle_product_t  *p;

    (void) state;

    (void) subject(1, HELD);
    (void) subject(2, HELD);
    (void) subject(3, HELD);
    p = product(5, 10);
    (void) part(1, 5, 1);
    (void) part(2, 5, 2);
    (void) part(3, 5, 4);
    (void) item(RELEASE, 1);
    (void) item(CONFIRM, 2);
    (void) item(RELEASE, 3);
    decide();
    assert_int_equal(p->movements[RELEASE].n, 2);
    assert_int_equal(p->movements[RELEASE].quantity, 5);
    assert_int_equal(p->movements[CONFIRM].n, 1);
    assert_int_equal(p->movements[CONFIRM].quantity, 0);
    assert_int_equal(p->freed, 7);
    assert_int_equal(p->stock, 15);

    /* a response has the stock as of its own turn */
    assert_int_equal(fixture.items[0].results[0].line.stock, 11);
    assert_int_equal(fixture.items[1].results[0].line.stock, 11);
    assert_int_equal(fixture.items[2].results[0].line.stock, 15);
}


static void
no_memory(void **state)
{
    ngx_uint_t  i;

    for (i = 1; i < 3; i++) {
        (void) fixture_again(state);
        (void) subject(1, HELD);
        (void) product(5, 10);
        (void) part(1, 5, 3);
        (void) item(CONFIRM, 1);
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
        TEST(states_and_actions),
        TEST(fresh_states),
        TEST(two_of_one_hold),
        TEST(grace),
        TEST(grace_for_one),
        TEST(release_overflows),
        TEST(deleted_product),
        TEST(hold_without_lines),
        TEST(packet_is_full),
        TEST(locked_product),
        TEST(locked_product_aside),
        TEST(orders),
        TEST(order_above_the_point),
        TEST(movements),
        TEST(no_memory)
    };

    return cmocka_run_group_tests_name("settle", tests, NULL, NULL);
}
