#include "as_hex.h"


#define AS_HEX_EACH(byte)  (UINT64_C(0x0101010101010101) * (byte))


static const char as_hex_digits[] = "0123456789abcdef";


/*
 * The digits of four bytes in one register.  Compilers turn the byte-wise load
 * and store into single instructions where the byte order allows it.
 */
static inline uint8_t *
as_hex_four(uint8_t *out, const uint8_t *data)
{
    uint64_t digits, letters;

    digits = (uint64_t) data[0] | (uint64_t) data[1] << 8
             | (uint64_t) data[2] << 16 | (uint64_t) data[3] << 24;

    /* a byte to every second place, then its halves to both */
    digits = (digits | digits << 16) & UINT64_C(0x0000ffff0000ffff);
    digits = (digits | digits << 8) & UINT64_C(0x00ff00ff00ff00ff);
    digits = (digits >> 4 | digits << 8) & AS_HEX_EACH(0x0f);

    /* 1 where the digit is 10 or more */
    letters = (digits + AS_HEX_EACH(6)) >> 4 & AS_HEX_EACH(1);
    digits += AS_HEX_EACH('0') + letters * ('a' - '0' - 10);

    out[0] = (uint8_t) digits;
    out[1] = (uint8_t) (digits >> 8);
    out[2] = (uint8_t) (digits >> 16);
    out[3] = (uint8_t) (digits >> 24);
    out[4] = (uint8_t) (digits >> 32);
    out[5] = (uint8_t) (digits >> 40);
    out[6] = (uint8_t) (digits >> 48);
    out[7] = (uint8_t) (digits >> 56);

    return out + 8;
}


uint8_t *
as_hex(uint8_t *out, const uint8_t *data, size_t len)
{
    for ( ; len >= 4; len -= 4) {
        out = as_hex_four(out, data);
        data += 4;
    }

    for ( ; len != 0; len--) {
        *out++ = (uint8_t) as_hex_digits[*data >> 4];
        *out++ = (uint8_t) as_hex_digits[*data++ & 0xf];
    }

    return out;
}
