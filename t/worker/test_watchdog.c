/*
 * The watchdog's rounds: what it looks for and when, what it reports, and the
 * database and the queue out of reach.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "db/ledger.h"
#include "db/order.h"
#include "run/watchdog.h"
#include "worker_fixture.h"


#define DEPTH  "AmazonSQS.GetQueueAttributes"


typedef struct {
    worker_fixture_t         w;
    as_watchdog_t           *watchdog;

    /* what the next round finds, and what it was asked */
    size_t                   overdue[2];         /* by published */
    int                      attempts;
    bool                     taken;    /* by another worker */
    size_t                   low;      /* products without an order */
    size_t                   openings;
    unsigned                 chunks;   /* of the ledger */
    as_order_overdue_page_t  asked[2];
    int64_t                  before_ms;
    unsigned                 rounds;
    unsigned                 looks;    /* for published orders */
    unsigned                 opens;    /* looks for openings */
    unsigned                 forgets;
    as_db_status_e           status;

    bool                     quiet;
    unsigned                 max_receive;
    char                     answers[2][400];
} test_t;


static test_t  *test;


as_db_status_e
as_order_overdue(as_db_t *db, as_order_overdue_page_t *page)
{
    size_t  i, which;

    assert_non_null(db);
    which = page->published;
    test->rounds += which == 0;
    test->looks += which == 1;
    test->asked[which] = *page;
    page->n = test->overdue[which];

    for (i = 0; i < page->n; i++) {
        memset(&page->orders[i], 0, sizeof(page->orders[i]));
        page->orders[i].attempts = test->attempts;
        page->orders[i].failed = !test->taken
                                 && test->attempts >= page->max_attempts;
        page->orders[i].again = !test->taken && !page->orders[i].failed;
    }

    test->overdue[which] = 0;

    return test->status;
}


as_db_status_e
as_order_restock(as_db_t *db, as_order_products_t *page)
{
    size_t  i;

    assert_non_null(db);
    page->n = test->low;
    for (i = 0; i < page->n; i++) {
        /* each has an id of its own */
        assert_true(i == 0 || memcmp(page->products[i].order_id,
                                     page->products[i - 1].order_id,
                                     AS_UUID_LEN) > 0);
        page->products[i].done = !test->taken;
    }
    test->low = 0;

    return AS_DB_OK;
}


as_db_status_e
as_ledger_open(as_db_t *db, as_uuid_gen_t *gen, size_t *opened)
{
    assert_non_null(db);
    assert_non_null(gen);
    test->opens++;
    *opened = test->openings < AS_LEDGER_OPENINGS ? test->openings
                                                  : AS_LEDGER_OPENINGS;
    test->openings -= *opened;

    return AS_DB_OK;
}


as_db_status_e
as_ledger_forget(as_db_t *db, uint8_t cursor[AS_UUID_LEN], int64_t before_ms,
    bool *more, uint64_t *forgotten)
{
    assert_non_null(db);
    assert_non_null(cursor);
    test->forgets++;
    test->before_ms = before_ms;
    *more = test->chunks > 0;
    *forgotten = *more ? 1000 : 0;
    test->chunks -= *more;

    return AS_DB_OK;
}


static bool
quiet(void *data)
{
    return ((test_t *) data)->quiet;
}


static void
max_receive(void *data, unsigned n)
{
    ((test_t *) data)->max_receive = n;
}


static int
setup(void **state)
{
    test_t               *t;
    as_watchdog_hooks_t   hooks;

    t = test = calloc(1, sizeof(test_t));
    worker_setup(&t->w);
    t->quiet = true;
    hooks.quiet = quiet;
    hooks.max_receive = max_receive;
    hooks.data = t;
    t->watchdog = as_watchdog_create(&t->w.worker, &hooks);
    assert_non_null(t->watchdog);
    *state = t;

    return 0;
}


static int
teardown(void **state)
{
    test_t  *t = *state;

    as_watchdog_destroy(t->watchdog);
    worker_teardown(&t->w);
    free(t);

    return 0;
}


/* The next n checks of both queues: so many messages are visible. */
static void
depth(test_t *t, size_t n, int visible)
{
    size_t  i;

    (void) snprintf(t->answers[0], sizeof(t->answers[0]),
                    "{\"Attributes\":{\"ApproximateNumberOfMessages\":\"%d\","
                    "\"ApproximateNumberOfMessagesNotVisible\":\"2\","
                    "\"RedrivePolicy\":\"{\\\"maxReceiveCount\\\":7}\"}}",
                    visible);
    (void) snprintf(t->answers[1], sizeof(t->answers[1]),
                    "{\"Attributes\":{\"ApproximateNumberOfMessages\":"
                    "\"3\"}}");

    for (i = 0; i < n; i++) {
        (void) fake_answer_to(t->w.fake, FIXTURE_QUEUE "\"", 200,
                              t->answers[0]);
        (void) fake_answer_to(t->w.fake, FIXTURE_DLQ "\"", 200,
                              t->answers[1]);
    }
}


/* Rounds come at the interval, with jitter; the queues' depth is known. */
static void
rounds(void **state)
{
    test_t  *t = *state;

    depth(t, 10, 5);
    worker_run(&t->w, 100);
    assert_int_equal(t->rounds, 1);
    assert_int_equal(t->w.worker.counters.queue_visible, 5);
    assert_int_equal(t->w.worker.counters.queue_in_flight, 2);
    assert_int_equal(t->w.worker.counters.dlq_visible, 3);
    assert_int_equal(t->max_receive, 7);

    worker_run(&t->w, 8500);
    assert_int_equal(t->rounds, 1);
    worker_run(&t->w, 93000);
    assert_in_range(t->rounds, 10, 12);
    assert_true(as_watchdog_progress(t->watchdog)
                > t->w.fake->mono_ms - 12000);
}


/* What a round asks for, from the settings. */
static void
what_is_asked(void **state)
{
    test_t  *t = *state;

    t->w.settings.visibility = 400000;
    t->w.settings.idempotency_retention = 86400000;
    depth(t, 10, 0);
    worker_run(&t->w, 40000);
    assert_int_equal(t->asked[0].timeout_ms, 600000);
    assert_int_equal(t->asked[0].max_attempts, 3);

    /* the message may be invisible twice before it is received */
    assert_true(t->looks > 0);
    assert_int_equal(t->asked[1].timeout_ms, 800000);
    assert_true(t->before_ms > t->w.fake->unix_ms - 86400000 - 12000
                && t->before_ms <= t->w.fake->unix_ms - 86400000);
}


/* A requested or published order: published again, or failed when its attempts
 * are over; another worker may have been faster. */
static void
overdue(void **state)
{
    size_t   i;
    test_t  *t;

    static const struct {
        size_t    which;               /* 1: published */
        int       attempts;
        bool      taken;
        uint64_t  again;
        uint64_t  failed;
    } cases[] = {
        { 0, 1, false, 2, 0 },
        { 0, 3, false, 0, 2 },
        { 0, 1, true, 0, 0 },
        { 1, 2, false, 2, 0 },
        { 1, 3, false, 0, 2 },
        { 1, 3, true, 0, 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) teardown(state);
        (void) setup(state);
        t = *state;
        t->overdue[cases[i].which] = 2;
        t->attempts = cases[i].attempts;
        t->taken = cases[i].taken;
        depth(t, 10, 0);
        worker_run(&t->w, 40000);

        assert_int_equal(t->w.worker.counters.asked_again, cases[i].again);
        assert_int_equal(t->w.worker.counters.overdue_failed,
                         cases[i].failed);
        assert_int_equal(worker_said(&t->w, " (attempts: "),
                         cases[i].again + cases[i].failed);
    }
}


/*
 * Published orders are looked for only after two checks in a row without a
 * backlog: otherwise their messages may just be waiting.
 */
static void
not_with_a_backlog(void **state)
{
    test_t  *t = *state;

    depth(t, 2, 11);
    worker_run(&t->w, 25000);
    assert_true(t->rounds >= 2);
    assert_int_equal(t->looks, 0);

    /* one check is not enough */
    depth(t, 1, 10);
    worker_run(&t->w, 20000);
    assert_int_equal(t->looks, 0);
    depth(t, 1, 10);
    worker_run(&t->w, 30000);
    assert_true(t->looks > 0);
}


/* Messages wait in this worker. */
static void
not_while_messages_wait_here(void **state)
{
    test_t  *t = *state;

    t->quiet = false;
    depth(t, 10, 0);
    worker_run(&t->w, 60000);
    assert_int_equal(t->looks, 0);

    t->quiet = true;
    worker_run(&t->w, 45000);
    assert_true(t->looks > 0);
}


/* The depth is not known: the other checks go on, and it is asked again. */
static void
queue_fails(void **state)
{
    size_t   i;
    test_t  *t;

    static const struct {
        int          status;
        const char  *body;
        bool         told;             /* an outage is the consumer's to log */
    } cases[] = {
        { 503, "", false },
        { 403, "{\"__type\":\"AccessDenied\"}", true },
        { 400, "{\"__type\":\"QueueDoesNotExist\"}", true }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) teardown(state);
        (void) setup(state);
        t = *state;
        (void) fake_answer_to(t->w.fake, FIXTURE_QUEUE "\"",
                              cases[i].status, cases[i].body);
        (void) fake_answer_to(t->w.fake, FIXTURE_QUEUE "\"",
                              cases[i].status, cases[i].body);
        worker_run(&t->w, 15000);
        assert_int_equal(t->rounds, 2);
        assert_int_equal(t->looks, 0);
        assert_int_equal(t->w.worker.counters.queue_visible, -1);
        assert_int_equal(worker_said(&t->w, "the queue's depth"),
                         cases[i].told);

        depth(t, 5, 0);
        worker_run(&t->w, 40000);
        assert_int_equal(t->w.worker.counters.queue_visible, 0);
        assert_true(t->looks > 0);
    }
}


/* A short time-out of the callback needs rounds that come sooner. */
static void
short_callback_timeout(void **state)
{
    test_t  *t = *state;

    t->w.settings.callback_timeout = 4000;
    depth(t, 60, 0);
    worker_run(&t->w, 20000);
    assert_in_range(t->rounds, 16, 24);
}


static void
restocks(void **state)
{
    test_t  *t = *state;

    t->low = 3;
    depth(t, 10, 0);
    worker_run(&t->w, 100);
    assert_int_equal(t->w.worker.counters.restocked, 3);
    assert_int_equal(worker_said(&t->w, "at its reorder point"), 3);

    /* another worker opened it */
    t->low = 1;
    t->taken = true;
    worker_run(&t->w, 15000);
    assert_int_equal(t->w.worker.counters.restocked, 3);
}


/* A full page of anything: the next round follows at once. */
static void
more_than_a_page(void **state)
{
    size_t   i;
    test_t  *t;

    for (i = 0; i < 5; i++) {
        (void) teardown(state);
        (void) setup(state);
        t = *state;
        depth(t, 5, 0);
        worker_run(&t->w, 30000);
        t->overdue[0] = i == 0 ? AS_ORDER_PAGE : 0;
        t->overdue[1] = i == 1 ? AS_ORDER_PAGE : 0;
        t->low = i == 2 ? AS_ORDER_PAGE : 0;
        t->chunks = i == 3 ? 30 : 0;
        t->openings = i == 4 ? AS_LEDGER_OPENINGS + 1 : 0;
        t->rounds = 0;

        /* two rounds come at the interval, the rest at once; openings are
         * looked for once a minute */
        worker_run(&t->w, i == 4 ? 60000 : 24000);
        if (i == 4) {
            assert_int_equal(t->w.worker.counters.openings,
                             AS_LEDGER_OPENINGS + 1);
        } else if (t->rounds < 3) {
            fail_msg("case %zu: %u rounds", i, t->rounds);
        }
    }
}


/* The ledger's keys: a limited number of chunks in a round. */
static void
forgets(void **state)
{
    test_t  *t = *state;

    t->chunks = 50;
    depth(t, 10, 0);
    worker_run(&t->w, 5000);
    assert_int_equal(t->forgets, 51);
    assert_int_equal(t->rounds, 3);
    assert_int_equal(t->w.worker.counters.forgotten, 50000);
}


/* Openings are looked for once a minute. */
static void
openings(void **state)
{
    test_t  *t = *state;

    depth(t, 20, 0);
    t->openings = 2;
    worker_run(&t->w, 100);
    assert_int_equal(t->w.worker.counters.openings, 2);
    worker_run(&t->w, 55000);
    assert_int_equal(t->opens, 1);
    worker_run(&t->w, 20000);
    assert_int_equal(t->opens, 2);
}


/* Many products: a round that takes long comes more rarely. */
static void
slow_round(void **state)
{
    test_t  *t = *state;

    fake_db.hold = true;
    worker_run(&t->w, 100);
    depth(t, 30, 0);
    worker_run(&t->w, 5000);
    fake_db_release(AS_DB_OK);
    worker_run(&t->w, 80000);
    assert_int_equal(t->rounds, 1);
    worker_run(&t->w, 40000);
    assert_true(t->rounds > 1);
}


static void
database_fails(void **state)
{
    test_t  *t = *state;

    depth(t, 60, 0);
    fake_db.status = AS_DB_GONE;
    worker_run(&t->w, 60000);
    assert_true(t->w.worker.db.down);
    assert_int_equal(t->rounds, 0);
    assert_in_range(fake_db.done, 12, 40);

    /* it reads: the database may be read only */
    fake_db.status = AS_DB_OK;
    worker_run(&t->w, 10000);
    assert_true(t->rounds >= 1);
    assert_true(t->w.worker.db.down);

    /* a refusal is told, and is no outage */
    t->w.worker.db.down = false;
    t->status = AS_DB_ERROR;
    worker_run(&t->w, 30000);
    assert_false(t->w.worker.db.down);
    assert_true(worker_said(&t->w, "refused: as the test says") >= 2);

    /* what follows the refused part is left out */
    t->low = 1;
    worker_run(&t->w, 30000);
    assert_int_equal(t->w.worker.counters.restocked, 0);
}


/* No round begins after the stop, which comes between two rounds or while the
 * queue is asked. */
static void
stops(void **state)
{
    size_t   i;
    test_t  *t;

    for (i = 0; i < 2; i++) {
        (void) teardown(state);
        (void) setup(state);
        t = *state;
        depth(t, i == 0 ? 10 : 0, 0);
        worker_run(&t->w, 100);
        as_watchdog_stop(t->watchdog);
        assert_int_equal(fake_db.interrupts, 1);
        depth(t, 1, 0);
        worker_run(&t->w, 60000);
        assert_int_equal(t->rounds, i == 0);
    }
}


static void
stops_in_a_round(void **state)
{
    test_t  *t = *state;

    depth(t, 10, 0);
    fake_db.hold = true;
    worker_run(&t->w, 100);
    as_watchdog_stop(t->watchdog);
    fake_db_release(AS_DB_OK);
    worker_run(&t->w, 60000);
    assert_int_equal(t->rounds, 1);

    /* interrupted between two chunks of the ledger */
    assert_int_equal(t->forgets, 1);
}


static void
destroyed_in_the_middle(void **state)
{
    test_t               *t = *state;
    as_watchdog_hooks_t   hooks;

    worker_run(&t->w, 100);
    as_watchdog_reload(t->watchdog);
    assert_int_equal(fake_db.reloads, 1);
    as_watchdog_destroy(t->watchdog);
    t->watchdog = NULL;
    assert_true(worker_call(&t->w, DEPTH, 0)->cancelled);

    memset(&hooks, 0, sizeof(hooks));
    fake_db.refuse = true;
    assert_null(as_watchdog_create(&t->w.worker, &hooks));
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(rounds),
        TEST(what_is_asked),
        TEST(overdue),
        TEST(not_with_a_backlog),
        TEST(not_while_messages_wait_here),
        TEST(queue_fails),
        TEST(short_callback_timeout),
        TEST(restocks),
        TEST(more_than_a_page),
        TEST(forgets),
        TEST(openings),
        TEST(slow_round),
        TEST(database_fails),
        TEST(stops),
        TEST(stops_in_a_round),
        TEST(destroyed_in_the_middle)
    };

    return cmocka_run_group_tests_name("watchdog", tests, NULL, NULL);
}
