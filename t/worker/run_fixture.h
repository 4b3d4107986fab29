/*
 * Fakes of the parts of a running worker: they only record their calls.
 */

#ifndef RUN_FIXTURE_H
#define RUN_FIXTURE_H

#include "run/backlog.h"
#include "run/consumer.h"
#include "run/expiry.h"
#include "run/metrics.h"
#include "run/relay.h"
#include "run/watchdog.h"


#define RUN_STEP_MS  5                 /* from the start to the first step */


/* Shared with the process of the case. */
typedef struct {
    char     events[1000];             /* what the parts were asked to do */
    bool     quiet;                    /* the watchdog's hook said so */
    char     level[16];                /* of the settings, at the end */
} run_shared_t;

typedef struct {
    run_shared_t         *shared;
    void                (*step)(void *data);
    as_timer_t            timer;       /* runs it */
    as_worker_t          *worker;      /* once the consumer was created */
    as_watchdog_hooks_t   hooks;
    void                (*relay_stopped)(void *data);
    void                 *relay_data;
    void                (*consumer_stopped)(void *data);
    void                 *consumer_data;

    /* set by the test */
    const char           *fails;       /* a part that cannot be created */
    bool                  open_circuit;
    int64_t               stuck_ms;    /* the relay's last progress, ago */
    int                   in_hand;
} run_fixture_t;


extern run_fixture_t  parts;


#endif /* RUN_FIXTURE_H */
