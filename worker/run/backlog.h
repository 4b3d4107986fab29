/*
 * How many orders wait, and for how long, counted again and again for the
 * metrics.  It has a connection of its own: what holds up relay, consumer or
 * watchdog must be seen, and must not hold up this.
 */

#ifndef AS_BACKLOG_H
#define AS_BACKLOG_H

#include "run/worker.h"


typedef struct as_backlog_s  as_backlog_t;


/* What the metrics say now: where no count came when it should have, the
 * ages have grown since the last one. */
typedef struct {
    double   counted_s;                /* Unix time of the count; 0: none */
    double   pending;                  /* all: -1 while not known */
    double   pending_oldest_s;         /* 0: none is due */
    double   published;
    double   requested;
    double   overdue;
} as_backlog_view_t;

/* Starts it.  NULL with errno. */
as_backlog_t *as_backlog_create(as_worker_t *worker);
void as_backlog_destroy(as_backlog_t *backlog);

/* The worker's settings were read again. */
void as_backlog_reload(as_backlog_t *backlog);

/* Counts no more. */
void as_backlog_stop(as_backlog_t *backlog);

/* now_ms as as_loop_now(), skew_ms from there to Unix's. */
void as_backlog_view(const as_counters_t *counters, int64_t now_ms,
    int64_t skew_ms, as_backlog_view_t *view);


#endif /* AS_BACKLOG_H */
