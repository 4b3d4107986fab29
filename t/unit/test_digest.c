#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "as_digest.h"


static void
check_hex(const uint8_t *bytes, size_t len, const char *hex)
{
    size_t i;

    assert_int_equal(strlen(hex), 2 * len);

    for (i = 0; i < len; i++) {
        char pair[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

        assert_int_equal(bytes[i], strtoul(pair, NULL, 16));
    }
}


/* FIPS 180-4's examples */
static void
test_sha256(void **state)
{
    uint8_t hash[AS_SHA256_LEN];

    (void) state;

    assert_int_equal(as_digest_sha256("", 0, hash), 0);
    check_hex(hash, sizeof(hash), "e3b0c44298fc1c149afbf4c8996fb924"
                                  "27ae41e4649b934ca495991b7852b855");

    assert_int_equal(as_digest_sha256("abc", 3, hash), 0);
    check_hex(hash, sizeof(hash), "ba7816bf8f01cfea414140de5dae2223"
                                  "b00361a396177a9cb410ff61f20015ad");
}


/* RFC 4231, 4.2, 4.3 and 4.7 */
static void
test_hmac_sha256(void **state)
{
    uint8_t key[131];
    uint8_t mac[AS_SHA256_LEN];

    (void) state;

    memset(key, 0x0b, 20);
    assert_int_equal(as_digest_hmac_sha256(key, 20, "Hi There", 8, mac), 0);
    check_hex(mac, sizeof(mac), "b0344c61d8db38535ca8afceaf0bf12b"
                                "881dc200c9833da726e9376c2e32cff7");

    assert_int_equal(as_digest_hmac_sha256("Jefe", 4,
                                           "what do ya want for nothing?", 28,
                                           mac), 0);
    check_hex(mac, sizeof(mac), "5bdcc146bf60754e6a042426089575c7"
                                "5a003f089d2739839dec58b964ec3843");

    memset(key, 0xaa, sizeof(key));
    assert_int_equal(as_digest_hmac_sha256(key, sizeof(key), "Test Using "
                                           "Larger Than Block-Size Key - Hash "
                                           "Key First", 54, mac), 0);
    check_hex(mac, sizeof(mac), "60e431591ee0b67f0d8a26aacbf5b77f"
                                "8e0bc6213728c5140546040f0ee37f54");
}


/* an empty key is used, not the key of the previous call */
static void
test_hmac_of_an_empty_key(void **state)
{
    uint8_t mac[AS_SHA256_LEN];

    (void) state;

    assert_int_equal(as_digest_hmac_sha256("other", 5, "x", 1, mac), 0);
    assert_int_equal(as_digest_hmac_sha256(NULL, 0, "", 0, mac), 0);
    check_hex(mac, sizeof(mac), "b613679a0814d9ec772f95d778c35fc5"
                                "ff1697c493715653c6c712144292c5ad");
}


static const uint8_t order[AS_UUID_LEN] = {
    0x21, 0x31, 0x75, 0xb4, 0xc9, 0xbf, 0x11, 0xec,
    0xa8, 0x49, 0x0a, 0x58, 0x24, 0xc8, 0x9b, 0x02
};

static const char signature[] =
    "ca051b7c0be8df354068ed5036c480ea277ff7ea624e283ce245964fcb3374ad";


static void
test_signature(void **state)
{
    char text[AS_SIGNATURE_TEXT_LEN];

    (void) state;

    assert_int_equal(as_digest_signature_text("secret", 6, order, text), 0);
    assert_memory_equal(text, signature, sizeof(text));
    assert_int_equal(as_digest_signature_verify("secret", 6, order, signature,
                                                64), 1);
}


static void
test_signatures_that_are_not(void **state)
{
    uint8_t other[AS_UUID_LEN];
    char text[65];
    size_t i;

    (void) state;

    assert_int_equal(as_digest_signature_verify("Secret", 6, order, signature,
                                                64), 0);
    assert_int_equal(as_digest_signature_verify("secret", 6, order, signature,
                                                63), 0);
    assert_int_equal(as_digest_signature_verify("secret", 6, order, signature,
                                                65), 0);
    assert_int_equal(as_digest_signature_verify("secret", 6, order, "", 0), 0);

    memcpy(other, order, sizeof(other));
    other[15] ^= 1;
    assert_int_equal(as_digest_signature_verify("secret", 6, other, signature,
                                                64), 0);

    for (i = 0; i < 64; i++) {
        memcpy(text, signature, sizeof(text));
        text[i] ^= 1;
        assert_int_equal(as_digest_signature_verify("secret", 6, order, text,
                                                    64), 0);
    }

    /* upper case differs */
    memcpy(text, signature, sizeof(text));
    text[0] = 'C';
    assert_int_equal(as_digest_signature_verify("secret", 6, order, text, 64),
                     0);
}


static void
test_idempotency_key(void **state)
{
    uint8_t key[AS_KEY_LEN], other[AS_KEY_LEN];

    (void) state;

    assert_int_equal(as_digest_idempotency_key("", 0, "k-1", 3, key), 0);
    check_hex(key, sizeof(key), "87f271b944dd193511c623d5aa528009");
    assert_int_equal(as_digest_idempotency_key(NULL, 0, "k-1", 3, other), 0);
    assert_memory_equal(key, other, sizeof(key));

    assert_int_equal(as_digest_idempotency_key("kim", 3, "k-1", 3, key), 0);
    check_hex(key, sizeof(key), "58dfc7c92ccc43f68c3f780bca1050db");

    /* the border between scope and key is part of the hash */
    assert_int_equal(as_digest_idempotency_key("ki", 2, "mk-1", 4, other), 0);
    assert_memory_not_equal(key, other, sizeof(key));
}


static void
test_fingerprint(void **state)
{
    uint8_t print[AS_FINGERPRINT_LEN];

    (void) state;

    assert_int_equal(as_digest_fingerprint("CP-502101", 9, 1, print), 0);
    check_hex(print, sizeof(print), "342ed4f2a6568d67");
    assert_int_equal(as_digest_fingerprint("CP-502101", 9, 1000000, print), 0);
    check_hex(print, sizeof(print), "8ce29e13e3d858e8");
    assert_int_equal(as_digest_fingerprint("도너츠", 9, UINT32_MAX, print), 0);
    check_hex(print, sizeof(print), "17820a680ac9efc3");
}


/* a cached result is not returned for another input */
static void
test_fingerprint_after_another(void **state)
{
    static const struct {
        const char *sku;
        size_t len;
        uint32_t quantity;
    } all[] = {
        { "CP-502101", 9, 1 }, { "CP-502101", 9, 2 }, { "CP-502102", 9, 1 },
        { "CP-50210", 8, 1 }, { "CP-5021012", 10, 1 }, { "", 0, 1 },
        { "CP-502101", 9, 0 }, { "", 0, 0 },
        { "0123456789012345678901234567890123456789012345678901234567890123",
          64, 1 },
        { "0123456789012345678901234567890123456789012345678901234567890123-",
          65, 1 }
    };
    enum { N = sizeof(all) / sizeof(all[0]) };

    uint8_t want[AS_SHA256_LEN], print[AS_FINGERPRINT_LEN];
    char text[80];
    size_t i, j, k, len;

    (void) state;

    for (i = 0; i < N; i++) {
        for (j = 0; j < N; j++) {
            for (k = 0; k < 3; k++) {
                size_t n = k == 1 ? i : j;

                len = (size_t) snprintf(text, sizeof(text), "%s_%u",
                                        all[n].sku, all[n].quantity);
                text[all[n].len] = '\0';
                assert_int_equal(as_digest_sha256(text, len, want), 0);
                assert_int_equal(as_digest_fingerprint(all[n].sku, all[n].len,
                                                       all[n].quantity, print),
                                 0);
                assert_memory_equal(print, want, sizeof(print));
            }
        }
    }
}


/* The order of the lines does not matter, the separators between them do. */
static void
test_lines(void **state)
{
    as_digest_line_t ab[] = { { "A", 1, 1 }, { "B", 1, 2 } };
    as_digest_line_t ba[] = { { "B", 1, 2 }, { "A", 1, 1 } };
    as_digest_line_t more[] = { { "AB", 2, 1 }, { "A", 1, 12 } };
    uint8_t hash[AS_SHA256_LEN];
    uint8_t one[AS_FINGERPRINT_LEN];
    uint8_t two[AS_FINGERPRINT_LEN];

    (void) state;

    /* one line without a prefix is a single product */
    assert_int_equal(as_digest_lines("", 0, ab, 1, one), 0);
    assert_int_equal(as_digest_fingerprint("A", 1, 1, two), 0);
    assert_memory_equal(one, two, sizeof(one));

    assert_int_equal(as_digest_lines("", 0, ab, 2, one), 0);
    assert_int_equal(as_digest_sha256("A\0" "1\0B\0" "2", 8, hash), 0);
    assert_memory_equal(one, hash, sizeof(one));

    assert_int_equal(as_digest_lines("", 0, ba, 2, two), 0);
    assert_memory_equal(one, two, sizeof(one));

    assert_int_equal(as_digest_lines("p", 1, ba, 2, two), 0);
    assert_memory_not_equal(one, two, sizeof(one));
    assert_int_equal(as_digest_sha256("pA\0" "1\0B\0" "2", 9, hash), 0);
    assert_memory_equal(two, hash, sizeof(two));

    /* the shorter of two SKUs is first */
    assert_int_equal(as_digest_lines("", 0, more, 2, one), 0);
    assert_int_equal(as_digest_sha256("A\0" "12\0AB\0" "1", 10, hash), 0);
    assert_memory_equal(one, hash, sizeof(one));

    /* a prefix alone */
    assert_int_equal(as_digest_lines("p", 1, NULL, 0, one), 0);
    assert_int_equal(as_digest_sha256("p", 1, hash), 0);
    assert_memory_equal(one, hash, sizeof(one));
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_hmac_sha256),
        cmocka_unit_test(test_hmac_of_an_empty_key),
        cmocka_unit_test(test_signature),
        cmocka_unit_test(test_signatures_that_are_not),
        cmocka_unit_test(test_idempotency_key),
        cmocka_unit_test(test_fingerprint),
        cmocka_unit_test(test_fingerprint_after_another),
        cmocka_unit_test(test_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
