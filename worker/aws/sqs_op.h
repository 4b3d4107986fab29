/*
 * Shared by sqs*.c and sns*.c: an operation in flight, and the results of its
 * entries.
 */

#ifndef AS_SQS_OP_H
#define AS_SQS_OP_H

#include "aws/sns.h"
#include "aws/sqs.h"
#include "base/text.h"


#define AS_SQS_PAIRS_MAX  64           /* attributes of a queue or topic */


typedef union {
    as_sqs_receive_done_pt        receive;
    as_sqs_batch_done_pt          batch;
    as_sqs_text_done_pt           text;
    as_sqs_pairs_done_pt          pairs;
    as_sns_subscriptions_done_pt  subscriptions;
} as_sqs_done_t;

typedef struct {
    as_sqs_done_t   done;
    void           *data;
    const char     *member;            /* of the answer: its text */
    size_t          n;                 /* entries in a batch */
} as_sqs_op_t;


/*
 * Sends body and frees it. target NULL: SNS. read is called with the operation
 * and must free it.
 */
as_aws_call_t *as_sqs_op_send(as_aws_t *aws, const char *target,
    as_text_t *body, const as_sqs_op_t *op, size_t max_answer,
    unsigned timeout_ms, as_aws_done_pt read);

/* Sets the error for an answer that violates the API reference. */
void as_sqs_op_garbled(as_aws_error_t *err, const char *what);

/* Sets the results of n entries to "missing in the answer". */
void as_sqs_op_results_init(as_sqs_result_t *results, size_t n);

/* The result of a batch id, "0" to "9"; NULL for any other id. */
as_sqs_result_t *as_sqs_op_result_at(as_sqs_result_t *results, size_t n,
    const char *id);

/* Sets the result of a failed entry. */
void as_sqs_op_result_failed(as_sqs_result_t *result, const char *code,
    const char *message);


#endif /* AS_SQS_OP_H */
