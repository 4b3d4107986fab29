/*
 * A watchdog over a fake database (instead of db/) and queues, whose results
 * and depths the test sets.
 */

#ifndef WATCHDOG_FIXTURE_H
#define WATCHDOG_FIXTURE_H

#include "db/ledger.h"
#include "db/order.h"
#include "run/watchdog.h"
#include "worker_fixture.h"


typedef struct {
    worker_fixture_t         w;
    as_watchdog_t           *watchdog;

    /* the results of the next round, and its parameters */
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
} watchdog_test_t;


int watchdog_setup(void **state);
int watchdog_teardown(void **state);

/* The next n checks of both queues: so many messages are visible. */
void watchdog_depth(watchdog_test_t *t, size_t n, int visible);

#define watchdog_test(name)                                                   \
    cmocka_unit_test_setup_teardown(name, watchdog_setup, watchdog_teardown)


#endif /* WATCHDOG_FIXTURE_H */
