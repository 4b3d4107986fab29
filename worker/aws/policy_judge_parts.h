/*
 * What the files of the policy's evaluation share: policy_judge.c (statements),
 * policy_judge_condition.c, policy_judge_match.c.
 */

#ifndef AS_POLICY_JUDGE_PARTS_H
#define AS_POLICY_JUDGE_PARTS_H

#include <stdio.h>

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


/* All keys of all operators must match. */
as_is_e as_policy_judge_condition(as_judge_t *judge, json_t *condition);

/* Matches "*" and "?" against the first len bytes of text. */
bool as_policy_judge_match_glob(const char *pattern, size_t plen,
    const char *text, size_t len, bool fold);

/* Matches each of the six parts separately; absent parts match all. *whole is
 * set where no part is absent, or "*" stands for all. */
bool as_policy_judge_match_arn(const char *pattern, const char *arn,
    bool *whole);


static inline as_is_e
as_policy_judge_is_not(as_is_e is)
{
    return (as_is_e) (AS_IS_YES - is);
}


static inline as_is_e
as_policy_judge_unclear(as_judge_t *judge, const char *what)
{
    (void) snprintf(judge->unclear, sizeof(judge->unclear), "%s", what);

    return AS_IS_UNCLEAR;
}


#endif /* AS_POLICY_JUDGE_PARTS_H */
