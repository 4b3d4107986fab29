/*
 * A text buffer that grows: SQL, JSON, log lines.  A failed allocation is
 * remembered; the caller checks once, at the end, with as_text_ok().
 */

#ifndef AS_TEXT_H
#define AS_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>


typedef struct {
    char    *data;                     /* NUL-terminated after the first
                                          write */
    size_t   len;
    size_t   room;
    bool     failed;
} as_text_t;


#define AS_TEXT_EMPTY  { NULL, 0, 0, false }


void as_text_free(as_text_t *text);
void as_text_clear(as_text_t *text);
bool as_text_ok(const as_text_t *text);

/* "" where nothing was written.  Valid until the next change of the text. */
const char *as_text_get(const as_text_t *text);

void as_text_add(as_text_t *text, const void *data, size_t len);
void as_text_put(as_text_t *text, const char *s);
void as_text_printf(as_text_t *text, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void as_text_vprintf(as_text_t *text, const char *fmt, va_list args)
    __attribute__((format(printf, 2, 0)));

/* X'0123': bytes as a literal that MariaDB and MySQL read alike. */
void as_text_sql_bytes(as_text_t *text, const void *data, size_t len);

/*
 * _utf8mb4 X'...': a string literal without any risk of injection; NULL where s
 * is NULL.
 */
void as_text_sql_string(as_text_t *text, const char *s);

/*
 * Percent-encodes all but RFC 3986's unreserved characters and those of keep.
 */
void as_text_percent(as_text_t *text, const char *s, size_t len,
    const char *keep);

/* Whether s is valid UTF-8 as RFC 3629 defines it. */
bool as_text_is_utf8(const char *s);

/* A JSON string with its quotes.  Bytes that are not UTF-8 become U+FFFD. */
void as_text_json_string(as_text_t *text, const char *s, size_t len);


#endif /* AS_TEXT_H */
