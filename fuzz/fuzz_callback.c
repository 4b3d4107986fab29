/*
 * The callback's arguments: an order id and its signature.  Only the right
 * signature is accepted, and no other text of any length.
 */

#include "as_digest.h"
#include "as_uuid.h"
#include "fuzz.h"


static const char  fuzz_secret[] = "the fuzzers sign with this text";


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int       rc;
    char      right[AS_SIGNATURE_TEXT_LEN], text[AS_UUID_TEXT_LEN];
    size_t    i, at, rest;
    uint8_t  *order, *signature, id[AS_UUID_LEN], again[AS_UUID_LEN];

    if (size == 0) {
        return 0;
    }

    at = data[0] % 48;
    at = at < size - 1 ? at : size - 1;
    rest = size - 1 - at;

    order = fuzz_copy(data + 1, at);
    signature = fuzz_copy(data + 1 + at, rest);

    rc = as_uuid_parse((char *) order, at, id);
    FUZZ_MUST(rc == 0 || rc == -1);
    FUZZ_MUST(rc == -1 || at == AS_UUID_TEXT_LEN);

    if (rc == 0) {
        FUZZ_MUST(as_uuid_text(id, text) == text + AS_UUID_TEXT_LEN);
        FUZZ_MUST(as_uuid_parse(text, AS_UUID_TEXT_LEN, again) == 0);
        FUZZ_MUST(memcmp(id, again, AS_UUID_LEN) == 0);

        FUZZ_MUST(as_digest_signature_text(fuzz_secret, sizeof(fuzz_secret) - 1,
                                           id, right) == 0);
        FUZZ_MUST(as_digest_signature_verify(fuzz_secret,
                                             sizeof(fuzz_secret) - 1, id, right,
                                             sizeof(right)) == 1);

        rc = as_digest_signature_verify(fuzz_secret, sizeof(fuzz_secret) - 1,
                                        id, signature, rest);
        FUZZ_MUST(rc == (rest == sizeof(right)
                         && memcmp(signature, right, rest) == 0));

        /* the right one with the input's bytes in it */
        for (i = 0; i < rest; i++) {
            right[i % sizeof(right)] ^= (char) signature[i];
        }

        rc = as_digest_signature_verify(fuzz_secret, sizeof(fuzz_secret) - 1,
                                        id, right, sizeof(right));
        FUZZ_MUST(rc == 0 || rc == 1);
    }

    free(order);
    free(signature);
    return 0;
}
