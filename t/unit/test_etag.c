#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "../../src/http/ngx_http_autostock_etag.c"


#define TAG  "\"bf6a4e86927f8ac3\""


static void
check_tag(const char *body, const char *expected)
{
    u_char tag[NGX_HTTP_AUTOSTOCK_ETAG_LEN + 1];

    ngx_http_autostock_etag_make(tag, (const u_char *) body, strlen(body));
    tag[NGX_HTTP_AUTOSTOCK_ETAG_LEN] = '\0';
    assert_string_equal((char *) tag, expected);
}


static ngx_uint_t
matches(const char *text, ngx_uint_t weak)
{
    ngx_str_t list;

    list.data = (u_char *) text;
    list.len = strlen(text);

    return ngx_http_autostock_etag_matches(&list, (const u_char *) TAG, weak);
}


/* another program computed the digits */
static void
test_make(void **state)
{
    (void) state;

    check_tag("", "\"0000000000000000\"");
    check_tag("{}", "\"c45f12ae5513af97\"");
    check_tag("{\"stock\":3}", TAG);
    check_tag("{\"product_id\":\"213175b4-c9bf-11ec-a849-0a5824c89b02\","
              "\"sku\":\"CP-502101\",\"name\":\"부산도너츠\",\"price\":19900,"
              "\"stock\":3,\"held\":0,"
              "\"factory_id\":\"5ff9da54-c9b8-11ec-a849-0a5824c89b02\","
              "\"ad_id\":\"5ffd3e64-c9b8-11ec-a849-0a5824c89b02\"}",
              "\"e2ba9a288ca2e65f\"");
}


/* one byte changed, at each place of bodies of each length */
static void
test_change(void **state)
{
    size_t i, len;
    u_char body[64], one[NGX_HTTP_AUTOSTOCK_ETAG_LEN];
    u_char other[NGX_HTTP_AUTOSTOCK_ETAG_LEN];

    (void) state;

    memset(body, 'a', sizeof(body));

    for (len = 1; len <= sizeof(body); len++) {
        ngx_http_autostock_etag_make(one, body, len);

        for (i = 0; i < len; i++) {
            body[i] ^= 1;
            ngx_http_autostock_etag_make(other, body, len);
            body[i] ^= 1;
            assert_memory_not_equal(one, other, sizeof(one));
        }

        ngx_http_autostock_etag_make(other, body, len - 1);
        assert_memory_not_equal(one, other, sizeof(one));
    }
}


static void
test_lists(void **state)
{
    ngx_uint_t weak;

    (void) state;

    for (weak = 0; weak < 2; weak++) {
        assert_true(matches(TAG, weak));
        assert_true(matches("*", weak));
        assert_true(matches("\t* ", weak));
        assert_true(matches("\"a\", " TAG, weak));
        assert_true(matches(TAG ",\"a\"", weak));
        assert_true(matches("W/" TAG "," TAG, weak));
        assert_true(matches("\"a,b\",,\t," TAG "\t", weak));
        assert_int_equal(matches("W/" TAG, weak), weak);
        assert_int_equal(matches("\"a\",W/" TAG ",\"b\"", weak), weak);
    }
}


static void
test_others(void **state)
{
    static const char *const others[] = {
        "", " ", ",", ",,", "\"", "\"\"", "W", "W/", "W/\"", "**", "*,*",
        "* x", "bf6a4e86927f8ac3", "\"bf6a4e86927f8ac3", "'bf6a4e86927f8ac3'",
        "\"bf6a4e86927f8ac\"", "\"bf6a4e86927f8ac33\"", "\"BF6A4E86927F8AC3\"",
        "w/" TAG, "W / " TAG, "x" TAG, "x, " TAG, "\"a\" " TAG, "\"a\";" TAG,
        "\"a" TAG, "*, " TAG
    };

    size_t i;

    (void) state;

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (matches(others[i], 1) || matches(others[i], 0)) {
            fail_msg("<%s> matches", others[i]);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_make),
        cmocka_unit_test(test_change),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
