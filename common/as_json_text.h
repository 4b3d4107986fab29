/*
 * The text inside JSON strings: UTF-8 and escapes.
 */

#ifndef AS_JSON_TEXT_H
#define AS_JSON_TEXT_H

#include <stddef.h>
#include <stdint.h>


/*
 * One character of UTF-8 (RFC 3629) at p.  Returns its length, or 0 where it
 * is none.
 */
size_t as_json_character(const uint8_t *p, const uint8_t *end,
    uint32_t *character);

/* The other way; returns how many bytes were written. */
size_t as_json_encode(uint32_t character, uint8_t out[4]);

/*
 * An escape, p after its backslash.  Returns its length without it, or 0
 * where it is none; the two halves of a surrogate pair are one escape.
 */
size_t as_json_unescape(const uint8_t *p, const uint8_t *end,
    uint32_t *character);

/*
 * Text as the inside of a JSON string; what is not UTF-8 becomes U+FFFD.
 * The first tells how many bytes the second writes.
 */
size_t as_json_escaped_len(const void *text, size_t len);
uint8_t *as_json_escape(uint8_t *out, const void *text, size_t len);


#endif /* AS_JSON_TEXT_H */
