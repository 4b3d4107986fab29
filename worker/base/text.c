/*
 * A text buffer that grows.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "as_hex.h"
#include "as_json_text.h"
#include "base/text.h"


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
    char  *p;

    p = as_text_reserve(text, 2 * len + 3);
    if (p == NULL) {
        return;
    }

    *p++ = 'X';
    *p++ = '\'';
    p = (char *) as_hex((uint8_t *) p, data, len);
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


static bool
as_text_is_plain(char c, const char *keep)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9')
           || (c != '\0' && (strchr("-._~", c) != NULL
                             || strchr(keep, c) != NULL));
}


void
as_text_percent(as_text_t *text, const char *s, size_t len,
    const char *keep)
{
    char         hex[3];
    const char  *p, *start, *end;

    static const char  digits[] = "0123456789ABCDEF";

    for (p = s, end = s + len; p != end; /* void */ ) {
        for (start = p; p != end && as_text_is_plain(*p, keep); p++) {
            /* void */
        }

        as_text_add(text, start, (size_t) (p - start));

        if (p != end) {
            hex[0] = '%';
            hex[1] = digits[(unsigned char) *p >> 4];
            hex[2] = digits[(unsigned char) *p & 15];
            as_text_add(text, hex, 3);
            p++;
        }
    }
}


bool
as_text_is_utf8(const char *s)
{
    size_t          n;
    uint32_t        character;
    const uint8_t  *p, *end;

    p = (const uint8_t *) s;
    end = p + strlen(s);

    while (p != end) {
        n = as_json_text_decode(p, end, &character);
        if (n == 0) {
            return false;
        }

        p += n;
    }

    return true;
}


void
as_text_json_string(as_text_t *text, const char *s, size_t len)
{
    char    *p;
    size_t   n;

    n = as_json_text_escaped_len(s, len);
    p = as_text_reserve(text, n + 2);
    if (p == NULL) {
        return;
    }

    p[0] = '"';
    (void) as_json_text_escape((uint8_t *) p + 1, s, len);
    p[n + 1] = '"';
    p[n + 2] = '\0';
    text->len += n + 2;
}
