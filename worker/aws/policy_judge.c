/*
 * Evaluates a queue's policy for one request: SNS sends a message of the topic
 * to the queue (IAM User Guide, "Policy evaluation logic" and "IAM JSON policy
 * elements"; AWS global condition context keys).
 */

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "aws/policy.h"


#define AS_POLICY_SERVICE  "sns.amazonaws.com"


/* Ordered so that AND is the minimum and OR the maximum. */
typedef enum {
    AS_IS_NO = 0,
    AS_IS_UNCLEAR,
    AS_IS_YES
} as_is_e;

typedef struct {
    const char  *queue_arn;
    const char  *topic_arn;
    char         account[32];          /* of the topic */
    char         unclear[96];          /* the last unknown value */
} as_judge_t;

/* A condition's operator, parsed. */
typedef struct {
    char  base[40];                    /* without prefix, suffix and Not */
    bool  negated;
    bool  if_exists;
    bool  all_values;
} as_operator_t;


static as_is_e
as_policy_judge_is_not(as_is_e is)
{
    return (as_is_e) (AS_IS_YES - is);
}


static as_is_e
as_policy_judge_unclear(as_judge_t *judge, const char *what)
{
    (void) snprintf(judge->unclear, sizeof(judge->unclear), "%s", what);

    return AS_IS_UNCLEAR;
}


/* Matches "*" and "?" against the first len bytes of text. */
static bool
as_policy_judge_glob(const char *pattern, size_t plen, const char *text,
    size_t len, bool fold)
{
    size_t  p, t, star, mark;
    bool    starred;

    starred = false;
    star = mark = p = t = 0;

    while (t < len) {
        if (p < plen && pattern[p] == '*') {
            starred = true;
            star = p++;
            mark = t;

        } else if (p < plen && (pattern[p] == '?' || (fold
                   ? strncasecmp(&pattern[p], &text[t], 1) == 0
                   : pattern[p] == text[t])))
        {
            p++;
            t++;

        } else if (starred) {
            p = star + 1;
            t = ++mark;

        } else {
            return false;
        }
    }

    while (p < plen && pattern[p] == '*') {
        p++;
    }

    return p == plen;
}


/* Matches each of the six parts separately; absent parts match all. *whole is
 * set where no part is absent, or "*" stands for all. */
static bool
as_policy_judge_arn(const char *pattern, const char *arn, bool *whole)
{
    int     i;
    size_t  plen, len;

    *whole = true;

    for (i = 0; i < 6; i++) {
        plen = i < 5 ? strcspn(pattern, ":") : strlen(pattern);
        len = i < 5 ? strcspn(arn, ":") : strlen(arn);

        if (!as_policy_judge_glob(pattern, plen, arn, len, false)) {
            return false;
        }

        if (pattern[plen] == '\0') {
            *whole = i == 5 || (i == 0 && strcmp(pattern, "*") == 0);
            return true;
        }

        if (arn[len] == '\0') {
            return false;
        }

        pattern += plen + 1;
        arn += len + 1;
    }

    return true;
}


static as_is_e
as_policy_judge_action(as_judge_t *judge, const char *action)
{
    (void) judge;

    /* Actions are not case-sensitive. */
    return as_policy_judge_glob(action, strlen(action), "sqs:SendMessage", 15,
                                true)
           ? AS_IS_YES : AS_IS_NO;
}


static as_is_e
as_policy_judge_resource(as_judge_t *judge, const char *resource)
{
    bool  whole;

    if (strstr(resource, "${") != NULL) {
        return as_policy_judge_unclear(judge, "a policy variable in Resource");
    }

    return as_policy_judge_arn(resource, judge->queue_arn, &whole)
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


/* The request's value of a condition key: "" where the request has none, NULL
 * where it is unknown.  Keys are not case-sensitive. */
static const char *
as_policy_judge_key(const as_judge_t *judge, const char *key)
{
    size_t  i;
    const struct {
        const char  *key;
        const char  *value;
    } keys[] = {
        { "aws:SourceArn", judge->topic_arn },
        { "aws:SourceAccount", judge->account },
        { "aws:SourceOwner", judge->account },
        { "aws:PrincipalIsAWSService", "true" },
        { "aws:PrincipalServiceName", AS_POLICY_SERVICE },
        { "aws:SecureTransport", "true" },

        /* a service belongs to no organization and uses no VPC */
        { "aws:PrincipalOrgID", "" },
        { "aws:PrincipalOrgPaths", "" },
        { "aws:SourceVpc", "" },
        { "aws:SourceVpce", "" }
    };

    for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcasecmp(keys[i].key, key) == 0) {
            return keys[i].value;
        }
    }

    return NULL;
}


/* Parses "ForAnyValue:StringNotEqualsIfExists" and the like. */
static void
as_policy_judge_operator(as_operator_t *op, const char *name)
{
    char    *not;
    size_t   len;

    memset(op, 0, sizeof(*op));
    op->all_values = strncmp(name, "ForAllValues:", 13) == 0;

    if (op->all_values) {
        name += 13;

    } else if (strncmp(name, "ForAnyValue:", 12) == 0) {
        name += 12;
    }

    (void) snprintf(op->base, sizeof(op->base), "%s", name);
    len = strlen(op->base);
    op->if_exists = len > 8 && strcmp(op->base + len - 8, "IfExists") == 0;

    if (op->if_exists) {
        op->base[len - 8] = '\0';
    }

    not = strstr(op->base, "Not");
    op->negated = not != NULL;

    if (not != NULL) {
        memmove(not, not + 3, strlen(not + 3) + 1);
    }
}


/* Tests one value of a condition, without Not. */
static as_is_e
as_policy_judge_value(as_judge_t *judge, const char *base, const char *wanted,
    const char *found)
{
    bool  whole;

    if (strstr(wanted, "${") != NULL) {
        return as_policy_judge_unclear(judge, "a policy variable in Condition");
    }

    if (strcmp(base, "StringEquals") == 0) {
        return strcmp(wanted, found) == 0 ? AS_IS_YES : AS_IS_NO;
    }

    if (strcmp(base, "StringEqualsIgnoreCase") == 0
        || strcmp(base, "Bool") == 0)
    {
        return strcasecmp(wanted, found) == 0 ? AS_IS_YES : AS_IS_NO;
    }

    if (strcmp(base, "StringLike") == 0) {
        return as_policy_judge_glob(wanted, strlen(wanted), found,
                                    strlen(found), false)
               ? AS_IS_YES : AS_IS_NO;
    }

    if (strcmp(base, "ArnEquals") == 0 || strcmp(base, "ArnLike") == 0) {
        return !as_policy_judge_arn(wanted, found, &whole) ? AS_IS_NO
               : whole ? AS_IS_YES
               : as_policy_judge_unclear(judge,
                                         "an ARN of less than six parts");
    }

    return as_policy_judge_unclear(judge, base);
}


static as_is_e
as_policy_judge_values(as_judge_t *judge, const char *base,
    const json_t *values, const char *found)
{
    size_t       i;
    as_is_e      is, one;
    const char  *text;

    if (json_is_array(values)) {
        for (is = AS_IS_NO, i = 0; i < json_array_size(values); i++) {
            one = as_policy_judge_values(judge, base, json_array_get(values, i),
                                         found);
            is = one > is ? one : is;
        }

        return is;
    }

    text = json_is_true(values) ? "true" : json_is_false(values) ? "false"
           : json_string_value(values);

    return text ? as_policy_judge_value(judge, base, text, found)
                : as_policy_judge_unclear(judge, "a value that is not text");
}


/* Tests one key of one operator. */
static as_is_e
as_policy_judge_test(as_judge_t *judge, const as_operator_t *op,
    const char *key, const json_t *values)
{
    as_is_e      is;
    const char  *found;

    found = as_policy_judge_key(judge, key);

    if (found == NULL) {
        return as_policy_judge_unclear(judge, key);
    }

    if (strcmp(op->base, "Null") == 0) {
        return as_policy_judge_values(judge, "Bool", values,
                                      *found == '\0' ? "true" : "false");
    }

    if (*found == '\0') {
        return op->if_exists || op->all_values || op->negated
               ? AS_IS_YES : AS_IS_NO;
    }

    is = as_policy_judge_values(judge, op->base, values, found);

    return op->negated ? as_policy_judge_is_not(is) : is;
}


/* All keys of all operators must match. */
static as_is_e
as_policy_judge_condition(as_judge_t *judge, json_t *condition)
{
    void           *op, *key;
    json_t         *keys;
    as_is_e         is, one;
    as_operator_t   operator;

    is = AS_IS_YES;

    for (op = json_object_iter(condition);
         op != NULL;
         op = json_object_iter_next(condition, op))
    {
        as_policy_judge_operator(&operator, json_object_iter_key(op));
        keys = json_object_iter_value(op);

        for (key = json_object_iter(keys);
             key != NULL;
             key = json_object_iter_next(keys, key))
        {
            one = as_policy_judge_test(judge, &operator,
                                       json_object_iter_key(key),
                                       json_object_iter_value(key));
            is = one < is ? one : is;
        }
    }

    return is;
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
