#include <stdlib.h>
#include <string.h>

#include "aws/policy.h"


#define AS_POLICY_SID  "autostock-topic-to-queue"


static json_t *
as_policy_statement(const char *queue_arn, const char *topic_arn)
{
    return json_pack("{s:s, s:s, s:{s:s}, s:s, s:s, s:{s:{s:s}}}",
                     "Sid", AS_POLICY_SID, "Effect", "Allow",
                     "Principal", "Service", "sns.amazonaws.com",
                     "Action", "sqs:SendMessage", "Resource", queue_arn,
                     "Condition", "ArnEquals", "aws:SourceArn", topic_arn);
}


/* The statements of a list without older ones of the worker. */
static json_t *
as_policy_others(json_t *list)
{
    size_t       i;
    json_t      *others, *entry;
    const char  *sid;

    others = json_array();

    if (json_is_object(list)) {
        (void) json_array_append(others, list);
        return others;
    }

    for (i = 0; i < json_array_size(list); i++) {
        entry = json_array_get(list, i);
        sid = json_string_value(json_object_get(entry, "Sid"));

        if (sid == NULL || strcmp(sid, AS_POLICY_SID) != 0) {
            (void) json_array_append(others, entry);
        }
    }

    return others;
}


char *
as_policy_add(const char *policy, const char *queue_arn,
    const char *topic_arn)
{
    char    *text;
    json_t  *root, *others;

    root = policy != NULL && *policy != '\0'
           ? json_loads(policy, 0, NULL)
           : json_pack("{s:s}", "Version", "2012-10-17");

    if (!json_is_object(root)) {
        json_decref(root);
        return NULL;
    }

    others = as_policy_others(json_object_get(root, "Statement"));
    text = NULL;

    if (json_array_append_new(others, as_policy_statement(queue_arn,
                                                          topic_arn)) == 0
        && json_object_set(root, "Statement", others) == 0)
    {
        text = json_dumps(root, JSON_COMPACT);
    }

    json_decref(others);
    json_decref(root);

    return text;
}


bool
as_policy_redrive(const char *policy, const char *dlq_arn,
    unsigned *max_receive)
{
    bool           ok;
    json_t        *root;
    const char    *arn, *text;
    const json_t  *count;

    *max_receive = 0;
    root = policy ? json_loads(policy, 0, NULL) : NULL;
    arn = json_string_value(json_object_get(root, "deadLetterTargetArn"));
    count = json_object_get(root, "maxReceiveCount");
    text = json_string_value(count);
    ok = arn != NULL && strcmp(arn, dlq_arn) == 0;

    if (ok) {
        *max_receive = text ? (unsigned) strtoul(text, NULL, 10)
                            : (unsigned) json_integer_value(count);
    }

    json_decref(root);

    return ok;
}


char *
as_policy_redrive_new(const char *dlq_arn, unsigned max_receive)
{
    char    *text;
    json_t  *root;

    root = json_pack("{s:s, s:i}", "deadLetterTargetArn", dlq_arn,
                     "maxReceiveCount", (int) max_receive);
    text = root ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);

    return text;
}


json_t *
as_policy_iam(const char *topic_arn, const char *queue_arn,
    const char *dlq_arn)
{
    return json_pack("{s:s, s:[{s:s, s:s, s:[s], s:s},"
                     " {s:s, s:s, s:[sssss], s:[ss]},"
                     " {s:s, s:s, s:[sssssss], s:s},"
                     " {s:s, s:s, s:[sss], s:[ss]}]}",
                     "Version", "2012-10-17", "Statement",
                     "Sid", "AutostockPublish", "Effect", "Allow",
                     "Action", "sns:Publish", "Resource", topic_arn,
                     "Sid", "AutostockQueues", "Effect", "Allow", "Action",
                     "sqs:ReceiveMessage", "sqs:DeleteMessage",
                     "sqs:ChangeMessageVisibility", "sqs:SendMessage",
                     "sqs:GetQueueAttributes",
                     "Resource", queue_arn, dlq_arn,
                     "Sid", "AutostockProvisionTopic", "Effect", "Allow",
                     "Action", "sns:CreateTopic", "sns:GetTopicAttributes",
                     "sns:SetTopicAttributes", "sns:Subscribe",
                     "sns:ListSubscriptionsByTopic",
                     "sns:GetSubscriptionAttributes",
                     "sns:SetSubscriptionAttributes", "Resource", topic_arn,
                     "Sid", "AutostockProvisionQueues", "Effect", "Allow",
                     "Action", "sqs:CreateQueue", "sqs:GetQueueUrl",
                     "sqs:SetQueueAttributes", "Resource", queue_arn,
                     dlq_arn);
}
