/*
 * A message of the queue: an SNS envelope, a raw delivery, or any other text.
 * The first byte selects the attributes of the message.
 */

#include "run/message.h"
#include "fuzz.h"


typedef struct {
    unsigned     bits;
    const char  *value;
} fuzz_attributes_t;


static const char *
fuzz_attribute(void *data, const char *name)
{
    unsigned                  bit;
    const fuzz_attributes_t  *attributes = data;

    bit = 1u << (strlen(name) % 6);

    return (attributes->bits & bit) ? attributes->value : NULL;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char              *body, value[64];
    size_t             len;
    as_message_t       message;
    fuzz_attributes_t  attributes;

    if (size == 0) {
        return 0;
    }

    /* NUL-terminated, as the parser of SQS's answer passes it */
    len = size - 1;
    body = malloc(len + 1);
    FUZZ_MUST(body != NULL);
    memcpy(body, data + 1, len);
    body[len] = '\0';

    snprintf(value, sizeof(value), "%.*s", (int) (len < 40 ? len : 40), body);
    attributes.bits = data[0];
    attributes.value = value;

    as_message_parse(&message, body, len, fuzz_attribute, &attributes);

    if (message.poison == NULL) {
        FUZZ_MUST(message.quantity >= 0 && message.quantity <= 1000000);
        FUZZ_MUST(message.has_order || message.product != NULL);
    }

    as_message_free(&message);
    free(body);
    return 0;
}
