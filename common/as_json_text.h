/*
 * The content of JSON strings: UTF-8 and escapes.
 */

#ifndef AS_JSON_TEXT_H
#define AS_JSON_TEXT_H

#include <stddef.h>
#include <stdint.h>


/*
 * 1 for the bytes that need no escape in a string: ASCII from the space to
 * 0x7f, without quote and backslash (RFC 8259, 7).
 */
extern const uint8_t as_json_plain[256]
    __attribute__((visibility("hidden")));

/*
 * Decodes one UTF-8 character (RFC 3629) at p.  Returns its length, or 0 if it
 * is invalid.
 */
size_t as_json_text_decode(const uint8_t *p, const uint8_t *end,
    uint32_t *character);

/* Encodes one character; returns the number of bytes written. */
size_t as_json_text_encode(uint32_t character, uint8_t out[4]);

/*
 * Decodes an escape; p points after its backslash.  Returns the length after
 * the backslash, or 0 if it is invalid.  The two halves of a surrogate pair are
 * one escape.
 */
size_t as_json_text_unescape(const uint8_t *p, const uint8_t *end,
    uint32_t *character);

/*
 * Text as the content of a JSON string; each invalid byte becomes U+FFFD, and
 * 0x7f is escaped.  escaped_len returns the number of bytes that escape writes;
 * escape returns their end.
 */
size_t as_json_text_escaped_len(const void *text, size_t len);
uint8_t *as_json_text_escape(uint8_t *out, const void *text, size_t len);


#endif /* AS_JSON_TEXT_H */
