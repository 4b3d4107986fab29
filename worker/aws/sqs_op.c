#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "aws/aws_error.h"
#include "aws/sqs_op.h"


as_aws_call_t *
as_sqs_op_send(as_aws_t *aws, const char *target, as_text_t *body,
    const as_sqs_op_t *op, size_t max_answer, unsigned timeout_ms,
    as_aws_done_pt read)
{
    int                err;
    as_sqs_op_t       *copy;
    as_aws_call_t     *call;
    as_aws_request_t   rq;

    call = NULL;
    copy = malloc(sizeof(as_sqs_op_t));

    if (copy == NULL || !as_text_ok(body)) {
        errno = ENOMEM;
        goto out;
    }

    *copy = *op;

    memset(&rq, 0, sizeof(rq));
    rq.service = target ? AS_AWS_SQS : AS_AWS_SNS;
    rq.target = target;
    rq.body = as_text_get(body);
    rq.body_len = body->len;
    rq.max_answer = max_answer;
    rq.timeout_ms = timeout_ms;
    rq.done = read;
    rq.dropped = free;
    rq.data = copy;

    call = as_aws_call_send(aws, &rq);

out:

    err = errno;

    if (call == NULL) {
        free(copy);
    }

    as_text_free(body);
    errno = err;

    return call;
}


void
as_sqs_op_garbled(as_aws_error_t *err, const char *what)
{
    as_aws_error_own(err, AS_AWS_RETRY, "BadAnswer", what);
    err->status = 200;
    err->maybe_done = true;
}


void
as_sqs_op_results_init(as_sqs_result_t *results, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        results[i].class = AS_AWS_RETRY;
        results[i].code = "NotTold";
        results[i].message = "the answer does not name this entry";
        results[i].message_id = "";
    }
}


as_sqs_result_t *
as_sqs_op_result_at(as_sqs_result_t *results, size_t n, const char *id)
{
    size_t  i;

    if (id == NULL || id[0] < '0' || id[0] > '9' || id[1] != '\0') {
        return NULL;
    }

    i = (size_t) (id[0] - '0');

    return i < n ? &results[i] : NULL;
}


void
as_sqs_op_result_failed(as_sqs_result_t *result, const char *code,
    const char *message)
{
    as_aws_error_t  err;

    as_aws_error_set(&err, 400, code, strlen(code), message,
                     strlen(message));
    result->class = err.class;
    result->code = code;
    result->message = message;
}
