#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sqs_answer.h"
#include "aws/sqs_op.h"
#include "aws/sqs_parts.h"


static const char *
as_sqs_answer_member(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}


/* Reads a number that SQS writes as a string. */
static int64_t
as_sqs_answer_number(const json_t *object, const char *name)
{
    const char    *text;
    const json_t  *value;

    value = json_object_get(object, name);
    if (json_is_integer(value)) {
        return json_integer_value(value);
    }

    text = json_string_value(value);

    return text ? strtoll(text, NULL, 10) : 0;
}


/* Parses the JSON of an answer. jansson requires strict UTF-8 and refuses a
 * NUL, which SQS does not allow either. */
static json_t *
as_sqs_answer_parse(const char *body, size_t len)
{
    json_t  *root;

    root = json_loadb(body, len, 0, NULL);

    if (root != NULL && !json_is_object(root)) {
        json_decref(root);
        return NULL;
    }

    return root;
}


/* False where the message lacks a required member. */
static bool
as_sqs_answer_message(as_sqs_message_t *m, const json_t *object)
{
    const json_t  *body, *system;

    memset(m, 0, sizeof(as_sqs_message_t));

    body = json_object_get(object, "Body");
    system = json_object_get(object, "Attributes");

    m->id = as_sqs_answer_member(object, "MessageId");
    m->receipt = as_sqs_answer_member(object, "ReceiptHandle");

    if (m->receipt == NULL) {
        return false;
    }

    if (m->id == NULL) {
        m->id = "";
    }

    m->body = json_is_string(body) ? json_string_value(body) : "";
    m->body_len = json_is_string(body) ? json_string_length(body) : 0;
    m->receive_count = (unsigned)
                       as_sqs_answer_number(system, "ApproximateReceiveCount");
    m->sent_ms = as_sqs_answer_number(system, "SentTimestamp");
    m->first_received_ms = as_sqs_answer_number(system,
                                    "ApproximateFirstReceiveTimestamp");
    m->group_id = as_sqs_answer_member(system, "MessageGroupId");
    m->dead_letter_source = as_sqs_answer_member(system,
                                                 "DeadLetterQueueSourceArn");
    m->attributes = json_object_get(object, "MessageAttributes");

    if (m->receive_count == 0) {
        m->receive_count = 1;
    }

    return true;
}


/* Parses the whole list. -1 where it is invalid as a whole. */
static int
as_sqs_answer_receive_whole(as_sqs_parts_t *parts, const char *body, size_t len)
{
    size_t   i;
    json_t  *root, *list;

    root = as_sqs_answer_parse(body, len);
    if (root == NULL) {
        return -1;
    }

    /* Without messages the member is null, empty or absent. */
    list = json_object_get(root, "Messages");
    parts->n = 0;
    parts->bad = 0;

    for (i = 0; i < json_array_size(list) && i < AS_SQS_BATCH_MAX; i++) {
        parts->all[parts->n++] = json_incref(json_array_get(list, i));
    }

    json_decref(root);

    return 0;
}


/* Parses what can be read of an answer that is invalid as a whole. */
static void
as_sqs_answer_receive_parts(as_sqs_parts_t *parts, const char *body, size_t len,
    as_aws_error_t *err)
{
    char    text[80];
    size_t  all;

    all = as_sqs_parts_read(parts, body, len);

    if (all == 0) {
        as_sqs_op_garbled(err, "ReceiveMessage's answer is not a JSON "
                          "object");
        return;
    }

    snprintf(text, sizeof(text), "%zu of %zu messages cannot be read: not "
             "UTF-8, or truncated", parts->bad, all);
    as_sqs_op_garbled(err, text);
    snprintf(err->code, sizeof(err->code), "%s", AS_SQS_PARTLY);
}


void
as_sqs_answer_receive(void *data, const as_aws_error_t *err, const char *body,
    size_t len)
{
    size_t             i, n;
    as_sqs_op_t       *op = data;
    as_aws_error_t     garbled;
    as_sqs_parts_t     parts;
    as_sqs_message_t   messages[AS_SQS_BATCH_MAX];

    parts.n = 0;

    if (err == NULL && as_sqs_answer_receive_whole(&parts, body, len) != 0) {
        as_sqs_answer_receive_parts(&parts, body, len, &garbled);
        err = &garbled;

    } else if (err != NULL && err->http_error == AS_HTTP_TOO_LARGE) {
        (void) as_sqs_parts_read(&parts, body, len);
    }

    for (i = 0, n = 0; i < parts.n; i++) {
        n += as_sqs_answer_message(&messages[n], parts.all[i]);
    }

    op->done.receive(op->data, err, messages, n);

    as_sqs_parts_free(&parts);
    free(op);
}


static const char *
as_sqs_answer_attribute_value(const json_t *attribute, const char **type)
{
    const char  *value;

    *type = as_sqs_answer_member(attribute, "DataType");
    *type = *type ? *type : "String";
    value = as_sqs_answer_member(attribute, "StringValue");

    return value ? value : as_sqs_answer_member(attribute, "BinaryValue");
}


const char *
as_sqs_answer_attribute(const as_sqs_message_t *message, const char *name)
{
    const char  *type, *value;

    value = as_sqs_answer_attribute_value(json_object_get(message->attributes,
                                                          name), &type);

    return strncmp(type, "Binary", 6) == 0 ? NULL : value;
}


void
as_sqs_answer_attributes(const as_sqs_message_t *message,
    as_sqs_attribute_pt fn, void *data)
{
    void        *iter;
    json_t      *object = message->attributes;
    const char  *type, *value;

    for (iter = json_object_iter(object);
         iter != NULL;
         iter = json_object_iter_next(object, iter))
    {
        value = as_sqs_answer_attribute_value(json_object_iter_value(iter),
                                              &type);

        if (value != NULL) {
            fn(data, json_object_iter_key(iter), type, value);
        }
    }
}


static void
as_sqs_answer_batch_entries(as_sqs_result_t *results, size_t n,
    const json_t *root)
{
    size_t            i;
    const char       *code, *text;
    const json_t     *list, *entry;
    as_sqs_result_t  *result;

    list = json_object_get(root, "Successful");

    for (i = 0; i < json_array_size(list); i++) {
        entry = json_array_get(list, i);
        result = as_sqs_op_result_at(results, n,
                                     as_sqs_answer_member(entry, "Id"));

        if (result != NULL) {
            text = as_sqs_answer_member(entry, "MessageId");
            result->class = AS_AWS_OK;
            result->code = "";
            result->message = "";
            result->message_id = text ? text : "";
        }
    }

    list = json_object_get(root, "Failed");

    for (i = 0; i < json_array_size(list); i++) {
        entry = json_array_get(list, i);
        result = as_sqs_op_result_at(results, n,
                                     as_sqs_answer_member(entry, "Id"));

        if (result != NULL) {
            code = as_sqs_answer_member(entry, "Code");
            text = as_sqs_answer_member(entry, "Message");
            as_sqs_op_result_failed(result, code ? code : "Unknown",
                                    text ? text : "");
        }
    }
}


void
as_sqs_answer_batch(void *data, const as_aws_error_t *err, const char *body,
    size_t len)
{
    json_t           *root;
    as_sqs_op_t      *op = data;
    as_aws_error_t    garbled;
    as_sqs_result_t   results[AS_SQS_BATCH_MAX];

    root = NULL;

    if (err == NULL) {
        root = as_sqs_answer_parse(body, len);

        if (root == NULL) {
            as_sqs_op_garbled(&garbled, "a batch's answer is not a JSON "
                              "object");
            err = &garbled;
        }
    }

    as_sqs_op_results_init(results, op->n);
    as_sqs_answer_batch_entries(results, op->n, root);
    op->done.batch(op->data, err, results, err ? 0 : op->n);

    json_decref(root);
    free(op);
}


void
as_sqs_answer_text(void *data, const as_aws_error_t *err, const char *body,
    size_t len)
{
    json_t          *root;
    const char      *text;
    as_sqs_op_t     *op = data;
    as_aws_error_t   garbled;

    root = NULL;
    text = "";

    /* Some actions have an empty answer. */
    if (err == NULL && op->member != NULL) {
        root = as_sqs_answer_parse(body, len);
        text = as_sqs_answer_member(root, op->member);

        if (text == NULL) {
            as_sqs_op_garbled(&garbled, "the answer lacks the requested data");
            err = &garbled;
            text = "";
        }
    }

    op->done.text(op->data, err, text);

    json_decref(root);
    free(op);
}


void
as_sqs_answer_pairs(void *data, const as_aws_error_t *err, const char *body,
    size_t len)
{
    void            *iter;
    json_t          *root, *object;
    size_t           n;
    const char      *value;
    as_sqs_op_t     *op = data;
    as_sqs_pair_t    pairs[AS_SQS_PAIRS_MAX];
    as_aws_error_t   garbled;

    n = 0;
    root = err ? NULL : as_sqs_answer_parse(body, len);

    if (err == NULL && root == NULL) {
        as_sqs_op_garbled(&garbled, "GetQueueAttributes's answer is not a "
                          "JSON object");
        err = &garbled;
    }

    object = json_object_get(root, "Attributes");

    for (iter = json_object_iter(object);
         iter != NULL && n < AS_SQS_PAIRS_MAX;
         iter = json_object_iter_next(object, iter))
    {
        value = json_string_value(json_object_iter_value(iter));

        if (value != NULL) {
            pairs[n].name = json_object_iter_key(iter);
            pairs[n++].value = value;
        }
    }

    op->done.pairs(op->data, err, pairs, n);

    json_decref(root);
    free(op);
}
