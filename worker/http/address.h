/*
 * Classifies the address that a name resolved to, so that a URL from a table or
 * a message cannot reach an address that it must not reach (metadata services,
 * the local network).
 */

#ifndef AS_ADDRESS_H
#define AS_ADDRESS_H

#include <sys/socket.h>


typedef enum {
    AS_ADDRESS_PUBLIC = 0,
    /* in ascending order of risk */
    AS_ADDRESS_PRIVATE,                /* loopback, RFC 1918, RFC 6598, ULA */
    AS_ADDRESS_LINK_LOCAL,             /* with the metadata services */
    AS_ADDRESS_NEVER                   /* multicast, reserved, not an IP */
} as_address_e;


/*
 * Follows IANA's special-purpose registries (RFC 6890) and adds the metadata
 * services of the clouds.  An IPv4 address inside an IPv6 address (mapped,
 * compatible, translated, NAT64, 6to4, Teredo, ISATAP) is classified as itself.
 */
as_address_e as_address_class(const struct sockaddr *sa);

/* The same for a numeric text; AS_ADDRESS_NEVER where it is not an address. */
as_address_e as_address_text_class(const char *text);


#endif /* AS_ADDRESS_H */
