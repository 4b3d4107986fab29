/*
 * The JSON documents of the wiring: queue policy, redrive policy, the IAM
 * policy of the worker.
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
    AS_POLICY_UNCLEAR                  /* it depends on what is not known */
} as_policy_e;


/*
 * Whether a queue's policy (NULL: none) lets SNS send for the topic, as IAM
 * evaluates it.  Where denied or unclear, why names the statement, and what
 * is not known; "" otherwise.
 */
as_policy_e as_policy_judge(const char *policy, const char *queue_arn,
    const char *topic_arn, char why[AS_POLICY_WHY_LEN]);

/* Whether a statement allows it, whatever others deny. */
bool as_policy_allows(const char *policy, const char *queue_arn,
    const char *topic_arn);

/* The policy with our statement added, or put in place of its older form;
 * other statements stay.  Allocated; NULL where policy is no JSON object. */
char *as_policy_add(const char *policy, const char *queue_arn,
    const char *topic_arn);

/* false where it names another queue, or is none (NULL); *max_receive 0
 * then. */
bool as_policy_redrive(const char *policy, const char *dlq_arn,
    unsigned *max_receive);

/* A queue's redrive policy; allocated. */
char *as_policy_redrive_new(const char *dlq_arn, unsigned max_receive);

/* What `run`, the operator's commands and `provision` need. */
json_t *as_policy_iam(const char *topic_arn, const char *queue_arn,
    const char *dlq_arn);


#endif /* AS_POLICY_H */
