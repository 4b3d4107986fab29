/*
 * The characters of a text as a terminal shows them.
 */

#include <locale.h>
#include <stdint.h>
#include <wchar.h>

#include "base/glyph.h"


#define AS_GLYPH_INVALID  0xfffd


/*
 * The columns of a character, -1 for a control character.  wcwidth() depends on
 * the locale: an operator's may be "C", so that glibc's own is used.  musl has
 * one table for all.
 */
static int
as_glyph_columns(uint32_t c)
{
    int              width;
    locale_t         before;
    static locale_t  utf8;

    if (c < 0x7f) {
        return c < ' ' ? -1 : 1;
    }

    if (utf8 == (locale_t) 0) {
        utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t) 0);
        if (utf8 == (locale_t) 0) {
            return c < 0xa0 ? -1 : c < 0x1100 ? 1 : 2;
        }
    }

    before = uselocale(utf8);
    width = wcwidth((wchar_t) c);
    uselocale(before);

    return width;
}


/* Whether it changes the direction of the text that follows: a terminal may
 * then show a line in another order. */
static bool
as_glyph_turns(uint32_t c)
{
    return c == 0x61c || c == 0x200e || c == 0x200f
           || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}


/*
 * Decodes a character as RFC 3629 defines it: neither overlong forms nor
 * surrogates.  Returns its bytes, 0 where it is malformed.
 */
static size_t
as_glyph_decode(const unsigned char *s, uint32_t *c)
{
    size_t                 i, len;
    static const uint32_t  least[] = { 0, 0, 0x80, 0x800, 0x10000 };

    len = s[0] < 0x80 ? 1 : (s[0] & 0xe0) == 0xc0 ? 2
          : (s[0] & 0xf0) == 0xe0 ? 3 : (s[0] & 0xf8) == 0xf0 ? 4 : 0;
    *c = len < 2 ? s[0] : (uint32_t) s[0] & (0x7fu >> len);

    for (i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
        *c = *c << 6 | (s[i] & 0x3f);
    }

    return len == 0 || *c < least[len] || *c > 0x10ffff
           || (*c >= 0xd800 && *c <= 0xdfff) ? 0 : len;
}


bool
as_glyph_next(const char **at, as_glyph_t *glyph)
{
    size_t    len;
    uint32_t  c;

    if (**at == '\0') {
        return false;
    }

    len = as_glyph_decode((const unsigned char *) *at, &c);

    if (len == 0) {
        glyph->text = "\xef\xbf\xbd";
        glyph->len = 3;
        glyph->width = as_glyph_columns(AS_GLYPH_INVALID);
        (*at)++;
        return true;
    }

    glyph->text = *at;
    glyph->len = len;
    glyph->width = as_glyph_columns(c);
    *at += len;

    if (glyph->width < 0 || as_glyph_turns(c)) {
        glyph->text = " ";
        glyph->len = 1;
        glyph->width = 1;
    }

    return true;
}


int
as_glyph_width(const char *text)
{
    int         width;
    as_glyph_t  glyph;

    for (width = 0; as_glyph_next(&text, &glyph); width += glyph.width) {
        /* void */
    }

    return width;
}
