/*
 * Parses the answers of SNS.  For sns.c.  Each function is an as_aws_done_pt;
 * data is an as_sqs_op_t, which it frees.
 */

#ifndef AS_SNS_ANSWER_H
#define AS_SNS_ANSWER_H

#include "aws/aws.h"


void as_sns_text_read(void *data, const as_aws_error_t *err,
    const char *body, size_t len);
void as_sns_batch_read(void *data, const as_aws_error_t *err,
    const char *body, size_t len);
void as_sns_pairs_read(void *data, const as_aws_error_t *err,
    const char *body, size_t len);
void as_sns_subscriptions_read(void *data, const as_aws_error_t *err,
    const char *body, size_t len);


#endif /* AS_SNS_ANSWER_H */
