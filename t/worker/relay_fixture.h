/*
 * A relay over an outbox of the test (instead of db/outbox.c), fake HTTP and
 * fake database threads.  Time passes only on the fake clock.
 */

#ifndef RELAY_FIXTURE_H
#define RELAY_FIXTURE_H

#include "db/outbox.h"
#include "run/relay.h"
#include "worker_fixture.h"


#define RELAY_ORDERS  200
#define RELAY_CALL    "Action=PublishBatch"


/* The calls of the outbox. */
typedef enum {
    RELAY_WATCH = 0,
    RELAY_CLAIM,
    RELAY_UNCLAIM,
    RELAY_MARK,
    RELAY_OPS
} relay_op_e;

typedef enum {
    RELAY_PENDING = 0,
    RELAY_PUBLISHED,
    RELAY_FAILED
} relay_state_e;

typedef struct {
    relay_state_e   state;
    int64_t         due;               /* on the fake clock */
    char            owner[80];         /* of the lease; "": none */
    char            message_id[101];
    char            error[201];
    bool            fresh;
    int64_t         pause_ms;          /* what a claim of it says */
    as_trace_t      trace;
    unsigned        published;         /* how often it was marked so */
} relay_order_t;

/* The results of the next calls of an operation. */
typedef struct {
    unsigned        times;             /* 0: they succeed */
    as_db_status_e  status;
    bool            after;             /* it took effect, but its result is
                                          lost */
    unsigned        calls;             /* all of them so far */
} relay_op_t;

typedef struct {
    worker_fixture_t   w;
    as_relay_t        *relay;
    relay_order_t      orders[RELAY_ORDERS];
    size_t             norders;
    relay_op_t         ops[RELAY_OPS];
    unsigned           stopped;
    char               answers[64][2048];
    size_t             nanswers;
} relay_fixture_t;


int relay_setup(void **state);
int relay_teardown(void **state);

/* Opens n pending orders that are due. */
void relay_open(relay_fixture_t *t, size_t n);

/* The result of the next calls of this operation. */
void relay_fails(relay_fixture_t *t, relay_op_e op, unsigned times,
    as_db_status_e status, bool after);

/*
 * SNS's response to the next call, a character for each entry: 'o' published,
 * 'p' refused permanently, 'r' not published, '-' missing.
 */
void relay_answer(relay_fixture_t *t, const char *entries);

/* How many orders have this state. */
size_t relay_count(const relay_fixture_t *t, relay_state_e state);

/* How many PublishBatch calls were sent. */
size_t relay_calls(const relay_fixture_t *t);

/* Counts the calls; data is the fixture. */
void relay_stopped(void *data);


#endif /* RELAY_FIXTURE_H */
