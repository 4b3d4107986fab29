/*
 * The callback URL for the factory: the configured URL with {sku} replaced and
 * the order's id and its signature added.
 */

#ifndef AS_CALLBACK_URL_H
#define AS_CALLBACK_URL_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "as_uuid.h"


/* Appends it to out.  0, or -1 where signing fails. */
int as_callback_url(as_text_t *out, const char *base, const char *sku,
    const char *secret, const uint8_t order_id[AS_UUID_LEN]);


#endif /* AS_CALLBACK_URL_H */
