/*
 * Builds the callback URL for the factory.
 */

#include <string.h>

#include "run/callback_url.h"
#include "as_digest.h"


#define AS_CALLBACK_SKU  "{sku}"


int
as_callback_url(as_text_t *out, const char *base, const char *sku,
    const char *secret, const uint8_t order_id[AS_UUID_LEN])
{
    char         order[AS_UUID_TEXT_LEN + 1];
    char         signature[AS_SIGNATURE_TEXT_LEN];
    size_t       len;
    const char  *place, *fragment;

    if (as_digest_signature_text(secret, strlen(secret), order_id, signature)
        != 0)
    {
        return -1;
    }

    *as_uuid_text(order_id, order) = '\0';

    /* a query after a fragment would be a part of the fragment */
    fragment = strchr(base, '#');
    len = fragment == NULL ? strlen(base) : (size_t) (fragment - base);
    place = strstr(base, AS_CALLBACK_SKU);

    if (place != NULL && (size_t) (place - base) < len) {
        as_text_add(out, base, (size_t) (place - base));
        as_text_percent(out, sku, strlen(sku), "");
        len -= (size_t) (place - base) + sizeof(AS_CALLBACK_SKU) - 1;
        place += sizeof(AS_CALLBACK_SKU) - 1;
        as_text_add(out, place, len);

    } else {
        as_text_add(out, base, len);
    }

    as_text_printf(out, "%corder=%s&signature=",
                   strchr(base, '?') != NULL ? '&' : '?', order);
    as_text_add(out, signature, sizeof(signature));

    return 0;
}
