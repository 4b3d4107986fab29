/*
 * The interface between the consumer's parts, each of which calls only those
 * after it: consumer.c, consumer_receive.c (receives messages),
 * consumer_delivery.c (the steps of one message), consumer_db.c (runs their
 * database jobs in batches).  Only the consumer's files include this.
 */

#ifndef AS_CONSUMER_PARTS_H
#define AS_CONSUMER_PARTS_H

#include "run/refusal.h"
#include "db/db_thread.h"
#include "run/consumer.h"
#include "run/acks.h"


#define AS_CONSUMER_PART     "consumer"
#define AS_CONSUMER_POLLS    16        /* parallel receives */
#define AS_CONSUMER_DB_MAX   200       /* in one transaction */
#define AS_CONSUMER_KEEP_MS  500       /* ms between checks of visibility */


typedef struct {
    as_consumer_t  *consumer;
    as_aws_call_t  *call;              /* NULL: free */
    size_t          asked;
    int64_t         asked_at;
    uint64_t        number;            /* sequence number of the poll */
    unsigned        wait_s;
} as_consumer_poll_t;

struct as_consumer_s {
    as_worker_t         *worker;
    as_factories_t      *factories;
    as_acks_t           *acks;
    as_deliveries_t      all;
    size_t               in_hand;
    unsigned             max_receive;
    int64_t              progress;
    as_refusal_t         refusal;
    as_timer_t           keeper;

    /* receives: consumer_receive.c */
    as_consumer_poll_t   calls[AS_CONSUMER_POLLS];
    size_t               ncalls;
    size_t               asked;        /* messages requested now */
    size_t               eager;        /* number of parallel polls wanted */
    size_t               most;         /* messages per call: fewer after answers
                                          that were too large */
    uint64_t             polls;
    unsigned             hasty;        /* empty answers without wait, in a
                                          row */
    uint64_t             hasty_poll;   /* the last poll sent before those */
    as_timer_t           receive_timer;          /* back-off */

    /* database jobs: consumer_db.c, which calls back */
    void               (*db_done)(as_delivery_t *delivery);
    void               (*db_dropped)(as_delivery_t *delivery);
    void               (*db_idle)(as_consumer_t *consumer);
    as_db_thread_t      *db_thread;
    uint64_t             token;        /* of the leases that a job takes */
    bool                 in_doubt;     /* the last job may have been done,
                                          but its result is not known */
    as_deliveries_t      db_queue;     /* wait for the next job */
    size_t               db_queued;
    as_job_t             job;
    bool                 working;
    as_timer_t           db_soon;
    as_delivery_t       *batch[AS_CONSUMER_DB_MAX];
    as_lease_t          *leases[AS_CONSUMER_DB_MAX];
    size_t               nbatch;
    int64_t              batch_at;
    as_timer_t           db_timer;

    /* stop */
    bool                 stopping;
    bool                 hurried;      /* the time to stop is over */
    void               (*stopped)(void *data);
    void                *stopped_data;
};


/* Sends receives while there is room for messages. */
void as_consumer_receive_more(as_consumer_t *consumer);
void as_consumer_receive_cancel(as_consumer_t *consumer);

/*
 * Queues the database job of a message's order: the one that lease.kind
 * names, or to open an order.
 */
void as_consumer_db_add(as_delivery_t *delivery, as_lease_kind_e kind);
void as_consumer_db_start(void *data);

/*
 * Drops the messages that wait for the database, and aborts the current job.
 */
void as_consumer_db_hurry(as_consumer_t *consumer);

/* The steps of a message. */
void as_consumer_delivery_received(as_delivery_t *delivery);
void as_consumer_delivery_db_done(as_delivery_t *delivery);
void as_consumer_delivery_db_dropped(as_delivery_t *delivery);
void as_consumer_delivery_dead_done(void *data, as_delivery_t *delivery,
    bool done);
void as_consumer_delivery_give_back(as_delivery_t *delivery, int64_t ms);
void as_consumer_delivery_later(as_delivery_t *delivery, int64_t ms);
void as_consumer_delivery_log(as_delivery_t *delivery, as_log_level_e level,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));


#endif /* AS_CONSUMER_PARTS_H */
