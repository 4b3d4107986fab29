/*
 * Parses the answers of SNS.  For sns.c.  Each function is an as_aws_done_pt;
 * data is an as_sqs_op_t, which it frees.
 */

#ifndef AS_SNS_ANSWER_H
#define AS_SNS_ANSWER_H

#include "aws/aws.h"


void as_sns_answer_text(void *data, const as_aws_error_t *err,
    const char *body, size_t len);
void as_sns_answer_batch(void *data, const as_aws_error_t *err,
    const char *body, size_t len);
void as_sns_answer_pairs(void *data, const as_aws_error_t *err,
    const char *body, size_t len);
void as_sns_answer_subscriptions(void *data, const as_aws_error_t *err,
    const char *body, size_t len);


#endif /* AS_SNS_ANSWER_H */
