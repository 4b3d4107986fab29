#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "as_decimal.h"
#include "as_hex.h"


static void
check_decimal(uint64_t number)
{
    char want[AS_DECIMAL_LEN + 1];
    uint8_t out[AS_DECIMAL_LEN + 1];
    size_t len;

    len = (size_t) snprintf(want, sizeof(want), "%" PRIu64, number);
    memset(out, '#', sizeof(out));

    assert_ptr_equal(as_decimal(out, number), out + len);
    assert_memory_equal(out, want, len);
    assert_int_equal(out[len], '#');
}


static void
test_decimal_where_its_length_changes(void **state)
{
    uint64_t power = 1;
    int i;

    (void) state;

    for (i = 0; i < AS_DECIMAL_LEN; i++) {
        check_decimal(power - 1);
        check_decimal(power);
        check_decimal(power + 1);
        power *= 10;
    }

    check_decimal(UINT64_MAX);
}


static void
test_decimal_around_powers_of_two(void **state)
{
    uint64_t power;

    (void) state;

    for (power = 1; power != 0; power <<= 1) {
        check_decimal(power - 1);
        check_decimal(power);
        check_decimal(power + power / 3);
    }
}


static void
test_decimal_of_every_pair(void **state)
{
    uint64_t number;

    (void) state;

    for (number = 0; number < 20000; number++) {
        check_decimal(number);
    }
}


static void
test_hex_of_every_byte_and_length(void **state)
{
    char want[2 * 20 + 1];
    uint8_t data[20], out[2 * 20 + 1];
    unsigned byte, len, i;

    (void) state;

    for (byte = 0; byte < 256; byte++) {
        for (i = 0; i < sizeof(data); i++) {
            data[i] = (uint8_t) (byte + 37 * i);
            snprintf(want + 2 * i, 3, "%02x", data[i]);
        }

        for (len = 0; len <= sizeof(data); len++) {
            memset(out, '#', sizeof(out));
            assert_ptr_equal(as_hex(out, data, len), out + 2 * len);
            assert_memory_equal(out, want, 2 * len);
            assert_int_equal(out[2 * len], '#');
        }
    }
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decimal_where_its_length_changes),
        cmocka_unit_test(test_decimal_around_powers_of_two),
        cmocka_unit_test(test_decimal_of_every_pair),
        cmocka_unit_test(test_hex_of_every_byte_and_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
