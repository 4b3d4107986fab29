#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "as_json.h"
#include "as_json_text.h"


/* the tokens as characters: {k"0tfn}[] and ! for an error */
static const char *
letters(const char *text, size_t len)
{
    static const char names[] = "!.{}[]k\"0tfn";
    static char row[512];

    as_json_t json;
    as_json_token_t token;
    size_t n = 0;

    as_json_init(&json, text, len);

    do {
        row[n++] = names[as_json_next(&json, &token)];
    } while (token.type > AS_JSON_END && n < sizeof(row) - 1);

    /* after the end or an error, each further call returns the same */
    assert_int_equal(as_json_next(&json, &token), token.type);

    row[n] = '\0';
    return row;
}


static void
test_tokens(void **state)
{
    static const char *rows[][2] = {
        { "{}", "{}." }, { "[]", "[]." }, { " {\t} \r\n", "{}." },
        { "1", "0." }, { "\"\"", "\"." }, { "null", "n." },
        { "{\"a\":1}", "{k0}." },
        { "{\"a\":1,\"b\":[true,false,null]}", "{k0k[tfn]}." },
        { "[[],{},[{}]]", "[[]{}[{}]]." },
        { "[-0,0.5,1e9,1E-2,-12.25e+10]", "[00000]." },
        { "{\"a\":{\"b\":{\"c\":\"d\"}}}", "{k{k{k\"}}}." },
    };

    size_t i;

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_equal(letters(rows[i][0], strlen(rows[i][0])),
                            rows[i][1]);
    }
}


static void
test_errors(void **state)
{
    static const char *texts[] = {
        "", " ", "{", "}", "[", "]", "{]", "[}", "[1,]", "[,1]", "[1 2]",
        "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "{1:1}",
        "{'a':1}", "{,}", "{}{}", "[] x", "1 2", "tru", "nul", "falsee",
        "True", "NaN", "Infinity", "01", "-", "-01", "+1", ".5", "1.", "1.e1",
        "1e", "1e+", "0x10", "--1", "\"", "\"a", "\"\\\"", "\"\\x\"",
        "\"\\u12\"", "\"\\u12g4\"", "\"\\U0041\"", "\"\t\"", "\"\n\"",
        "\"\x01\"", "/* */ 1", "1 // x", "\xef\xbb\xbf{}", "[1]]", "\"\\",
        "\"\\u\"", "\"\\uD83C\"", "\"\\uDF69\"", "\"\\uD83Cx\"",
        "\"\\uD83C\\n\"", "\"\\uD83C\\u0041\"", "\"\\uD83C\\uD83C\"",
    };

    const char *row;
    size_t i;

    (void) state;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        row = letters(texts[i], strlen(texts[i]));
        if (row[strlen(row) - 1] != '!') {
            fail_msg("taken: %s", texts[i]);
        }
    }

    assert_string_equal(letters("1\0", 2), "0!");
    assert_string_equal(letters("\"\0\"", 3), "!");
    assert_string_equal(letters("\0", 1), "!");
}


static void
test_utf8(void **state)
{
    static const char *good[] = {
        "\"\x7f\"", "\"\xc2\x80\"", "\"\xdf\xbf\"", "\"\xe0\xa0\x80\"",
        "\"\xed\x9f\xbf\"", "\"\xee\x80\x80\"", "\"\xef\xbf\xbf\"",
        "\"\xf0\x90\x80\x80\"", "\"\xf4\x8f\xbf\xbf\"",
    };
    static const char *bad[] = {
        "\"\x80\"", "\"\xbf\"", "\"\xc0\x80\"", "\"\xc1\xbf\"", "\"\xc2\"",
        "\"\xc2\x41\"", "\"\xe0\x9f\xbf\"", "\"\xe0\xa0\"",
        "\"\xed\xa0\x80\"", "\"\xed\xbf\xbf\"", "\"\xf0\x8f\xbf\xbf\"",
        "\"\xf0\x90\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xf5\x80\x80\x80\"",
        "\"\xf8\x88\x80\x80\x80\"", "\"\xfe\"", "\"\xff\"",
    };

    size_t i;

    (void) state;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_string_equal(letters(good[i], strlen(good[i])), "\".");
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_string_equal(letters(bad[i], strlen(bad[i])), "!");
    }
}


static void
test_depth(void **state)
{
    char text[2 * AS_JSON_DEPTH + 3];
    size_t n = AS_JSON_DEPTH;

    (void) state;

    memset(text, '[', n);
    memset(text + n, ']', n);
    assert_int_equal(strlen(letters(text, 2 * n)), 2 * n + 1);
    assert_null(strchr(letters(text, 2 * n), '!'));

    memset(text, '[', n + 1);
    memset(text + n + 1, ']', n + 1);
    assert_non_null(strchr(letters(text, 2 * n + 2), '!'));
}


static void
test_token_text(void **state)
{
    static const char text[] = "{\"sku\":\"a\\u0062c\",\"n\":-1.50e+3}";

    as_json_t json;
    as_json_token_t token;

    (void) state;

    as_json_init(&json, text, strlen(text));

    as_json_next(&json, &token);
    as_json_next(&json, &token);
    assert_int_equal(token.type, AS_JSON_KEY);
    assert_true(as_json_equals(&token, "sku", 3));
    assert_false(as_json_equals(&token, "sk", 2));
    assert_false(as_json_equals(&token, "skus", 4));

    as_json_next(&json, &token);
    assert_true(token.escaped);
    assert_true(as_json_equals(&token, "abc", 3));
    assert_false(as_json_equals(&token, "ab", 2));
    assert_false(as_json_equals(&token, "abd", 3));

    as_json_next(&json, &token);
    as_json_next(&json, &token);
    assert_int_equal(token.type, AS_JSON_NUMBER);
    assert_int_equal(token.len, 8);
    assert_memory_equal(token.text, "-1.50e+3", 8);
}


static void
test_skip(void **state)
{
    static const char text[] = "[{\"a\":[1,{\"b\":2}]},[],7]";

    as_json_t json;
    as_json_token_t token;

    (void) state;

    as_json_init(&json, text, strlen(text));
    as_json_next(&json, &token);
    as_json_next(&json, &token);
    assert_int_equal(token.type, AS_JSON_OBJECT);
    assert_int_equal(as_json_skip(&json, &token), 0);
    as_json_next(&json, &token);
    assert_int_equal(token.type, AS_JSON_ARRAY);
    assert_int_equal(as_json_skip(&json, &token), 0);
    as_json_next(&json, &token);
    assert_int_equal(token.type, AS_JSON_NUMBER);
    assert_int_equal(as_json_skip(&json, &token), 0);
    as_json_next(&json, &token);
    assert_int_equal(token.type, AS_JSON_ARRAY_END);

    as_json_init(&json, "[[1,2", 5);
    as_json_next(&json, &token);
    assert_int_equal(as_json_skip(&json, &token), -1);
}


static void
test_error_place(void **state)
{
    as_json_t json;
    as_json_token_t token;

    (void) state;

    as_json_init(&json, "{\"a\": tru}", 10);

    while (as_json_next(&json, &token) != AS_JSON_ERROR) { /* void */ }

    assert_int_equal(json.pos - json.start, 6);
    assert_string_equal(json.error, "a value");
}


static void
test_decode(void **state)
{
    static const char text[] =
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u00e9\\ub3c4\\ud83c\\udf69x\"";
    static const char want[] =
        "\"\\/\b\f\n\r\t\0\xc3\xa9\xeb\x8f\x84\xf0\x9f\x8d\xa9x";

    as_json_t json;
    as_json_token_t token;
    char buf[64];
    size_t size;

    (void) state;

    as_json_init(&json, text, strlen(text));
    assert_int_equal(as_json_next(&json, &token), AS_JSON_STRING);
    assert_int_equal(as_json_decode(&token, buf, sizeof(buf)),
                     sizeof(want) - 1);
    assert_memory_equal(buf, want, sizeof(want) - 1);

    for (size = 0; size < sizeof(want) - 1; size++) {
        assert_int_equal(as_json_decode(&token, buf, size), -1);
    }
}


static void
test_escape(void **state)
{
    static const char text[] =
        "a\"\\\b\f\n\r\t\x01\x1f\x7f\xeb\x8f\x84\xff\xc0z";
    static const char want[] = "a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f"
        "\\u007f\xeb\x8f\x84\xef\xbf\xbd\xef\xbf\xbdz";

    uint8_t buf[128];

    (void) state;

    assert_int_equal(as_json_text_escaped_len(text, sizeof(text) - 1),
                     sizeof(want) - 1);
    assert_ptr_equal(as_json_text_escape(buf, text, sizeof(text) - 1),
                     buf + sizeof(want) - 1);
    assert_memory_equal(buf, want, sizeof(want) - 1);
}


/* every ASCII character, escaped if necessary, is read back unchanged */
static void
test_escape_and_back(void **state)
{
    char ch, back;
    uint8_t buf[8];
    uint8_t *last;
    as_json_t json;
    as_json_token_t token;
    int i;

    (void) state;

    for (i = 0; i < 128; i++) {
        ch = (char) i;
        buf[0] = '"';
        last = as_json_text_escape(buf + 1, &ch, 1);
        assert_int_equal(as_json_text_escaped_len(&ch, 1), last - buf - 1);
        *last++ = '"';

        as_json_init(&json, buf, (size_t) (last - buf));
        assert_int_equal(as_json_next(&json, &token), AS_JSON_STRING);
        assert_int_equal(token.escaped, i < 0x20 || i == 0x7f || ch == '"'
                         || ch == '\\');
        assert_int_equal(as_json_decode(&token, &back, 1), 1);
        assert_int_equal(back, ch);
        assert_int_equal(as_json_next(&json, &token), AS_JSON_END);
    }
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_token_text),
        cmocka_unit_test(test_skip),
        cmocka_unit_test(test_error_place),
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_escape),
        cmocka_unit_test(test_escape_and_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
