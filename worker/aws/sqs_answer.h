/*
 * Parses the answers of SQS with jansson.  For sqs.c.  Each function is an
 * as_aws_done_pt; data is an as_sqs_op_t, which it frees.
 */

#ifndef AS_SQS_ANSWER_H
#define AS_SQS_ANSWER_H

#include "aws/aws.h"


void as_sqs_receive_read(void *data, const as_aws_error_t *err,
    const char *body, size_t len);
void as_sqs_batch_read(void *data, const as_aws_error_t *err,
    const char *body, size_t len);
void as_sqs_text_read(void *data, const as_aws_error_t *err,
    const char *body, size_t len);
void as_sqs_pairs_read(void *data, const as_aws_error_t *err,
    const char *body, size_t len);


#endif /* AS_SQS_ANSWER_H */
