#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "as_decimal.h"
#include "as_json.h"
#include "as_json_text.h"


/* the row of tokens as letters: {k"0tfn}[] and ! for an error */
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

    /* the end is the end, an error an error, as often as one asks */
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
    static const char want[] = "a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\x7f"
        "\xeb\x8f\x84\xef\xbf\xbd\xef\xbf\xbdz";

    uint8_t buf[128];

    (void) state;

    assert_int_equal(as_json_escaped_len(text, sizeof(text) - 1),
                     sizeof(want) - 1);
    assert_ptr_equal(as_json_escape(buf, text, sizeof(text) - 1),
                     buf + sizeof(want) - 1);
    assert_memory_equal(buf, want, sizeof(want) - 1);
}


static void
test_decimal(void **state)
{
    uint8_t buf[AS_DECIMAL_LEN];

    (void) state;

    assert_ptr_equal(as_decimal(buf, 0), buf + 1);
    assert_memory_equal(buf, "0", 1);
    assert_ptr_equal(as_decimal(buf, 1000000), buf + 7);
    assert_memory_equal(buf, "1000000", 7);
    assert_ptr_equal(as_decimal(buf, UINT64_MAX), buf + 20);
    assert_memory_equal(buf, "18446744073709551615", 20);
}


/*
 * The reader against jansson: the same texts taken and refused, the same
 * values read.  Texts are grown from a grammar and then spoilt.
 */

typedef struct {
    uint64_t  random;
    char      text[4096];
    size_t    len;
} generator_t;


static unsigned
pick(generator_t *gen, unsigned n)
{
    gen->random = gen->random * UINT64_C(6364136223846793005)
                  + UINT64_C(1442695040888963407);

    return (unsigned) (gen->random >> 33) % n;
}


static void
add(generator_t *gen, const char *text)
{
    size_t len = strlen(text);

    if (gen->len + len < sizeof(gen->text)) {
        memcpy(gen->text + gen->len, text, len);
        gen->len += len;
    }
}


static void
add_string(generator_t *gen)
{
    static const char *parts[] = {
        "a", "Z", " ", "\\n", "\\\"", "\\\\", "\\/", "\\u0041", "\\ub3c4",
        "\\ud83c\\udf69", "\\ud83c", "\\udf69", "\xeb\x8f\x84", "\xc3\xa9",
        "\xf0\x9f\x8d\xa9", "\xc0\xaf", "\xed\xa0\x80", "\\u00", "\t", "sku",
        "quantity"
    };
    unsigned n = pick(gen, 5);

    add(gen, "\"");

    while (n-- > 0) {
        add(gen, parts[pick(gen, pick(gen, 8) != 0 ? 10 : 21)]);
    }

    add(gen, "\"");
}


static void
add_value(generator_t *gen, unsigned depth)
{
    static const char *scalars[] = {
        "0", "-0", "1", "-12", "1.5", "2e3", "1E-2", "0.25e+1", "true",
        "false", "null", "01", "1.", "-", "+1", "tru", "\"2\""
    };
    unsigned n = pick(gen, 4);
    unsigned kind = pick(gen, depth > 4 ? 2 : 4);
    unsigned i;

    if (kind == 0) {
        add(gen, scalars[pick(gen, pick(gen, 10) != 0 ? 11 : 17)]);
        return;
    }

    if (kind == 1) {
        add_string(gen);
        return;
    }

    add(gen, kind == 2 ? "[" : "{");

    for (i = 0; i < n; i++) {
        add(gen, i != 0 ? ", " : "");
        if (kind == 3) {
            add_string(gen);
            add(gen, ":");
        }
        add_value(gen, depth + 1);
    }

    add(gen, kind == 2 ? "]" : " }");
}


static void
spoil(generator_t *gen)
{
    static const char bytes[] = "{}[]\",:\\0e.-+ntu \x80\xed\xff";

    size_t at;

    if (gen->len == 0) {
        return;
    }

    at = pick(gen, (unsigned) gen->len);

    switch (pick(gen, 3)) {
    case 0:
        gen->text[at] = bytes[pick(gen, sizeof(bytes) - 1)];
        break;
    case 1:
        memmove(gen->text + at, gen->text + at + 1, gen->len - at - 1);
        gen->len--;
        break;
    default:
        gen->len = at;
    }
}


static json_t *
string_of(const as_json_token_t *token)
{
    char buf[4096];
    ptrdiff_t size = as_json_decode(token, buf, sizeof(buf));

    assert_true(size >= 0);

    return json_stringn(buf, (size_t) size);
}


static json_t *
number_of(const as_json_token_t *token)
{
    char text[64];

    assert_true(token->len < sizeof(text));
    memcpy(text, token->text, token->len);
    text[token->len] = '\0';

    return strpbrk(text, ".eE") != NULL ? json_real(strtod(text, NULL))
                                        : json_integer(strtoll(text, NULL, 10));
}


/* the value that began with token; NULL on an error */
static json_t *
value_of(as_json_t *reader, as_json_token_t *token)
{
    json_t *value, *item;
    char key[4096];
    ptrdiff_t size;

    switch (token->type) {
    case AS_JSON_STRING:
        return string_of(token);
    case AS_JSON_NUMBER:
        return number_of(token);
    case AS_JSON_TRUE:
        return json_true();
    case AS_JSON_FALSE:
        return json_false();
    case AS_JSON_NULL:
        return json_null();
    case AS_JSON_ARRAY:
        value = json_array();
        while (as_json_next(reader, token) != AS_JSON_ARRAY_END) {
            item = value_of(reader, token);
            if (item == NULL) {
                json_decref(value);
                return NULL;
            }
            json_array_append_new(value, item);
        }
        return value;
    case AS_JSON_OBJECT:
        value = json_object();
        while (as_json_next(reader, token) == AS_JSON_KEY) {
            size = as_json_decode(token, key, sizeof(key) - 1);
            assert_true(size >= 0);
            key[size] = '\0';
            as_json_next(reader, token);
            item = value_of(reader, token);
            if (item == NULL) {
                json_decref(value);
                return NULL;
            }
            json_object_set_new(value, key, item);
        }
        if (token->type == AS_JSON_OBJECT_END) {
            return value;
        }
        json_decref(value);
        return NULL;
    default:
        return NULL;
    }
}


static json_t *
read_all(const char *text, size_t len)
{
    as_json_t reader;
    as_json_token_t token;
    json_t *value;

    as_json_init(&reader, text, len);
    as_json_next(&reader, &token);
    value = value_of(&reader, &token);

    if (value != NULL && as_json_next(&reader, &token) != AS_JSON_END) {
        json_decref(value);
        return NULL;
    }

    return value;
}


static void
test_against_jansson(void **state)
{
    generator_t *gen = calloc(1, sizeof(*gen));
    unsigned i, n, taken = 0, refused = 0;
    json_error_t error;
    json_t *ours, *theirs;
    char *text;

    (void) state;

    assert_non_null(gen);
    gen->random = 20261122;

    for (i = 0; i < 100000; i++) {
        gen->len = 0;
        add_value(gen, 0);

        for (n = pick(gen, 3); n > 0; n--) {
            spoil(gen);
        }

        /* a copy of its own size: a read past the end is seen by tools */
        text = malloc(gen->len != 0 ? gen->len : 1);
        assert_non_null(text);
        memcpy(text, gen->text, gen->len);

        ours = read_all(text, gen->len);
        theirs = json_loadb(text, gen->len, JSON_DECODE_ANY | JSON_ALLOW_NUL,
                            &error);

        /* jansson's limits, not RFC 8259's */
        if (theirs != NULL || (strstr(error.text, "overflow") == NULL
                               && strstr(error.text, "too big") == NULL
                               && strstr(error.text, "NUL byte") == NULL))
        {
            if ((ours == NULL) != (theirs == NULL)
                || (ours != NULL && !json_equal(ours, theirs)))
            {
                fail_msg("differs (%s): %.*s", theirs ? "taken" : error.text,
                         (int) gen->len, gen->text);
            }
        }

        taken += ours != NULL;
        refused += ours == NULL;

        json_decref(ours);
        json_decref(theirs);
        free(text);
    }

    /* the comparison saw enough of both */
    assert_true(taken > 20000);
    assert_true(refused > 20000);

    free(gen);
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
        cmocka_unit_test(test_decimal),
        cmocka_unit_test(test_against_jansson),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
