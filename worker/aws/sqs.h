/*
 * Amazon SQS, AWS JSON 1.0 protocol (Amazon SQS API Reference).  Each call
 * returns a handle for as_aws_call_cancel().  On failure it returns NULL with
 * errno as as_aws_call_send(), and EINVAL for a batch of none or more than ten
 * entries.  The callback runs once, in a turn of the loop; its arguments are
 * valid until it returns.
 */

#ifndef AS_SQS_H
#define AS_SQS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

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
    int64_t      sent_ms;              /* SentTimestamp; 0: unknown */
    int64_t      first_received_ms;    /* of the first receive; 0: unknown */
    const char  *group_id;             /* FIFO; NULL otherwise */
    const char  *dead_letter_source;   /* ARN; NULL unless dead or redriven */
    json_t      *attributes;           /* read with as_sqs_answer_attribute() */
};

/* The value of a String or Number attribute, or NULL. */
const char *as_sqs_answer_attribute(const as_sqs_message_t *message,
    const char *name);

/* Visits all attributes: name, type ("String", "Number", "Binary"), value
 * (base64 for Binary). */
typedef void (*as_sqs_attribute_pt)(void *data, const char *name,
    const char *type, const char *value);
void as_sqs_answer_attributes(const as_sqs_message_t *message,
    as_sqs_attribute_pt fn, void *data);


#define AS_SQS_PARTLY  "PartlyRead"


/*
 * Even where err is set there may be messages: those that could be read from an
 * answer that is too large (err->http_error) or that has other messages that
 * are not UTF-8 (err->code AS_SQS_PARTLY).
 */
typedef void (*as_sqs_receive_done_pt)(void *data, const as_aws_error_t *err,
    const as_sqs_message_t *messages, size_t n);

typedef struct {
    const char  *queue_url;
    unsigned     max;                  /* 1 to 10 */
    unsigned     wait_s;               /* 0 to 20, of the long poll */
    int          visibility_s;         /* 0 to 43,200; -1: the queue's */
} as_sqs_receive_t;

as_aws_call_t *as_sqs_receive(as_aws_t *aws, const as_sqs_receive_t *rq,
    as_sqs_receive_done_pt done, void *data);


/* The result of one entry, results[i] for entries[i].  An entry that is missing
 * in the answer has class AS_AWS_RETRY. */
typedef struct {
    as_aws_class_e  class;             /* AS_AWS_OK: done */
    const char     *code;              /* "" where done */
    const char     *message;
    const char     *message_id;        /* of a send; "" otherwise */
} as_sqs_result_t;

/* err is set where the whole call failed; then n is 0. */
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


/*
 * For calls with one result: the message id of a send, the URL of a queue, or
 * "".
 */
typedef void (*as_sqs_text_done_pt)(void *data, const as_aws_error_t *err,
    const char *text);

as_aws_call_t *as_sqs_send(as_aws_t *aws, const char *queue_url,
    const as_sqs_send_t *entry, as_sqs_text_done_pt done, void *data);

as_aws_call_t *as_sqs_delete(as_aws_t *aws, const char *queue_url,
    const char *receipt, as_sqs_text_done_pt done, void *data);

as_aws_call_t *as_sqs_queue_url(as_aws_t *aws, const char *name,
    as_sqs_text_done_pt done, void *data);


/* An attribute of a queue, by AWS's name ("VisibilityTimeout", "Policy"). */
typedef struct {
    const char  *name;
    const char  *value;
} as_sqs_pair_t;

typedef void (*as_sqs_pairs_done_pt)(void *data, const as_aws_error_t *err,
    const as_sqs_pair_t *pairs, size_t n);

/* The value of name among pairs, or NULL. */
const char *as_sqs_pair(const as_sqs_pair_t *pairs, size_t n,
    const char *name);

/* All attributes, with the approximate numbers of messages. */
as_aws_call_t *as_sqs_get_attributes(as_aws_t *aws, const char *queue_url,
    as_sqs_pairs_done_pt done, void *data);

as_aws_call_t *as_sqs_set_attributes(as_aws_t *aws, const char *queue_url,
    const as_sqs_pair_t *pairs, size_t n, as_sqs_text_done_pt done,
    void *data);

as_aws_call_t *as_sqs_create_queue(as_aws_t *aws, const char *name,
    const as_sqs_pair_t *pairs, size_t n, as_sqs_text_done_pt done,
    void *data);


#endif /* AS_SQS_H */
