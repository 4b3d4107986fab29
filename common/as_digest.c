#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "as_decimal.h"
#include "as_digest.h"
#include "as_hex.h"


/*
 * OpenSSL 3 needs more time to fetch an algorithm than to hash with it, so the
 * fetched objects are kept for the life of the process (see the header).
 */
static EVP_MD *as_digest_md;
static EVP_MD_CTX *as_digest_ctx;
static EVP_MAC_CTX *as_digest_mac;


static int
as_digest_start(void)
{
    if (as_digest_ctx == NULL) {
        as_digest_ctx = EVP_MD_CTX_new();
    }

    if (as_digest_md == NULL) {
        as_digest_md = EVP_MD_fetch(NULL, "SHA256", NULL);
    }

    if (as_digest_ctx == NULL || as_digest_md == NULL) {
        return -1;
    }

    return EVP_DigestInit_ex2(as_digest_ctx, as_digest_md, NULL) == 1 ? 0 : -1;
}


/* SHA-256(a, NUL, b) */
static int
as_digest_pair(const void *a, size_t a_len, const void *b, size_t b_len,
    uint8_t out[AS_SHA256_LEN])
{
    if (as_digest_start() != 0
        || EVP_DigestUpdate(as_digest_ctx, a, a_len) != 1
        || EVP_DigestUpdate(as_digest_ctx, "", 1) != 1
        || EVP_DigestUpdate(as_digest_ctx, b, b_len) != 1
        || EVP_DigestFinal_ex(as_digest_ctx, out, NULL) != 1)
    {
        return -1;
    }

    return 0;
}


int
as_digest_sha256(const void *data, size_t len, uint8_t out[AS_SHA256_LEN])
{
    if (as_digest_start() != 0
        || EVP_DigestUpdate(as_digest_ctx, data, len) != 1
        || EVP_DigestFinal_ex(as_digest_ctx, out, NULL) != 1)
    {
        return -1;
    }

    return 0;
}


static int
as_digest_mac_start(void)
{
    EVP_MAC *mac;

    if (as_digest_mac != NULL) {
        return 0;
    }

    mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (mac == NULL) {
        return -1;
    }

    /* the context keeps its own reference */
    as_digest_mac = EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);

    return as_digest_mac != NULL ? 0 : -1;
}


int
as_digest_hmac_sha256(const void *key, size_t key_len, const void *data,
    size_t len, uint8_t out[AS_SHA256_LEN])
{
    OSSL_PARAM params[2];
    size_t out_len;

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                                 (char *) "SHA256", 0);
    params[1] = OSSL_PARAM_construct_end();

    /* a NULL key would mean the key of the previous call */
    if (as_digest_mac_start() != 0
        || EVP_MAC_init(as_digest_mac, key != NULL ? key : "", key_len, params)
           != 1
        || EVP_MAC_update(as_digest_mac, data, len) != 1
        || EVP_MAC_final(as_digest_mac, out, &out_len, AS_SHA256_LEN) != 1
        || out_len != AS_SHA256_LEN)
    {
        return -1;
    }

    return 0;
}


int
as_digest_signature_text(const void *secret, size_t secret_len,
    const uint8_t order_id[AS_UUID_LEN], char text[AS_SIGNATURE_TEXT_LEN])
{
    char order[AS_UUID_TEXT_LEN];
    uint8_t mac[AS_SHA256_LEN];

    as_uuid_text(order_id, order);

    if (as_digest_hmac_sha256(secret, secret_len, order, sizeof(order), mac)
        != 0)
    {
        return -1;
    }

    as_hex((uint8_t *) text, mac, sizeof(mac));

    return 0;
}


int
as_digest_signature_verify(const void *secret, size_t secret_len,
    const uint8_t order_id[AS_UUID_LEN], const void *text, size_t len)
{
    char want[AS_SIGNATURE_TEXT_LEN];

    if (len != AS_SIGNATURE_TEXT_LEN) {
        return 0;
    }

    if (as_digest_signature_text(secret, secret_len, order_id, want) != 0) {
        return -1;
    }

    return CRYPTO_memcmp(want, text, sizeof(want)) == 0;
}


int
as_digest_idempotency_key(const void *scope, size_t scope_len, const void *key,
    size_t key_len, uint8_t out[AS_KEY_LEN])
{
    uint8_t hash[AS_SHA256_LEN];

    if (as_digest_pair(scope, scope_len, key, key_len, hash) != 0) {
        return -1;
    }

    memcpy(out, hash, AS_KEY_LEN);

    return 0;
}


/* the last fingerprint: requests for one product often follow each other */
static struct {
    uint32_t  quantity;                /* 0: none yet */
    size_t    len;
    uint8_t   sku[64];
    uint8_t   fingerprint[AS_FINGERPRINT_LEN];
} as_digest_last;


int
as_digest_fingerprint(const void *sku, size_t sku_len, uint32_t quantity,
    uint8_t out[AS_FINGERPRINT_LEN])
{
    uint8_t hash[AS_SHA256_LEN];
    uint8_t digits[AS_DECIMAL_LEN];
    uint8_t *end;

    if (quantity == as_digest_last.quantity && quantity != 0
        && sku_len == as_digest_last.len
        && memcmp(sku, as_digest_last.sku, sku_len) == 0)
    {
        memcpy(out, as_digest_last.fingerprint, AS_FINGERPRINT_LEN);
        return 0;
    }

    end = as_decimal(digits, quantity);

    if (as_digest_pair(sku, sku_len, digits, (size_t) (end - digits), hash)
        != 0)
    {
        return -1;
    }

    memcpy(out, hash, AS_FINGERPRINT_LEN);

    if (sku_len <= sizeof(as_digest_last.sku)) {
        as_digest_last.quantity = quantity;
        as_digest_last.len = sku_len;
        memcpy(as_digest_last.sku, sku, sku_len);
        memcpy(as_digest_last.fingerprint, hash, AS_FINGERPRINT_LEN);
    }

    return 0;
}


static int
as_digest_lines_compare(const void *one, const void *two)
{
    const as_digest_line_t *a = one;
    const as_digest_line_t *b = two;
    int rc;

    rc = memcmp(a->sku, b->sku, a->len < b->len ? a->len : b->len);

    if (rc != 0) {
        return rc;
    }

    return a->len < b->len ? -1 : a->len > b->len;
}


/* without the NULs, different lines could have the same bytes */
int
as_digest_lines(const void *prefix, size_t prefix_len,
    as_digest_line_t *lines, size_t n, uint8_t out[AS_FINGERPRINT_LEN])
{
    uint8_t hash[AS_SHA256_LEN];
    uint8_t text[1 + AS_DECIMAL_LEN + 1];
    uint8_t *end;
    size_t i;

    if (n > 1) {
        qsort(lines, n, sizeof(*lines), as_digest_lines_compare);
    }

    if (as_digest_start() != 0
        || EVP_DigestUpdate(as_digest_ctx, prefix, prefix_len) != 1)
    {
        return -1;
    }

    for (i = 0; i < n; i++) {
        text[0] = '\0';
        end = as_decimal(text + 1, lines[i].quantity);

        if (n > 1) {
            *end++ = '\0';
        }

        if (EVP_DigestUpdate(as_digest_ctx, lines[i].sku, lines[i].len) != 1
            || EVP_DigestUpdate(as_digest_ctx, text, (size_t) (end - text))
               != 1)
        {
            return -1;
        }
    }

    if (EVP_DigestFinal_ex(as_digest_ctx, hash, NULL) != 1) {
        return -1;
    }

    memcpy(out, hash, AS_FINGERPRINT_LEN);

    return 0;
}
