/*
 * The relay's two halves: the outbox (relay.c) and SNS
 * (relay_publish.c).  Nobody else includes this.
 */

#ifndef AS_RELAY_PARTS_H
#define AS_RELAY_PARTS_H

#include "run/refusal.h"
#include "db/clerk.h"
#include "db/outbox.h"
#include "run/relay.h"
#include "aws/sns.h"


#define AS_RELAY_PART      "relay"
#define AS_RELAY_LEASE_MS  10000       /* what a killed worker held comes
                                          back after it */
#define AS_RELAY_CALLS     8           /* PublishBatch calls at once */
#define AS_RELAY_QUEUE     (2 * AS_OUTBOX_MAX)
#define AS_RELAY_MARKS     (3 * AS_OUTBOX_MAX)


typedef struct {
    as_relay_t           *relay;
    as_aws_call_t        *call;
    bool                  single;      /* refused whole: one by one now */
    size_t                n;
    as_outbox_order_t     orders[AS_SNS_BATCH_MAX];      /* owns .factory */
} as_relay_batch_t;

struct as_relay_s {
    as_worker_t          *worker;
    as_clerk_t           *clerk;       /* marks */
    as_clerk_t           *watcher;     /* looks, and claims */
    bool                  stopping;
    void                (*stopped)(void *data);
    void                 *stopped_data;
    int64_t               progress;
    as_refusal_t          unread;      /* the outbox */
    as_refusal_t          unmarked;    /* what was published */
    as_timer_t            timer;       /* back-off */

    as_job_t              watch;
    bool                  watching;
    int64_t               interval_ms;
    int64_t               packet_ms;
    char                  owner[80];
    bool                  backlog;     /* the last claim left some */
    bool                  in_doubt;    /* a claim of owner lost its answer */
    uint64_t              seq;
    as_outbox_claim_t     claim;       /* the watcher's while it looks */

    as_outbox_order_t     queue[AS_RELAY_QUEUE];   /* claimed; owns .factory */
    size_t                first;
    size_t                nqueue;

    as_relay_batch_t      batches[AS_RELAY_CALLS];
    size_t                calls;
    unsigned              refused;     /* orders in a row that SNS refused */

    as_job_t              mark;
    bool                  marking;
    as_outbox_mark_t      marks[AS_RELAY_MARKS];
    size_t                nmarks;
    as_outbox_mark_t      marked[AS_OUTBOX_MAX];         /* the job's */
    size_t                nmarked;
};


/* Goes on: whatever can be done now. */
void as_relay_go(void *data);

/* Publishes what was claimed, as far as there are free calls. */
void as_relay_publish(as_relay_t *relay);

/* Puts what is claimed and not published back into the outbox. */
void as_relay_give_back(as_relay_t *relay, const as_aws_error_t *err);


#endif /* AS_RELAY_PARTS_H */
