/*
 * A letter: a message in hand.
 */

#include <stdlib.h>
#include <string.h>

#include "as_digest.h"
#include "run/letter.h"


static void
as_letter_attribute(void *data, const char *name, const char *type,
    const char *value)
{
    as_letter_t            *letter = data;
    as_letter_attribute_t  *attribute;

    /* drop the worker's attributes of a dead letter */
    if (strncmp(name, "Autostock", 9) == 0) {
        letter->was_dead = true;
        return;
    }

    if (letter->nattributes == AS_LETTER_ATTRIBUTES) {
        return;
    }

    attribute = &letter->attributes[letter->nattributes++];
    attribute->name = strdup(name);
    attribute->type = strdup(type);
    attribute->value = strdup(value);
}


static const char *
as_letter_lookup(void *data, const char *name)
{
    size_t              i;
    const as_letter_t  *letter = data;

    for (i = 0; i < letter->nattributes; i++) {
        if (strcmp(letter->attributes[i].name, name) == 0) {
            return strncmp(letter->attributes[i].type, "Binary", 6) == 0
                   ? "" : letter->attributes[i].value;
        }
    }

    return NULL;
}


static bool
as_letter_whole(const as_letter_t *letter)
{
    size_t  i;

    if (letter->id == NULL || letter->receipt == NULL || letter->body == NULL)
    {
        return false;
    }

    for (i = 0; i < letter->nattributes; i++) {
        if (letter->attributes[i].name == NULL
            || letter->attributes[i].type == NULL
            || letter->attributes[i].value == NULL)
        {
            return false;
        }
    }

    return true;
}


as_letter_t *
as_letter_create(as_consumer_t *consumer, const as_sqs_message_t *message)
{
    as_letter_t  *letter;

    letter = calloc(1, sizeof(*letter));
    if (letter == NULL) {
        return NULL;
    }

    letter->consumer = consumer;
    letter->id = strdup(message->id);
    letter->receipt = strdup(message->receipt);
    letter->body = strdup(message->body);
    letter->group_id = message->group_id == NULL ? NULL
                       : strdup(message->group_id);
    letter->receive_count = message->receive_count;
    letter->sent_ms = message->sent_ms;
    letter->was_dead = message->dead_letter_source != NULL;
    as_sqs_attributes(message, as_letter_attribute, letter);

    if (!as_letter_whole(letter)) {
        as_letter_destroy(letter);
        return NULL;
    }

    as_message_parse(&letter->message, message->body, message->body_len,
                     as_letter_lookup, letter);

    return letter;
}


void
as_letter_destroy(as_letter_t *letter)
{
    size_t  i;

    if (letter == NULL) {
        return;
    }

    for (i = 0; i < letter->nattributes; i++) {
        free(letter->attributes[i].name);
        free(letter->attributes[i].type);
        free(letter->attributes[i].value);
    }

    as_message_free(&letter->message);
    as_lease_free(&letter->lease);
    free(letter->id);
    free(letter->receipt);
    free(letter->body);
    free(letter->group_id);
    free(letter);
}


uint64_t
as_letter_key(const as_letter_t *letter)
{
    size_t    i;
    uint64_t  hash;

    /* FNV-1a */
    hash = UINT64_C(14695981039346656037);
    for (i = 0; i < AS_UUID_LEN; i++) {
        hash = (hash ^ letter->lease.id[i]) * UINT64_C(1099511628211);
    }

    return hash;
}


int
as_letter_order_id(const as_letter_t *letter, uint8_t id[AS_UUID_LEN])
{
    uint8_t  sum[AS_SHA256_LEN];

    if (as_uuid_parse(letter->id, strlen(letter->id), id) == 0) {
        return 0;
    }

    if (as_sha256(letter->id, strlen(letter->id), sum) != 0) {
        return -1;
    }

    memcpy(id, sum, AS_UUID_LEN);

    return 0;
}
