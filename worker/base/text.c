/*
 * A text buffer that grows.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"


static const char  as_hex[] = "0123456789abcdef";


void
as_text_free(as_text_t *text)
{
    free(text->data);
    memset(text, 0, sizeof(*text));
}


void
as_text_clear(as_text_t *text)
{
    text->len = 0;
    text->failed = false;

    if (text->data != NULL) {
        text->data[0] = '\0';
    }
}


bool
as_text_ok(const as_text_t *text)
{
    return !text->failed;
}


const char *
as_text_get(const as_text_t *text)
{
    return text->data == NULL ? "" : text->data;
}


/* Makes room for len more bytes and the NUL.  NULL where memory is out. */
static char *
as_text_reserve(as_text_t *text, size_t len)
{
    char    *data;
    size_t   room;

    if (text->failed) {
        return NULL;
    }

    if (text->room - text->len <= len) {
        room = text->room == 0 ? 256 : text->room;
        while (room - text->len <= len) {
            room *= 2;
        }

        data = realloc(text->data, room);
        if (data == NULL) {
            text->failed = true;
            return NULL;
        }

        text->data = data;
        text->room = room;
    }

    return text->data + text->len;
}


void
as_text_add(as_text_t *text, const void *data, size_t len)
{
    char  *p;

    p = as_text_reserve(text, len);
    if (p == NULL) {
        return;
    }

    if (len > 0) {
        memcpy(p, data, len);
    }
    p[len] = '\0';
    text->len += len;
}


void
as_text_put(as_text_t *text, const char *s)
{
    as_text_add(text, s, strlen(s));
}


void
as_text_printf(as_text_t *text, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    as_text_vprintf(text, fmt, args);
    va_end(args);
}


void
as_text_vprintf(as_text_t *text, const char *fmt, va_list args)
{
    va_list   again;
    int       n;
    char     *p;

    va_copy(again, args);
    n = vsnprintf(NULL, 0, fmt, args);

    p = n < 0 ? NULL : as_text_reserve(text, (size_t) n);
    if (p == NULL) {
        text->failed = true;

    } else {
        vsnprintf(p, (size_t) n + 1, fmt, again);
        text->len += (size_t) n;
    }

    va_end(again);
}


void
as_text_sql_bytes(as_text_t *text, const void *data, size_t len)
{
    const unsigned char  *in;
    char                 *p;
    size_t                i;

    in = data;
    p = as_text_reserve(text, 2 * len + 3);
    if (p == NULL) {
        return;
    }

    *p++ = 'X';
    *p++ = '\'';
    for (i = 0; i < len; i++) {
        *p++ = as_hex[in[i] >> 4];
        *p++ = as_hex[in[i] & 15];
    }
    *p++ = '\'';
    *p = '\0';

    text->len += 2 * len + 3;
}


void
as_text_sql_string(as_text_t *text, const char *s)
{
    if (s == NULL) {
        as_text_put(text, "NULL");
        return;
    }

    as_text_put(text, "_utf8mb4 ");
    as_text_sql_bytes(text, s, strlen(s));
}


/* The length of the UTF-8 character at p (RFC 3629), 0 where it is invalid. */
static size_t
as_text_utf8(const unsigned char *p, size_t left)
{
    size_t         i, n;
    unsigned char  low, high;

    low = 0x80;
    high = 0xbf;

    if (p[0] < 0x80) {
        return 1;
    }

    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        n = 2;

    } else if (p[0] >= 0xe0 && p[0] <= 0xef) {
        n = 3;
        low = p[0] == 0xe0 ? 0xa0 : 0x80;
        high = p[0] == 0xed ? 0x9f : 0xbf;

    } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        n = 4;
        low = p[0] == 0xf0 ? 0x90 : 0x80;
        high = p[0] == 0xf4 ? 0x8f : 0xbf;

    } else {
        return 0;
    }

    if (left < n || p[1] < low || p[1] > high) {
        return 0;
    }

    for (i = 2; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }

    return n;
}


bool
as_text_is_utf8(const char *s)
{
    size_t  n, left;

    for (left = strlen(s); left > 0; s += n, left -= n) {
        n = as_text_utf8((const unsigned char *) s, left);
        if (n == 0) {
            return false;
        }
    }

    return true;
}


static void
as_text_json_ascii(as_text_t *text, unsigned char c)
{
    char  plain;

    switch (c) {
    case '"':
        as_text_put(text, "\\\"");
        return;

    case '\\':
        as_text_put(text, "\\\\");
        return;

    case '\n':
        as_text_put(text, "\\n");
        return;

    default:
        break;
    }

    if (c < 0x20 || c == 0x7f) {
        as_text_printf(text, "\\u%04x", c);
        return;
    }

    plain = (char) c;
    as_text_add(text, &plain, 1);
}


void
as_text_json_string(as_text_t *text, const char *s, size_t len)
{
    size_t                i, n;
    const unsigned char  *p;

    p = (const unsigned char *) s;
    as_text_put(text, "\"");

    for (i = 0; i < len; i += n) {
        n = as_text_utf8(p + i, len - i);

        if (n == 0) {
            as_text_put(text, "\xef\xbf\xbd");
            n = 1;

        } else if (n == 1) {
            as_text_json_ascii(text, p[i]);

        } else {
            as_text_add(text, p + i, n);
        }
    }

    as_text_put(text, "\"");
}
