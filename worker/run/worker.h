/*
 * Shared by the parts of a running worker.  Used by the loop's thread only.
 */

#ifndef AS_WORKER_H
#define AS_WORKER_H

#include <stdint.h>

#include "aws/aws.h"
#include "db/hold.h"
#include "run/health.h"
#include "base/log.h"
#include "loop/loop.h"
#include "db/order.h"
#include "base/settings.h"
#include "as_uuid.h"


#define AS_LATENCY_BUCKETS  15          /* 1 ms to 16.4 s, doubling */
#define AS_STATUS_CODES     600

/* Counted since the start; metrics_text.c writes them. */
typedef struct {
    uint64_t  claimed;
    uint64_t  published;
    uint64_t  publish_failed;
    uint64_t  paused;
    uint64_t  received;
    uint64_t  deleted;
    uint64_t  delete_failed;
    uint64_t  backed_off;
    uint64_t  dead;
    uint64_t  duplicates;
    uint64_t  joined;
    uint64_t  opened;
    uint64_t  requested;
    uint64_t  calls[AS_STATUS_CODES];  /* by status; 0: no answer */
    uint64_t  call_us[AS_LATENCY_BUCKETS + 1];
    uint64_t  call_us_sum;
    uint64_t  asked_again;
    uint64_t  overdue_failed;
    uint64_t  restocked;
    uint64_t  openings;
    uint64_t  forgotten;
    uint64_t  holds_expired;
    uint64_t  spans_exported;
    uint64_t  spans_dropped;
    uint64_t  lead_count;              /* time from opened to requested */
    double    lead_sum_s;
    int64_t   queue_visible;           /* -1: not known */
    int64_t   queue_in_flight;
    int64_t   dlq_visible;             /* with those in flight */
    as_order_counts_t  orders;         /* result of the last count */
    int64_t   orders_at;               /* its time, as as_loop_now(); 0: none
                                          yet */
    int64_t   orders_wait;             /* time until the next count */
    as_hold_counts_t   holds;          /* result of the last count */
    int64_t   holds_at;                /* as orders_at */
} as_counters_t;

typedef struct as_spans_s  as_spans_t;

typedef struct {
    const as_settings_t  *settings;
    as_log_t             *log;
    as_loop_t            *loop;
    as_aws_t             *aws;
    as_http_t            *http;
    as_uuid_gen_t         uuid;
    as_health_t           db;
    as_health_t           sns;
    as_health_t           sqs;
    as_counters_t         counters;
    as_spans_t           *spans;       /* NULL: none are made */

    /* called when the database goes down or comes back */
    void                (*db_changed)(void *data);
    void                 *db_changed_data;
} as_worker_t;


/*
 * Records the result of a database job.  One that only read does not end an
 * outage: the server may be read only.
 */
static inline void
as_worker_db(as_worker_t *worker, as_db_status_e status, bool wrote,
    const char *error)
{
    bool     changed;
    int64_t  now = as_loop_now(worker->loop);

    if (status == AS_DB_GONE) {
        changed = as_health_down(&worker->db, worker->log, now, error);

    } else if (wrote || !worker->db.down) {
        changed = as_health_up(&worker->db, worker->log, now);

    } else {
        changed = false;
    }

    if (changed && worker->db_changed != NULL) {
        worker->db_changed(worker->db_changed_data);
    }
}


#endif /* AS_WORKER_H */
