/*
 * Parses a message of the queue.
 *
 * It is read token by token.  Most of an envelope is its signature and its
 * text, and JSON from outside must not make the worker allocate a tree.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "as_json.h"
#include "run/message.h"


#define AS_MESSAGE_TEXT_MAX      800   /* 200 characters of UTF-8 */
#define AS_MESSAGE_QUANTITY_MAX  1000000


typedef enum {
    AS_MESSAGE_ORDER = 0,
    AS_MESSAGE_PRODUCT,
    AS_MESSAGE_COUNT,
    AS_MESSAGE_REQUESTER,
    AS_MESSAGE_TRACEPARENT,
    AS_MESSAGE_FIELDS
} as_message_field_e;

static const char *const  as_message_names[AS_MESSAGE_FIELDS] = {
    "MessageAttributeOrderId",
    "MessageAttributeProductId",
    "MessageAttributeProductCnt",
    "MessageAttributeRequester",
    AS_MESSAGE_TRACE
};

typedef struct {
    char   fields[AS_MESSAGE_FIELDS][AS_MESSAGE_TEXT_MAX + 1];
    bool   there[AS_MESSAGE_FIELDS];   /* present, even if not readable */
    bool   given[AS_MESSAGE_FIELDS];   /* its text was read */
    char  *inner;                      /* the envelope's Message, or NULL */
    size_t inner_len;
    bool   failed;                     /* no memory for it */
} as_message_read_t;


/* Stores a string or number as the text of a field. */
static void
as_message_keep(as_message_read_t *read, as_message_field_e field,
    const as_json_token_t *token)
{
    char       *text = read->fields[field];
    ptrdiff_t   n;

    n = 0;
    if (token->type == AS_JSON_STRING || token->type == AS_JSON_NUMBER) {
        n = as_json_decode(token, text, AS_MESSAGE_TEXT_MAX);
    }

    if (n <= 0 || memchr(text, '\0', (size_t) n) != NULL) {
        n = 0;
    }

    text[n] = '\0';
    read->given[field] = n > 0;
}


/* A field's value: plain, or an object as SNS and SQS write attributes. */
static int
as_message_value(as_json_t *json, as_message_read_t *read,
    as_message_field_e field, const as_json_token_t *value)
{
    bool             wanted;
    as_json_token_t  token;

    read->there[field] = true;

    if (value->type != AS_JSON_OBJECT) {
        as_message_keep(read, field, value);
        return as_json_skip(json, value);
    }

    while (as_json_next(json, &token) == AS_JSON_KEY) {
        wanted = as_json_equals(&token, "Value", 5)
                 || as_json_equals(&token, "StringValue", 11);
        as_json_next(json, &token);

        if (wanted) {
            as_message_keep(read, field, &token);
        }
        if (as_json_skip(json, &token) != 0) {
            return -1;
        }
    }

    return token.type == AS_JSON_OBJECT_END ? 0 : -1;
}


static int
as_message_field(const as_json_token_t *key)
{
    int  i;

    for (i = 0; i < AS_MESSAGE_FIELDS; i++) {
        if (as_json_equals(key, as_message_names[i],
                           strlen(as_message_names[i])))
        {
            return i;
        }
    }

    return -1;
}


static int
as_message_inner(as_message_read_t *read, const as_json_token_t *token)
{
    ptrdiff_t  n;

    if (token->type != AS_JSON_STRING || read->inner != NULL
        || token->len == 0)
    {
        return 0;
    }

    read->inner = malloc(token->len);
    if (read->inner == NULL) {
        read->failed = true;
        return -1;
    }

    n = as_json_decode(token, read->inner, token->len);
    read->inner_len = n < 0 ? 0 : (size_t) n;

    return 0;
}


/*
 * Reads the members of an object, after its first token.  An envelope's
 * MessageAttributes take precedence over its other members: a member of the
 * outer object counts only where the attributes do not have it.
 */
static int
as_message_object(as_json_t *json, as_message_read_t *read, bool outer)
{
    int              field, rc;
    bool             attributes, inner;
    as_json_token_t  token;

    while (as_json_next(json, &token) == AS_JSON_KEY) {
        field = as_message_field(&token);
        attributes = outer && as_json_equals(&token, "MessageAttributes", 17);
        inner = outer && as_json_equals(&token, "Message", 7);
        as_json_next(json, &token);

        if (attributes && token.type == AS_JSON_OBJECT) {
            rc = as_message_object(json, read, false);

        } else if (field >= 0 && !(outer && read->given[field])) {
            rc = as_message_value(json, read, (as_message_field_e) field,
                                  &token);

        } else {
            rc = inner ? as_message_inner(read, &token) : 0;
            rc |= as_json_skip(json, &token);
        }

        if (rc != 0) {
            return -1;
        }
    }

    return token.type == AS_JSON_OBJECT_END ? 0 : -1;
}


/* 0, or -1 where the text is not a JSON object. */
static int
as_message_json(as_message_read_t *read, const char *text, size_t len)
{
    as_json_t        json;
    as_json_token_t  token;

    as_json_init(&json, text, len);

    if (as_json_next(&json, &token) != AS_JSON_OBJECT
        || as_message_object(&json, read, true) != 0)
    {
        return -1;
    }

    return as_json_next(&json, &token) == AS_JSON_END ? 0 : -1;
}


static int
as_message_quantity(const char *text)
{
    long   n;
    char  *end;

    if (*text < '0' || *text > '9') {
        return 0;
    }

    errno = 0;
    n = strtol(text, &end, 10);

    return errno == 0 && *end == '\0' && n >= 1
           && n <= AS_MESSAGE_QUANTITY_MAX ? (int) n : 0;
}


/* Fills the message from the fields; poison says what is missing. */
static void
as_message_say(as_message_t *message, const as_message_read_t *read)
{
    const char  *text;

    as_trace_read(&message->trace, read->fields[AS_MESSAGE_TRACEPARENT]);

    if (read->there[AS_MESSAGE_ORDER]) {
        text = read->fields[AS_MESSAGE_ORDER];
        if (as_uuid_parse(text, strlen(text), message->order_id) != 0) {
            message->poison = "the order id is not a UUID";
            return;
        }
        message->has_order = true;
    }

    if (read->given[AS_MESSAGE_PRODUCT]) {
        message->product = strdup(read->fields[AS_MESSAGE_PRODUCT]);
        message->failed |= message->product == NULL;
    }

    if (read->given[AS_MESSAGE_REQUESTER]) {
        message->requester = strdup(read->fields[AS_MESSAGE_REQUESTER]);
        message->failed |= message->requester == NULL;
    }

    message->quantity = as_message_quantity(read->fields[AS_MESSAGE_COUNT]);

    /* the order determines product and quantity */
    if (message->has_order) {
        return;
    }

    if (message->product == NULL) {
        message->poison = "the message names no product";

    } else if (message->quantity == 0 && read->there[AS_MESSAGE_COUNT]) {
        message->poison = "the count is not an integer from 1 to 1000000";
    }
}


/* A raw delivery: the fields are the message's attributes; its body is a text
 * for human readers. */
static void
as_message_raw(as_message_read_t *read, as_message_attribute_pt attribute,
    void *data)
{
    int          i;
    size_t       len;
    const char  *text;

    for (i = 0; attribute != NULL && i < AS_MESSAGE_FIELDS; i++) {
        text = attribute(data, as_message_names[i]);
        len = text == NULL ? 0 : strlen(text);
        read->there[i] = text != NULL;

        if (len > 0 && len <= AS_MESSAGE_TEXT_MAX) {
            memcpy(read->fields[i], text, len + 1);
            read->given[i] = true;
        }
    }
}


static bool
as_message_found(const as_message_read_t *read)
{
    return read->given[AS_MESSAGE_ORDER] || read->given[AS_MESSAGE_PRODUCT];
}


void
as_message_parse(as_message_t *message, const char *body, size_t len,
    as_message_attribute_pt attribute, void *data)
{
    int                i;
    char              *inner;
    size_t             inner_len;
    as_message_read_t  read;

    memset(message, 0, sizeof(*message));

    for (i = 0; i < AS_MESSAGE_FIELDS; i++) {
        read.fields[i][0] = '\0';
        read.there[i] = read.given[i] = false;
    }
    read.inner = NULL;
    read.failed = false;

    as_message_raw(&read, attribute, data);

    if (!as_message_found(&read)) {
        if (as_message_json(&read, body, len) != 0) {
            message->poison = "the message is not JSON, and no attribute "
                              "names an order or a product";
            goto out;
        }

        /* the Message of an envelope without attributes may be JSON */
        if (!as_message_found(&read) && read.inner != NULL) {
            inner = read.inner;
            inner_len = read.inner_len;
            read.inner = NULL;
            if (as_message_json(&read, inner, inner_len) != 0) {
                memset(read.given, 0, sizeof(read.given));
                memset(read.there, 0, sizeof(read.there));
            }
            free(inner);
        }
    }

    as_message_say(message, &read);

out:

    message->failed |= read.failed;
    free(read.inner);
}


void
as_message_free(as_message_t *message)
{
    free(message->product);
    free(message->requester);
    message->product = NULL;
    message->requester = NULL;
}
