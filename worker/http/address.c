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


/* The first match counts. */
static const as_address_net_t  as_address_nets[] = {
    /* the metadata services outside of link-local addresses: Azure's
     * (168.63.129.16), Oracle's old one (192.0.0.192), Alibaba's
     * (100.100.100.200) */
    { 0xa83f8110, 0xffffffff, AS_ADDRESS_LINK_LOCAL },
    { 0xc00000c0, 0xffffffff, AS_ADDRESS_LINK_LOCAL },
    { 0x646464c8, 0xffffffff, AS_ADDRESS_LINK_LOCAL },
    { 0x7f000000, 0xff000000, AS_ADDRESS_PRIVATE },     /* 127/8 */
    { 0x0a000000, 0xff000000, AS_ADDRESS_PRIVATE },     /* 10/8 */
    { 0xac100000, 0xfff00000, AS_ADDRESS_PRIVATE },     /* 172.16/12 */
    { 0xc0a80000, 0xffff0000, AS_ADDRESS_PRIVATE },     /* 192.168/16 */
    { 0x64400000, 0xffc00000, AS_ADDRESS_PRIVATE },     /* 100.64/10 */
    { 0xc6120000, 0xfffe0000, AS_ADDRESS_PRIVATE },     /* 198.18/15 */
    { 0xc0000000, 0xffffff00, AS_ADDRESS_PRIVATE },     /* 192.0.0/24 */
    { 0xc0000200, 0xffffff00, AS_ADDRESS_PRIVATE },     /* 192.0.2/24 */
    { 0xc6336400, 0xffffff00, AS_ADDRESS_PRIVATE },     /* 198.51.100/24 */
    { 0xcb007100, 0xffffff00, AS_ADDRESS_PRIVATE },     /* 203.0.113/24 */
    { 0x00000000, 0xff000000, AS_ADDRESS_PRIVATE },     /* 0/8: this host */
    { 0xa9fe0000, 0xffff0000, AS_ADDRESS_LINK_LOCAL },  /* 169.254/16 */
    { 0xe0000000, 0xe0000000, AS_ADDRESS_NEVER }        /* 224/3 */
};

/* Longer prefixes come first. */
static const as_address_net6_t  as_address_nets6[] = {
    /* metadata services: Google's (fd20:ce::254), Scaleway's (fd00:42::42),
     * Oracle's (fd00:c1::a9fe:a9fe), those of EC2 and EKS (fd00:ec2::/32) */
    { { 0xfd, 0x20, 0x00, 0xce, [14] = 0x02, [15] = 0x54 }, 128,
      AS_ADDRESS_LINK_LOCAL },
    { { 0xfd, 0x00, 0x00, 0x42, [15] = 0x42 }, 128, AS_ADDRESS_LINK_LOCAL },
    { { 0xfd, 0x00, 0x00, 0xc1 }, 32, AS_ADDRESS_LINK_LOCAL },
    { { 0xfd, 0x00, 0x0e, 0xc2 }, 32, AS_ADDRESS_LINK_LOCAL },
    { { 0x01, 0x00 }, 64, AS_ADDRESS_NEVER },           /* 100::/64 */
    { { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 }, 48, AS_ADDRESS_PRIVATE },
    { { 0x20, 0x01, 0x0d, 0xb8 }, 32, AS_ADDRESS_PRIVATE },
    { { 0x3f, 0xff }, 20, AS_ADDRESS_PRIVATE },
    { { 0x5f, 0x00 }, 16, AS_ADDRESS_PRIVATE },
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
as_address_worse(as_address_e a, as_address_e b)
{
    return a > b ? a : b;
}


/*
 * The class of the IPv4 address in a local NAT64 prefix within 64:ff9b:1::/48.
 * The length of that prefix is not known (RFC 8215): 96 bits are assumed,
 * unless a shorter prefix gives a link-local address (RFC 6052, 2.2; bits 64 to
 * 71 are skipped).
 */
static as_address_e
as_address_nat64(const uint8_t *a)
{
    size_t        i, k;
    uint8_t       v4[4];
    as_address_e  class;

    class = as_address_class4(as_address_word(a + 12));

    for (i = 6; i <= 8; i++) {
        for (k = 0; k < 4; k++) {
            v4[k] = a[i + k + (i + k >= 8)];
        }

        if (as_address_class4(as_address_word(v4)) == AS_ADDRESS_LINK_LOCAL) {
            class = as_address_worse(class, AS_ADDRESS_LINK_LOCAL);
        }
    }

    return class;
}


/* The class of the IPv4 addresses inside an IPv6 address; public where there is
 * none. */
static as_address_e
as_address_inner(const uint8_t *a)
{
    size_t                i;
    static const uint8_t  tails[][12] = {
        { [0] = 0 },                                    /* ::a.b.c.d */
        { [10] = 0xff, [11] = 0xff },                   /* mapped */
        { [8] = 0xff, [9] = 0xff },                     /* translated */
        { 0x00, 0x64, 0xff, 0x9b }                      /* NAT64 */
    };
    static const uint8_t  isatap[3] = { 0x00, 0x5e, 0xfe };

    for (i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        if (memcmp(a, tails[i], sizeof(tails[i])) == 0) {
            return as_address_class4(as_address_word(a + 12));
        }
    }

    if (as_address_in(a, (const uint8_t *) "\0\x64\xff\x9b\0\1", 48)) {
        return as_address_nat64(a);
    }

    if (as_address_word(a) >> 16 == 0x2002) {           /* 6to4 */
        return as_address_class4(as_address_word(a + 2));
    }

    if (as_address_word(a) == 0x20010000) {             /* Teredo, RFC 4380 */
        return as_address_worse(as_address_class4(as_address_word(a + 4)),
                                as_address_class4(~as_address_word(a + 12)));
    }

    /* ISATAP, RFC 5214: any prefix; the universal bit may be set */
    if ((a[8] & 0xfd) == 0 && memcmp(a + 9, isatap, 3) == 0) {
        return as_address_class4(as_address_word(a + 12));
    }

    return AS_ADDRESS_PUBLIC;
}


static as_address_e
as_address_class6(const uint8_t *a)
{
    size_t                i;
    as_address_e          class;
    static const uint8_t  zero[16];

    if (memcmp(a, zero, 15) == 0 && a[15] <= 1) {
        return AS_ADDRESS_PRIVATE;     /* :: and ::1 */
    }

    class = as_address_inner(a);

    for (i = 0; i < sizeof(as_address_nets6) / sizeof(as_address_nets6[0]);
         i++)
    {
        if (as_address_in(a, as_address_nets6[i].net,
                          as_address_nets6[i].bits))
        {
            return as_address_worse(class, as_address_nets6[i].class);
        }
    }

    return class;
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
