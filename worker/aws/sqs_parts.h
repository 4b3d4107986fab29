/*
 * Parses ReceiveMessage's answer message by message, where it is invalid as a
 * whole.  A truncated message, or one that is not UTF-8, must not cost the
 * other messages a receive.  For sqs_answer.c.
 */

#ifndef AS_SQS_PARTS_H
#define AS_SQS_PARTS_H

#include <stddef.h>

#include <jansson.h>

#include "aws/sqs.h"


typedef struct {
    json_t  *all[AS_SQS_BATCH_MAX];    /* valid messages */
    size_t   n;
    size_t   bad;                      /* number of invalid messages */
} as_sqs_parts_t;


/* Returns the number of messages; 0 where the answer is not a list of them.
 * Call as_sqs_parts_free() afterwards. */
size_t as_sqs_parts_read(as_sqs_parts_t *parts, const char *body,
    size_t len);
void as_sqs_parts_free(as_sqs_parts_t *parts);


#endif /* AS_SQS_PARTS_H */
