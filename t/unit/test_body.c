#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "../../src/http/ngx_http_autostock_body.c"
#include "../../src/http/ngx_http_autostock_body_field.c"
#include "../../src/http/ngx_http_autostock_body_lines.c"
#include "../../src/http/ngx_http_autostock_key.c"
#include "../../src/http/ngx_http_autostock_sku.c"


static ngx_http_autostock_body_t body;


static ngx_uint_t
checkout(const char *text)
{
    return ngx_http_autostock_body_checkout(&body, (const u_char *) text,
                                            strlen(text));
}


static ngx_uint_t
receipt(const char *text)
{
    return ngx_http_autostock_body_receipt(&body, (const u_char *) text,
                                           strlen(text));
}


static void
check_product(const char *product)
{
    assert_int_equal(body.product.len, strlen(product));
    assert_memory_equal(body.product.data, product, strlen(product));
}


/* the detail is one sentence that contains the words */
static void
check_detail(const char *words)
{
    char detail[sizeof(body.buf) + 1];

    assert_true(body.detail.len > 0 && body.detail.len < sizeof(detail));
    memcpy(detail, body.detail.data, body.detail.len);
    detail[body.detail.len] = '\0';

    if (strstr(detail, words) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", words, detail);
    }
}


/* {"sku":"…"} with n times the character */
static ngx_uint_t
checkout_long(const char *character, size_t n)
{
    static char text[4096];

    strcpy(text, "{\"sku\":\"");

    while (n-- > 0) {
        strcat(text, character);
    }

    strcat(text, "\"}");

    return checkout(text);
}


static void
test_checkout(void **state)
{
    (void) state;

    assert_int_equal(checkout(""), 0);
    assert_int_equal(body.product.len, 0);
    assert_int_equal(body.quantity, 1);

    assert_int_equal(checkout("{}"), 0);
    assert_int_equal(body.product.len, 0);
    assert_int_equal(body.quantity, 1);

    assert_int_equal(checkout("{\"sku\":\"CP-502101\",\"quantity\":2}"), 0);
    check_product("CP-502101");
    assert_int_equal(body.quantity, 2);

    assert_int_equal(checkout(" {\"quantity\" : 1000000 } \n"), 0);
    assert_int_equal(body.quantity, 1000000);

    assert_int_equal(checkout("{\"MessageAttributeFactoryId\":\"FF-500293\","
                              "\"x\":[{\"quantity\":0}],\"Quantity\":0}"), 0);
    assert_int_equal(body.quantity, 1);
}


static void
test_checkout_escapes(void **state)
{
    (void) state;

    assert_int_equal(checkout("{\"\\u0073ku\":\"\\ub3c4\\ud83c\\udf69\\\"\"}"),
                     0);
    check_product("\xeb\x8f\x84\xf0\x9f\x8d\xa9\"");
    assert_ptr_equal(body.product.data, body.buf);
}


static void
test_the_last_of_two_counts(void **state)
{
    (void) state;

    assert_int_equal(checkout("{\"quantity\":0,\"quantity\":3}"), 0);
    assert_int_equal(body.quantity, 3);
    assert_int_equal(checkout("{\"quantity\":3,\"quantity\":0}"), 400);

    assert_int_equal(checkout("{\"sku\":\"A\",\"\\u0073ku\":\"B\"}"), 0);
    check_product("B");
}


/* a text that equals the one before is not parsed again, another one is */
static void
test_checkout_of_the_text_before(void **state)
{
    static const char *others[] = {
        "{\"sku\":\"B\",\"quantity\":2}", "{\"sku\":\"A\",\"quantity\":3}",
        "{\"sku\":\"A\",\"quantity\":2} ", "{\"sku\":\"A\"}", "{}", ""
    };
    char again[] = "{\"sku\":\"A\",\"quantity\":2}";
    ngx_uint_t quantities[] = { 2, 3, 2, 1, 1, 1 };
    size_t i;

    (void) state;

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(checkout("{\"sku\":\"A\",\"quantity\":2}"), 0);
        memset(&body, 0xff, sizeof(body));
        assert_int_equal(checkout(again), 0);
        check_product("A");
        assert_ptr_equal(body.product.data, again + 8);
        assert_int_equal(body.quantity, 2);
        assert_int_equal(body.lines.type, AS_JSON_END);
        assert_int_equal(body.seconds, 0);

        assert_int_equal(checkout(others[i]), 0);
        check_product(i > 3 ? "" : i == 0 ? "B" : "A");
        assert_int_equal(body.quantity, quantities[i]);
    }
}


/* texts whose result is not kept are parsed again */
static void
test_checkout_of_texts_that_are_not_kept(void **state)
{
    static const char *refused = "{\"sku\":\"A\",\"quantity\":0}";
    static const char *escaped = "{\"sku\":\"\\u0041\"}";
    static const char *cart = "{\"lines\":[{\"sku\":\"A\"}]}";
    int i;

    (void) state;

    for (i = 0; i < 2; i++) {
        assert_int_equal(checkout(refused), 400);
        check_detail("quantity must be an integer from 1 to 1000000");
    }

    for (i = 0; i < 2; i++) {
        memset(&body, 0xff, sizeof(body));
        assert_int_equal(checkout(escaped), 0);
        check_product("A");
        assert_ptr_equal(body.product.data, body.buf);
    }

    for (i = 0; i < 2; i++) {
        assert_int_equal(checkout(cart), 0);
        assert_int_equal(body.lines.type, AS_JSON_ARRAY);
    }

    for (i = 0; i < 2; i++) {
        assert_int_equal(checkout_long("a", 199), 0);
        assert_int_equal(body.product.len, 199);
    }

    /* "seconds" is a member of a hold, but not of a sale */
    assert_int_equal(checkout("{\"seconds\":7}"), 0);
    assert_int_equal(ngx_http_autostock_body_hold(&body, 60,
                         (const u_char *) "{\"seconds\":7}", 13), 0);
    assert_int_equal(body.seconds, 7);
    assert_int_equal(checkout("{\"seconds\":7}"), 0);
    assert_int_equal(body.seconds, 0);
}


static void
test_checkout_quantities_that_are_none(void **state)
{
    static const char *rows[][2] = {
        { "0", "less than 1" }, { "-1", "less than 1" },
        { "-0", "less than 1" }, { "1e9", "fraction or an exponent" },
        { "1.5", "fraction or an exponent" },
        { "1.0", "fraction or an exponent" },
        { "\"2\"", "is a string" }, { "null", "is null" },
        { "true", "is a boolean" }, { "[]", "is an array" },
        { "[1]", "is an array" }, { "{}", "is an object" },
        { "1000001", "more than 1000000" },
        { "4294967297", "more than 1000000" },
        { "18446744073709551617", "more than 1000000" },
        { "99999999999999999999999999999999", "more than 1000000" },
        { "-99999999999999999999999999999999", "less than 1" },
    };

    char text[128];
    size_t i;

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        strcpy(text, "{\"quantity\":");
        strcat(text, rows[i][0]);
        strcat(text, "}");

        assert_int_equal(checkout(text), 400);
        check_detail("quantity must be an integer from 1 to 1000000");
        check_detail(rows[i][1]);
    }
}


static void
test_checkout_skus(void **state)
{
    (void) state;

    assert_int_equal(checkout_long("x", 200), 0);
    assert_int_equal(checkout_long("x", 201), 400);
    check_detail("longer than 200 characters");
    assert_int_equal(checkout_long("\xea\xb0\x80", 200), 0);
    assert_int_equal(body.product.len, 600);
    assert_int_equal(checkout_long("\xea\xb0\x80", 201), 400);
    assert_int_equal(checkout_long("\xf0\x9f\x8d\xa9", 200), 0);
    assert_int_equal(body.product.len, 800);
    assert_int_equal(checkout_long("\xf0\x9f\x8d\xa9", 201), 400);
    assert_int_equal(checkout_long("\\ud83c\\udf69", 200), 0);
    assert_int_equal(body.product.len, 800);
    assert_int_equal(checkout_long("\\ud83c\\udf69", 201), 400);
    check_detail("sku must be a string of 1 to 200 characters, but is longer");

    assert_int_equal(checkout("{\"sku\":\"\"}"), 400);
    check_detail("is empty");
    assert_int_equal(checkout("{\"sku\":null}"), 400);
    check_detail("is null");
    assert_int_equal(checkout("{\"sku\":1}"), 400);
    check_detail("is a number");
    assert_int_equal(checkout("{\"sku\":\"a\\u0000\"}"), 400);
    check_detail("control character");
    assert_int_equal(checkout("{\"sku\":\"a\\n\"}"), 400);
    assert_int_equal(checkout("{\"sku\":\"\x7f\"}"), 400);
    assert_int_equal(checkout("{\"sku\":\"\\u0085\"}"), 400);
    assert_int_equal(checkout("{\"sku\":\"\\u00a0\"}"), 0);
}


static void
test_bodies_that_are_no_objects(void **state)
{
    static const char *texts[] = { "[]", "\"x\"", "1", "null", "true" };

    size_t i;

    (void) state;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(checkout(texts[i]), 400);
        check_detail("must be a JSON object");
    }

    assert_int_equal(checkout("{\"quantity\":1"), 400);
    check_detail("at byte 13 the parser expected a comma or }");
    assert_int_equal(checkout("{\"quantity\":1}x"), 400);
    check_detail("the end of the text");
    assert_int_equal(checkout("[1"), 400);
    check_detail("not JSON");
    assert_int_equal(checkout(" "), 400);
    check_detail("not JSON");
    assert_int_equal(checkout("{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["), 400);
    check_detail("less nesting");
    assert_int_equal(ngx_http_autostock_body_checkout(&body,
                                                (u_char *) "{}\0", 3), 400);
}


static void
test_receipt(void **state)
{
    (void) state;

    assert_int_equal(receipt("{\"CallbackUrl\":\"http://x/\","
        "\"MessageAttributeFactoryId\":\"FF-500293\","
        "\"MessageAttributeProductCnt\":\"10\","
        "\"MessageAttributeProductId\":"
        "\"213175b4-c9bf-11ec-a849-0a5824c89b02\","
        "\"MessageGroupId\":\"stock-arrival-group\"}"), 0);
    check_product("213175b4-c9bf-11ec-a849-0a5824c89b02");
    assert_int_equal(body.quantity, 10);

    assert_int_equal(receipt("{\"MessageAttributeProductCnt\":7}"), 0);
    assert_int_equal(body.product.len, 0);
    assert_int_equal(body.quantity, 7);

    assert_int_equal(receipt("{\"MessageAttributeProductId\":\"\","
        "\"MessageAttributeProductCnt\":\"\\u0031\\u0030\"}"), 0);
    assert_int_equal(body.product.len, 0);
    assert_int_equal(body.quantity, 10);

    assert_int_equal(receipt("{\"MessageAttributeProductCnt\":\"0010\","
                             "\"MessageAttributeProductId\":null}"), 0);
    assert_int_equal(body.quantity, 10);
}


static void
test_receipt_counts_that_are_none(void **state)
{
    static const struct {
        const char *count;
        ngx_uint_t  status;
        const char *words;
    } rows[] = {
        { "0", 422, "less than 1" }, { "-1", 422, "less than 1" },
        { "\"0\"", 422, "less than 1" }, { "\"-3\"", 422, "less than 1" },
        { "1000001", 422, "more than 1000000" },
        { "\"18446744073709551626\"", 422, "more than 1000000" },
        { "1.5", 400, "fraction" }, { "1e1", 400, "exponent" },
        { "null", 400, "is null" }, { "true", 400, "is a boolean" },
        { "[1]", 400, "is an array" }, { "{}", 400, "is an object" },
        { "\"\"", 400, "is a string that contains none" },
        { "\"ten\"", 400, "is a string that contains none" },
        { "\"1 \"", 400, "is a string that contains none" },
        { "\" 1\"", 400, "is a string that contains none" },
        { "\"+1\"", 400, "is a string that contains none" },
        { "\"1.0\"", 400, "is a string that contains none" },
        { "\"0x1\"", 400, "is a string that contains none" },
        { "\"-\"", 400, "is a string that contains none" },
    };

    char text[128];
    size_t i;

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        strcpy(text, "{\"MessageAttributeProductCnt\":");
        strcat(text, rows[i].count);
        strcat(text, "}");

        assert_int_equal(receipt(text), rows[i].status);
        check_detail("MessageAttributeProductCnt must be");
        check_detail(rows[i].words);
    }

    assert_int_equal(receipt("{}"), 400);
    check_detail("is missing");
    assert_int_equal(receipt(""), 400);
    check_detail("not JSON");
}


static void
test_receipt_products_that_are_none(void **state)
{
    (void) state;

    assert_int_equal(receipt("{\"MessageAttributeProductCnt\":1,"
                             "\"MessageAttributeProductId\":5}"), 400);
    check_detail("MessageAttributeProductId must be a string");
    assert_int_equal(receipt("{\"MessageAttributeProductCnt\":1,"
                             "\"MessageAttributeProductId\":\"\\u0000\"}"),
                     400);
}


static ngx_int_t
key_of(const char *text, ngx_str_t *key)
{
    static u_char buf[NGX_HTTP_AUTOSTOCK_KEY_MAX];

    ngx_str_t header = { strlen(text), (u_char *) text };

    return ngx_http_autostock_key_parse(&header, key, buf);
}


static void
test_keys(void **state)
{
    static const char *rows[][2] = {
        { "k-1", "k-1" }, { "\"k-1\"", "k-1" }, { "\"k-1 \"", "k-1 " },
        { "\"a\\\"b\\\\c\"", "a\"b\\c" }, { "a,b;c=d", "a,b;c=d" },
        { "\"\\\"\"", "\"" }, { "8e03978e-40d5", "8e03978e-40d5" },
    };
    static const char *bad[] = {
        "", "\"\"", "\"", "\"open", "a\"b", "\"a\" \"b\"", "a b", "\"k\"x",
        "\"k\";p=1", "k\xff", "\"k\xff\"", "\"a\\n\"", "\"a\\\"", "k\x7f",
        "\"\\\"", "\"\x01\"",
    };

    ngx_str_t key;
    size_t i;

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(key_of(rows[i][0], &key), NGX_OK);
        assert_int_equal(key.len, strlen(rows[i][1]));
        assert_memory_equal(key.data, rows[i][1], key.len);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (key_of(bad[i], &key) != NGX_DECLINED) {
            fail_msg("taken: %s", bad[i]);
        }
    }
}


static void
test_key_lengths(void **state)
{
    char text[300];
    ngx_str_t key;

    (void) state;

    memset(text, 'k', sizeof(text));
    text[255] = '\0';
    assert_int_equal(key_of(text, &key), NGX_OK);
    text[255] = 'k';
    text[256] = '\0';
    assert_int_equal(key_of(text, &key), NGX_DECLINED);

    text[0] = '"';
    text[256] = '"';
    text[257] = '\0';
    assert_int_equal(key_of(text, &key), NGX_OK);
    assert_int_equal(key.len, 255);
    text[256] = 'k';
    text[257] = '"';
    text[258] = '\0';
    assert_int_equal(key_of(text, &key), NGX_DECLINED);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checkout),
        cmocka_unit_test(test_checkout_escapes),
        cmocka_unit_test(test_the_last_of_two_counts),
        cmocka_unit_test(test_checkout_of_the_text_before),
        cmocka_unit_test(test_checkout_of_texts_that_are_not_kept),
        cmocka_unit_test(test_checkout_quantities_that_are_none),
        cmocka_unit_test(test_checkout_skus),
        cmocka_unit_test(test_bodies_that_are_no_objects),
        cmocka_unit_test(test_receipt),
        cmocka_unit_test(test_receipt_counts_that_are_none),
        cmocka_unit_test(test_receipt_products_that_are_none),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_key_lengths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
