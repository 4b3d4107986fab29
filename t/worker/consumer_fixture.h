/*
 * A consumer over orders of the test (instead of db/lease.c, as_order_open()
 * and as_order_reopen()), fake HTTP and fake database threads.  The orders keep
 * the rules of db/lease.c; test_lease.c compares those with its SQL.
 */

#ifndef CONSUMER_FIXTURE_H
#define CONSUMER_FIXTURE_H

#include "db/lease.h"
#include "run/consumer.h"
#include "worker_fixture.h"


#define CONSUMER_ORDERS  16

#define CONSUMER_RECEIVE  "AmazonSQS.ReceiveMessage"
#define CONSUMER_DELETE   "AmazonSQS.DeleteMessageBatch"
#define CONSUMER_BACK     "AmazonSQS.ChangeMessageVisibilityBatch"
#define CONSUMER_DEAD     "AmazonSQS.SendMessageBatch"


typedef enum {
    CONSUMER_PENDING = 0,
    CONSUMER_PUBLISHED,
    CONSUMER_REQUESTED,
    CONSUMER_FULFILLED,
    CONSUMER_FAILED,
    CONSUMER_CANCELLED,
    CONSUMER_NONE                      /* there is no such order */
} consumer_state_e;

typedef struct {
    consumer_state_e  state;
    char              owner[80];       /* of the lease; "": none */
    int64_t           lease_until;     /* on the fake clock */
    int64_t           next;            /* next_attempt_at */
    char              error[400];      /* last_error */
    int64_t           failed_ms;       /* Unix */
    as_trace_t        trace;
    bool              gone;            /* its product was deleted */
    bool              newer;           /* its product has another open order */
} consumer_order_t;

typedef struct {
    worker_fixture_t  w;
    as_consumer_t    *consumer;
    consumer_order_t  orders[CONSUMER_ORDERS];
    unsigned          jobs[AS_LEASE_FAIL + 1];   /* by kind */
    unsigned          opens;
    unsigned          reopens;
    const char       *api;             /* factory.API */
    int64_t           age_ms;          /* of the orders */
    bool              surplus;         /* the product's stock is high */

    /* the results of the next jobs with a lease of this kind */
    as_lease_kind_e   fail_kind;
    unsigned          fails;
    as_db_status_e    fail_status;
    bool              fail_after;      /* done, but its result is lost */

    as_order_open_e   open_outcome;
    as_reopen_e       reopen_outcome;
    as_order_open_t   opened;          /* the last one */

    unsigned          stopped;
    unsigned          messages;
    char              answers[64][4096];
    size_t            nanswers;
} consumer_fixture_t;

/* The parts of a message; zero: the usual ones. */
typedef struct {
    size_t       order;
    unsigned     receives;             /* 0: 1 */
    const char  *body;                 /* NULL: of the order */
    const char  *dead_source;          /* DeadLetterQueueSourceArn */
    int64_t      sent_ms;
    const char  *group;
} consumer_message_t;


int consumer_setup(void **state);
int consumer_teardown(void **state);

/* The next receive returns this message.  Its receipt handle is "r" and its
 * number, from 0. */
void consumer_deliver(consumer_fixture_t *t, const consumer_message_t *message);

/* The usual message of an order, for the n-th time. */
void consumer_deliver_order(consumer_fixture_t *t, size_t order,
    unsigned receives);

/* The next calls of an operation succeed; each has one entry. */
void consumer_done(consumer_fixture_t *t, const char *operation);

/* The factory's response to the next call. */
fake_answer_t *consumer_factory(consumer_fixture_t *t, int status);

/* The result of the next jobs of this kind. */
void consumer_fails(consumer_fixture_t *t, as_lease_kind_e kind,
    unsigned times, as_db_status_e status, bool after);

/* How many calls of an operation were sent, the factory's included. */
size_t consumer_calls(const consumer_fixture_t *t, const char *operation);

/* The visibility timeout, in seconds, of the n-th message that was given back;
 * -1: there is none. */
int consumer_hidden_s(consumer_fixture_t *t, size_t n);

void consumer_stopped(void *data);

/* For the message of a failure. */
const char *consumer_state_name(consumer_state_e state);


#endif /* CONSUMER_FIXTURE_H */
