/*
 * The JSON policies of the AWS resources: queue policy, redrive policy, the
 * worker's IAM policy.
 */

#ifndef AS_POLICY_H
#define AS_POLICY_H

#include <stdbool.h>

#include <jansson.h>


#define AS_POLICY_WHY_LEN  200


typedef enum {
    AS_POLICY_NOT_ALLOWED = 0,         /* no statement allows it */
    AS_POLICY_ALLOWED,
    AS_POLICY_DENIED,                  /* a statement denies it */
    AS_POLICY_UNCLEAR                  /* it depends on unknown values */
} as_policy_e;


/*
 * Whether a queue's policy (NULL: none) lets SNS send messages of the topic, as
 * IAM evaluates it.  Where denied or unclear, why names the statement and the
 * unknown value; otherwise it is "".
 */
as_policy_e as_policy_judge(const char *policy, const char *queue_arn,
    const char *topic_arn, char why[AS_POLICY_WHY_LEN]);

/* Whether a statement allows it, without regard to denials. */
bool as_policy_judge_allows(const char *policy, const char *queue_arn,
    const char *topic_arn);

/* The policy with the worker's statement added, or replacing an older form of
 * it; other statements are kept.  Allocated; NULL where policy is not a JSON
 * object. */
char *as_policy_add(const char *policy, const char *queue_arn,
    const char *topic_arn);

/* Whether a redrive policy names this dead-letter queue; then sets
 * *max_receive.  False for another queue or NULL; *max_receive is 0 then. */
bool as_policy_redrive(const char *policy, const char *dlq_arn,
    unsigned *max_receive);

/* A queue's redrive policy; allocated. */
char *as_policy_redrive_new(const char *dlq_arn, unsigned max_receive);

/* The rights that `run`, the operator's commands and `provision` need. */
json_t *as_policy_iam(const char *topic_arn, const char *queue_arn,
    const char *dlq_arn);


#endif /* AS_POLICY_H */
