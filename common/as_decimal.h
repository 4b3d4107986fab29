/*
 * Decimal numbers, where printf would take most of the time.
 */

#ifndef AS_DECIMAL_H
#define AS_DECIMAL_H

#include <stdint.h>


#define AS_DECIMAL_LEN  20             /* digits of UINT64_MAX */


/* Writes 1 to 20 digits without a terminator; returns their end. */
uint8_t *as_decimal(uint8_t *out, uint64_t number);


#endif /* AS_DECIMAL_H */
