/*
 * The request body of the legacy Factory API.
 */

#include <stdio.h>
#include <string.h>

#include "run/callback_url.h"
#include "run/factory.h"


#define AS_FACTORY_GROUP  "stock-arrival-group"


static void
as_factory_body_field(as_text_t *body, const char *name, const char *value)
{
    as_text_printf(body, "%s\"%s\":", body->len == 0 ? "{" : ",", name);
    as_text_json_string(body, value, strlen(value));
}


int
as_factory_body(as_text_t *body, const as_settings_t *settings,
    const as_factory_call_t *call)
{
    int        rc;
    char       product[AS_UUID_TEXT_LEN + 1], count[16];
    as_text_t  url = AS_TEXT_EMPTY;

    *as_uuid_text(call->product_id, product) = '\0';
    snprintf(count, sizeof(count), "%d", call->quantity);

    rc = as_callback_url(&url, settings->callback_url, call->sku,
                         settings->callback_secret, call->order_id);

    as_factory_body_field(body, "MessageGroupId", AS_FACTORY_GROUP);
    as_factory_body_field(body, "MessageAttributeProductId", product);
    as_factory_body_field(body, "MessageAttributeProductCnt", count);
    as_factory_body_field(body, "MessageAttributeFactoryId", call->factory);
    as_factory_body_field(body, "MessageAttributeRequester",
                          call->requester != NULL ? call->requester
                          : settings->requester);
    as_factory_body_field(body, "CallbackUrl", as_text_get(&url));
    as_text_put(body, "}");

    as_text_free(&url);

    return rc == 0 && as_text_ok(body) ? 0 : -1;
}
