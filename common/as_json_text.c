#include <string.h>

#include "as_json_text.h"


/* JSON allows it unescaped; but a log line must not send it to a terminal */
#define AS_JSON_DEL  0x7f

#define AS_JSON_PLAIN_ROW  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1


const uint8_t as_json_plain[256] = {
    [0x20] = 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,  /* " */
    AS_JSON_PLAIN_ROW,
    AS_JSON_PLAIN_ROW,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1,           /* \ */
    AS_JSON_PLAIN_ROW,
    AS_JSON_PLAIN_ROW
};


size_t
as_json_text_decode(const uint8_t *p, const uint8_t *end, uint32_t *character)
{
    /* the least value for each length; a smaller value has a shorter form */
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

    size_t len, i;
    uint32_t ch;

    if (p == end) {
        return 0;
    }

    ch = *p;

    if (ch < 0x80) {
        *character = ch;
        return 1;
    }

    len = ch >= 0xf0 ? 4 : ch >= 0xe0 ? 3 : 2;

    if (ch < 0xc2 || ch > 0xf4 || (size_t) (end - p) < len) {
        return 0;
    }

    ch &= 0xffu >> (len + 1);

    for (i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }

        ch = ch << 6 | (p[i] & 0x3f);
    }

    if (ch < least[len] || ch > 0x10ffff || (ch >= 0xd800 && ch <= 0xdfff)) {
        return 0;
    }

    *character = ch;

    return len;
}


/* the value of four hexadecimal digits, or -1 */
static int32_t
as_json_text_unit(const uint8_t *p, const uint8_t *end)
{
    int32_t unit = 0;
    int i;

    if (end - p < 4) {
        return -1;
    }

    for (i = 0; i < 4; i++) {
        uint8_t ch = p[i];
        uint8_t lower = ch | 0x20;

        if (ch >= '0' && ch <= '9') {
            unit = unit << 4 | (ch - '0');
        } else if (lower >= 'a' && lower <= 'f') {
            unit = unit << 4 | (lower - 'a' + 10);
        } else {
            return -1;
        }
    }

    return unit;
}


size_t
as_json_text_unescape(const uint8_t *p, const uint8_t *end, uint32_t *character)
{
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";

    int32_t high, low;
    const char *name;

    if (p == end) {
        return 0;
    }

    if (*p != 'u') {
        name = *p != '\0' ? strchr(names, *p) : NULL;
        if (name == NULL) {
            return 0;
        }

        *character = (uint8_t) values[name - names];
        return 1;
    }

    high = as_json_text_unit(p + 1, end);

    if (high < 0 || (high >= 0xdc00 && high <= 0xdfff)) {
        return 0;
    }

    if (high < 0xd800 || high > 0xdbff) {
        *character = (uint32_t) high;
        return 5;
    }

    if (end - p < 7 || p[5] != '\\' || p[6] != 'u') {
        return 0;
    }

    low = as_json_text_unit(p + 7, end);

    if (low < 0xdc00 || low > 0xdfff) {
        return 0;
    }

    *character = 0x10000 + ((uint32_t) (high - 0xd800) << 10)
                 + (uint32_t) (low - 0xdc00);

    return 11;
}


size_t
as_json_text_encode(uint32_t ch, uint8_t out[4])
{
    if (ch < 0x80) {
        out[0] = (uint8_t) ch;
        return 1;
    }

    if (ch < 0x800) {
        out[0] = (uint8_t) (0xc0 | ch >> 6);
        out[1] = (uint8_t) (0x80 | (ch & 0x3f));
        return 2;
    }

    if (ch < 0x10000) {
        out[0] = (uint8_t) (0xe0 | ch >> 12);
        out[1] = (uint8_t) (0x80 | (ch >> 6 & 0x3f));
        out[2] = (uint8_t) (0x80 | (ch & 0x3f));
        return 3;
    }

    out[0] = (uint8_t) (0xf0 | ch >> 18);
    out[1] = (uint8_t) (0x80 | (ch >> 12 & 0x3f));
    out[2] = (uint8_t) (0x80 | (ch >> 6 & 0x3f));
    out[3] = (uint8_t) (0x80 | (ch & 0x3f));

    return 4;
}


/* the letter of the short escape of a character, or 'u' if it has none */
static uint8_t
as_json_text_short(uint8_t ch)
{
    switch (ch) {
    case '"':
    case '\\':
        return ch;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 'u';
    }
}


size_t
as_json_text_escaped_len(const void *text, size_t len)
{
    const uint8_t *p = text;
    const uint8_t *end = p + len;
    uint32_t character;
    size_t total = 0;
    size_t n;

    while (p != end) {
        if (as_json_plain[*p] && *p != AS_JSON_DEL) {
            total++;
            p++;
            continue;
        }

        if (*p >= 0x80) {
            n = as_json_text_decode(p, end, &character);
            p += n != 0 ? n : 1;
            total += n != 0 ? n : 3;
            continue;
        }

        total += as_json_text_short(*p++) == 'u' ? 6 : 2;
    }

    return total;
}


uint8_t *
as_json_text_escape(uint8_t *out, const void *text, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    const uint8_t *p = text;
    const uint8_t *end = p + len;
    uint32_t character;
    uint8_t letter;
    size_t n;

    while (p != end) {
        if (as_json_plain[*p] && *p != AS_JSON_DEL) {
            *out++ = *p++;
            continue;
        }

        if (*p >= 0x80) {
            n = as_json_text_decode(p, end, &character);
            memcpy(out, n != 0 ? p : (const uint8_t *) "\xef\xbf\xbd",
                   n != 0 ? n : 3);
            out += n != 0 ? n : 3;
            p += n != 0 ? n : 1;
            continue;
        }

        letter = as_json_text_short(*p);

        *out++ = '\\';
        *out++ = letter;

        if (letter == 'u') {
            *out++ = '0';
            *out++ = '0';
            *out++ = (uint8_t) digits[*p >> 4];
            *out++ = (uint8_t) digits[*p & 0xf];
        }

        p++;
    }

    return out;
}
