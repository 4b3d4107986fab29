/*
 * The conditions of a policy's statement.
 */

#include <string.h>
#include <strings.h>

#include "aws/policy_judge_parts.h"


/* A condition's operator, parsed. */
typedef struct {
    char  base[40];                    /* without prefix, suffix and Not */
    bool  negated;
    bool  if_exists;
    bool  all_values;
} as_operator_t;


/* The request's value of a condition key: "" where the request has none, NULL
 * where it is unknown.  Keys are not case-sensitive. */
static const char *
as_policy_judge_condition_key(const as_judge_t *judge, const char *key)
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
as_policy_judge_condition_operator(as_operator_t *op, const char *name)
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
as_policy_judge_condition_value(as_judge_t *judge, const char *base,
    const char *wanted, const char *found)
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
        return as_policy_judge_match_glob(wanted, strlen(wanted), found,
                                          strlen(found), false)
               ? AS_IS_YES : AS_IS_NO;
    }

    if (strcmp(base, "ArnEquals") == 0 || strcmp(base, "ArnLike") == 0) {
        return !as_policy_judge_match_arn(wanted, found, &whole) ? AS_IS_NO
               : whole ? AS_IS_YES
               : as_policy_judge_unclear(judge,
                                         "an ARN of less than six parts");
    }

    return as_policy_judge_unclear(judge, base);
}


static as_is_e
as_policy_judge_condition_values(as_judge_t *judge, const char *base,
    const json_t *values, const char *found)
{
    size_t       i;
    as_is_e      is, one;
    const char  *text;

    if (json_is_array(values)) {
        for (is = AS_IS_NO, i = 0; i < json_array_size(values); i++) {
            one = as_policy_judge_condition_values(judge, base,
                                                   json_array_get(values, i),
                                                   found);
            is = one > is ? one : is;
        }

        return is;
    }

    text = json_is_true(values) ? "true" : json_is_false(values) ? "false"
           : json_string_value(values);

    return text ? as_policy_judge_condition_value(judge, base, text, found)
                : as_policy_judge_unclear(judge, "a value that is not text");
}


/* Tests one key of one operator. */
static as_is_e
as_policy_judge_condition_test(as_judge_t *judge, const as_operator_t *op,
    const char *key, const json_t *values)
{
    as_is_e      is;
    const char  *found;

    found = as_policy_judge_condition_key(judge, key);

    if (found == NULL) {
        return as_policy_judge_unclear(judge, key);
    }

    if (strcmp(op->base, "Null") == 0) {
        return as_policy_judge_condition_values(judge, "Bool", values,
                                                *found == '\0' ? "true"
                                                                : "false");
    }

    if (*found == '\0') {
        return op->if_exists || op->all_values || op->negated
               ? AS_IS_YES : AS_IS_NO;
    }

    is = as_policy_judge_condition_values(judge, op->base, values, found);

    return op->negated ? as_policy_judge_is_not(is) : is;
}


as_is_e
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
        as_policy_judge_condition_operator(&operator, json_object_iter_key(op));
        keys = json_object_iter_value(op);

        for (key = json_object_iter(keys);
             key != NULL;
             key = json_object_iter_next(keys, key))
        {
            one = as_policy_judge_condition_test(judge, &operator,
                      json_object_iter_key(key), json_object_iter_value(key));
            is = one < is ? one : is;
        }
    }

    return is;
}
