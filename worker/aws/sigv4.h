/*
 * AWS Signature Version 4 (AWS General Reference, "Create a signed AWS API
 * request"), with libcrypto.
 */

#ifndef AS_SIGV4_H
#define AS_SIGV4_H

#include <stddef.h>
#include <stdint.h>


typedef struct {
    const char  *name;                 /* any case */
    const char  *value;
} as_sigv4_header_t;

typedef struct {
    const char               *method;
    const char               *path;    /* as sent, at least "/" */
    const char               *query;   /* as sent, without "?"; "": none */
    const as_sigv4_header_t  *headers; /* all that are signed, including host
                                          and x-amz-date */
    size_t                    nheaders;         /* up to 32 */
    const void               *body;
    size_t                    body_len;
} as_sigv4_request_t;

typedef struct as_sigv4_s  as_sigv4_t;


/*
 * A signer for one region and service.  It caches the signing key of the day.
 * The strings are copied.  NULL with errno.
 */
as_sigv4_t *as_sigv4_create(const char *region, const char *service);
void as_sigv4_destroy(as_sigv4_t *signer);


/* Formats a time in seconds as "YYYYMMDDTHHMMSSZ", 16 characters and a NUL. */
#define AS_SIGV4_DATE_LEN  16
void as_sigv4_date(int64_t unix_s, char date[AS_SIGV4_DATE_LEN + 1]);

/*
 * The value of the Authorization header, allocated; the caller frees it. date
 * is the value of x-amz-date.  NULL with errno: EINVAL (no host, too many
 * headers), ENOMEM, EIO (libcrypto).
 */
char *as_sigv4_sign(as_sigv4_t *signer, const as_sigv4_request_t *rq,
    const char *access_key, const char *secret_key,
    const char date[AS_SIGV4_DATE_LEN + 1]);

/*
 * For tests: the two intermediate results.  The caller frees
 * them.
 */
char *as_sigv4_canonical(const as_sigv4_request_t *rq);
char *as_sigv4_string_to_sign(as_sigv4_t *signer,
    const as_sigv4_request_t *rq, const char date[AS_SIGV4_DATE_LEN + 1]);


#endif /* AS_SIGV4_H */
