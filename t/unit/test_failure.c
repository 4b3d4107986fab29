/*
 * What follows a failed packet of sales or settlements: by the error, by what
 * is known of the COMMIT, and by the attempts before.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "../../src/sell/ngx_http_autostock_settle_failure.c"
#include "../../src/sell/ngx_http_autostock_transaction_failure.c"


#define COMMIT_AT  7                   /* the statement's number */

#define SALE(name)    NGX_HTTP_AUTOSTOCK_AFTER_##name
#define COMMIT(name)  NGX_HTTP_AUTOSTOCK_COMMIT_##name
#define WAY(name)     NGX_HTTP_AUTOSTOCK_WAY_##name

#define SETTLE(name)    NGX_HTTP_AUTOSTOCK_SETTLE_##name
#define SETTLING(name)  NGX_HTTP_AUTOSTOCK_SETTLING_##name


static ngx_http_autostock_transaction_t     t;
static ngx_http_autostock_settlement_t      s;
static ngx_http_autostock_batch_t           batch;
static ngx_http_autostock_database_t        db;
static ngx_http_autostock_line_t            lines[2], *sorted[2];
static ngx_http_autostock_product_t         products[2];
static ngx_http_autostock_item_t            item;
static ngx_http_autostock_settle_item_t     settle_item;
static ngx_http_autostock_settle_subject_t  subject;
static ngx_http_autostock_settle_part_t     parts[2];
static ngx_http_autostock_connection_t      session;
static ngx_cycle_t                          cycle;
static ngx_uint_t                           logged, counted, met, bound;
static ngx_uint_t                           refused[4];  /* names by first
                                                            byte */

volatile ngx_cycle_t  *ngx_cycle = &cycle;


#include "failure_doubles.h"


static int
setup(void **state)
{
    ngx_uint_t        i;
    static ngx_log_t  log;
    static u_char     skus[] = { 1, 2 };

    (void) state;
    memset(&t, 0, sizeof(t));
    memset(&s, 0, sizeof(s));
    memset(&batch, 0, sizeof(batch));
    memset(&db, 0, sizeof(db));
    memset(lines, 0, sizeof(lines));
    memset(products, 0, sizeof(products));
    memset(&item, 0, sizeof(item));
    memset(parts, 0, sizeof(parts));
    memset(&session, 0, sizeof(session));
    memset(refused, 0, sizeof(refused));
    log.log_level = NGX_LOG_WARN;
    cycle.log = &log;
    logged = counted = met = bound = 0;
    batch.db = &db;

    for (i = 0; i < 2; i++) {
        lines[i].product = &products[i];
        products[i].sku.data = &skus[i];
        products[i].sku.len = 1;
        sorted[i] = &lines[i];
    }

    t.flight.batch = s.flight.batch = &batch;
    t.flight.conn = &session;
    t.lines = lines;
    t.sorted = sorted;
    t.items = &item;
    t.nlines = 1;
    t.commit_at = s.commit_at = COMMIT_AT;
    t.way = WAY(PLAIN);

    s.items = &settle_item;
    s.subjects.elts = &subject;
    s.subjects.nelts = 1;
    s.parts.elts = parts;
    s.parts.nelts = 2;
    subject.nparts = 2;

    return 0;
}


/* A packet of sales whose n-th statement the server refused. */

static ngx_http_autostock_transaction_after_e
sale_refused(ngx_uint_t error, ngx_uint_t statement)
{
    t.flight.query.error = error;
    t.flight.query.statements = statement;

    return ngx_http_autostock_transaction_failure_judge(&t, NGX_DECLINED);
}


static ngx_http_autostock_settle_after_e
settle_refused(ngx_uint_t error, ngx_uint_t statement)
{
    s.flight.query.error = error;
    s.flight.query.statements = statement;

    return ngx_http_autostock_settle_failure_judge(&s, NGX_DECLINED);
}


/* Depending on the error only: before COMMIT, on the first attempt. */

static void
errors(void **state)
{
    size_t  i;

    static const struct {
        ngx_uint_t                              error;
        ngx_http_autostock_transaction_after_e  sale;
        ngx_http_autostock_transaction_way_e    way;
        ngx_http_autostock_settle_after_e       settle;
    } cases[] = {
        { 1213, SALE(PAUSE), WAY(PLAIN), SETTLE(AGAIN) },
        { 1020, SALE(PAUSE), WAY(PLAIN), SETTLE(AGAIN) },
        { 1205, SALE(RESTART), WAY(LOCK_FREE), SETTLE(LOCKED) },
        { 1969, SALE(PAUSE), WAY(LOCK_FREE), SETTLE(LOCKED) },
        { 1317, SALE(PAUSE), WAY(LOCK_FREE), SETTLE(LOCKED) },
        { 1290, SALE(ELSEWHERE), WAY(PLAIN), SETTLE(ELSEWHERE) },
        { 1836, SALE(ELSEWHERE), WAY(PLAIN), SETTLE(ELSEWHERE) },
        { 1062, SALE(RESTART), WAY(LOCK), SETTLE(AGAIN) },
        { 4025, SALE(RESTART), WAY(LOCK), SETTLE(AGAIN) },
        { 1690, SALE(RESTART), WAY(LOCK), SETTLE(AGAIN) },
        { 1142, SALE(REFUSE), WAY(PLAIN), SETTLE(REFUSE) },
        { 1305, SALE(REFUSE), WAY(PLAIN), SETTLE(REFUSE) },
        { 9999, SALE(REFUSE), WAY(PLAIN), SETTLE(REFUSE) }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) setup(state);

        if (sale_refused(cases[i].error, 2) != cases[i].sale
            || settle_refused(cases[i].error, 2) != cases[i].settle)
        {
            fail_msg("error %lu", (unsigned long) cases[i].error);
        }

        assert_int_equal(t.way, cases[i].way);
        assert_int_equal(t.commit, COMMIT(NONE));
    }

    /* incompatible collations: read again on another connection */
    assert_int_equal(settle_refused(1267, 2), SETTLE(ELSEWHERE));
}


/* Depending on the COMMIT: lost, or refused at it or before it. */

static void
commits(void **state)
{
    size_t     i;
    ngx_int_t  rc;

    static const struct {
        ngx_uint_t                               error;  /* 0: lost */
        ngx_uint_t                               statement;
        ngx_http_autostock_transaction_commit_e  was;
        ngx_http_autostock_transaction_commit_e  is;
        ngx_uint_t                               doubts;
        ngx_uint_t                               lost;
    } cases[] = {
        /* the connection is lost */
        { 0, 2, COMMIT(NONE), COMMIT(NONE), 0, 1 },
        { 0, 2, COMMIT(SENT), COMMIT(DOUBT), 1, 1 },
        { 0, 2, COMMIT(DOUBT), COMMIT(DOUBT), 0, 1 },
        { 0, 2, COMMIT(FOUND), COMMIT(DOUBT), 0, 1 },

        /* refused before it: nothing is committed */
        { 1213, 2, COMMIT(SENT), COMMIT(NONE), 0, 0 },
        { 1142, 2, COMMIT(SENT), COMMIT(NONE), 0, 0 },
        { 1213, 2, COMMIT(DOUBT), COMMIT(DOUBT), 0, 0 },

        /* at the COMMIT: only a conflict certainly means that it is undone */
        { 1213, COMMIT_AT, COMMIT(SENT), COMMIT(NONE), 0, 0 },
        { 1205, COMMIT_AT, COMMIT(SENT), COMMIT(NONE), 0, 0 },
        { 1180, COMMIT_AT, COMMIT(SENT), COMMIT(DOUBT), 1, 1 },
        { 1290, COMMIT_AT, COMMIT(SENT), COMMIT(DOUBT), 1, 1 },
        { 1180, COMMIT_AT, COMMIT(NONE), COMMIT(NONE), 0, 1 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) setup(state);
        t.commit = cases[i].was;
        t.flight.query.error = cases[i].error;
        t.flight.query.statements = cases[i].statement;
        rc = cases[i].error ? NGX_DECLINED : NGX_ERROR;

        if ((ngx_http_autostock_transaction_failure_judge(&t, rc)
             == SALE(LOST)) != cases[i].lost || t.commit != cases[i].is)
        {
            fail_msg("case %zu: commit %d", i, (int) t.commit);
        }

        if (cases[i].doubts) {
            assert_int_equal(counted, 1);
            assert_int_equal(bound, 1);
            assert_int_equal(logged, 1);
            assert_ptr_equal(t.anchor, &lines[0]);

            /* no waiting for locks while others are in doubt */
            assert_int_equal(t.way, WAY(LOCK_FREE));
        }

        if (cases[i].was == COMMIT(FOUND)) {
            continue;
        }

        /* the same of settlements */
        counted = bound = 0;
        s.commit = cases[i].was == COMMIT(NONE) ? SETTLING(NONE)
                   : cases[i].was == COMMIT(SENT) ? SETTLING(SENT)
                                                  : SETTLING(DOUBT);
        s.flight.query.error = cases[i].error;
        s.flight.query.statements = cases[i].statement;
        assert_int_equal(ngx_http_autostock_settle_failure_judge(&s, rc)
                         == SETTLE(LOST), cases[i].lost);
        assert_int_equal(s.commit, cases[i].is == COMMIT(NONE)
                         ? SETTLING(NONE) : SETTLING(DOUBT));
        assert_int_equal(counted, cases[i].doubts);
        assert_int_equal(bound, cases[i].doubts);
    }
}


/*
 * The procedure answers once: only what its COMMIT fails with, and what ends
 * the call, leaves a doubt.
 */

static void
called(void **state)
{
    size_t      i;
    ngx_uint_t  undone;

    static const struct {
        ngx_uint_t                               error;
        ngx_http_autostock_transaction_after_e   after;
        ngx_http_autostock_transaction_way_e     way;
        ngx_http_autostock_transaction_commit_e  is;
        ngx_uint_t                               calls;
    } cases[] = {
        { 1690, SALE(RESTART), WAY(LOCK), COMMIT(NONE), 1 },
        { 1062, SALE(RESTART), WAY(LOCK), COMMIT(NONE), 1 },
        { 1213, SALE(PAUSE), WAY(PLAIN), COMMIT(NONE), 1 },
        { 1205, SALE(RESTART), WAY(LOCK_FREE), COMMIT(NONE), 1 },
        { 1290, SALE(ELSEWHERE), WAY(PLAIN), COMMIT(NONE), 1 },

        /* the call's, or a statement's, which will tell */
        { 1644, SALE(RESTART), WAY(PLAIN), COMMIT(NONE), 1 },
        { 1805, SALE(RESTART), WAY(PLAIN), COMMIT(NONE), 1 },

        /* every request would get it */
        { 1142, SALE(REFUSE), WAY(PLAIN), COMMIT(NONE), 1 },

        /* of the COMMIT, or at any time */
        { 1180, SALE(LOST), WAY(LOCK_FREE), COMMIT(DOUBT), 1 },
        { 1317, SALE(LOST), WAY(LOCK_FREE), COMMIT(DOUBT), 1 },
        { 1969, SALE(LOST), WAY(LOCK_FREE), COMMIT(DOUBT), 1 },
        { 1927, SALE(LOST), WAY(LOCK_FREE), COMMIT(DOUBT), 1 },

        /* there is no such procedure for this user */
        { 1305, SALE(RESTART), WAY(PLAIN), COMMIT(NONE), 0 },
        { 1318, SALE(RESTART), WAY(PLAIN), COMMIT(NONE), 0 },
        { 1370, SALE(RESTART), WAY(PLAIN), COMMIT(NONE), 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) setup(state);
        session.calls = 1;
        t.called = 1;
        t.commit_at = 0;
        t.commit = COMMIT(SENT);

        if (sale_refused(cases[i].error, 0) != cases[i].after
            || t.way != cases[i].way || t.commit != cases[i].is
            || session.calls != cases[i].calls)
        {
            fail_msg("error %lu", (unsigned long) cases[i].error);
        }

        /* it does not call again */
        assert_true(!session.calls || t.uncalled
                    == (cases[i].error == 1644 || cases[i].error == 1805));

        /* the same of a COMMIT with an answer of its own */
        (void) setup(state);
        session.calls = 1;
        t.commit = COMMIT(SENT);
        undone = cases[i].error == 1213 || cases[i].error == 1205;

        if ((sale_refused(cases[i].error, COMMIT_AT) != SALE(LOST)) != undone
            || (t.commit != COMMIT(DOUBT)) != undone || session.calls != 1)
        {
            fail_msg("error %lu of COMMIT", (unsigned long) cases[i].error);
        }
    }

    /* the known procedure sends nothing before its error */
    (void) setup(state);
    t.called = 1;
    t.commit_at = 0;
    t.commit = COMMIT(SENT);
    assert_int_equal(sale_refused(1690, 1), SALE(LOST));
    assert_int_equal(t.commit, COMMIT(DOUBT));
}


/* If only holds took pieces of the anchor's product, their row is the
 * anchor. */

static void
anchor_of_holds(void **state)
{
    size_t  i;

    for (i = 0; i < 2; i++) {
        (void) setup(state);
        lines[0].sold = 5;
        lines[0].holding = i == 0 ? 5 : 2;
        t.commit = COMMIT(SENT);
        (void) ngx_http_autostock_transaction_failure_judge(&t, NGX_ERROR);
        assert_int_equal(t.anchor_hold, i == 0);
    }
}


/* A key that was used in the meantime is looked up three times; then rows are
 * locked; then the item fails. */

static void
used_keys(void **state)
{
    ngx_uint_t  i;

    (void) state;

    t.nkeyed = 1;

    for (i = 0; i < 3; i++) {
        t.look = 0;
        assert_int_equal(sale_refused(1062, 2), SALE(RESTART));
        assert_int_equal(t.look, 1);
        assert_int_equal(t.way, WAY(PLAIN));
    }

    t.look = 0;
    assert_int_equal(sale_refused(1062, 2), SALE(RESTART));
    assert_int_equal(t.look, 0);
    assert_int_equal(t.way, WAY(LOCK));
    assert_int_equal(sale_refused(1062, 2), SALE(REFUSE));
    assert_int_equal(t.error, 1062);

    /* in doubt the batch's own row is the duplicate: it is looked up again */
    t.commit = COMMIT(DOUBT);
    t.look = 0;
    assert_int_equal(sale_refused(1062, 2), SALE(RESTART));
    assert_int_equal(t.look, 1);
    t.nkeyed = 0;
    assert_int_equal(sale_refused(1062, 2), SALE(RESTART));
    assert_int_equal(t.look, 0);
}


/* A guard or a CHECK fails: cached values are out of date, so rows are locked;
 * with locks, the item fails. */

static void
guards(void **state)
{
    size_t  i;

    static const ngx_http_autostock_transaction_way_e  ways[] = {
        WAY(PLAIN), WAY(PEEK), WAY(LOCK), WAY(LOCK_FREE)
    };

    for (i = 0; i < 4; i++) {
        (void) setup(state);
        t.way = ways[i];
        assert_int_equal(sale_refused(4025, 2), ways[i] < WAY(LOCK)
                                                ? SALE(RESTART)
                                                : SALE(REFUSE));
        assert_int_equal(t.way, ways[i] < WAY(LOCK) ? WAY(LOCK) : ways[i]);
    }
}


/* After a lock wait there is no second one. */

static void
lock_waits(void **state)
{
    (void) state;

    assert_int_equal(sale_refused(1205, 2), SALE(RESTART));
    assert_int_equal(t.way, WAY(LOCK_FREE));
    assert_int_equal(sale_refused(1205, 2), SALE(STUCK));

    /* in doubt nothing is set aside */
    t.commit = COMMIT(DOUBT);
    assert_int_equal(sale_refused(1205, 2), SALE(PAUSE));
    assert_int_equal(t.way, WAY(LOCK_FREE));

    /* a packet that only reads holds no locks */
    s.commit_at = NGX_CONF_UNSET_UINT;
    assert_int_equal(settle_refused(1205, 2), SETTLE(AGAIN));
    assert_int_equal(settle_refused(1969, 2), SETTLE(AGAIN));
}


/* Immediate retries are counted and limited. */

static void
retries(void **state)
{
    ngx_uint_t  n;

    (void) state;

    for (n = 0; n < 100; n++) {
        t.way = WAY(PLAIN);

        if (sale_refused(4025, 2) != SALE(RESTART)) {
            break;
        }
    }

    assert_int_equal(n, 21);
    assert_int_equal(counted, 21);
    assert_int_equal(t.error, 4025);
}


/* Settlements: what was read has changed, unless the same was read again. */

static void
changed_rows(void **state)
{
    (void) state;

    s.seen = 5;
    assert_int_equal(settle_refused(1062, 2), SETTLE(AGAIN));
    assert_int_equal(s.failed, 5);
    s.seen = 6;
    assert_int_equal(settle_refused(4025, 2), SETTLE(AGAIN));
    assert_int_equal(settle_refused(4025, 2), SETTLE(REFUSE));
    assert_int_equal(s.error, 4025);

    s.seen = 7;
    s.flight.retries = 31;
    assert_int_equal(settle_refused(4025, 2), SETTLE(REFUSE));
}


/* A read-only server: one log line, not one for each attempt. */

static void
read_only(void **state)
{
    (void) state;

    (void) sale_refused(1290, 2);
    (void) sale_refused(1290, 2);
    assert_int_equal(logged, 1);
    (void) sale_refused(1836, 2);
    assert_int_equal(logged, 2);
    (void) settle_refused(1290, 2);
    (void) settle_refused(1290, 2);
    assert_int_equal(logged, 3);
}


/* The batch ends with an error that concerns every request, or with many items
 * that are refused alone; the last item does not end it. */

static void
common_errors(void **state)
{
    size_t  i;

    static const struct {
        ngx_uint_t  error;
        ngx_uint_t  refused;           /* alone, before */
        ngx_uint_t  n;                 /* waiters */
        ngx_uint_t  common;
    } cases[] = {
        { 1142, 0, 5, 1 }, { 1146, 0, 1, 1 }, { 4025, 0, 5, 0 },
        { 4025, 7, 5, 0 }, { 4025, 8, 5, 1 }, { 4025, 8, 1, 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) setup(state);
        t.error = s.error = cases[i].error;
        t.flight.n = s.flight.n = cases[i].n;
        batch.refused = cases[i].refused;
        assert_int_equal(ngx_http_autostock_transaction_failure_is_common(&t),
                         cases[i].common);
        assert_int_equal(ngx_http_autostock_settle_failure_is_common(&s),
                         cases[i].common);
        assert_int_equal(logged, 2 * cases[i].common);
    }
}


/* What is noted as the cause for an item that was refused alone. */

static void
blamed(void **state)
{
    (void) state;

    /* a product: in quarantine */
    t.error = 4025;
    ngx_http_autostock_transaction_failure_note_refusal(&t);
    assert_int_equal(refused[0], 1);
    assert_int_equal(batch.refused, 1);
    assert_int_equal(logged, 1);

    /* its key */
    t.nkeyed = 1;
    t.error = 1062;
    item.key[0] = 2;
    ngx_http_autostock_transaction_failure_note_refusal(&t);
    assert_int_equal(refused[2], 1);

    /* a cart: its products together, none of them alone */
    t.error = 4025;
    t.carts = 1;
    t.nlines = 2;
    ngx_http_autostock_transaction_failure_note_refusal(&t);
    assert_int_equal(refused[3], 1);
    assert_int_equal(refused[0], 1);
    assert_int_equal(batch.refused, 3);

    /* a product that was noted before counts once */
    met = 1;
    ngx_http_autostock_transaction_failure_note_refusal(&t);
    assert_int_equal(batch.refused, 3);

    assert_int_equal(suspected, 0);

    met = 0;
    settle_item.id[0] = 1;
    settle_item.action = NGX_HTTP_AUTOSTOCK_SETTLE_RETURN;
    ngx_http_autostock_settle_failure_note_refusal(&s);
    assert_int_equal(refused[1], 1);
    assert_int_equal(suspected, NGX_HTTP_AUTOSTOCK_SETTLE_RETURN);
    assert_int_equal(batch.refused, 4);
    met = 1;
    ngx_http_autostock_settle_failure_note_refusal(&s);
    assert_int_equal(batch.refused, 4);
}


#define TEST(name)  cmocka_unit_test_setup(name, setup)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(errors),
        TEST(commits),
        TEST(called),
        TEST(anchor_of_holds),
        TEST(used_keys),
        TEST(guards),
        TEST(lock_waits),
        TEST(retries),
        TEST(changed_rows),
        TEST(read_only),
        TEST(common_errors),
        TEST(blamed)
    };

    return cmocka_run_group_tests_name("failure", tests, NULL, NULL);
}
