/*
 * Evaluates a queue's policy for one request: SNS sends a message of the topic
 * to the queue (IAM User Guide, "Policy evaluation logic" and "IAM JSON policy
 * elements"; AWS global condition context keys).
 */

#include <stdio.h>
#include <string.h>

#include "aws/policy_judge_parts.h"


static as_is_e
as_policy_judge_action(as_judge_t *judge, const char *action)
{
    (void) judge;

    /* Actions are not case-sensitive. */
    return as_policy_judge_match_glob(action, strlen(action),
                                      "sqs:SendMessage", 15, true)
           ? AS_IS_YES : AS_IS_NO;
}


static as_is_e
as_policy_judge_resource(as_judge_t *judge, const char *resource)
{
    bool  whole;

    if (strstr(resource, "${") != NULL) {
        return as_policy_judge_unclear(judge, "a policy variable in Resource");
    }

    return as_policy_judge_match_arn(resource, judge->queue_arn, &whole)
           ? AS_IS_YES : AS_IS_NO;
}


static as_is_e
as_policy_judge_service(as_judge_t *judge, const char *service)
{
    size_t  len;

    if (strcmp(service, AS_POLICY_SERVICE) == 0 || strcmp(service, "*") == 0)
    {
        return AS_IS_YES;
    }

    /* a regional name applies where SNS delivers to another region */
    len = strlen(service);

    return strncmp(service, "sns.", 4) == 0 && len > 14
           && strncmp(service + len - 14, ".amazonaws.com", 14) == 0
           ? as_policy_judge_unclear(judge,
                                     "SNS's name of a region as Principal")
           : AS_IS_NO;
}


static as_is_e
as_policy_judge_everyone(as_judge_t *judge, const char *principal)
{
    (void) judge;

    return strcmp(principal, "*") == 0 ? AS_IS_YES : AS_IS_NO;
}


/* A value, or any value of an array. */
static as_is_e
as_policy_judge_any(as_judge_t *judge, const json_t *value,
    as_is_e (*one)(as_judge_t *judge, const char *value))
{
    size_t       i;
    as_is_e      is, found;
    const char  *text;

    if (!json_is_array(value)) {
        text = json_string_value(value);
        return text ? one(judge, text) : AS_IS_NO;
    }

    for (is = AS_IS_NO, i = 0; i < json_array_size(value); i++) {
        found = as_policy_judge_any(judge, json_array_get(value, i), one);
        is = found > is ? found : is;
    }

    return is;
}


static as_is_e
as_policy_judge_principal(as_judge_t *judge, const json_t *principal)
{
    as_is_e  service, everyone;

    if (!json_is_object(principal)) {
        return as_policy_judge_any(judge, principal, as_policy_judge_everyone);
    }

    service = as_policy_judge_any(judge, json_object_get(principal, "Service"),
                                  as_policy_judge_service);
    everyone = as_policy_judge_any(judge, json_object_get(principal, "AWS"),
                                   as_policy_judge_everyone);

    return service > everyone ? service : everyone;
}


/* Tests an element or its Not form. */
static as_is_e
as_policy_judge_element(as_judge_t *judge, const json_t *statement,
    const char *name, const char *not_name,
    as_is_e (*judge_one)(as_judge_t *judge, const json_t *value))
{
    const json_t  *value;

    value = json_object_get(statement, name);
    if (value != NULL) {
        return judge_one(judge, value);
    }

    value = json_object_get(statement, not_name);

    return value ? as_policy_judge_is_not(judge_one(judge, value)) : AS_IS_NO;
}


static as_is_e
as_policy_judge_actions(as_judge_t *judge, const json_t *value)
{
    return as_policy_judge_any(judge, value, as_policy_judge_action);
}


static as_is_e
as_policy_judge_resources(as_judge_t *judge, const json_t *value)
{
    return as_policy_judge_any(judge, value, as_policy_judge_resource);
}


/* Whether a statement applies to the request. */
static as_is_e
as_policy_judge_statement(as_judge_t *judge, const json_t *statement)
{
    size_t   i;
    as_is_e  is, parts[4];

    parts[0] = as_policy_judge_element(judge, statement, "Action", "NotAction",
                                       as_policy_judge_actions);
    parts[1] = as_policy_judge_element(judge, statement, "Resource",
                                       "NotResource",
                                       as_policy_judge_resources);
    parts[2] = as_policy_judge_element(judge, statement, "Principal",
                                       "NotPrincipal",
                                       as_policy_judge_principal);
    parts[3] = as_policy_judge_condition(judge, json_object_get(statement,
                                                                "Condition"));

    for (is = AS_IS_YES, i = 0; i < 4; i++) {
        is = parts[i] < is ? parts[i] : is;
    }

    return is;
}


/* The strongest statement of an effect; why names it. */
static as_is_e
as_policy_judge_effect(as_judge_t *judge, const json_t *list,
    const char *effect, char why[AS_POLICY_WHY_LEN])
{
    size_t         i, n;
    as_is_e        is, one;
    const char    *name, *sid;
    const json_t  *statement;

    is = AS_IS_NO;
    n = json_is_object(list) ? 1 : json_array_size(list);

    for (i = 0; i < n; i++) {
        statement = json_is_object(list) ? list : json_array_get(list, i);
        name = json_string_value(json_object_get(statement, "Effect"));

        if (name == NULL || strcmp(name, effect) != 0) {
            continue;
        }

        one = as_policy_judge_statement(judge, statement);
        sid = json_string_value(json_object_get(statement, "Sid"));

        if (one > is) {
            is = one;
            (void) snprintf(why, AS_POLICY_WHY_LEN, "%s statement %zu%s%.60s"
                            "%s%.80s", effect, i + 1, sid ? ", " : "",
                            sid ? sid : "", one == AS_IS_UNCLEAR
                            ? ": not supported here: " : "",
                            one == AS_IS_UNCLEAR ? judge->unclear : "");
        }
    }

    return is;
}


static void
as_policy_judge_init(as_judge_t *judge, const char *queue_arn,
    const char *topic_arn)
{
    int          i;
    const char  *p;

    memset(judge, 0, sizeof(*judge));
    judge->queue_arn = queue_arn;
    judge->topic_arn = topic_arn;

    for (p = topic_arn, i = 0; p != NULL && i < 4; i++) {
        p = strchr(p, ':');
        p = p ? p + 1 : NULL;
    }

    if (p != NULL) {
        (void) snprintf(judge->account, sizeof(judge->account), "%.*s",
                        (int) strcspn(p, ":"), p);
    }
}


as_policy_e
as_policy_judge(const char *policy, const char *queue_arn,
    const char *topic_arn, char why[AS_POLICY_WHY_LEN])
{
    char           maybe[AS_POLICY_WHY_LEN];
    json_t        *root;
    as_is_e        denied, allowed;
    as_judge_t     judge;
    const json_t  *list;

    why[0] = maybe[0] = '\0';
    as_policy_judge_init(&judge, queue_arn, topic_arn);

    root = policy ? json_loads(policy, 0, NULL) : NULL;
    list = json_object_get(root, "Statement");
    denied = as_policy_judge_effect(&judge, list, "Deny", why);
    allowed = as_policy_judge_effect(&judge, list, "Allow", maybe);
    json_decref(root);

    if (denied == AS_IS_YES) {
        return AS_POLICY_DENIED;
    }

    if (allowed == AS_IS_NO || (allowed == AS_IS_YES && denied == AS_IS_NO)) {
        why[0] = '\0';
        return allowed == AS_IS_NO ? AS_POLICY_NOT_ALLOWED
                                   : AS_POLICY_ALLOWED;
    }

    if (allowed == AS_IS_UNCLEAR) {
        (void) snprintf(why, AS_POLICY_WHY_LEN, "%s", maybe);
    }

    return AS_POLICY_UNCLEAR;
}


bool
as_policy_judge_allows(const char *policy, const char *queue_arn,
    const char *topic_arn)
{
    char         why[AS_POLICY_WHY_LEN];
    bool         yes;
    json_t      *root;
    as_judge_t   judge;

    as_policy_judge_init(&judge, queue_arn, topic_arn);
    root = policy ? json_loads(policy, 0, NULL) : NULL;
    yes = as_policy_judge_effect(&judge, json_object_get(root, "Statement"),
                                 "Allow", why) == AS_IS_YES;
    json_decref(root);

    return yes;
}
