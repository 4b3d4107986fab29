/*
 * Texts that grow: at each length around the ends of the buffer, and after
 * memory ended; literals of SQL and JSON, percent-encoding, UTF-8.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"


#define LENGTH(array)  (sizeof(array) / sizeof((array)[0]))


static void
is(const as_text_t *text, const char *expected)
{
    assert_true(as_text_ok(text));
    assert_string_equal(as_text_get(text), expected);
    assert_int_equal(text->len, strlen(expected));
}


static void
empty(void **state)
{
    as_text_t  text = AS_TEXT_EMPTY;

    (void) state;

    is(&text, "");
    as_text_clear(&text);
    as_text_add(&text, NULL, 0);
    as_text_put(&text, "");
    as_text_printf(&text, "%s", "");
    is(&text, "");
    as_text_free(&text);
    as_text_free(&text);
    is(&text, "");
}


static void
write_so(as_text_t *text, int way)
{
    switch (way) {
    case 0:
        as_text_add(text, "abcdef", 3);
        break;

    case 1:
        as_text_put(text, "abc");
        break;

    case 2:
        as_text_printf(text, "%d:%s", 7, "abc");
        break;

    case 3:
        as_text_sql_bytes(text, "abc", 3);
        break;

    case 4:
        as_text_sql_string(text, "abc");
        break;

    case 5:
        as_text_percent(text, "\001b\002", 3, "");
        break;

    default:
        as_text_json_string(text, "abc", 3);
    }
}


/* Every way to write, with as many bytes before it as there is room for, one
 * less and one more: the text is whole and NUL-terminated. */
static void
ends_of_the_buffer(void **state)
{
    int         way;
    char        before[1200], expected[1300];
    size_t      n, i;
    as_text_t   text = AS_TEXT_EMPTY;

    static const char *const  written[] = {
        "abc", "abc", "7:abc", "X'616263'", "_utf8mb4 X'616263'", "%01b%02",
        "\"abc\""
    };

    (void) state;
    memset(before, '-', sizeof(before));

    for (n = 0; n < 1100; n += n < 230 || (n > 260 && n < 480) ? 29 : 1) {
        for (way = 0; way < 7; way++) {
            as_text_free(&text);
            as_text_add(&text, before, n);

            write_so(&text, way);
            memcpy(expected, before, n);
            strcpy(expected + n, written[way]);
            is(&text, expected);
            assert_true(text.len < text.room);
        }
    }

    /* a long one at once, and the buffer of a cleared text is used again */
    as_text_clear(&text);
    i = text.room;
    as_text_put(&text, "x");
    assert_int_equal(text.room, i);
    as_text_add(&text, before, sizeof(before));
    as_text_add(&text, before, sizeof(before));
    assert_int_equal(text.len, 1 + 2 * sizeof(before));
    assert_int_equal(strlen(as_text_get(&text)), text.len);
    as_text_free(&text);
}


/* Nothing is written after a failure, so that no text has a hole. */
static void
after_a_failure(void **state)
{
    as_text_t  text = AS_TEXT_EMPTY;

    (void) state;

    as_text_put(&text, "a");
    text.failed = true;
    as_text_put(&text, "b");
    as_text_printf(&text, "%d", 1);
    as_text_sql_bytes(&text, "b", 1);
    as_text_sql_string(&text, "b");
    as_text_sql_string(&text, NULL);
    as_text_percent(&text, "b", 1, "");
    as_text_json_string(&text, "b", 1);
    assert_false(as_text_ok(&text));
    assert_string_equal(as_text_get(&text), "a");
    assert_int_equal(text.len, 1);

    as_text_clear(&text);
    as_text_put(&text, "c");
    is(&text, "c");
    as_text_free(&text);
}


static void
sql(void **state)
{
    as_text_t  text = AS_TEXT_EMPTY;

    (void) state;

    as_text_sql_bytes(&text, "", 0);
    as_text_put(&text, ",");
    as_text_sql_bytes(&text, "\0\xff'", 3);
    as_text_put(&text, ",");
    as_text_sql_string(&text, "'; DROP");
    as_text_put(&text, ",");
    as_text_sql_string(&text, NULL);
    is(&text, "X'',X'00ff27',_utf8mb4 X'273b2044524f50',NULL");
    as_text_free(&text);
}


static void
percent(void **state)
{
    size_t     i;
    as_text_t  text = AS_TEXT_EMPTY;

    static const struct {
        const char  *value;
        size_t       len;
        const char  *keep;
        const char  *expected;
    } cases[] = {
        { "", 0, "", "" },
        { "AZaz09-._~", 10, "", "AZaz09-._~" },
        { "a b/c", 5, "", "a%20b%2Fc" },
        { "a b/c", 5, "/", "a%20b/c" },
        { "+&=?%", 5, "", "%2B%26%3D%3F%25" },
        { "\xea\xb0\x80", 3, "", "%EA%B0%80" },
        { "a\0b", 3, "/", "a%00b" },
        { "@[`{", 4, "", "%40%5B%60%7B" },
        { "/:", 2, "", "%2F%3A" }
    };

    (void) state;

    for (i = 0; i < LENGTH(cases); i++) {
        as_text_clear(&text);
        as_text_percent(&text, cases[i].value, cases[i].len, cases[i].keep);
        is(&text, cases[i].expected);
    }

    as_text_free(&text);
}


/* RFC 3629: no overlong forms, no surrogates, nothing over U+10FFFF. */
static void
utf8(void **state)
{
    size_t  i;

    static const struct {
        const char  *value;
        bool         valid;
    } cases[] = {
        { "", true }, { "CP-1", true }, { "\x7f", true },
        { "\xc2\x80", true }, { "\xdf\xbf", true },
        { "\xe0\xa0\x80", true }, { "\xed\x9f\xbf", true },
        { "\xee\x80\x80", true }, { "\xef\xbf\xbf", true },
        { "\xf0\x90\x80\x80", true }, { "\xf4\x8f\xbf\xbf", true },
        { "\x80", false }, { "\xbf", false }, { "\xc0\x80", false },
        { "\xc1\xbf", false }, { "\xe0\x9f\xbf", false },
        { "\xed\xa0\x80", false }, { "\xed\xbf\xbf", false },
        { "\xf0\x8f\xbf\xbf", false }, { "\xf4\x90\x80\x80", false },
        { "\xf5\x80\x80\x80", false }, { "\xff", false },
        { "\xc2", false }, { "\xe0\xa0", false }, { "\xf0\x90\x80", false },
        { "a\xc2" "b", false }, { "\xea\xb0\x80\xea\xb0", false }
    };

    (void) state;

    for (i = 0; i < LENGTH(cases); i++) {
        if (as_text_is_utf8(cases[i].value) != cases[i].valid) {
            fail_msg("case %zu is %s", i, cases[i].valid ? "refused"
                                                         : "accepted");
        }
    }
}


static void
json(void **state)
{
    size_t     i;
    as_text_t  text = AS_TEXT_EMPTY;

    static const struct {
        const char  *value;
        size_t       len;
        const char  *expected;
    } cases[] = {
        { "", 0, "\"\"" },
        { "a\"b\\c/", 6, "\"a\\\"b\\\\c/\"" },
        { "\n\r\t\b\f", 5, "\"\\n\\r\\t\\b\\f\"" },
        { "a\0b", 3, "\"a\\u0000b\"" },
        { "\x1f", 1, "\"\\u001f\"" },
        { "\xea\xb0\x80", 3, "\"\xea\xb0\x80\"" }
    };

    (void) state;

    for (i = 0; i < LENGTH(cases); i++) {
        as_text_clear(&text);
        as_text_json_string(&text, cases[i].value, cases[i].len);
        is(&text, cases[i].expected);
    }

    /* each byte of what is not UTF-8, or its part that could be, is replaced */
    as_text_clear(&text);
    as_text_json_string(&text, "a\xff" "b", 3);
    assert_true(as_text_is_utf8(as_text_get(&text)));
    assert_null(strchr(as_text_get(&text), '\xff'));
    assert_memory_equal(as_text_get(&text), "\"a", 2);
    assert_memory_equal(as_text_get(&text) + text.len - 2, "b\"", 2);
    as_text_free(&text);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(empty),
        cmocka_unit_test(ends_of_the_buffer),
        cmocka_unit_test(after_a_failure),
        cmocka_unit_test(sql),
        cmocka_unit_test(percent),
        cmocka_unit_test(utf8),
        cmocka_unit_test(json)
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
