#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "http/address.h"


typedef struct {
    uint32_t      net;
    uint32_t      mask;
    as_address_e  class;
} as_address_net_t;

typedef struct {
    uint8_t       net[16];
    unsigned      bits;
    as_address_e  class;
} as_address_net6_t;


static const as_address_net_t  as_address_nets[] = {
    { 0x7f000000, 0xff000000, AS_ADDRESS_PRIVATE },     /* 127/8 */
    { 0x0a000000, 0xff000000, AS_ADDRESS_PRIVATE },     /* 10/8 */
    { 0xac100000, 0xfff00000, AS_ADDRESS_PRIVATE },     /* 172.16/12 */
    { 0xc0a80000, 0xffff0000, AS_ADDRESS_PRIVATE },     /* 192.168/16 */
    { 0x64400000, 0xffc00000, AS_ADDRESS_PRIVATE },     /* 100.64/10 */
    { 0xc6120000, 0xfffe0000, AS_ADDRESS_PRIVATE },     /* 198.18/15 */
    { 0x00000000, 0xff000000, AS_ADDRESS_PRIVATE },     /* 0/8: this host */
    { 0xa9fe0000, 0xffff0000, AS_ADDRESS_LINK_LOCAL },  /* 169.254/16 */
    { 0xe0000000, 0xe0000000, AS_ADDRESS_NEVER }        /* 224/3 */
};

/* The longer prefix stands first. */
static const as_address_net6_t  as_address_nets6[] = {
    /* fd00:ec2::/32: the metadata and container services of EC2 and EKS */
    { { 0xfd, 0x00, 0x0e, 0xc2 }, 32, AS_ADDRESS_LINK_LOCAL },
    { { 0xfc }, 7, AS_ADDRESS_PRIVATE },
    { { 0xfe, 0x80 }, 10, AS_ADDRESS_LINK_LOCAL },
    { { 0xfe, 0xc0 }, 10, AS_ADDRESS_PRIVATE },
    { { 0xff }, 8, AS_ADDRESS_NEVER }
};


static as_address_e
as_address_class4(uint32_t addr)
{
    size_t  i;

    for (i = 0; i < sizeof(as_address_nets) / sizeof(as_address_nets[0]);
         i++)
    {
        if ((addr & as_address_nets[i].mask) == as_address_nets[i].net) {
            return as_address_nets[i].class;
        }
    }

    return AS_ADDRESS_PUBLIC;
}


static int
as_address_in(const uint8_t *addr, const uint8_t *net, unsigned bits)
{
    unsigned  bytes, rest;

    bytes = bits / 8;
    rest = bits % 8;

    if (memcmp(addr, net, bytes) != 0) {
        return 0;
    }

    return rest == 0
           || ((addr[bytes] ^ net[bytes]) >> (8 - rest)) == 0;
}


static uint32_t
as_address_word(const uint8_t *p)
{
    return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16
           | (uint32_t) p[2] << 8 | p[3];
}


static as_address_e
as_address_class6(const uint8_t *a)
{
    size_t                i;
    static const uint8_t  zero[16];
    static const uint8_t  mapped[12] = { [10] = 0xff, [11] = 0xff };
    static const uint8_t  nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
    static const uint8_t  sixto4[2] = { 0x20, 0x02 };

    if (memcmp(a, zero, 15) == 0 && a[15] <= 1) {
        return AS_ADDRESS_PRIVATE;     /* :: and ::1 */
    }

    if (memcmp(a, mapped, 12) == 0 || memcmp(a, nat64, 12) == 0
        || memcmp(a, zero, 12) == 0)
    {
        return as_address_class4(as_address_word(a + 12));
    }

    if (memcmp(a, sixto4, 2) == 0) {
        return as_address_class4(as_address_word(a + 2));
    }

    for (i = 0; i < sizeof(as_address_nets6) / sizeof(as_address_nets6[0]);
         i++)
    {
        if (as_address_in(a, as_address_nets6[i].net,
                          as_address_nets6[i].bits))
        {
            return as_address_nets6[i].class;
        }
    }

    return AS_ADDRESS_PUBLIC;
}


as_address_e
as_address_class(const struct sockaddr *sa)
{
    struct sockaddr_in   sin;
    struct sockaddr_in6  sin6;

    if (sa->sa_family == AF_INET) {
        memcpy(&sin, sa, sizeof(sin));

        return as_address_class4(ntohl(sin.sin_addr.s_addr));
    }

    if (sa->sa_family == AF_INET6) {
        memcpy(&sin6, sa, sizeof(sin6));

        return as_address_class6(sin6.sin6_addr.s6_addr);
    }

    return AS_ADDRESS_NEVER;
}


as_address_e
as_address_text_class(const char *text)
{
    uint8_t  addr[16];

    if (inet_pton(AF_INET, text, addr) == 1) {
        return as_address_class4(as_address_word(addr));
    }

    if (inet_pton(AF_INET6, text, addr) == 1) {
        return as_address_class6(addr);
    }

    return AS_ADDRESS_NEVER;
}
