/*
 * The answers of SQS (JSON) and SNS (XML), errors included.  The first byte
 * chooses the reader.
 */

#include "aws/aws_error.h"
#include "run/message.h"
#include "aws/sns_answer.h"
#include "aws/sqs_answer.h"
#include "aws/sqs_op.h"
#include "fuzz.h"


static unsigned  fuzz_told;


static const char *
fuzz_attribute(void *data, const char *name)
{
    return as_sqs_answer_attribute(data, name);
}


static void
fuzz_each(void *data, const char *name, const char *type, const char *value)
{
    (void) data;
    FUZZ_MUST(name != NULL && type != NULL);
    FUZZ_MUST(value == NULL || strlen(value) < (1u << 30));
}


static void
fuzz_receive(void *data, const as_aws_error_t *err,
    const as_sqs_message_t *messages, size_t n)
{
    size_t            i;
    as_message_t      message;
    as_sqs_message_t  one;

    (void) data;
    fuzz_told++;
    FUZZ_MUST(n <= AS_SQS_BATCH_MAX);
    FUZZ_MUST(err == NULL || n == 0 || err->http_error == AS_HTTP_TOO_LARGE
              || strcmp(err->code, AS_SQS_PARTLY) == 0);

    for (i = 0; i < n; i++) {
        FUZZ_MUST(messages[i].id && messages[i].receipt && messages[i].body);
        FUZZ_MUST(messages[i].receive_count >= 1);
        FUZZ_MUST(strlen(messages[i].body) <= messages[i].body_len);

        one = messages[i];
        as_sqs_answer_attributes(&one, fuzz_each, NULL);
        as_message_parse(&message, one.body, one.body_len, fuzz_attribute,
                         &one);
        as_message_free(&message);
    }
}


static void
fuzz_batch(void *data, const as_aws_error_t *err,
    const as_sqs_result_t *results, size_t n)
{
    size_t  i;

    (void) data;
    fuzz_told++;
    FUZZ_MUST(n <= AS_SQS_BATCH_MAX && (err == NULL || n == 0));

    for (i = 0; i < n; i++) {
        FUZZ_MUST(results[i].code && results[i].message
                  && results[i].message_id);
        FUZZ_MUST(strlen(results[i].code) < (1u << 30));
        FUZZ_MUST(strlen(results[i].message) < (1u << 30));
        FUZZ_MUST(strlen(results[i].message_id) < (1u << 30));
    }
}


static void
fuzz_text(void *data, const as_aws_error_t *err, const char *text)
{
    (void) data;
    fuzz_told++;
    FUZZ_MUST(err != NULL || text != NULL);

    if (text) {
        FUZZ_MUST(strlen(text) < (1u << 30));
    }
}


static void
fuzz_pairs(void *data, const as_aws_error_t *err, const as_sqs_pair_t *pairs,
    size_t n)
{
    size_t  i;

    (void) data;
    fuzz_told++;
    FUZZ_MUST(n <= AS_SQS_PAIRS_MAX && (err == NULL || n == 0));

    for (i = 0; i < n; i++) {
        FUZZ_MUST(pairs[i].name && pairs[i].value);
        FUZZ_MUST(strlen(pairs[i].name) < (1u << 30));
    }

    as_sqs_pair(pairs, n, "Policy");
}


static void
fuzz_subscriptions(void *data, const as_aws_error_t *err,
    const as_sns_subscription_t *list, size_t n, const char *next)
{
    size_t  i;

    (void) data;
    fuzz_told++;
    FUZZ_MUST(err == NULL || (n == 0 && next == NULL));

    for (i = 0; i < n; i++) {
        FUZZ_MUST(list[i].arn && list[i].protocol && list[i].endpoint);
    }
}


static void
fuzz_error(char *body, size_t len, int status)
{
    as_aws_error_t    err;
    as_http_answer_t  answer;

    memset(&answer, 0, sizeof(answer));
    answer.status = status;
    answer.body = body;
    answer.len = len;
    answer.reason = answer.content_type = answer.request_id = "";
    answer.retry_after_ms = -1;

    as_aws_error_read(&err, &answer);

    FUZZ_MUST(err.class != AS_AWS_OK);
    FUZZ_MUST(memchr(err.code, '\0', sizeof(err.code)) != NULL);
    FUZZ_MUST(memchr(err.message, '\0', sizeof(err.message)) != NULL);
    FUZZ_MUST(memchr(err.request_id, '\0', sizeof(err.request_id)) != NULL);
}


static void
fuzz_read(unsigned which, const char *body, size_t len)
{
    as_sqs_op_t  *op;

    op = calloc(1, sizeof(as_sqs_op_t));
    FUZZ_MUST(op != NULL);
    op->n = 1 + which % AS_SQS_BATCH_MAX;
    op->member = (which & 64) ? "MessageId" : "QueueUrl";

    switch (which % 8) {

    case 0:
    case 1:
        op->done.receive = fuzz_receive;
        as_sqs_answer_receive(op, NULL, body, len);
        break;

    case 2:
        op->done.batch = fuzz_batch;
        as_sqs_answer_batch(op, NULL, body, len);
        break;

    case 3:
        op->done.text = fuzz_text;
        as_sqs_answer_text(op, NULL, body, len);
        break;

    case 4:
        op->done.pairs = fuzz_pairs;
        as_sqs_answer_pairs(op, NULL, body, len);
        break;

    case 5:
        op->done.batch = fuzz_batch;
        as_sns_answer_batch(op, NULL, body, len);
        break;

    case 6:
        op->done.pairs = fuzz_pairs;
        as_sns_answer_pairs(op, NULL, body, len);
        break;

    default:
        op->done.subscriptions = fuzz_subscriptions;
        as_sns_answer_subscriptions(op, NULL, body, len);
        break;
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char      *body;
    size_t     len;
    unsigned   which;

    if (size == 0) {
        return 0;
    }

    which = data[0];
    len = size - 1;
    body = malloc(len + 1);
    FUZZ_MUST(body != NULL);
    memcpy(body, data + 1, len);
    body[len] = '\0';

    if (which >= 200) {
        fuzz_error(body, len, which % 2 ? 400 : 503);

    } else {
        fuzz_told = 0;
        fuzz_read(which, body, len);
        FUZZ_MUST(fuzz_told == 1);
    }

    free(body);
    return 0;
}
