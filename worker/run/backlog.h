/*
 * Counts the waiting orders, the open holds and their age periodically, for the
 * metrics.  It has its own connection, so that it keeps counting while relay,
 * consumer, watchdog or expiry are blocked, and cannot block them.
 */

#ifndef AS_BACKLOG_H
#define AS_BACKLOG_H

#include "run/worker.h"


#define AS_BACKLOG_HOLDS_LATE_MS  10000        /* ms that a hold may be due */


typedef struct as_backlog_s  as_backlog_t;


/*
 * The current values of the metrics.  Where a count is overdue, the ages are
 * those of the last count plus the time since.  All but counted_s are -1 before
 * the first count; those of the holds also while only the orders can be
 * counted, except the age of a hold that was due at the last count.
 */
typedef struct {
    double   counted_s;                /* Unix time of the count; 0: none */
    double   pending;
    double   pending_oldest_s;         /* 0: none is due */
    double   published;
    double   requested;
    double   overdue;
    double   holds_open;
    double   holds_pieces;
    double   holds_due;                /* past their time */
    double   holds_due_oldest_s;       /* 0: none is due */
} as_backlog_view_t;

/* Starts it.  NULL with errno. */
as_backlog_t *as_backlog_create(as_worker_t *worker);
void as_backlog_destroy(as_backlog_t *backlog);

/* Applies new settings, after SIGHUP. */
void as_backlog_reload(as_backlog_t *backlog);

/* Stops counting. */
void as_backlog_stop(as_backlog_t *backlog);

/* now_ms as as_loop_now(); skew_ms is Unix time minus that clock. */
void as_backlog_view(const as_counters_t *counters, int64_t now_ms,
    int64_t skew_ms, as_backlog_view_t *view);

/* False while the open holds cannot be counted. */
bool as_backlog_holds_known(const as_counters_t *counters);

/* True while a hold is due for longer than AS_BACKLOG_HOLDS_LATE_MS: its pieces
 * cannot be sold. */
bool as_backlog_holds_late(const as_counters_t *counters, int64_t now_ms);


#endif /* AS_BACKLOG_H */
