/*
 * The requests to SNS, as forms. sns_answer.c parses the answers.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "aws/sns_answer.h"
#include "aws/sqs_op.h"


#define AS_SNS_ANSWER_MAX  (256 * 1024)


/* Appends "&NAME=value"; prefix may be empty. */
static void
as_sns_put(as_text_t *t, const char *prefix, const char *name,
    const char *value)
{
    if (value == NULL) {
        return;
    }

    as_text_put(t, "&");
    as_text_put(t, prefix);
    as_text_put(t, name);
    as_text_put(t, "=");
    as_text_percent(t, value, strlen(value), "");
}


static void
as_sns_begin(as_text_t *t, const char *action, const char *topic_arn)
{
    as_text_printf(t, "Action=%s&Version=2010-03-31", action);
    as_sns_put(t, "", "TopicArn", topic_arn);
}


static as_aws_call_t *
as_sns_send(as_aws_t *aws, as_text_t *body, const as_sqs_op_t *op,
    as_aws_done_pt read)
{
    return as_sqs_op_send(aws, NULL, body, op, AS_SNS_ANSWER_MAX, 0, read);
}


static void
as_sns_entry(as_text_t *t, const char *prefix, const as_sns_publish_t *entry)
{
    char                       name[128];
    size_t                     i;
    const as_sns_attribute_t  *a;

    as_sns_put(t, prefix, "Message", entry->message);
    as_sns_put(t, prefix, "Subject", entry->subject);
    as_sns_put(t, prefix, "MessageGroupId", entry->group_id);
    as_sns_put(t, prefix, "MessageDeduplicationId", entry->dedup_id);

    for (i = 0; i < entry->nattributes; i++) {
        a = &entry->attributes[i];
        (void) snprintf(name, sizeof(name), "%sMessageAttributes.entry.%zu.",
                        prefix, i + 1);
        as_sns_put(t, name, "Name", a->name);
        as_sns_put(t, name, "Value.DataType", "String");
        as_sns_put(t, name, "Value.StringValue", a->value);
    }
}


as_aws_call_t *
as_sns_publish_batch(as_aws_t *aws, const char *topic_arn,
    const as_sns_publish_t *entries, size_t n, as_sqs_batch_done_pt done,
    void *data)
{
    char         prefix[64], id[8];
    size_t       i;
    as_text_t    body = AS_TEXT_EMPTY;
    as_sqs_op_t  op = { { .batch = done }, data, NULL, n };

    if (n < 1 || n > AS_SNS_BATCH_MAX) {
        errno = EINVAL;
        return NULL;
    }

    as_sns_begin(&body, "PublishBatch", topic_arn);

    for (i = 0; i < n; i++) {
        (void) snprintf(prefix, sizeof(prefix),
                        "PublishBatchRequestEntries.member.%zu.", i + 1);
        (void) snprintf(id, sizeof(id), "%zu", i);
        as_sns_put(&body, prefix, "Id", id);
        as_sns_entry(&body, prefix, &entries[i]);
    }

    return as_sns_send(aws, &body, &op, as_sns_answer_batch);
}


as_aws_call_t *
as_sns_create_topic(as_aws_t *aws, const char *name,
    as_sqs_text_done_pt done, void *data)
{
    as_text_t    body = AS_TEXT_EMPTY;
    as_sqs_op_t  op = { { .text = done }, data,
                        "CreateTopicResult/TopicArn", 0 };

    as_sns_begin(&body, "CreateTopic", NULL);
    as_sns_put(&body, "", "Name", name);

    if (as_aws_is_fifo(name)) {
        as_sns_put(&body, "Attributes.entry.1.", "key", "FifoTopic");
        as_sns_put(&body, "Attributes.entry.1.", "value", "true");
    }

    return as_sns_send(aws, &body, &op, as_sns_answer_text);
}


as_aws_call_t *
as_sns_topic_attributes(as_aws_t *aws, const char *topic_arn,
    as_sqs_pairs_done_pt done, void *data)
{
    as_text_t    body = AS_TEXT_EMPTY;
    as_sqs_op_t  op = { { .pairs = done }, data, NULL, 0 };

    as_sns_begin(&body, "GetTopicAttributes", topic_arn);

    return as_sns_send(aws, &body, &op, as_sns_answer_pairs);
}


as_aws_call_t *
as_sns_subscribe(as_aws_t *aws, const char *topic_arn,
    const char *queue_arn, bool raw, as_sqs_text_done_pt done, void *data)
{
    as_text_t    body = AS_TEXT_EMPTY;
    as_sqs_op_t  op = { { .text = done }, data,
                        "SubscribeResult/SubscriptionArn", 0 };

    as_sns_begin(&body, "Subscribe", topic_arn);
    as_sns_put(&body, "", "Protocol", "sqs");
    as_sns_put(&body, "", "Endpoint", queue_arn);
    as_sns_put(&body, "", "ReturnSubscriptionArn", "true");

    if (raw) {
        as_sns_put(&body, "Attributes.entry.1.", "key",
                   "RawMessageDelivery");
        as_sns_put(&body, "Attributes.entry.1.", "value", "true");
    }

    return as_sns_send(aws, &body, &op, as_sns_answer_text);
}


as_aws_call_t *
as_sns_subscription_attributes(as_aws_t *aws, const char *subscription_arn,
    as_sqs_pairs_done_pt done, void *data)
{
    as_text_t    body = AS_TEXT_EMPTY;
    as_sqs_op_t  op = { { .pairs = done }, data, NULL, 0 };

    as_sns_begin(&body, "GetSubscriptionAttributes", NULL);
    as_sns_put(&body, "", "SubscriptionArn", subscription_arn);

    return as_sns_send(aws, &body, &op, as_sns_answer_pairs);
}


as_aws_call_t *
as_sns_set_subscription_attribute(as_aws_t *aws,
    const char *subscription_arn, const char *name, const char *value,
    as_sqs_text_done_pt done, void *data)
{
    as_text_t    body = AS_TEXT_EMPTY;
    as_sqs_op_t  op = { { .text = done }, data, NULL, 0 };

    as_sns_begin(&body, "SetSubscriptionAttributes", NULL);
    as_sns_put(&body, "", "SubscriptionArn", subscription_arn);
    as_sns_put(&body, "", "AttributeName", name);
    as_sns_put(&body, "", "AttributeValue", value);

    return as_sns_send(aws, &body, &op, as_sns_answer_text);
}


as_aws_call_t *
as_sns_subscriptions(as_aws_t *aws, const char *topic_arn, const char *next,
    as_sns_subscriptions_done_pt done, void *data)
{
    as_text_t    body = AS_TEXT_EMPTY;
    as_sqs_op_t  op = { { .subscriptions = done }, data, NULL, 0 };

    as_sns_begin(&body, "ListSubscriptionsByTopic", topic_arn);
    as_sns_put(&body, "", "NextToken", next);

    return as_sns_send(aws, &body, &op, as_sns_answer_subscriptions);
}
