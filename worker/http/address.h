/*
 * What kind of address a name resolved to, so that a URL from a table or a
 * message cannot reach what it should not (metadata services, neighbours).
 */

#ifndef AS_ADDRESS_H
#define AS_ADDRESS_H

#include <sys/socket.h>


typedef enum {
    AS_ADDRESS_PUBLIC = 0,
    /* each is worse than the one before */
    AS_ADDRESS_PRIVATE,                /* loopback, RFC 1918, RFC 6598, ULA */
    AS_ADDRESS_LINK_LOCAL,             /* and the metadata services' own */
    AS_ADDRESS_NEVER                   /* multicast, reserved, no IP */
} as_address_e;


/* IANA's special-purpose registries (RFC 6890), and the metadata services of
 * the clouds; an IPv4 address inside an IPv6 one (mapped, compatible,
 * translated, NAT64, 6to4, Teredo, ISATAP) is judged as itself. */
as_address_e as_address_class(const struct sockaddr *sa);

/* The same of a numeric text; AS_ADDRESS_NEVER where it is none. */
as_address_e as_address_text_class(const char *text);


#endif /* AS_ADDRESS_H */
