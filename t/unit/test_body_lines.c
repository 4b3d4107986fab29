#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "../../src/http/ngx_http_autostock_body.c"
#include "../../src/http/ngx_http_autostock_body_field.c"
#include "../../src/http/ngx_http_autostock_body_lines.c"
#include "../../src/http/ngx_http_autostock_sku.c"


static ngx_http_autostock_body_t body;


static ngx_uint_t
checkout(const char *text)
{
    return ngx_http_autostock_body_checkout(&body, (const u_char *) text,
                                            strlen(text));
}


static ngx_uint_t
hold(const char *text)
{
    return ngx_http_autostock_body_hold(&body, 3600, (const u_char *) text,
                                        strlen(text));
}


static ngx_uint_t
settlement(const char *text)
{
    return ngx_http_autostock_body_settlement(&body, (const u_char *) text,
                                              strlen(text));
}


static ngx_uint_t
returned(const char *text)
{
    return ngx_http_autostock_body_return(&body, (const u_char *) text,
                                          strlen(text));
}


static ngx_http_autostock_sale_line_t lines[50];
static ngx_uint_t nlines;
static u_char decoded[65536];


/* a checkout with these lines, at most max */
static ngx_uint_t
cart_of(const char *text, ngx_uint_t max)
{
    ngx_uint_t status = checkout(text);

    return status ? status : ngx_http_autostock_body_lines(&body, max, lines,
                                                        &nlines, decoded);
}


/* {"lines":…} */
static ngx_uint_t
cart(const char *array)
{
    static char text[65536];

    strcpy(text, "{\"lines\":");
    strcat(text, array);
    strcat(text, "}");

    return cart_of(text, 50);
}


static void
check_line(ngx_uint_t i, const char *sku, uint32_t quantity)
{
    assert_true(i < nlines);
    assert_int_equal(lines[i].sku.len, strlen(sku));
    assert_memory_equal(lines[i].sku.data, sku, strlen(sku));
    assert_int_equal(lines[i].quantity, quantity);
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


static void
test_lines(void **state)
{
    (void) state;

    assert_int_equal(checkout("{}"), 0);
    assert_int_equal(body.lines.type, AS_JSON_END);

    assert_int_equal(cart("[{\"sku\":\"A\"}]"), 0);
    assert_int_equal(nlines, 1);
    check_line(0, "A", 1);

    assert_int_equal(cart(" [ {\"quantity\": 2, \"sku\":\"B\"} ,"
                          "{\"sku\":\"A\",\"price\":[{\"sku\":1}]}]"), 0);
    assert_int_equal(nlines, 2);
    check_line(0, "B", 2);
    check_line(1, "A", 1);

    /* decoded SKUs, one after the other */
    assert_int_equal(cart("[{\"sku\":\"\\u0041\"},{\"sku\":\"C\"},"
                          "{\"\\u0073ku\":\"\\ud83c\\udf69\"}]"), 0);
    assert_int_equal(nlines, 3);
    check_line(0, "A", 1);
    check_line(1, "C", 1);
    check_line(2, "\xf0\x9f\x8d\xa9", 1);
}


static void
test_lines_of_one_sku_are_added_up(void **state)
{
    (void) state;

    assert_int_equal(cart("[{\"sku\":\"A\"},{\"sku\":\"B\"},"
                          "{\"sku\":\"A\",\"quantity\":2},"
                          "{\"sku\":\"\\u0041\",\"quantity\":4},"
                          "{\"sku\":\"AA\"}]"), 0);
    assert_int_equal(nlines, 3);
    check_line(0, "A", 7);
    check_line(1, "B", 1);
    check_line(2, "AA", 1);

    assert_int_equal(cart("[{\"sku\":\"A\",\"quantity\":999999},"
                          "{\"sku\":\"A\"}]"), 0);
    check_line(0, "A", 1000000);

    assert_int_equal(cart("[{\"sku\":\"A\",\"quantity\":1000000},"
                          "{\"sku\":\"A\"}]"), 400);
    check_detail("must add up to at most 1000000, but lines[1] raises");
}


static void
test_lines_the_last_of_two_counts(void **state)
{
    (void) state;

    assert_int_equal(cart_of("{\"lines\":0,\"lines\":[{\"sku\":\"A\","
                             "\"quantity\":null,\"quantity\":3}]}", 50), 0);
    assert_int_equal(nlines, 1);
    check_line(0, "A", 3);

    assert_int_equal(cart_of("{\"lines\":[{\"sku\":\"A\"}],\"lines\":[]}",
                             50), 400);
    assert_int_equal(cart("[{\"sku\":\"A\",\"sku\":1}]"), 400);
}


static void
test_lines_that_are_none(void **state)
{
    static const char *rows[][2] = {
        { "null", "lines must be an array of 1 to 50 objects, but is null" },
        { "true", "but is a boolean" }, { "1", "but is a number" },
        { "\"A\"", "but is a string" }, { "{}", "but is an object" },
        { "{\"sku\":\"A\"}", "but is an object" }, { "[]", "but is empty" },
        { "[null]", "lines[0] must be an object, but is null" },
        { "[{\"sku\":\"A\"},\"A\"]", "lines[1] must be an object, but is a "
          "string" },
        { "[[{\"sku\":\"A\"}]]", "lines[0] must be an object, but is an "
          "array" },
        { "[{}]", "lines[0].sku must be a string of 1 to 200 characters, but "
          "is missing" },
        { "[{\"quantity\":1}]", "lines[0].sku" },
        { "[{\"sku\":\"A\"},{\"sku\":null}]", "lines[1].sku" },
        { "[{\"sku\":1}]", "is a number" },
        { "[{\"sku\":\"\"}]", "is empty" },
        { "[{\"sku\":\"\\u0000\"}]", "control character" },
        { "[{\"sku\":[\"A\"]}]", "is an array" },
        { "[{\"sku\":{\"sku\":\"A\"}}]", "is an object" },
        { "[{\"sku\":\"A\",\"quantity\":0}]", "lines[0].quantity must be an "
          "integer from 1 to 1000000, but is less than 1" },
        { "[{\"sku\":\"A\",\"quantity\":-1}]", "less than 1" },
        { "[{\"sku\":\"A\",\"quantity\":1.0}]", "fraction" },
        { "[{\"sku\":\"A\",\"quantity\":1e9}]", "exponent" },
        { "[{\"sku\":\"A\",\"quantity\":\"1\"}]", "is a string" },
        { "[{\"sku\":\"A\",\"quantity\":null}]", "is null" },
        { "[{\"sku\":\"A\",\"quantity\":1000001}]", "more than 1000000" },
        { "[{\"sku\":\"A\",\"quantity\":4294967297}]",
          "more than 1000000" },
    };

    size_t i;

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (cart(rows[i][0]) != 400) {
            fail_msg("%s is accepted", rows[i][0]);
        }

        check_detail(rows[i][1]);
    }

    assert_int_equal(cart("[{\"sku\":\"A\"]"), 400);
    check_detail("not JSON");
}


/* the maximum of lines, with SKUs of the maximum length */
static void
test_lines_at_their_limits(void **state)
{
    static char array[65536];

    char line[16];
    ngx_uint_t i, n;

    (void) state;

    for (n = 49; n <= 51; n++) {
        strcpy(array, "[");

        for (i = 0; i < n; i++) {
            sprintf(line, "%s{\"sku\":\"%d\"}", i ? "," : "", (int) i);
            strcat(array, line);
        }

        strcat(array, "]");
        assert_int_equal(cart(array), n > 50 ? 400 : 0);
    }

    check_detail("array of 1 to 50 objects, but has more");

    assert_int_equal(cart_of("{\"lines\":[{\"sku\":\"A\"},{\"sku\":\"A\"}]}",
                             1), 400);
    check_detail("array of 1 to 1 objects, but has more");

    strcpy(array, "[");

    for (i = 0; i < 9; i++) {
        strcat(array, i ? ",{\"sku\":\"" : "{\"sku\":\"");

        for (n = 0; n < 199; n++) {
            strcat(array, "\\ud83c\\udf69");
        }

        sprintf(line, "%d\"}", (int) i);
        strcat(array, line);
    }

    strcat(array, "]");
    assert_int_equal(cart(array), 0);
    assert_int_equal(nlines, 9);
    assert_int_equal(lines[8].sku.len, 199 * 4 + 1);
    assert_int_equal(lines[8].sku.data[796], '8');
}


static void
test_lines_stand_alone(void **state)
{
    static const char *texts[] = {
        "{\"lines\":[{\"sku\":\"A\"}],\"sku\":\"A\"}",
        "{\"quantity\":1,\"lines\":[{\"sku\":\"A\"}]}",
        "{\"quantity\":1,\"lines\":null}",
    };

    size_t i;

    (void) state;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(checkout(texts[i]), 400);
        check_detail("lines must not be used together with sku or quantity");
        assert_int_equal(hold(texts[i]), 400);
    }
}


static void
test_hold(void **state)
{
    static const char *none[] = { "0", "-1", "1.0", "1e2", "\"60\"", "null",
                                  "true", "[]", "{}", "3601", "4294967356" };

    char text[64];
    size_t i;

    (void) state;

    assert_int_equal(hold(""), 0);
    assert_int_equal(body.seconds, 0);
    assert_int_equal(body.quantity, 1);

    assert_int_equal(hold("{\"sku\":\"A\",\"seconds\":3600,"
                          "\"quantity\":2}"), 0);
    check_product("A");
    assert_int_equal(body.seconds, 3600);
    assert_int_equal(body.quantity, 2);

    assert_int_equal(hold("{\"lines\":[{\"sku\":\"A\"}],\"seconds\":1}"),
                     0);
    assert_int_equal(body.lines.type, AS_JSON_ARRAY);
    assert_int_equal(body.seconds, 1);

    for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        strcpy(text, "{\"seconds\":");
        strcat(text, none[i]);
        strcat(text, "}");

        assert_int_equal(hold(text), 400);
        check_detail("seconds must be an integer from 1 to 3600, but is");

        /* a checkout has no such member */
        assert_int_equal(checkout(text), 0);
    }

    assert_int_equal(hold("{\"seconds\":3601}"), 400);
    check_detail("is more than 3600");
}


#define UUID "0198b7a0-5e11-7000-8000-00000000000A"


static void
test_ids(void **state)
{
    static const char *none[] = { "null", "1", "true", "[]", "{}", "\"\"",
        "\"0198b7a05e1170008000000000000001\"",
        "\"{0198b7a0-5e11-7000-8000-000000000001}\"",
        "\" 0198b7a0-5e11-7000-8000-00000000001\"",
        "\"0198b7a0-5e11-7000-8000-00000000000g\"",
        "\"0198b7a0-5e11-7000-8000-0000000000011\"",
        "\"0198b7a0-5e11-7000-8000-00000000001\"",
        "\"0198b7a0-5e11-7000-8000-00000000000%31\"",
        "\"0198b7a0-5e11-7000-8000-00000000000\\u0000\"",
        "[\"" UUID "\"]",
    };

    static const u_char id[16] = { 0x01, 0x98, 0xb7, 0xa0, 0x5e, 0x11, 0x70, 0,
                                   0x80, 0, 0, 0, 0, 0, 0, 0x0a };

    char text[128];
    size_t i;

    (void) state;

    assert_int_equal(settlement("{\"hold_id\":\"" UUID "\"}"), 0);
    assert_memory_equal(body.id, id, 16);

    /* an escaped digit; the last of two equal names counts */
    assert_int_equal(settlement("{\"hold_id\":1,\"x\":2,\"hold_id\":"
                       "\"\\u00301"
                       "98b7a0-5e11-7000-8000-00000000000a\"}"), 0);
    assert_memory_equal(body.id, id, 16);

    for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        strcpy(text, "{\"hold_id\":");
        strcat(text, none[i]);
        strcat(text, "}");

        if (settlement(text) != 400) {
            fail_msg("%s is accepted", text);
        }

        check_detail("hold_id must be a UUID of 36 characters, but is");

        strcpy(text, "{\"sale_id\":");
        strcat(text, none[i]);
        strcat(text, "}");

        assert_int_equal(returned(text), 400);
        check_detail("sale_id must be a UUID of 36 characters, but is");
    }

    assert_int_equal(settlement(""), 400);
    check_detail("hold_id must be a UUID of 36 characters, but is missing");
    assert_int_equal(settlement("{\"sale_id\":\"" UUID "\"}"), 400);
    assert_int_equal(settlement("[]"), 400);
    assert_int_equal(settlement("{\"hold_id\":\"" UUID "\""), 400);
    assert_int_equal(returned(""), 400);
    check_detail("is missing");
    assert_int_equal(returned("{\"hold_id\":\"" UUID "\"}"), 400);
}


static void
test_return(void **state)
{
    static const char *none[] = { "null", "0", "1", "\"true\"", "[]", "{}" };

    char text[128];
    size_t i;

    (void) state;

    assert_int_equal(returned("{\"sale_id\":\"" UUID "\"}"), 0);
    assert_int_equal(body.quantity, 0);
    assert_int_equal(body.restock, 1);
    assert_int_equal(body.lines.type, AS_JSON_END);

    assert_int_equal(returned("{\"restock\":false,\"quantity\":2,"
                              "\"sale_id\":\"" UUID "\"}"), 0);
    assert_int_equal(body.quantity, 2);
    assert_int_equal(body.restock, 0);

    assert_int_equal(returned("{\"sale_id\":\"" UUID "\",\"restock\":true,"
                              "\"lines\":[{\"sku\":\"A\"}]}"), 0);
    assert_int_equal(body.restock, 1);
    assert_int_equal(body.lines.type, AS_JSON_ARRAY);

    assert_int_equal(returned("{\"sale_id\":\"" UUID "\",\"quantity\":1,"
                              "\"lines\":[{\"sku\":\"A\"}]}"), 400);
    check_detail("lines must not be used together with quantity");

    assert_int_equal(returned("{\"sale_id\":\"" UUID "\",\"quantity\":0}"),
                     400);
    check_detail("quantity must be an integer from 1 to 1000000");

    for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        strcpy(text, "{\"sale_id\":\"" UUID "\",\"restock\":");
        strcat(text, none[i]);
        strcat(text, "}");

        assert_int_equal(returned(text), 400);
        check_detail("restock must be true or false, but is");
    }
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_lines_of_one_sku_are_added_up),
        cmocka_unit_test(test_lines_the_last_of_two_counts),
        cmocka_unit_test(test_lines_that_are_none),
        cmocka_unit_test(test_lines_at_their_limits),
        cmocka_unit_test(test_lines_stand_alone),
        cmocka_unit_test(test_hold),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_return),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
