/*
 * ReceiveMessage's answer, message by message, where it cannot be read as a
 * whole: one that is cut, or one character that is no UTF-8, must not cost
 * the other messages a receive.  For sqs_answer.c.
 */

#ifndef AS_SQS_PARTS_H
#define AS_SQS_PARTS_H

#include <stddef.h>

#include <jansson.h>

#include "aws/sqs.h"


typedef struct {
    json_t  *all[AS_SQS_BATCH_MAX];    /* those that can be read */
    size_t   n;
    size_t   bad;                      /* those that cannot */
} as_sqs_parts_t;


/* How many messages there are; 0 where the answer is no list of them.
 * as_sqs_parts_free() afterwards. */
size_t as_sqs_parts_read(as_sqs_parts_t *parts, const char *body,
    size_t len);
void as_sqs_parts_free(as_sqs_parts_t *parts);


#endif /* AS_SQS_PARTS_H */
