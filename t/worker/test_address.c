/*
 * The classes of addresses, by IANA's special-purpose registries.
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
    { "168.63.129.15", AS_ADDRESS_PUBLIC },
    { "192.0.1.1", AS_ADDRESS_PUBLIC },
    { "64:ff9b::8.8.8.8", AS_ADDRESS_PUBLIC },
    { "::ffff:0:8.8.8.8", AS_ADDRESS_PUBLIC },
    { "2002:808:808::1", AS_ADDRESS_PUBLIC },
    { "2001:0:808:808::f7f7:f7f7", AS_ADDRESS_PUBLIC },
    { "2606:4700::5efe:8.8.8.8", AS_ADDRESS_PUBLIC },

    { "127.0.0.1", AS_ADDRESS_PRIVATE },
    { "127.255.0.9", AS_ADDRESS_PRIVATE },
    { "0.0.0.0", AS_ADDRESS_PRIVATE },
    { "10.1.2.3", AS_ADDRESS_PRIVATE },
    { "172.16.0.1", AS_ADDRESS_PRIVATE },
    { "172.31.255.255", AS_ADDRESS_PRIVATE },
    { "192.168.1.1", AS_ADDRESS_PRIVATE },
    { "100.100.100.199", AS_ADDRESS_PRIVATE },
    { "192.0.0.191", AS_ADDRESS_PRIVATE },
    { "192.0.2.1", AS_ADDRESS_PRIVATE },
    { "fd20:ce::253", AS_ADDRESS_PRIVATE },
    { "2001:db8::1", AS_ADDRESS_PRIVATE },
    { "64:ff9b:1::8.8.8.8", AS_ADDRESS_PRIVATE },
    { "64:ff9b:1::10.0.0.1", AS_ADDRESS_PRIVATE },
    { "64:ff9b:1:fe00::8.8.8.8", AS_ADDRESS_PRIVATE },
    { "64:ff9b::192.168.0.1", AS_ADDRESS_PRIVATE },
    { "::ffff:0:10.0.0.1", AS_ADDRESS_PRIVATE },
    { "2002:a00:1::1", AS_ADDRESS_PRIVATE },
    /* Teredo: the client 10.0.0.1 inverted; the server 10.0.0.1 */
    { "2001:0:808:808::f5ff:fffe", AS_ADDRESS_PRIVATE },
    { "2001:0:a00:1::f7f7:f7f7", AS_ADDRESS_PRIVATE },
    { "2606:4700::5efe:10.0.0.1", AS_ADDRESS_PRIVATE },
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
    { "168.63.129.16", AS_ADDRESS_LINK_LOCAL },
    { "192.0.0.192", AS_ADDRESS_LINK_LOCAL },
    { "100.100.100.200", AS_ADDRESS_LINK_LOCAL },
    { "fd20:ce::254", AS_ADDRESS_LINK_LOCAL },
    { "fd00:42::42", AS_ADDRESS_LINK_LOCAL },
    { "fd00:c1::a9fe:a9fe", AS_ADDRESS_LINK_LOCAL },
    { "::ffff:100.100.100.200", AS_ADDRESS_LINK_LOCAL },
    { "::169.254.169.254", AS_ADDRESS_LINK_LOCAL },
    { "::168.63.129.16", AS_ADDRESS_LINK_LOCAL },
    { "::ffff:0:169.254.169.254", AS_ADDRESS_LINK_LOCAL },
    { "64:ff9b::168.63.129.16", AS_ADDRESS_LINK_LOCAL },
    /* RFC 6052: prefixes of 96, 56 and 48 bits; that of 64 is below */
    { "64:ff9b:1::169.254.169.254", AS_ADDRESS_LINK_LOCAL },
    { "64:ff9b:1:aba9:00fe:a9fe:0:0", AS_ADDRESS_LINK_LOCAL },
    { "64:ff9b:1:a9fe:00a9:fe00:0:0", AS_ADDRESS_LINK_LOCAL },
    { "2001:0:808:808::5601:5601", AS_ADDRESS_LINK_LOCAL },
    { "2001:0:a9fe:a9fe::f7f7:f7f7", AS_ADDRESS_LINK_LOCAL },
    { "2002:a83f:8110::1", AS_ADDRESS_LINK_LOCAL },
    { "2606:4700::200:5efe:169.254.169.254", AS_ADDRESS_LINK_LOCAL },

    { "224.0.0.1", AS_ADDRESS_NEVER },
    { "255.255.255.255", AS_ADDRESS_NEVER },
    { "ff02::1", AS_ADDRESS_NEVER },
    { "100::1", AS_ADDRESS_NEVER },
    { "64:ff9b:1:0:a9:fea9:fe00:0", AS_ADDRESS_NEVER },
    { "64:ff9b::224.0.0.1", AS_ADDRESS_NEVER },
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
