/*
 * A letter: a message of the queue that this worker has received and not yet
 * finished, with its order.
 */

#ifndef AS_LETTER_H
#define AS_LETTER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "run/factory.h"
#include "db/lease.h"
#include "run/message.h"
#include "aws/sqs.h"


#define AS_LETTER_ERROR_LEN   300
#define AS_LETTER_ATTRIBUTES  10

/* Attributes that the worker adds to a dead letter. */
#define AS_DEAD_REASON    "AutostockReason"
#define AS_DEAD_STATUS    "AutostockStatus"
#define AS_DEAD_ATTEMPTS  "AutostockAttempts"
#define AS_DEAD_WORKER    "AutostockWorker"


typedef struct as_letter_s    as_letter_t;
typedef struct as_consumer_s  as_consumer_t;

typedef TAILQ_HEAD(as_letters_s, as_letter_s)  as_letters_t;

typedef enum {
    AS_LETTER_DESK = 0,                /* waits for its database job */
    AS_LETTER_DESKING,                 /* in a database job */
    AS_LETTER_FACTORY,                 /* waits for the factory, or is in a
                                          call */
    AS_LETTER_TRAY                     /* leaves the worker: deleted, given
                                          back, or moved to the dead-letter
                                          queue */
} as_letter_stage_e;

/* An entry of a list of the tray (tray.h): a letter to remove, or to extend. */
typedef struct as_tray_item_s  as_tray_item_t;

struct as_tray_item_s {
    TAILQ_ENTRY(as_tray_item_s)  link;
    as_letter_t                 *letter;
};

typedef struct {
    char  *name;
    char  *type;
    char  *value;
} as_letter_attribute_t;

struct as_letter_s {
    as_consumer_t           *consumer;
    TAILQ_ENTRY(as_letter_s) all;      /* all in hand, the oldest first */
    TAILQ_ENTRY(as_letter_s) link;     /* list of its stage */
    as_letter_stage_e        stage;

    char                    *id;
    char                    *receipt;
    char                    *body;
    char                    *group_id;
    as_letter_attribute_t    attributes[AS_LETTER_ATTRIBUTES];
    size_t                   nattributes;
    unsigned                 receive_count;
    int64_t                  sent_ms;  /* to the queue, Unix; 0: not known */
    bool                     was_dead; /* came back from the dead-letter
                                          queue */
    bool                     bare;     /* moved there without our attributes,
                                          which were refused */
    bool                     stays;    /* could not be moved there: left to the
                                          redrive policy of SQS */
    as_message_t             message;

    int64_t                  received_at;    /* as as_loop_now() */
    int64_t                  visible_at;     /* end of its visibility
                                                time-out */
    bool                     extending;      /* an extension is in flight */

    bool                     opens;    /* has no order yet: opens one */
    as_order_open_t          open;
    bool                     reopens;  /* its order failed, and an operator
                                          redrove the letter */
    as_order_reopen_t        reopen;
    as_lease_t               lease;    /* lease.id is the order's */
    int64_t                  leased_at;
    int64_t                  lease_end;
    bool                     calling;
    as_factory_call_t        call;

    char                     error[AS_LETTER_ERROR_LEN + 1];
    int                      status;         /* the factory's HTTP status */
    int64_t                  again_ms;       /* visibility when given back */
    unsigned                 tries;          /* attempts to remove it */
    as_tray_item_t           leaves;         /* embedded, so that a removal
                                                needs no allocation */
    as_tray_item_t           extends;
};


/* Copies the message.  NULL where memory is out. */
as_letter_t *as_letter_create(as_consumer_t *consumer,
    const as_sqs_message_t *message);
void as_letter_destroy(as_letter_t *letter);

/* Identifies the order: equal for all letters of one order. */
uint64_t as_letter_key(const as_letter_t *letter);

/*
 * The id of the order that this letter opens: a function of the message's id.
 * 0 or -1.
 */
int as_letter_order_id(const as_letter_t *letter, uint8_t id[AS_UUID_LEN]);


#endif /* AS_LETTER_H */
