/*
 * Lower-case hexadecimal digits, computed eight at a time: every response and
 * every packet of SQL contains dozens of them.
 */

#ifndef AS_HEX_H
#define AS_HEX_H

#include <stddef.h>
#include <stdint.h>


/* Writes 2 * len characters without a terminator; returns their end. */
uint8_t *as_hex(uint8_t *out, const uint8_t *data, size_t len);


#endif /* AS_HEX_H */
