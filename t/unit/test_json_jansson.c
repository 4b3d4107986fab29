/*
 * The reader against jansson: both accept and refuse the same texts, and read
 * the same values.  The texts are generated from a grammar and then damaged.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "as_json.h"


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

        /* an exact copy, so that valgrind and ASan see a read past its end */
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

    /* the texts contain enough of both */
    assert_true(taken > 20000);
    assert_true(refused > 20000);

    free(gen);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_jansson),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
