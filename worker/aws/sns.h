/*
 * Amazon SNS, query protocol (Amazon SNS API Reference, version 2010-03-31).
 * For handles, errors and callbacks see sqs.h.
 */

#ifndef AS_SNS_H
#define AS_SNS_H

#include <stdbool.h>
#include <stddef.h>

#include "aws/aws.h"
#include "aws/sqs.h"


#define AS_SNS_BATCH_MAX  10


typedef struct {
    const char  *name;                 /* of DataType String */
    const char  *value;                /* not empty, as SNS requires */
} as_sns_attribute_t;

typedef struct {
    const char                *subject;     /* NULL: none; up to 100 chars */
    const char                *message;     /* UTF-8, not empty */
    const char                *group_id;    /* FIFO; NULL: none */
    const char                *dedup_id;    /* FIFO; NULL: none */
    const as_sns_attribute_t  *attributes;
    size_t                     nattributes; /* up to 16 */
} as_sns_publish_t;


/* n of 1 to 10, at most 256 KB in total; results[i] for entries[i], with
 * message_id. */
as_aws_call_t *as_sns_publish_batch(as_aws_t *aws, const char *topic_arn,
    const as_sns_publish_t *entries, size_t n, as_sqs_batch_done_pt done,
    void *data);

/* text is the topic's ARN, also where the topic exists already.  A name ending
 * in ".fifo" creates a FIFO topic. */
as_aws_call_t *as_sns_create_topic(as_aws_t *aws, const char *name,
    as_sqs_text_done_pt done, void *data);

as_aws_call_t *as_sns_topic_attributes(as_aws_t *aws, const char *topic_arn,
    as_sqs_pairs_done_pt done, void *data);

/* Protocol sqs; text is the subscription's ARN. */
as_aws_call_t *as_sns_subscribe(as_aws_t *aws, const char *topic_arn,
    const char *queue_arn, bool raw, as_sqs_text_done_pt done, void *data);

as_aws_call_t *as_sns_subscription_attributes(as_aws_t *aws,
    const char *subscription_arn, as_sqs_pairs_done_pt done, void *data);
as_aws_call_t *as_sns_set_subscription_attribute(as_aws_t *aws,
    const char *subscription_arn, const char *name, const char *value,
    as_sqs_text_done_pt done, void *data);


typedef struct {
    const char  *arn;                  /* or "PendingConfirmation" */
    const char  *protocol;
    const char  *endpoint;
} as_sns_subscription_t;

/* One page of up to 100; next is NULL on the last one. */
typedef void (*as_sns_subscriptions_done_pt)(void *data,
    const as_aws_error_t *err, const as_sns_subscription_t *list, size_t n,
    const char *next);

as_aws_call_t *as_sns_subscriptions(as_aws_t *aws, const char *topic_arn,
    const char *next, as_sns_subscriptions_done_pt done, void *data);


#endif /* AS_SNS_H */
