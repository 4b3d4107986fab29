/*
 * The requests to SQS. sqs_answer.c parses the answers.
 */

#include <errno.h>
#include <string.h>

#include "aws/sqs_answer.h"
#include "aws/sqs_op.h"


/*
 * Bytes.  A message is at most 1 MiB (Amazon SQS quotas; 256 KiB until August
 * 2025) and JSON escapes make up to six bytes of one: room for one such
 * message, and for ten of an ordinary size.
 */
#define AS_SQS_RECEIVE_ONE   (6 * 1024 * 1024)
#define AS_SQS_RECEIVE_MORE  (1152 * 1024)
#define AS_SQS_ANSWER_MAX   65536
#define AS_SQS_GRACE_MS     10000      /* ms in addition to the long poll */

#define as_sqs_target(name)  "AmazonSQS." name


static void
as_sqs_string(as_text_t *t, const char *text)
{
    as_text_json_string(t, text, strlen(text));
}


static void
as_sqs_begin(as_text_t *t, const char *queue_url)
{
    as_text_put(t, "{\"QueueUrl\":");
    as_sqs_string(t, queue_url);
}


/* Begins the body of n entries.  Returns 0, or -1 and errno if n is not
 * allowed. */
static int
as_sqs_batch_begin(as_text_t *body, const char *queue_url, size_t n)
{
    if (n < 1 || n > AS_SQS_BATCH_MAX) {
        errno = EINVAL;
        return -1;
    }

    as_sqs_begin(body, queue_url);
    as_text_put(body, ",\"Entries\":[");

    return 0;
}


static as_aws_call_t *
as_sqs_batch_send(as_aws_t *aws, const char *target, as_text_t *body,
    const as_sqs_op_t *op)
{
    as_text_put(body, "]}");

    return as_sqs_op_send(aws, target, body, op, AS_SQS_ANSWER_MAX, 0,
                          as_sqs_answer_batch);
}


as_aws_call_t *
as_sqs_receive(as_aws_t *aws, const as_sqs_receive_t *rq,
    as_sqs_receive_done_pt done, void *data)
{
    as_text_t    body = AS_TEXT_EMPTY;
    as_sqs_op_t  op = { { .receive = done }, data, NULL, 0 };

    if (rq->max < 1 || rq->max > AS_SQS_BATCH_MAX
        || rq->wait_s > AS_SQS_WAIT_MAX
        || rq->visibility_s > AS_SQS_VISIBILITY_MAX)
    {
        errno = EINVAL;
        return NULL;
    }

    as_sqs_begin(&body, rq->queue_url);
    as_text_printf(&body, ",\"MaxNumberOfMessages\":%u,"
                   "\"WaitTimeSeconds\":%u", rq->max, rq->wait_s);

    if (rq->visibility_s >= 0) {
        as_text_printf(&body, ",\"VisibilityTimeout\":%d",
                       rq->visibility_s);
    }

    /*
     * AttributeNames is the older name of MessageSystemAttributeNames; the
     * service accepts both
     */
    as_text_put(&body, ",\"AttributeNames\":[\"All\"],"
                "\"MessageSystemAttributeNames\":[\"All\"],"
                "\"MessageAttributeNames\":[\"All\"]}");

    return as_sqs_op_send(aws, as_sqs_target("ReceiveMessage"), &body, &op,
                          AS_SQS_RECEIVE_ONE
                          + rq->max * AS_SQS_RECEIVE_MORE,
                          rq->wait_s * 1000 + AS_SQS_GRACE_MS,
                          as_sqs_answer_receive);
}


as_aws_call_t *
as_sqs_delete_batch(as_aws_t *aws, const char *queue_url,
    const char *const *receipts, size_t n, as_sqs_batch_done_pt done,
    void *data)
{
    size_t       i;
    as_text_t    body = AS_TEXT_EMPTY;
    as_sqs_op_t  op = { { .batch = done }, data, NULL, n };

    if (as_sqs_batch_begin(&body, queue_url, n) != 0) {
        return NULL;
    }

    for (i = 0; i < n; i++) {
        as_text_printf(&body, "%s{\"Id\":\"%zu\",\"ReceiptHandle\":",
                       i ? "," : "", i);
        as_sqs_string(&body, receipts[i]);
        as_text_put(&body, "}");
    }

    return as_sqs_batch_send(aws, as_sqs_target("DeleteMessageBatch"), &body,
                             &op);
}


as_aws_call_t *
as_sqs_visibility_batch(as_aws_t *aws, const char *queue_url,
    const as_sqs_visibility_t *entries, size_t n, as_sqs_batch_done_pt done,
    void *data)
{
    size_t       i;
    as_text_t    body = AS_TEXT_EMPTY;
    as_sqs_op_t  op = { { .batch = done }, data, NULL, n };

    if (as_sqs_batch_begin(&body, queue_url, n) != 0) {
        return NULL;
    }

    for (i = 0; i < n; i++) {
        as_text_printf(&body, "%s{\"Id\":\"%zu\",\"VisibilityTimeout\":%u,"
                       "\"ReceiptHandle\":", i ? "," : "", i,
                       entries[i].visibility_s);
        as_sqs_string(&body, entries[i].receipt);
        as_text_put(&body, "}");
    }

    return as_sqs_batch_send(aws,
                             as_sqs_target("ChangeMessageVisibilityBatch"),
                             &body, &op);
}


static void
as_sqs_message_attributes(as_text_t *t, const as_sqs_send_t *entry)
{
    size_t                          i;
    const char                     *type;
    const as_sqs_send_attribute_t  *a;

    as_text_put(t, ",\"MessageAttributes\":{");

    for (i = 0; i < entry->nattributes; i++) {
        a = &entry->attributes[i];
        type = a->type ? a->type : "String";

        as_text_put(t, i ? "," : "");
        as_sqs_string(t, a->name);
        as_text_put(t, ":{\"DataType\":");
        as_sqs_string(t, type);
        as_text_put(t, strncmp(type, "Binary", 6) == 0
                       ? ",\"BinaryValue\":" : ",\"StringValue\":");
        as_sqs_string(t, a->value);
        as_text_put(t, "}");
    }

    as_text_put(t, "}");
}


/* Appends the members of a message, without the braces. */
static void
as_sqs_message(as_text_t *t, const as_sqs_send_t *entry)
{
    as_text_put(t, "\"MessageBody\":");
    as_sqs_string(t, entry->body);

    if (entry->delay_s > 0) {
        as_text_printf(t, ",\"DelaySeconds\":%u", entry->delay_s);
    }

    if (entry->group_id != NULL) {
        as_text_put(t, ",\"MessageGroupId\":");
        as_sqs_string(t, entry->group_id);
    }

    if (entry->dedup_id != NULL) {
        as_text_put(t, ",\"MessageDeduplicationId\":");
        as_sqs_string(t, entry->dedup_id);
    }

    if (entry->nattributes > 0) {
        as_sqs_message_attributes(t, entry);
    }
}


as_aws_call_t *
as_sqs_send_batch(as_aws_t *aws, const char *queue_url,
    const as_sqs_send_t *entries, size_t n, as_sqs_batch_done_pt done,
    void *data)
{
    size_t       i;
    as_text_t    body = AS_TEXT_EMPTY;
    as_sqs_op_t  op = { { .batch = done }, data, NULL, n };

    if (as_sqs_batch_begin(&body, queue_url, n) != 0) {
        return NULL;
    }

    for (i = 0; i < n; i++) {
        as_text_printf(&body, "%s{\"Id\":\"%zu\",", i ? "," : "", i);
        as_sqs_message(&body, &entries[i]);
        as_text_put(&body, "}");
    }

    return as_sqs_batch_send(aws, as_sqs_target("SendMessageBatch"), &body,
                             &op);
}


as_aws_call_t *
as_sqs_send(as_aws_t *aws, const char *queue_url, const as_sqs_send_t *entry,
    as_sqs_text_done_pt done, void *data)
{
    as_text_t    body = AS_TEXT_EMPTY;
    as_sqs_op_t  op = { { .text = done }, data, "MessageId", 0 };

    as_sqs_begin(&body, queue_url);
    as_text_put(&body, ",");
    as_sqs_message(&body, entry);
    as_text_put(&body, "}");

    return as_sqs_op_send(aws, as_sqs_target("SendMessage"), &body, &op,
                          AS_SQS_ANSWER_MAX, 0, as_sqs_answer_text);
}


as_aws_call_t *
as_sqs_delete(as_aws_t *aws, const char *queue_url, const char *receipt,
    as_sqs_text_done_pt done, void *data)
{
    as_text_t    body = AS_TEXT_EMPTY;
    as_sqs_op_t  op = { { .text = done }, data, NULL, 0 };

    as_sqs_begin(&body, queue_url);
    as_text_put(&body, ",\"ReceiptHandle\":");
    as_sqs_string(&body, receipt);
    as_text_put(&body, "}");

    return as_sqs_op_send(aws, as_sqs_target("DeleteMessage"), &body, &op,
                          AS_SQS_ANSWER_MAX, 0, as_sqs_answer_text);
}


as_aws_call_t *
as_sqs_queue_url(as_aws_t *aws, const char *name, as_sqs_text_done_pt done,
    void *data)
{
    as_text_t    body = AS_TEXT_EMPTY;
    as_sqs_op_t  op = { { .text = done }, data, "QueueUrl", 0 };

    as_text_put(&body, "{\"QueueName\":");
    as_sqs_string(&body, name);
    as_text_put(&body, "}");

    return as_sqs_op_send(aws, as_sqs_target("GetQueueUrl"), &body, &op,
                          AS_SQS_ANSWER_MAX, 0, as_sqs_answer_text);
}


as_aws_call_t *
as_sqs_get_attributes(as_aws_t *aws, const char *queue_url,
    as_sqs_pairs_done_pt done, void *data)
{
    as_text_t    body = AS_TEXT_EMPTY;
    as_sqs_op_t  op = { { .pairs = done }, data, NULL, 0 };

    as_sqs_begin(&body, queue_url);
    as_text_put(&body, ",\"AttributeNames\":[\"All\"]}");

    return as_sqs_op_send(aws, as_sqs_target("GetQueueAttributes"), &body,
                          &op, AS_SQS_ANSWER_MAX, 0, as_sqs_answer_pairs);
}


static void
as_sqs_pairs(as_text_t *t, const as_sqs_pair_t *pairs, size_t n)
{
    size_t  i;

    as_text_put(t, ",\"Attributes\":{");

    for (i = 0; i < n; i++) {
        as_text_put(t, i ? "," : "");
        as_sqs_string(t, pairs[i].name);
        as_text_put(t, ":");
        as_sqs_string(t, pairs[i].value);
    }

    as_text_put(t, "}}");
}


as_aws_call_t *
as_sqs_set_attributes(as_aws_t *aws, const char *queue_url,
    const as_sqs_pair_t *pairs, size_t n, as_sqs_text_done_pt done,
    void *data)
{
    as_text_t    body = AS_TEXT_EMPTY;
    as_sqs_op_t  op = { { .text = done }, data, NULL, 0 };

    as_sqs_begin(&body, queue_url);
    as_sqs_pairs(&body, pairs, n);

    return as_sqs_op_send(aws, as_sqs_target("SetQueueAttributes"), &body,
                          &op, AS_SQS_ANSWER_MAX, 0, as_sqs_answer_text);
}


as_aws_call_t *
as_sqs_create_queue(as_aws_t *aws, const char *name,
    const as_sqs_pair_t *pairs, size_t n, as_sqs_text_done_pt done,
    void *data)
{
    as_text_t    body = AS_TEXT_EMPTY;
    as_sqs_op_t  op = { { .text = done }, data, "QueueUrl", 0 };

    as_text_put(&body, "{\"QueueName\":");
    as_sqs_string(&body, name);
    as_sqs_pairs(&body, pairs, n);

    return as_sqs_op_send(aws, as_sqs_target("CreateQueue"), &body, &op,
                          AS_SQS_ANSWER_MAX, 0, as_sqs_answer_text);
}


const char *
as_sqs_pair(const as_sqs_pair_t *pairs, size_t n, const char *name)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (strcmp(pairs[i].name, name) == 0) {
            return pairs[i].value;
        }
    }

    return NULL;
}
