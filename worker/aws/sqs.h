/*
 * Amazon SQS, AWS JSON 1.0 protocol (Amazon SQS API Reference).  The calls
 * return a handle for as_aws_cancel(), or NULL with errno (as as_aws_send(),
 * and EINVAL where there are more than ten entries, or none); the callback
 * runs once, in a turn of the loop.  What a callback is given lives until it
 * returns.
 */

#ifndef AS_SQS_H
#define AS_SQS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/aws.h"


#define AS_SQS_BATCH_MAX       10
#define AS_SQS_VISIBILITY_MAX  43200   /* seconds */
#define AS_SQS_WAIT_MAX        20      /* seconds */


typedef struct as_sqs_message_s  as_sqs_message_t;

struct as_sqs_message_s {
    const char  *id;                   /* MessageId */
    const char  *receipt;              /* ReceiptHandle */
    const char  *body;                 /* NUL-terminated UTF-8 */
    size_t       body_len;
    unsigned     receive_count;        /* ApproximateReceiveCount, from 1 */
    int64_t      sent_ms;              /* SentTimestamp; 0 unknown */
    int64_t      first_received_ms;    /* of the first receive; 0 unknown */
    const char  *group_id;             /* FIFO; NULL otherwise */
    const char  *dead_letter_source;   /* ARN; NULL unless redriven/dead */
    void        *attributes;           /* as_sqs_attribute() reads them */
};

/* A String or Number attribute of the message, or NULL. */
const char *as_sqs_attribute(const as_sqs_message_t *message,
    const char *name);

/* All of them: name, type ("String", "Number", "Binary"), value (base64 for
 * Binary). */
typedef void (*as_sqs_attribute_pt)(void *data, const char *name,
    const char *type, const char *value);
void as_sqs_attributes(const as_sqs_message_t *message,
    as_sqs_attribute_pt fn, void *data);


/* Whether the queue of this URL is FIFO: only those take a de-duplication id;
 * a message group may be on others too (fair queues). */
bool as_sqs_is_fifo(const char *queue_url);


#define AS_SQS_PARTLY  "PartlyRead"


/*
 * Where err is not NULL, there may still be messages: those that could be
 * read of an answer that is too large (err->http_error), or holds others that
 * are no UTF-8 (err->code AS_SQS_PARTLY).
 */
typedef void (*as_sqs_receive_done_pt)(void *data, const as_aws_error_t *err,
    const as_sqs_message_t *messages, size_t n);

typedef struct {
    const char  *queue_url;
    unsigned     max;                  /* 1 to 10 */
    unsigned     wait_s;               /* 0 to 20: the long poll */
    int          visibility_s;         /* 0 to 43,200; -1: the queue's */
} as_sqs_receive_t;

as_aws_call_t *as_sqs_receive(as_aws_t *aws, const as_sqs_receive_t *rq,
    as_sqs_receive_done_pt done, void *data);


/* One entry's outcome, results[i] for entries[i].  An entry that the answer
 * does not name has class AS_AWS_RETRY. */
typedef struct {
    as_aws_class_e  class;             /* AS_AWS_OK: done */
    const char     *code;              /* "" where done */
    const char     *message;
    const char     *message_id;        /* of a send; "" otherwise */
} as_sqs_result_t;

/* err is not NULL where the whole call failed; then n is 0. */
typedef void (*as_sqs_batch_done_pt)(void *data, const as_aws_error_t *err,
    const as_sqs_result_t *results, size_t n);

as_aws_call_t *as_sqs_delete_batch(as_aws_t *aws, const char *queue_url,
    const char *const *receipts, size_t n, as_sqs_batch_done_pt done,
    void *data);

typedef struct {
    const char  *receipt;
    unsigned     visibility_s;         /* 0 to 43,200 */
} as_sqs_visibility_t;

as_aws_call_t *as_sqs_visibility_batch(as_aws_t *aws, const char *queue_url,
    const as_sqs_visibility_t *entries, size_t n, as_sqs_batch_done_pt done,
    void *data);


typedef struct {
    const char  *name;
    const char  *type;                 /* NULL: "String" */
    const char  *value;                /* Binary: base64 */
} as_sqs_send_attribute_t;

typedef struct {
    const char                     *body;        /* UTF-8, 1 byte to 256 KB */
    unsigned                        delay_s;     /* 0 to 900; not on FIFO */
    const char                     *group_id;    /* NULL: none */
    const char                     *dedup_id;    /* FIFO; NULL: none */
    const as_sqs_send_attribute_t  *attributes;
    size_t                          nattributes; /* up to 10 */
} as_sqs_send_t;

/* n of 1 to 10; together at most 256 KB. */
as_aws_call_t *as_sqs_send_batch(as_aws_t *aws, const char *queue_url,
    const as_sqs_send_t *entries, size_t n, as_sqs_batch_done_pt done,
    void *data);


/* The calls with one result: a send's message id, a queue's URL, or "". */
typedef void (*as_sqs_text_done_pt)(void *data, const as_aws_error_t *err,
    const char *text);

as_aws_call_t *as_sqs_send(as_aws_t *aws, const char *queue_url,
    const as_sqs_send_t *entry, as_sqs_text_done_pt done, void *data);

as_aws_call_t *as_sqs_delete(as_aws_t *aws, const char *queue_url,
    const char *receipt, as_sqs_text_done_pt done, void *data);

as_aws_call_t *as_sqs_visibility(as_aws_t *aws, const char *queue_url,
    const as_sqs_visibility_t *entry, as_sqs_text_done_pt done, void *data);

as_aws_call_t *as_sqs_queue_url(as_aws_t *aws, const char *name,
    as_sqs_text_done_pt done, void *data);


/* A queue's attributes, by AWS's names ("VisibilityTimeout", "Policy"). */
typedef struct {
    const char  *name;
    const char  *value;
} as_sqs_pair_t;

typedef void (*as_sqs_pairs_done_pt)(void *data, const as_aws_error_t *err,
    const as_sqs_pair_t *pairs, size_t n);

/* The value of a name among pairs, or NULL. */
const char *as_sqs_pair(const as_sqs_pair_t *pairs, size_t n,
    const char *name);

/* All attributes, the approximate depths included. */
as_aws_call_t *as_sqs_get_attributes(as_aws_t *aws, const char *queue_url,
    as_sqs_pairs_done_pt done, void *data);

as_aws_call_t *as_sqs_set_attributes(as_aws_t *aws, const char *queue_url,
    const as_sqs_pair_t *pairs, size_t n, as_sqs_text_done_pt done,
    void *data);

as_aws_call_t *as_sqs_create_queue(as_aws_t *aws, const char *name,
    const as_sqs_pair_t *pairs, size_t n, as_sqs_text_done_pt done,
    void *data);


#endif /* AS_SQS_H */
