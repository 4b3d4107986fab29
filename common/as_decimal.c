#include <string.h>

#include "as_decimal.h"


static const char as_decimal_pairs[] =
    "00010203040506070809" "10111213141516171819"
    "20212223242526272829" "30313233343536373839"
    "40414243444546474849" "50515253545556575859"
    "60616263646566676869" "70717273747576777879"
    "80818283848586878889" "90919293949596979899";


/* 10 to the power of the index; 0 at index 0, since 0 has one digit, too */
static const uint64_t as_decimal_powers[AS_DECIMAL_LEN] = {
    0,
    UINT64_C(10),
    UINT64_C(100),
    UINT64_C(1000),
    UINT64_C(10000),
    UINT64_C(100000),
    UINT64_C(1000000),
    UINT64_C(10000000),
    UINT64_C(100000000),
    UINT64_C(1000000000),
    UINT64_C(10000000000),
    UINT64_C(100000000000),
    UINT64_C(1000000000000),
    UINT64_C(10000000000000),
    UINT64_C(100000000000000),
    UINT64_C(1000000000000000),
    UINT64_C(10000000000000000),
    UINT64_C(100000000000000000),
    UINT64_C(1000000000000000000),
    UINT64_C(10000000000000000000)
};


/* 1233 / 4096 approximates log10(2): len is exact, or one too small */
static inline unsigned
as_decimal_len(uint64_t number)
{
    unsigned bits = 64 - (unsigned) __builtin_clzll(number | 1);
    unsigned len = bits * 1233 >> 12;

    return len + (number >= as_decimal_powers[len]);
}


uint8_t *
as_decimal(uint8_t *out, uint64_t number)
{
    uint8_t *end, *p;

    if (number < 10) {
        *out = (uint8_t) ('0' + number);
        return out + 1;
    }

    end = out + as_decimal_len(number);

    for (p = end; number >= 100; number /= 100) {
        p -= 2;
        memcpy(p, as_decimal_pairs + 2 * (number % 100), 2);
    }

    if (number >= 10) {
        memcpy(out, as_decimal_pairs + 2 * number, 2);

    } else {
        *out = (uint8_t) ('0' + number);
    }

    return end;
}
