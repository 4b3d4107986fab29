/*
 * A delivery: a message of the queue that this worker has received and not yet
 * removed, with its order.
 */

#ifndef AS_DELIVERY_H
#define AS_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "run/factory.h"
#include "db/lease.h"
#include "run/message.h"
#include "aws/sqs.h"


#define AS_DELIVERY_ERROR_LEN   300
#define AS_DELIVERY_ATTRIBUTES  10

/* Attributes that the worker adds to a dead letter. */
#define AS_DEAD_REASON    "AutostockReason"
#define AS_DEAD_STATUS    "AutostockStatus"
#define AS_DEAD_ATTEMPTS  "AutostockAttempts"
#define AS_DEAD_WORKER    "AutostockWorker"


typedef struct as_delivery_s  as_delivery_t;
typedef struct as_consumer_s  as_consumer_t;

typedef TAILQ_HEAD(as_deliveries_s, as_delivery_s)  as_deliveries_t;

typedef enum {
    AS_DELIVERY_DB = 0,                /* waits for its database job */
    AS_DELIVERY_IN_DB,                 /* in a database job */
    AS_DELIVERY_FACTORY,               /* waits for the factory, or is in a
                                          call */
    AS_DELIVERY_ACKS                   /* to be removed: deleted, given back, or
                                          moved to the dead-letter queue */
} as_delivery_stage_e;

/* An entry of a queue of acks.h: a message to remove, or to extend. */
typedef struct as_acks_item_s  as_acks_item_t;

struct as_acks_item_s {
    TAILQ_ENTRY(as_acks_item_s)   link;
    as_delivery_t                *delivery;
};

typedef struct {
    char  *name;
    char  *type;
    char  *value;
} as_delivery_attribute_t;

struct as_delivery_s {
    as_consumer_t               *consumer;
    TAILQ_ENTRY(as_delivery_s)   all;  /* all in hand, the oldest first */
    TAILQ_ENTRY(as_delivery_s)   link; /* list of its stage */
    as_delivery_stage_e          stage;

    char                        *id;
    char                        *receipt;
    char                        *body;
    char                        *group_id;
    as_delivery_attribute_t      attributes[AS_DELIVERY_ATTRIBUTES];
    size_t                       nattributes;
    unsigned                     receive_count;
    int64_t                      sent_ms;        /* to the queue, Unix; 0: not
                                                    known */
    bool                         was_dead;       /* came back from the
                                                    dead-letter queue */
    bool                         bare;           /* moved there without the
                                                    worker's attributes, which
                                                    SQS refused */
    bool                         stays;          /* could not be moved there:
                                                    left to the redrive policy
                                                    of SQS */
    as_message_t                 message;
    as_trace_t                   trace;          /* of its order, as far as it
                                                    is known */
    as_trace_t                   span;           /* of its processing */
    int64_t                      began_ms;       /* Unix */

    int64_t                      received_at;    /* as as_loop_now() */
    int64_t                      visible_at;     /* end of its visibility
                                                    time-out */
    bool                         extending;      /* an extension is in flight */

    bool                         opens;          /* has no order yet: opens
                                                    one */
    as_order_open_t              open;
    bool                         reopens;        /* its order failed, and an
                                                    operator redrove the
                                                    message */
    as_order_reopen_t            reopen;
    as_lease_t                   lease;          /* lease.id is the order's */
    int64_t                      leased_at;
    int64_t                      lease_end;
    bool                         calling;
    as_factory_call_t            call;

    char                         error[AS_DELIVERY_ERROR_LEN + 1];
    int                          status;         /* the factory's HTTP status */
    int64_t                      again_ms;       /* visibility when given
                                                    back */
    unsigned                     tries;          /* attempts to remove it */
    as_acks_item_t               removal;        /* embedded, so that a removal
                                                    needs no allocation */
    as_acks_item_t               extension;
};


/* Copies the message.  consumer is NULL for a dead letter that is only read.
 * NULL where memory is out. */
as_delivery_t *as_delivery_create(as_consumer_t *consumer,
    const as_sqs_message_t *message);
void as_delivery_destroy(as_delivery_t *delivery);

/* Sets the trace of its order, in which its processing becomes a span. */
void as_delivery_trace(as_delivery_t *delivery, const as_trace_t *trace,
    as_uuid_gen_t *gen);

/* Identifies the order: equal for all messages of one order. */
uint64_t as_delivery_key(const as_delivery_t *delivery);

/*
 * The id of the order that this message opens: a function of the message's id.
 * 0 or -1.
 */
int as_delivery_order_id(const as_delivery_t *delivery,
    uint8_t id[AS_UUID_LEN]);


#endif /* AS_DELIVERY_H */
