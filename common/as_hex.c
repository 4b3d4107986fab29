#include <string.h>

#include "as_hex.h"


#define ROW(h)                                                               \
    h "0" h "1" h "2" h "3" h "4" h "5" h "6" h "7"                          \
    h "8" h "9" h "a" h "b" h "c" h "d" h "e" h "f"


static const char as_hex_pairs[] =
    ROW("0") ROW("1") ROW("2") ROW("3") ROW("4") ROW("5") ROW("6") ROW("7")
    ROW("8") ROW("9") ROW("a") ROW("b") ROW("c") ROW("d") ROW("e") ROW("f");


uint8_t *
as_hex(uint8_t *out, const uint8_t *data, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        memcpy(out + 2 * i, as_hex_pairs + 2 * data[i], 2);
    }

    return out + 2 * len;
}
