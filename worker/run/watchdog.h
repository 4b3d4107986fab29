/*
 * The watchdog: periodically finds and repairs what relay and consumer left
 * undone: overdue orders, products without an order, the ledger.
 */

#ifndef AS_WATCHDOG_H
#define AS_WATCHDOG_H

#include <stdint.h>

#include "run/worker.h"


typedef struct as_watchdog_s  as_watchdog_t;


typedef struct {
    /* returns whether no outage and no open breaker limits the receives, so
     * that messages do not wait; orders whose message was not received may then
     * be published again */
    bool   (*quiet)(void *data);

    /* reports the limit of receives in the queue's redrive policy, after each
     * read; 0: none */
    void   (*max_receive)(void *data, unsigned n);
    void    *data;
} as_watchdog_hooks_t;

/* Starts it.  NULL with errno. */
as_watchdog_t *as_watchdog_create(as_worker_t *worker,
    const as_watchdog_hooks_t *hooks);
void as_watchdog_destroy(as_watchdog_t *watchdog);

/* Applies new settings, after SIGHUP. */
void as_watchdog_reload(as_watchdog_t *watchdog);

/* Starts no further round. */
void as_watchdog_stop(as_watchdog_t *watchdog);

/* The time of its last progress, as as_loop_now(). */
int64_t as_watchdog_progress(const as_watchdog_t *watchdog);


#endif /* AS_WATCHDOG_H */
