/*
 * What a message of the queue says.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "as_message.h"


#define AS_MESSAGE_TEXT_MAX      800   /* 200 characters of UTF-8 */
#define AS_MESSAGE_QUANTITY_MAX  1000000


typedef struct {
    json_t                   *json;    /* an object, or NULL */
    as_message_attribute_pt   attribute;
    void                     *data;
    char                      number[32];
} as_message_source_t;


/* A field as a string: "x", 10, {"Type":"String","Value":"x"}, or SQS's
 * {"StringValue":"x"}. */
static const char *
as_message_json_text(as_message_source_t *source, json_t *value)
{
    json_t  *inner;

    if (json_is_object(value)) {
        inner = json_object_get(value, "Value");
        value = inner != NULL ? inner : json_object_get(value,
                                                        "StringValue");
    }

    if (json_is_integer(value)) {
        snprintf(source->number, sizeof(source->number),
                 "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return source->number;
    }

    return json_is_string(value) ? json_string_value(value) : NULL;
}


static const char *
as_message_field(as_message_source_t *source, const char *name)
{
    json_t      *attributes;
    const char  *text;

    text = source->attribute == NULL ? NULL
           : source->attribute(source->data, name);

    if (text == NULL && source->json != NULL) {
        attributes = json_object_get(source->json, "MessageAttributes");
        text = as_message_json_text(source,
                                    json_object_get(attributes, name));
        if (text == NULL) {
            text = as_message_json_text(source,
                                        json_object_get(source->json, name));
        }
    }

    return text == NULL || *text == '\0' ? NULL : text;
}


static int
as_message_quantity(const char *text)
{
    long   n;
    char  *end;

    if (text == NULL || *text < '0' || *text > '9') {
        return 0;
    }

    errno = 0;
    n = strtol(text, &end, 10);

    return errno == 0 && *end == '\0' && n >= 1
           && n <= AS_MESSAGE_QUANTITY_MAX ? (int) n : 0;
}


/* What the fields say; poison says what is missing. */
static void
as_message_fields(as_message_t *message, as_message_source_t *source)
{
    const char  *text;

    message->poison = NULL;

    text = as_message_field(source, "MessageAttributeOrderId");
    if (text != NULL) {
        if (as_uuid_parse(text, strlen(text), message->order_id) != 0) {
            message->poison = "the order id is no UUID";
            return;
        }
        message->has_order = true;
    }

    text = as_message_field(source, "MessageAttributeProductId");
    if (text != NULL && strlen(text) <= AS_MESSAGE_TEXT_MAX) {
        message->product = strdup(text);
    }

    text = as_message_field(source, "MessageAttributeRequester");
    if (text != NULL && strlen(text) <= AS_MESSAGE_TEXT_MAX) {
        message->requester = strdup(text);
    }

    message->quantity = as_message_quantity(
        as_message_field(source, "MessageAttributeProductCnt"));

    if (!message->has_order && message->product == NULL) {
        message->poison = "no product is named";
    }
}


/* An envelope without attributes may hold JSON as its message. */
static void
as_message_inner(as_message_t *message, as_message_source_t *source)
{
    json_t      *outer, *inner;
    const char  *text;

    outer = source->json;
    inner = json_object_get(outer, "Message");
    text = json_string_value(inner);

    source->json = text == NULL ? NULL : json_loads(text, 0, NULL);

    if (json_is_object(source->json)) {
        free(message->requester);
        message->requester = NULL;
        as_message_fields(message, source);
    }

    json_decref(source->json);
    source->json = outer;
}


void
as_message_parse(as_message_t *message, const char *body, size_t len,
    as_message_attribute_pt attribute, void *data)
{
    as_message_source_t  source;

    memset(message, 0, sizeof(*message));
    memset(&source, 0, sizeof(source));
    source.attribute = attribute;
    source.data = data;

    /* a raw delivery: its body is a text for people */
    as_message_fields(message, &source);
    if (message->poison == NULL || message->has_order) {
        return;
    }

    source.json = json_loadb(body, len, 0, NULL);

    if (!json_is_object(source.json)) {
        message->poison = "the message is not JSON, and has no attributes";
        goto out;
    }

    free(message->requester);
    message->requester = NULL;
    as_message_fields(message, &source);

    if (message->poison != NULL && message->product == NULL) {
        as_message_inner(message, &source);
    }

out:

    json_decref(source.json);
}


void
as_message_free(as_message_t *message)
{
    free(message->product);
    free(message->requester);
    message->product = NULL;
    message->requester = NULL;
}
