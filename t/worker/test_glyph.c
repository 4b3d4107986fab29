/*
 * The characters of a text: their widths, and those not sent to a terminal.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/glyph.h"


static const struct {
    const char  *text;
    const char  *shown;
    int          width;
} glyphs[] = {
    { "", "", 0 },
    { "donut", "donut", 5 },
    { "부산도너츠", "부산도너츠", 10 },
    { "é", "é", 1 },
    { "ж", "ж", 1 },
    { "₩1", "₩1", 2 },                 /* 3 bytes, and narrow */
    { "…", "…", 1 },
    { "漢字", "漢字", 4 },
    { "ｱ", "ｱ", 1 },                   /* half width */
    { "Ａ", "Ａ", 2 },                 /* full width */
    { "🍩", "🍩", 2 },
    { "e\xcc\x81", "e\xcc\x81", 1 },   /* a combining accent */
    { "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", "\xe1\x84\x92\xe1\x85\xa1"
      "\xe1\x86\xab", 2 },             /* Hangul, decomposed */
    { "a\xe2\x80\x8b" "b", "a\xe2\x80\x8b" "b", 2 },
    { "\t\n\r\x1b[2J\x7f", "    [2J ", 8 },
    { "\xc2\x9b" "31m", " 31m", 4 },   /* CSI in one character */
    { "a\xe2\x80\xae" "b", "a b", 3 }, /* right-to-left override */
    { "\xe2\x80\xa8", " ", 1 },        /* line separator */
    { "\xff", "\xef\xbf\xbd", 1 },
    { "\xec\x9b", "\xef\xbf\xbd\xef\xbf\xbd", 2 },     /* cut */
    { "\xc0\x9b", "\xef\xbf\xbd\xef\xbf\xbd", 2 },     /* overlong ESC */
    { "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 3 },
    { "\xf4\x90\x80\x80x", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
      "x", 5 },
    { "\xf8\x88\x80\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf"
      "\xbd\xef\xbf\xbd", 5 },
};


static void
test_glyphs(void **state)
{
    char         shown[64];
    size_t       i, n;
    const char  *at;
    as_glyph_t   glyph;

    (void) state;

    for (i = 0; i < sizeof(glyphs) / sizeof(glyphs[0]); i++) {
        n = 0;
        at = glyphs[i].text;

        while (as_glyph_next(&at, &glyph)) {
            assert_in_range(glyph.len, 1, AS_GLYPH_MAX);
            assert_in_range(glyph.width, 0, 2);
            memcpy(shown + n, glyph.text, glyph.len);
            n += glyph.len;
        }

        shown[n] = '\0';
        assert_string_equal(shown, glyphs[i].shown);
        assert_int_equal(as_glyph_width(glyphs[i].text), glyphs[i].width);
    }
}


/* The end is found for any bytes. */
static void
test_bytes(void **state)
{
    char         text[5];
    uint32_t     i;
    const char  *at;
    as_glyph_t   glyph;

    (void) state;

    for (i = 0; i < 1 << 20; i++) {
        snprintf(text, sizeof(text), "%c%c%c%c", (int) (0x80 | (i & 0x7f)),
                 (int) (i >> 7 & 0x7f) | 0x80, (int) (i >> 14 & 0x3f) + 1,
                 0xe1);
        for (at = text; as_glyph_next(&at, &glyph); ) {
            assert_true(at <= text + strlen(text));
        }
        assert_ptr_equal(at, text + strlen(text));
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_glyphs),
        cmocka_unit_test(test_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
