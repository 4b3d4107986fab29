/*
 * The canonical form of a request, the input of Signature Version 4's hash.
 * For sigv4.c only.
 */

#ifndef AS_SIGV4_CANONICAL_H
#define AS_SIGV4_CANONICAL_H

#include "as_digest.h"
#include "aws/sigv4.h"
#include "base/text.h"


#define AS_SIGV4_HEADERS  32
#define AS_SIGV4_HEX      (AS_SHA256_LEN * 2)


void as_sigv4_canonical_hex(const uint8_t digest[AS_SHA256_LEN],
    char hex[AS_SIGV4_HEX + 1]);

/* Sorts the headers by name; headers of one name keep their order.  0, or -1
 * with errno EINVAL (no host, too many). */
int as_sigv4_canonical_sort(const as_sigv4_request_t *rq,
    const as_sigv4_header_t **order);

/* Appends the names of the signed headers: "host;x-amz-date". */
void as_sigv4_canonical_signed_names(as_text_t *t,
    const as_sigv4_header_t **order, size_t n);

/* Appends all lines except the hash of the body.  0, or -1 with errno. */
int as_sigv4_canonical_put(as_text_t *t, const as_sigv4_request_t *rq);


#endif /* AS_SIGV4_CANONICAL_H */
