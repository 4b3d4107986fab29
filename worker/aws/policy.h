/*
 * The JSON documents of the wiring: queue policy, redrive policy, the IAM
 * policy of the worker.
 */

#ifndef AS_POLICY_H
#define AS_POLICY_H

#include <stdbool.h>

#include <jansson.h>


/*
 * Whether a queue's policy (NULL: none) lets the topic send: a statement
 * that allows sns.amazonaws.com (or all, under the condition) to
 * sqs:SendMessage for aws:SourceArn.
 */
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
