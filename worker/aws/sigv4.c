#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aws/sigv4_canonical.h"


struct as_sigv4_s {
    char      *region;
    char      *service;

    /* of the last day and secret; the secret itself is not stored */
    uint8_t    key[AS_SHA256_LEN];
    uint8_t    secret_digest[AS_SHA256_LEN];
    char       day[9];
};


static char *
as_sigv4_take(as_text_t *t)
{
    if (!as_text_ok(t)) {
        as_text_free(t);
        errno = ENOMEM;
        return NULL;
    }

    return t->data;
}


as_sigv4_t *
as_sigv4_create(const char *region, const char *service)
{
    as_sigv4_t  *signer;

    signer = calloc(1, sizeof(as_sigv4_t));
    if (signer == NULL) {
        return NULL;
    }

    signer->region = strdup(region);
    signer->service = strdup(service);

    if (signer->region == NULL || signer->service == NULL) {
        as_sigv4_destroy(signer);
        errno = ENOMEM;
        return NULL;
    }

    return signer;
}


void
as_sigv4_destroy(as_sigv4_t *signer)
{
    if (signer == NULL) {
        return;
    }

    OPENSSL_cleanse(signer->key, sizeof(signer->key));
    free(signer->region);
    free(signer->service);
    free(signer);
}


void
as_sigv4_date(int64_t unix_s, char date[AS_SIGV4_DATE_LEN + 1])
{
    time_t     t;
    struct tm  tm;

    t = (time_t) unix_s;
    (void) gmtime_r(&t, &tm);
    (void) strftime(date, AS_SIGV4_DATE_LEN + 1, "%Y%m%dT%H%M%SZ", &tm);
}


char *
as_sigv4_canonical(const as_sigv4_request_t *rq)
{
    char       hex[AS_SIGV4_HEX + 1];
    uint8_t    digest[AS_SHA256_LEN];
    as_text_t  t = AS_TEXT_EMPTY;

    if (as_digest_sha256(rq->body_len ? rq->body : "", rq->body_len, digest)
        != 0)
    {
        errno = EIO;
        return NULL;
    }

    if (as_sigv4_canonical_put(&t, rq) != 0) {
        as_text_free(&t);
        return NULL;
    }

    as_sigv4_canonical_hex(digest, hex);
    as_text_add(&t, hex, AS_SIGV4_HEX);

    return as_sigv4_take(&t);
}


static void
as_sigv4_scope(as_sigv4_t *signer, as_text_t *t, const char *date)
{
    as_text_add(t, date, 8);
    as_text_add(t, "/", 1);
    as_text_put(t, signer->region);
    as_text_add(t, "/", 1);
    as_text_put(t, signer->service);
    as_text_put(t, "/aws4_request");
}


char *
as_sigv4_string_to_sign(as_sigv4_t *signer, const as_sigv4_request_t *rq,
    const char date[AS_SIGV4_DATE_LEN + 1])
{
    int        rc;
    char      *canonical, hex[AS_SIGV4_HEX + 1];
    uint8_t    digest[AS_SHA256_LEN];
    as_text_t  t = AS_TEXT_EMPTY;

    canonical = as_sigv4_canonical(rq);
    if (canonical == NULL) {
        return NULL;
    }

    rc = as_digest_sha256(canonical, strlen(canonical), digest);
    free(canonical);

    if (rc != 0) {
        errno = EIO;
        return NULL;
    }

    as_sigv4_canonical_hex(digest, hex);

    as_text_put(&t, "AWS4-HMAC-SHA256\n");
    as_text_add(&t, date, AS_SIGV4_DATE_LEN);
    as_text_add(&t, "\n", 1);
    as_sigv4_scope(signer, &t, date);
    as_text_add(&t, "\n", 1);
    as_text_add(&t, hex, AS_SIGV4_HEX);

    return as_sigv4_take(&t);
}


static int
as_sigv4_mac(const void *key, size_t key_len, const char *text,
    uint8_t out[AS_SHA256_LEN])
{
    return as_digest_hmac_sha256(key, key_len, text, strlen(text), out);
}


/* Derives the key of a day: four HMACs, once per day and secret. */
static int
as_sigv4_key(as_sigv4_t *signer, const char *secret, const char *date)
{
    int      rc;
    char    *seed;
    size_t   len;
    uint8_t  digest[AS_SHA256_LEN], *k;

    len = strlen(secret);

    if (as_digest_sha256(secret, len, digest) != 0) {
        return -1;
    }

    if (memcmp(signer->day, date, 8) == 0
        && CRYPTO_memcmp(signer->secret_digest, digest, sizeof(digest)) == 0)
    {
        return 0;
    }

    seed = malloc(len + 5);
    if (seed == NULL) {
        return -1;
    }

    memcpy(seed, "AWS4", 4);
    memcpy(seed + 4, secret, len + 1);
    memcpy(signer->day, date, 8);
    signer->day[8] = '\0';

    k = signer->key;
    rc = as_sigv4_mac(seed, len + 4, signer->day, k) != 0
         || as_sigv4_mac(k, AS_SHA256_LEN, signer->region, k) != 0
         || as_sigv4_mac(k, AS_SHA256_LEN, signer->service, k) != 0
         || as_sigv4_mac(k, AS_SHA256_LEN, "aws4_request", k) != 0;

    OPENSSL_cleanse(seed, len + 4);
    free(seed);

    if (rc) {
        signer->day[0] = '\0';
        return -1;
    }

    memcpy(signer->secret_digest, digest, sizeof(digest));

    return 0;
}


static char *
as_sigv4_authorization(as_sigv4_t *signer, const as_sigv4_request_t *rq,
    const char *access_key, const char *date, const char *signature)
{
    as_text_t                 t = AS_TEXT_EMPTY;
    const as_sigv4_header_t  *order[AS_SIGV4_HEADERS];

    if (as_sigv4_canonical_sort(rq, order) != 0) {
        return NULL;
    }

    as_text_put(&t, "AWS4-HMAC-SHA256 Credential=");
    as_text_put(&t, access_key);
    as_text_add(&t, "/", 1);
    as_sigv4_scope(signer, &t, date);
    as_text_put(&t, ", SignedHeaders=");
    as_sigv4_canonical_signed_names(&t, order, rq->nheaders);
    as_text_put(&t, ", Signature=");
    as_text_put(&t, signature);

    return as_sigv4_take(&t);
}


char *
as_sigv4_sign(as_sigv4_t *signer, const as_sigv4_request_t *rq,
    const char *access_key, const char *secret_key,
    const char date[AS_SIGV4_DATE_LEN + 1])
{
    int      rc;
    char    *text, hex[AS_SIGV4_HEX + 1];
    uint8_t  mac[AS_SHA256_LEN];

    text = as_sigv4_string_to_sign(signer, rq, date);
    if (text == NULL) {
        return NULL;
    }

    rc = as_sigv4_key(signer, secret_key, date) != 0
         || as_sigv4_mac(signer->key, AS_SHA256_LEN, text, mac) != 0;
    free(text);

    if (rc) {
        errno = EIO;
        return NULL;
    }

    as_sigv4_canonical_hex(mac, hex);

    return as_sigv4_authorization(signer, rq, access_key, date, hex);
}
