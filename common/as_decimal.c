#include <string.h>

#include "as_decimal.h"


static const char as_decimal_pairs[] =
    "00010203040506070809" "10111213141516171819"
    "20212223242526272829" "30313233343536373839"
    "40414243444546474849" "50515253545556575859"
    "60616263646566676869" "70717273747576777879"
    "80818283848586878889" "90919293949596979899";


uint8_t *
as_decimal(uint8_t *out, uint64_t number)
{
    uint8_t digits[AS_DECIMAL_LEN];
    uint8_t *p = digits + sizeof(digits);
    size_t len;

    while (number >= 100) {
        p -= 2;
        memcpy(p, as_decimal_pairs + 2 * (number % 100), 2);
        number /= 100;
    }

    if (number >= 10) {
        p -= 2;
        memcpy(p, as_decimal_pairs + 2 * number, 2);

    } else {
        *--p = (uint8_t) ('0' + number);
    }

    len = (size_t) (digits + sizeof(digits) - p);
    memcpy(out, p, len);

    return out + len;
}
