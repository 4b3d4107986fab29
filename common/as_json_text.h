/*
 * The content of JSON strings: UTF-8 and escapes.
 */

#ifndef AS_JSON_TEXT_H
#define AS_JSON_TEXT_H

#include <stddef.h>
#include <stdint.h>


/*
 * 1 for the characters that stand for themselves in a string: visible ASCII and
 * the space, without quote and backslash; 0x7f is one of them (RFC 8259, 7).
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
 * Text as the content of a JSON string; invalid UTF-8 becomes U+FFFD.
 * escaped_len returns the number of bytes that escape writes; escape returns
 * their end.
 */
size_t as_json_text_escaped_len(const void *text, size_t len);
uint8_t *as_json_text_escape(uint8_t *out, const void *text, size_t len);


#endif /* AS_JSON_TEXT_H */
