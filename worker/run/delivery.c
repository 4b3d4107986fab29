/*
 * A delivery: a message of the queue that this worker has received.
 */

#include <stdlib.h>
#include <string.h>

#include "as_digest.h"
#include "run/delivery.h"


static void
as_delivery_attribute(void *data, const char *name, const char *type,
    const char *value)
{
    as_delivery_t            *delivery = data;
    as_delivery_attribute_t  *attribute;

    /* drop the worker's attributes of a dead letter */
    if (strncmp(name, "Autostock", 9) == 0) {
        delivery->was_dead = true;
        return;
    }

    if (delivery->nattributes == AS_DELIVERY_ATTRIBUTES) {
        return;
    }

    attribute = &delivery->attributes[delivery->nattributes++];
    attribute->name = strdup(name);
    attribute->type = strdup(type);
    attribute->value = strdup(value);
}


static const char *
as_delivery_lookup(void *data, const char *name)
{
    size_t                i;
    const as_delivery_t  *delivery = data;

    for (i = 0; i < delivery->nattributes; i++) {
        if (strcmp(delivery->attributes[i].name, name) == 0) {
            return strncmp(delivery->attributes[i].type, "Binary", 6) == 0
                   ? "" : delivery->attributes[i].value;
        }
    }

    return NULL;
}


static bool
as_delivery_whole(const as_delivery_t *delivery,
    const as_sqs_message_t *message)
{
    size_t  i;

    if (delivery->id == NULL || delivery->receipt == NULL
        || delivery->body == NULL
        || (delivery->group_id == NULL && message->group_id != NULL))
    {
        return false;
    }

    for (i = 0; i < delivery->nattributes; i++) {
        if (delivery->attributes[i].name == NULL
            || delivery->attributes[i].type == NULL
            || delivery->attributes[i].value == NULL)
        {
            return false;
        }
    }

    return true;
}


as_delivery_t *
as_delivery_create(as_consumer_t *consumer, const as_sqs_message_t *message)
{
    as_delivery_t  *delivery;

    delivery = calloc(1, sizeof(*delivery));
    if (delivery == NULL) {
        return NULL;
    }

    delivery->consumer = consumer;
    delivery->id = strdup(message->id);
    delivery->receipt = strdup(message->receipt);
    delivery->body = strdup(message->body);
    delivery->group_id = message->group_id == NULL ? NULL
                       : strdup(message->group_id);
    delivery->receive_count = message->receive_count;
    delivery->sent_ms = message->sent_ms;
    delivery->was_dead = message->dead_letter_source != NULL;
    as_sqs_answer_attributes(message, as_delivery_attribute, delivery);

    if (!as_delivery_whole(delivery, message)) {
        as_delivery_destroy(delivery);
        return NULL;
    }

    as_message_parse(&delivery->message, message->body, message->body_len,
                     as_delivery_lookup, delivery);

    if (delivery->message.failed) {
        as_delivery_destroy(delivery);
        return NULL;
    }

    return delivery;
}


void
as_delivery_destroy(as_delivery_t *delivery)
{
    size_t  i;

    if (delivery == NULL) {
        return;
    }

    for (i = 0; i < delivery->nattributes; i++) {
        free(delivery->attributes[i].name);
        free(delivery->attributes[i].type);
        free(delivery->attributes[i].value);
    }

    as_message_free(&delivery->message);
    as_lease_free(&delivery->lease);
    free(delivery->id);
    free(delivery->receipt);
    free(delivery->body);
    free(delivery->group_id);
    free(delivery);
}


void
as_delivery_trace(as_delivery_t *delivery, const as_trace_t *trace,
    as_uuid_gen_t *gen)
{
    delivery->trace = *trace;

    if (as_trace_is_set(trace)) {
        as_trace_child(&delivery->span, trace, gen);
    }
}


uint64_t
as_delivery_key(const as_delivery_t *delivery)
{
    size_t    i;
    uint64_t  hash;

    /* FNV-1a */
    hash = UINT64_C(14695981039346656037);
    for (i = 0; i < AS_UUID_LEN; i++) {
        hash = (hash ^ delivery->lease.id[i]) * UINT64_C(1099511628211);
    }

    return hash;
}


int
as_delivery_order_id(const as_delivery_t *delivery, uint8_t id[AS_UUID_LEN])
{
    uint8_t  sum[AS_SHA256_LEN];

    if (as_uuid_parse(delivery->id, strlen(delivery->id), id) == 0) {
        return 0;
    }

    if (as_digest_sha256(delivery->id, strlen(delivery->id), sum) != 0) {
        return -1;
    }

    memcpy(id, sum, AS_UUID_LEN);

    return 0;
}
