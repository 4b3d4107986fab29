#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "watchdog_fixture.h"


static watchdog_test_t  *test;


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
watchdog_quiet(void *data)
{
    return ((watchdog_test_t *) data)->quiet;
}


static void
watchdog_max_receive(void *data, unsigned n)
{
    ((watchdog_test_t *) data)->max_receive = n;
}


int
watchdog_setup(void **state)
{
    watchdog_test_t               *t;
    as_watchdog_hooks_t   hooks;

    t = test = calloc(1, sizeof(watchdog_test_t));
    worker_setup(&t->w);
    t->quiet = true;
    hooks.quiet = watchdog_quiet;
    hooks.max_receive = watchdog_max_receive;
    hooks.data = t;
    t->watchdog = as_watchdog_create(&t->w.worker, &hooks);
    assert_non_null(t->watchdog);
    *state = t;

    return 0;
}


int
watchdog_teardown(void **state)
{
    watchdog_test_t  *t = *state;

    as_watchdog_destroy(t->watchdog);
    worker_teardown(&t->w);
    free(t);

    return 0;
}


void
watchdog_depth(watchdog_test_t *t, size_t n, int visible)
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
