#include <stdlib.h>
#include <string.h>

#include "aws/sns_answer.h"
#include "aws/sqs_op.h"
#include "aws/xml.h"


#define AS_SNS_PAGE  100               /* subscriptions per answer */


/* Texts that must stay valid until the callback returns.  They are offsets,
 * since the buffer moves as it grows. */
typedef struct {
    as_text_t    text;
    const char  *member;
    size_t       value;                /* 0: none (text begins with a NUL) */

    size_t       fields[AS_SNS_PAGE][3];
    size_t       n;                    /* complete fields */
    size_t       current[4];
    size_t       next;
} as_sns_read_t;


static size_t
as_sns_answer_keep(as_sns_read_t *r, const char *text)
{
    size_t  at;

    at = r->text.len;
    as_text_add(&r->text, text, strlen(text) + 1);

    return at;
}


static const char *
as_sns_answer_kept(const as_sns_read_t *r, size_t at)
{
    return r->text.data + at;
}


static as_sns_read_t *
as_sns_answer_create(void)
{
    as_sns_read_t  *r;

    r = calloc(1, sizeof(as_sns_read_t));
    if (r != NULL) {
        (void) as_sns_answer_keep(r, "");
    }

    return r;
}


static void
as_sns_answer_destroy(as_sns_read_t *r)
{
    if (r != NULL) {
        as_text_free(&r->text);
        free(r);
    }
}


/* Parses the answer with fn.  NULL with the reason in err. */
static as_sns_read_t *
as_sns_answer_read(const char *body, size_t len, as_xml_element_pt fn,
    const char *member, as_aws_error_t *err)
{
    as_sns_read_t  *r;

    r = as_sns_answer_create();

    if (r != NULL) {
        r->member = member;

        if (as_xml_read(body, len, fn, r) == 0 && as_text_ok(&r->text)) {
            return r;
        }
    }

    as_sns_answer_destroy(r);
    as_sqs_op_garbled(err, "the answer is not the XML that SNS sends");

    return NULL;
}


static void
as_sns_answer_text_element(void *data, const char *path, const char *text)
{
    as_sns_read_t  *r = data;

    if (as_xml_ends(path, r->member)) {
        r->value = as_sns_answer_keep(r, text);
    }
}


void
as_sns_answer_text(void *data, const as_aws_error_t *err, const char *body,
    size_t len)
{
    as_sqs_op_t     *op = data;
    as_sns_read_t   *r;
    as_aws_error_t   garbled;

    r = NULL;

    if (err == NULL && op->member != NULL) {
        r = as_sns_answer_read(body, len, as_sns_answer_text_element,
                               op->member, &garbled);

        if (r == NULL || r->value == 0) {
            as_sqs_op_garbled(&garbled, "the answer lacks the requested data");
            err = &garbled;
        }
    }

    op->done.text(op->data, err,
                  r && !err ? as_sns_answer_kept(r, r->value) : "");

    as_sns_answer_destroy(r);
    free(op);
}


/*
 * Collects id, code or NUL, message or message id of each entry, in the order
 * in which the elements end.
 */
static void
as_sns_answer_batch_element(void *data, const char *path, const char *text)
{
    bool            failed;
    as_sns_read_t  *r = data;

    if (as_xml_ends(path, "member/Id")) {
        r->current[0] = as_sns_answer_keep(r, text);

    } else if (as_xml_ends(path, "member/Code")) {
        r->current[1] = as_sns_answer_keep(r, text);

    } else if (as_xml_ends(path, "member/Message")
               || as_xml_ends(path, "member/MessageId"))
    {
        r->current[2] = as_sns_answer_keep(r, text);

    } else if (as_xml_ends(path, "Successful/member")
               || as_xml_ends(path, "Failed/member"))
    {
        failed = as_xml_ends(path, "Failed/member");

        if (failed && r->current[1] == 0) {
            r->current[1] = as_sns_answer_keep(r, "Unknown");
        }

        if (!failed) {
            r->current[1] = 0;
        }

        if (r->n < AS_SNS_PAGE) {
            memcpy(r->fields[r->n++], r->current, sizeof(r->fields[0]));
        }

        memset(r->current, 0, sizeof(r->current));
    }
}


void
as_sns_answer_batch(void *data, const as_aws_error_t *err, const char *body,
    size_t len)
{
    size_t            i, *f;
    as_sqs_op_t      *op = data;
    as_sns_read_t    *r;
    as_aws_error_t    garbled;
    as_sqs_result_t   results[AS_SQS_BATCH_MAX], *result;

    r = NULL;
    as_sqs_op_results_init(results, op->n);

    if (err == NULL) {
        r = as_sns_answer_read(body, len, as_sns_answer_batch_element, NULL,
                               &garbled);
        err = r ? NULL : &garbled;
    }

    for (i = 0; r != NULL && i < r->n; i++) {
        f = r->fields[i];
        result = as_sqs_op_result_at(results, op->n,
                                     as_sns_answer_kept(r, f[0]));

        if (result == NULL) {
            continue;
        }

        if (f[1] != 0) {
            as_sqs_op_result_failed(result, as_sns_answer_kept(r, f[1]),
                                    as_sns_answer_kept(r, f[2]));
            continue;
        }

        result->class = AS_AWS_OK;
        result->code = "";
        result->message = "";
        result->message_id = as_sns_answer_kept(r, f[2]);
    }

    op->done.batch(op->data, err, results, err ? 0 : op->n);

    as_sns_answer_destroy(r);
    free(op);
}


static void
as_sns_answer_pairs_element(void *data, const char *path, const char *text)
{
    as_sns_read_t  *r = data;

    if (as_xml_ends(path, "entry/key")) {
        r->current[0] = as_sns_answer_keep(r, text);

    } else if (as_xml_ends(path, "entry/value")) {
        r->current[1] = as_sns_answer_keep(r, text);

    } else if (as_xml_ends(path, "Attributes/entry")) {
        if (r->current[0] != 0 && r->n < AS_SQS_PAIRS_MAX) {
            memcpy(r->fields[r->n++], r->current, sizeof(r->fields[0]));
        }

        memset(r->current, 0, sizeof(r->current));
    }
}


void
as_sns_answer_pairs(void *data, const as_aws_error_t *err, const char *body,
    size_t len)
{
    size_t           i, n;
    as_sqs_op_t     *op = data;
    as_sns_read_t   *r;
    as_sqs_pair_t    pairs[AS_SQS_PAIRS_MAX];
    as_aws_error_t   garbled;

    r = NULL;

    if (err == NULL) {
        r = as_sns_answer_read(body, len, as_sns_answer_pairs_element, NULL,
                               &garbled);
        err = r ? NULL : &garbled;
    }

    n = r ? r->n : 0;

    for (i = 0; i < n; i++) {
        pairs[i].name = as_sns_answer_kept(r, r->fields[i][0]);
        pairs[i].value = as_sns_answer_kept(r, r->fields[i][1]);
    }

    op->done.pairs(op->data, err, pairs, n);

    as_sns_answer_destroy(r);
    free(op);
}


static void
as_sns_answer_subscriptions_element(void *data, const char *path,
    const char *text)
{
    as_sns_read_t  *r = data;

    if (as_xml_ends(path, "member/SubscriptionArn")) {
        r->current[0] = as_sns_answer_keep(r, text);

    } else if (as_xml_ends(path, "member/Protocol")) {
        r->current[1] = as_sns_answer_keep(r, text);

    } else if (as_xml_ends(path, "member/Endpoint")) {
        r->current[2] = as_sns_answer_keep(r, text);

    } else if (as_xml_ends(path, "Subscriptions/member")) {
        if (r->n < AS_SNS_PAGE) {
            memcpy(r->fields[r->n++], r->current, sizeof(r->fields[0]));
        }

        memset(r->current, 0, sizeof(r->current));

    } else if (as_xml_ends(path, "NextToken") && *text != '\0') {
        r->next = as_sns_answer_keep(r, text);
    }
}


void
as_sns_answer_subscriptions(void *data, const as_aws_error_t *err,
    const char *body, size_t len)
{
    size_t                  i, n;
    as_sqs_op_t            *op = data;
    as_sns_read_t          *r;
    as_aws_error_t          garbled;
    as_sns_subscription_t   list[AS_SNS_PAGE];

    r = NULL;

    if (err == NULL) {
        r = as_sns_answer_read(body, len, as_sns_answer_subscriptions_element,
                               NULL, &garbled);
        err = r ? NULL : &garbled;
    }

    n = r ? r->n : 0;

    for (i = 0; i < n; i++) {
        list[i].arn = as_sns_answer_kept(r, r->fields[i][0]);
        list[i].protocol = as_sns_answer_kept(r, r->fields[i][1]);
        list[i].endpoint = as_sns_answer_kept(r, r->fields[i][2]);
    }

    op->done.subscriptions(op->data, err, list, n, r
                           && r->next ? as_sns_answer_kept(r, r->next) : NULL);

    as_sns_answer_destroy(r);
    free(op);
}
