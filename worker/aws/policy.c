#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/policy.h"


#define AS_POLICY_SID  "autostock-topic-to-queue"


/* Whether a value, or one of an array of values, is text; "*" is all. */
static bool
as_policy_has(const json_t *value, const char *text)
{
    size_t       i;
    const char  *s;

    if (json_is_array(value)) {
        for (i = 0; i < json_array_size(value); i++) {
            if (as_policy_has(json_array_get(value, i), text)) {
                return true;
            }
        }

        return false;
    }

    s = json_string_value(value);

    return s != NULL && (strcmp(s, text) == 0 || strcmp(s, "*") == 0);
}


static bool
as_policy_action(const json_t *action)
{
    size_t       i;
    const char  *s;

    if (json_is_array(action)) {
        for (i = 0; i < json_array_size(action); i++) {
            if (as_policy_action(json_array_get(action, i))) {
                return true;
            }
        }

        return false;
    }

    s = json_string_value(action);

    /* Actions are compared without case (IAM User Guide). */
    return s != NULL && (strcasecmp(s, "sqs:SendMessage") == 0
                         || strcasecmp(s, "sqs:*") == 0
                         || strcmp(s, "*") == 0);
}


/* ArnEquals, ArnLike, StringEquals, StringLike: a key's name has no case. */
static bool
as_policy_condition(json_t *condition, const char *topic_arn)
{
    void        *op, *key;
    json_t      *keys;
    const char  *name;

    for (op = json_object_iter(condition);
         op != NULL;
         op = json_object_iter_next(condition, op))
    {
        name = json_object_iter_key(op);

        if (strcmp(name, "ArnEquals") != 0 && strcmp(name, "ArnLike") != 0
            && strcmp(name, "StringEquals") != 0
            && strcmp(name, "StringLike") != 0)
        {
            return false;
        }

        keys = json_object_iter_value(op);

        for (key = json_object_iter(keys);
             key != NULL;
             key = json_object_iter_next(keys, key))
        {
            if (strcasecmp(json_object_iter_key(key), "aws:SourceArn") != 0
                || !as_policy_has(json_object_iter_value(key), topic_arn))
            {
                return false;
            }
        }
    }

    return json_object_size(condition) > 0;
}


static bool
as_policy_statement_allows(const json_t *statement, const char *queue_arn,
    const char *topic_arn)
{
    const char    *effect;
    const json_t  *principal;

    effect = json_string_value(json_object_get(statement, "Effect"));
    principal = json_object_get(statement, "Principal");

    if (effect == NULL || strcmp(effect, "Allow") != 0
        || !as_policy_action(json_object_get(statement, "Action"))
        || !as_policy_has(json_object_get(statement, "Resource"), queue_arn)
        || !as_policy_condition(json_object_get(statement, "Condition"),
                                topic_arn))
    {
        return false;
    }

    return as_policy_has(principal, "*")
           || as_policy_has(json_object_get(principal, "Service"),
                            "sns.amazonaws.com")
           || as_policy_has(json_object_get(principal, "AWS"), "*");
}


bool
as_policy_allows(const char *policy, const char *queue_arn,
    const char *topic_arn)
{
    bool           found;
    size_t         i;
    json_t        *root;
    const json_t  *list;

    root = policy ? json_loads(policy, 0, NULL) : NULL;
    list = json_object_get(root, "Statement");
    found = json_is_object(list)
            && as_policy_statement_allows(list, queue_arn, topic_arn);

    for (i = 0; !found && i < json_array_size(list); i++) {
        found = as_policy_statement_allows(json_array_get(list, i),
                                           queue_arn, topic_arn);
    }

    json_decref(root);

    return found;
}


static json_t *
as_policy_statement(const char *queue_arn, const char *topic_arn)
{
    return json_pack("{s:s, s:s, s:{s:s}, s:s, s:s, s:{s:{s:s}}}",
                     "Sid", AS_POLICY_SID, "Effect", "Allow",
                     "Principal", "Service", "sns.amazonaws.com",
                     "Action", "sqs:SendMessage", "Resource", queue_arn,
                     "Condition", "ArnEquals", "aws:SourceArn", topic_arn);
}


/* A list of statements of which none is an older one of ours. */
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
