#include <string.h>

#include "as_decimal.h"


uint8_t *
as_decimal(uint8_t *out, uint64_t number)
{
    uint8_t digits[AS_DECIMAL_LEN];
    uint8_t *p = digits + sizeof(digits);
    size_t len;

    do {
        *--p = (uint8_t) ('0' + number % 10);
        number /= 10;
    } while (number != 0);

    len = (size_t) (digits + sizeof(digits) - p);
    memcpy(out, p, len);

    return out + len;
}
