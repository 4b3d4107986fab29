/*
 * Which addresses are whose, by IANA's special-purpose registries.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "http/address.h"


typedef struct {
    const char    *text;
    as_address_e   class;
} row_t;


static const row_t  rows[] = {
    { "8.8.8.8", AS_ADDRESS_PUBLIC },
    { "172.15.255.255", AS_ADDRESS_PUBLIC },
    { "172.32.0.0", AS_ADDRESS_PUBLIC },
    { "169.253.255.255", AS_ADDRESS_PUBLIC },
    { "100.128.0.0", AS_ADDRESS_PUBLIC },
    { "2606:4700::1", AS_ADDRESS_PUBLIC },

    { "127.0.0.1", AS_ADDRESS_PRIVATE },
    { "127.255.0.9", AS_ADDRESS_PRIVATE },
    { "0.0.0.0", AS_ADDRESS_PRIVATE },
    { "10.1.2.3", AS_ADDRESS_PRIVATE },
    { "172.16.0.1", AS_ADDRESS_PRIVATE },
    { "172.31.255.255", AS_ADDRESS_PRIVATE },
    { "192.168.1.1", AS_ADDRESS_PRIVATE },
    { "100.100.100.200", AS_ADDRESS_PRIVATE },
    { "::", AS_ADDRESS_PRIVATE },
    { "::1", AS_ADDRESS_PRIVATE },
    { "fd12::1", AS_ADDRESS_PRIVATE },
    { "fc00::1", AS_ADDRESS_PRIVATE },
    { "::ffff:10.0.0.1", AS_ADDRESS_PRIVATE },
    { "::127.0.0.1", AS_ADDRESS_PRIVATE },

    { "169.254.169.254", AS_ADDRESS_LINK_LOCAL },
    { "169.254.170.2", AS_ADDRESS_LINK_LOCAL },
    { "fe80::1", AS_ADDRESS_LINK_LOCAL },
    { "febf::1", AS_ADDRESS_LINK_LOCAL },
    { "fd00:ec2::254", AS_ADDRESS_LINK_LOCAL },
    { "fd00:ec2::23", AS_ADDRESS_LINK_LOCAL },
    { "::ffff:169.254.169.254", AS_ADDRESS_LINK_LOCAL },
    { "64:ff9b::169.254.169.254", AS_ADDRESS_LINK_LOCAL },
    { "2002:a9fe:a9fe::1", AS_ADDRESS_LINK_LOCAL },

    { "224.0.0.1", AS_ADDRESS_NEVER },
    { "255.255.255.255", AS_ADDRESS_NEVER },
    { "ff02::1", AS_ADDRESS_NEVER },
    { "", AS_ADDRESS_NEVER },
    { "localhost", AS_ADDRESS_NEVER }
};


static void
test_rows(void **state)
{
    size_t  i;

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (as_address_text_class(rows[i].text) != rows[i].class) {
            print_error("address %s\n", rows[i].text);
        }

        assert_int_equal(as_address_text_class(rows[i].text),
                         rows[i].class);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = { cmocka_unit_test(test_rows) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
