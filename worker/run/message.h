/*
 * Parses a message of the queue: an SNS envelope, a raw delivery (the fields
 * are the message's attributes), or plain JSON.
 */

#ifndef AS_MESSAGE_H
#define AS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "as_trace.h"
#include "as_uuid.h"


/* the attribute with the trace */
#define AS_MESSAGE_TRACE  "traceparent"


typedef struct {
    bool         has_order;
    uint8_t      order_id[AS_UUID_LEN];
    char        *product;              /* UUID or SKU; NULL: absent */
    char        *requester;            /* NULL: absent */
    int          quantity;             /* 1 to 1,000,000; 0: absent */
    as_trace_t   trace;                /* of its publication, or none */
    const char  *poison;               /* why the message can never succeed, or
                                          NULL; a constant text */
    bool         failed;               /* no memory: nothing else counts */
} as_message_t;

/* An attribute of the message by its name: NULL where absent, "" where it is
 * not a text. */
typedef const char *(*as_message_attribute_pt)(void *data, const char *name);


/*
 * An unusable message has poison set; failed, where memory ended.  Call
 * as_message_free() afterwards.
 */
void as_message_parse(as_message_t *message, const char *body, size_t len,
    as_message_attribute_pt attribute, void *data);
void as_message_free(as_message_t *message);


#endif /* AS_MESSAGE_H */
