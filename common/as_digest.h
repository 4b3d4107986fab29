/*
 * The signatures and fingerprints of the module and the worker, computed by
 * OpenSSL's libcrypto.  The functions keep OpenSSL's objects for the life of
 * the process and are not thread-safe: call them from one thread.
 */

#ifndef AS_DIGEST_H
#define AS_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "as_uuid.h"


#define AS_SHA256_LEN          32
#define AS_SIGNATURE_TEXT_LEN  64
#define AS_KEY_LEN             16      /* stock_movement.idempotency_key */
#define AS_FINGERPRINT_LEN     8       /* stock_movement.fingerprint */


/* SHA-256 of data.  Returns 0, or -1 if OpenSSL fails. */
int as_digest_sha256(const void *data, size_t len, uint8_t out[AS_SHA256_LEN]);

/* HMAC-SHA256.  Returns 0 or -1. */
int as_digest_hmac_sha256(const void *key, size_t key_len, const void *data,
    size_t len, uint8_t out[AS_SHA256_LEN]);

/*
 * The callback's signature: lower-case hexadecimal HMAC-SHA256(secret, the
 * order id as lower-case UUID text).  Writes 64 characters without a
 * terminator.  Returns 0 or -1.
 */
int as_digest_signature_text(const void *secret, size_t secret_len,
    const uint8_t order_id[AS_UUID_LEN], char text[AS_SIGNATURE_TEXT_LEN]);

/*
 * 1 if text (len bytes) is the order's signature under the secret, in constant
 * time for a text of the right length; 0 if not; -1 if OpenSSL fails.
 */
int as_digest_signature_verify(const void *secret, size_t secret_len,
    const uint8_t order_id[AS_UUID_LEN], const void *text, size_t len);

/* The first 16 bytes of SHA-256(scope, NUL, key).  Returns 0 or -1. */
int as_digest_idempotency_key(const void *scope, size_t scope_len,
    const void *key, size_t key_len, uint8_t out[AS_KEY_LEN]);

/*
 * The first 8 bytes of SHA-256(sku, NUL, quantity in decimal).  Returns 0 or
 * -1.
 */
int as_digest_fingerprint(const void *sku, size_t sku_len, uint32_t quantity,
    uint8_t out[AS_FINGERPRINT_LEN]);

/* One line of a request; the SKU need not be terminated. */
typedef struct {
    const void  *sku;
    size_t       len;
    uint32_t     quantity;
} as_digest_line_t;

/*
 * The first 8 bytes of SHA-256(prefix, lines in the order of the SKUs' bytes).
 * A line is its sku, NUL, quantity in decimal.  If there are several lines, a
 * NUL follows each.  So a prefix of length 0 and one line give
 * as_digest_fingerprint().  Sorts the lines.  Returns 0 or -1.
 */
int as_digest_lines(const void *prefix, size_t prefix_len,
    as_digest_line_t *lines, size_t n, uint8_t out[AS_FINGERPRINT_LEN]);


#endif /* AS_DIGEST_H */
