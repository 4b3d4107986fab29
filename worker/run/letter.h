/*
 * A letter: one message of the queue in hand, with its order.
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

/* Our attributes of a dead letter. */
#define AS_DEAD_REASON    "AutostockReason"
#define AS_DEAD_STATUS    "AutostockStatus"
#define AS_DEAD_ATTEMPTS  "AutostockAttempts"
#define AS_DEAD_WORKER    "AutostockWorker"


typedef struct as_letter_s    as_letter_t;
typedef struct as_consumer_s  as_consumer_t;

typedef TAILQ_HEAD(as_letters_s, as_letter_s)  as_letters_t;

typedef enum {
    AS_LETTER_DESK = 0,                /* waits for the database */
    AS_LETTER_DESKING,                 /* is there */
    AS_LETTER_FACTORY,                 /* waits for the factory, or calls */
    AS_LETTER_TRAY                     /* leaves us: deleted, given back, or
                                          moved to the dead letters */
} as_letter_stage_e;

/* A letter in a list of the tray's: on its way out, or to be kept. */
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
    TAILQ_ENTRY(as_letter_s) all;      /* in hand, the oldest first */
    TAILQ_ENTRY(as_letter_s) link;     /* in the list of its stage */
    as_letter_stage_e        stage;

    char                    *id;
    char                    *receipt;
    char                    *body;
    char                    *group_id;
    as_letter_attribute_t    attributes[AS_LETTER_ATTRIBUTES];
    size_t                   nattributes;
    unsigned                 receive_count;
    int64_t                  sent_ms;  /* to the queue, unix; 0: not known */
    bool                     was_dead; /* redriven from the dead letters */
    bool                     bare;     /* as a dead letter: without our notes,
                                          which were refused */
    bool                     stays;    /* could not be moved there: SQS's own
                                          redrive policy may */
    as_message_t             message;

    int64_t                  received_at;    /* as as_loop_now() */
    int64_t                  visible_at;     /* then others can have it */
    bool                     extending;      /* that is under way */

    bool                     opens;    /* has no order yet */
    as_order_open_t          open;
    bool                     reopens;  /* its order failed, and somebody put
                                          the letter back */
    as_order_reopen_t        reopen;
    as_lease_t               lease;    /* lease.id is the order's */
    int64_t                  leased_at;
    int64_t                  lease_end;
    bool                     calling;
    as_factory_call_t        call;

    char                     error[AS_LETTER_ERROR_LEN + 1];
    int                      status;         /* the factory's */
    int64_t                  again_ms;       /* visibility on leaving */
    unsigned                 tries;          /* of leaving */
    as_tray_item_t           leaves;         /* the tray's: no memory is needed
                                                to let a letter go */
    as_tray_item_t           extends;
};


/* A copy of the message.  NULL where memory is out. */
as_letter_t *as_letter_create(as_consumer_t *consumer,
    const as_sqs_message_t *message);
void as_letter_destroy(as_letter_t *letter);

/* Tells orders apart, the same for each letter of one. */
uint64_t as_letter_key(const as_letter_t *letter);

/* The id of the order this letter opens: always the same for one message. */
int as_letter_order_id(const as_letter_t *letter, uint8_t id[AS_UUID_LEN]);


#endif /* AS_LETTER_H */
