/*
 * What a message of the queue says: an SNS envelope, a raw delivery (its
 * attributes are the message's own), or plain JSON put there by hand.
 */

#ifndef AS_MESSAGE_H
#define AS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "as_uuid.h"


typedef struct {
    bool         has_order;
    uint8_t      order_id[AS_UUID_LEN];
    char        *product;              /* UUID or SKU; NULL: not said */
    char        *requester;            /* NULL: not said */
    int          quantity;             /* 1 to 1,000,000; 0: not said */
    const char  *poison;               /* why nothing can come of it, or
                                          NULL; a fixed text */
} as_message_t;

/* An attribute of the message by name: NULL where it is not there, "" where
 * it is no text. */
typedef const char *(*as_message_attribute_pt)(void *data, const char *name);


/* Never fails but by poison; as_message_free() afterwards. */
void as_message_parse(as_message_t *message, const char *body, size_t len,
    as_message_attribute_pt attribute, void *data);
void as_message_free(as_message_t *message);


#endif /* AS_MESSAGE_H */
