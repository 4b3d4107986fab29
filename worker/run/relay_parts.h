/*
 * Shared by the relay's two files: the outbox (relay.c) and SNS
 * (relay_publish.c).  No other file includes this.
 */

#ifndef AS_RELAY_PARTS_H
#define AS_RELAY_PARTS_H

#include "run/message.h"
#include "run/refusal.h"
#include "db/db_thread.h"
#include "db/outbox.h"
#include "run/relay.h"
#include "run/spans.h"
#include "aws/sns.h"


#define AS_RELAY_PART      "relay"
#define AS_RELAY_LEASE_MS  10000       /* after it, orders of a worker that has
                                          ended are due again */
#define AS_RELAY_CALLS     8           /* parallel PublishBatch calls */
#define AS_RELAY_QUEUE     (2 * AS_OUTBOX_MAX)
#define AS_RELAY_MARKS     (3 * AS_OUTBOX_MAX)


typedef struct {
    as_relay_t           *relay;
    as_aws_call_t        *call;
    bool                  single;      /* refused as a batch: now one by one */
    int64_t               sent_ms;     /* Unix */
    size_t                n;
    as_outbox_order_t     orders[AS_SNS_BATCH_MAX];      /* owns .factory */
} as_relay_batch_t;

struct as_relay_s {
    as_worker_t        *worker;
    as_db_thread_t     *db_thread;     /* runs the marks */
    as_db_thread_t     *watcher;       /* runs watch and claim */
    bool                stopping;
    void              (*stopped)(void *data);
    void               *stopped_data;
    int64_t             progress;
    as_refusal_t        unread;        /* of reading the outbox */
    as_refusal_t        unmarked;      /* of marking orders */
    as_timer_t          timer;         /* back-off */
    as_timer_t          soon;          /* does all that can be done now */

    as_job_t            watch;
    bool                watching;
    int64_t             interval_ms;
    int64_t             packet_ms;
    char                owner[80];
    bool                backlog;       /* the last claim left some orders */
    bool                in_doubt;      /* the result of a claim was lost */
    bool                probe;         /* this watch begins with a write */
    uint64_t            seq;
    as_outbox_claim_t   claim;         /* the watcher's while it runs */

    as_outbox_order_t   queue[AS_RELAY_QUEUE];   /* claimed; owns .factory */
    size_t              first;
    size_t              nqueue;

    as_relay_batch_t    batches[AS_RELAY_CALLS];
    size_t              calls;
    unsigned            refused;       /* orders in a row that SNS refused */

    as_job_t            mark;
    bool                marking;
    as_outbox_mark_t    marks[AS_RELAY_MARKS];
    size_t              nmarks;
    int64_t             marks_at;      /* time of the oldest of them */
    as_outbox_mark_t    marked[AS_OUTBOX_MAX];   /* in the current job */
    size_t              nmarked;
};


/* Publishes claimed orders, as far as there are free calls. */
void as_relay_publish(as_relay_t *relay);

/* Returns orders that are claimed and not published to the outbox. */
void as_relay_publish_give_back(as_relay_t *relay, const as_aws_error_t *err);


#endif /* AS_RELAY_PARTS_H */
