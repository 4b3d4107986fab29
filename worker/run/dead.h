/*
 * A dead letter, as it was received from the dead-letter queue.
 */

#ifndef AS_DEAD_H
#define AS_DEAD_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "run/delivery.h"


typedef struct {
    as_delivery_t  *delivery;          /* without the worker's attributes;
                                          NULL: forgotten */
    char           *receipt;           /* of a forgotten one */
    char           *reason;            /* NULL: moved by SQS itself */
    char           *status;
    char           *attempts;
    char           *worker;
    int64_t         sent_ms;
    char           *sku;               /* set by the owner; NULL: not known */
    bool            gone;              /* deleted: must not be given back */
} as_dead_t;


/* Copies the message.  0, or -1 where memory is out. */
int as_dead_read(as_dead_t *dead, const as_sqs_message_t *message);
void as_dead_free(as_dead_t *dead);

/* Frees all but the receipt, which gives the message back. */
void as_dead_forget(as_dead_t *dead);

/* The id of its order as text, or NULL. */
const char *as_dead_order(const as_dead_t *dead,
    char text[AS_UUID_TEXT_LEN + 1]);

/* The message as JSON, with its body or without; json_decref(). */
json_t *as_dead_record(const as_dead_t *dead, bool body);


#endif /* AS_DEAD_H */
