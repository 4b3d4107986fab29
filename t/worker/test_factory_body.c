/*
 * The exact request to the Factory API, with the callback URL in it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "run/callback_url.h"
#include "run/factory.h"
#include "db/outbox.h"


#define ORDER  "0190a3f0-1111-7abc-8def-0123456789ab"


/* HMAC-SHA256 by OpenSSL itself, as the module verifies it. */
static void
sign(const char *secret, char hex[65])
{
    unsigned       i, len;
    unsigned char  mac[EVP_MAX_MD_SIZE];

    HMAC(EVP_sha256(), secret, (int) strlen(secret),
         (const unsigned char *) ORDER, strlen(ORDER), mac, &len);

    for (i = 0; i < len; i++) {
        snprintf(hex + 2 * i, 3, "%02x", mac[i]);
    }
}


static void
check_url(const char *base, const char *sku, const char *before)
{
    char       signature[65], wanted[600];
    uint8_t    id[AS_UUID_LEN];
    as_text_t  url = AS_TEXT_EMPTY;

    sign("s3cret", signature);
    snprintf(wanted, sizeof(wanted), "%sorder=" ORDER "&signature=%s",
             before, signature);

    assert_int_equal(as_uuid_parse(ORDER, strlen(ORDER), id), 0);
    assert_int_equal(as_callback_url(&url, base, sku, "s3cret", id), 0);
    assert_string_equal(as_text_get(&url), wanted);
    as_text_free(&url);
}


static void
callback_urls(void **state)
{
    (void) state;

    check_url("http://h/product/donut", "CP-1", "http://h/product/donut?");
    check_url("http://h/p?x=1", "CP-1", "http://h/p?x=1&");
    check_url("http://h/product/{sku}", "CP-1", "http://h/product/CP-1?");
    check_url("http://h/{sku}/in", "a b/c?d&e#f\"'",
              "http://h/a%20b%2Fc%3Fd%26e%23f%22%27/in?");
    check_url("http://h/?p={sku}", "도", "http://h/?p=%EB%8F%84&");
    check_url("http://h/p#top", "x", "http://h/p?");
    check_url("http://h/p#{sku}", "x", "http://h/p?");
}


static void
body(void **state)
{
    json_t             *json;
    as_text_t           text = AS_TEXT_EMPTY;
    uint8_t             order[AS_UUID_LEN], product[AS_UUID_LEN];
    as_settings_t       settings;
    as_factory_call_t   call;

    (void) state;

    memset(&settings, 0, sizeof(settings));
    memset(&call, 0, sizeof(call));
    memset(product, 0x21, sizeof(product));
    as_uuid_parse(ORDER, strlen(ORDER), order);

    settings.callback_url = "https://shop.example/product/donut";
    settings.callback_secret = "s3cret";
    settings.requester = "autostock";
    call.order_id = order;
    call.product_id = product;
    call.sku = "CP-502101";
    call.factory = "FF-\"500293\"";
    call.quantity = 10;

    assert_int_equal(as_factory_body(&text, &settings, &call), 0);
    json = json_loads(as_text_get(&text), 0, NULL);
    assert_non_null(json);
    assert_int_equal(json_object_size(json), 6);
    assert_string_equal(json_string_value(json_object_get(json,
                        "MessageGroupId")), "stock-arrival-group");
    assert_string_equal(json_string_value(json_object_get(json,
                        "MessageAttributeProductId")),
                        "21212121-2121-2121-2121-212121212121");
    assert_string_equal(json_string_value(json_object_get(json,
                        "MessageAttributeProductCnt")), "10");
    assert_string_equal(json_string_value(json_object_get(json,
                        "MessageAttributeFactoryId")), "FF-\"500293\"");
    assert_string_equal(json_string_value(json_object_get(json,
                        "MessageAttributeRequester")), "autostock");
    assert_memory_equal(json_string_value(json_object_get(json,
                        "CallbackUrl")),
                        "https://shop.example/product/donut?order=", 41);

    json_decref(json);
    as_text_free(&text);
}


static void
requester_of_the_letter(void **state)
{
    as_text_t           text = AS_TEXT_EMPTY;
    uint8_t             id[AS_UUID_LEN] = { 0 };
    as_settings_t       settings;
    as_factory_call_t   call;

    (void) state;

    memset(&settings, 0, sizeof(settings));
    memset(&call, 0, sizeof(call));
    settings.callback_url = "http://h/";
    settings.callback_secret = "x";
    settings.requester = "autostock";
    call.order_id = call.product_id = id;
    call.sku = call.factory = "x";
    call.requester = "홍길동";

    assert_int_equal(as_factory_body(&text, &settings, &call), 0);
    assert_non_null(strstr(as_text_get(&text),
                           "\"MessageAttributeRequester\":\"홍길동\""));
    as_text_free(&text);
}


static void
pauses(void **state)
{
    (void) state;

    assert_int_equal(as_outbox_pause(0, 60000, 3600000), 0);
    assert_int_equal(as_outbox_pause(1, 60000, 3600000), 60000);
    assert_int_equal(as_outbox_pause(2, 60000, 3600000), 120000);
    assert_int_equal(as_outbox_pause(6, 60000, 3600000), 1920000);
    assert_int_equal(as_outbox_pause(7, 60000, 3600000), 3600000);
    assert_int_equal(as_outbox_pause(1000000, 60000, 3600000), 3600000);
    assert_int_equal(as_outbox_pause(3, 0, 0), 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(callback_urls),
        cmocka_unit_test(body),
        cmocka_unit_test(requester_of_the_letter),
        cmocka_unit_test(pauses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
