/*
 * What the providers of credentials and their chain know of each other.  For
 * as_credentials*.c only.
 */

#ifndef AS_CREDENTIALS_PROVIDER_H
#define AS_CREDENTIALS_PROVIDER_H

#include <stdarg.h>
#include <stddef.h>

#include "aws/credentials.h"


#define AS_FETCH_REASON_LEN  256
#define AS_FETCH_ANSWER_MAX  32768     /* bytes of any provider's answer */
#define AS_FETCH_ROLES       8         /* one assumed with another's keys */


typedef enum {
    AS_PROVIDER_NONE = 0,              /* not configured here: the next one */
    AS_PROVIDER_READY,                 /* fetch->keys are set */
    AS_PROVIDER_PENDING,               /* as_fetch_done() will follow */
    AS_PROVIDER_FAILED                 /* configured, but broken: the chain
                                          ends, as that of the SDKs */
} as_provider_e;

typedef struct {
    char     *access_key;
    char     *secret_key;
    char     *session_token;
    int64_t   expires_ms;
    bool      instance;                /* of IMDS: used past their end where
                                          it has no newer ones */
    char      source[96];
} as_keys_t;

typedef struct as_fetch_s  as_fetch_t;

/* One fetch under way, by one provider after the other. */
struct as_fetch_s {
    as_http_t         *http;
    const as_clock_t  *clock;
    as_getenv_pt       getenv;
    void              *getenv_data;
    as_environ_pt      environ;        /* NULL: the process's own */
    as_credentials_t  *creds;
    int64_t            skew_ms;        /* AWS's clock less ours */
    bool               again;          /* it was wrong when this failed */
    bool               transient;      /* what failed may work a moment later */
    unsigned           process_ms;     /* the limit of credential_process */

    as_keys_t          keys;
    char               reason[AS_FETCH_REASON_LEN];

    /* profiles whose roles are still to be assumed, the last one first */
    char              *roles[AS_FETCH_ROLES];
    size_t             nroles;

    /* of the provider at work; cancel frees state, NULL: there is none */
    as_http_call_t    *call;
    void              *state;
    void             (*cancel)(as_fetch_t *fetch);
};

typedef struct {
    const char      *name;
    as_provider_e  (*start)(as_fetch_t *fetch);

    /* What follows from a result; NULL: nothing, it is the provider's. */
    as_provider_e  (*more)(as_fetch_t *fetch, as_provider_e result);
} as_provider_t;


extern const as_provider_t  as_provider_env;
extern const as_provider_t  as_provider_web_identity;
extern const as_provider_t  as_provider_profile;
extern const as_provider_t  as_provider_container;
extern const as_provider_t  as_provider_imds;


/* A setting, or NULL where unset or empty. */
const char *as_fetch_env(as_fetch_t *fetch, const char *name);

/* The time, as AWS has it. */
int64_t as_fetch_now(const as_fetch_t *fetch);

/* Ends a pending provider; not from within its start. */
void as_fetch_done(as_fetch_t *fetch, as_provider_e result);

/* Sets the reason; returns AS_PROVIDER_FAILED or _NONE, for a return. */
as_provider_e as_fetch_failed(as_fetch_t *fetch, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
as_provider_e as_fetch_none(as_fetch_t *fetch, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Fails for a reason that may pass: no answer, 5xx, 429. */
as_provider_e as_fetch_unanswered(as_fetch_t *fetch, const char *what,
    const as_http_answer_t *answer);

/* Copies; wipes what stood there.  READY, or FAILED where memory is out. */
as_provider_e as_fetch_keys(as_fetch_t *fetch, const char *access_key,
    const char *secret_key, const char *session_token, int64_t expires_ms,
    const char *source);

/*
 * Keys from the JSON of container, IMDS and credential_process:
 * AccessKeyId, SecretAccessKey, Token or SessionToken, Expiration.
 */
as_provider_e as_fetch_json(as_fetch_t *fetch, const char *body, size_t len,
    const char *source);

/* A file of at most max bytes, NUL-terminated; the caller wipes and frees
 * it.  NULL with errno (EFBIG over max). */
char *as_fetch_file(const char *path, size_t max, size_t *len);

/* ISO 8601 with a zone, "2026-11-22T08:00:00Z" or "...+09:00", fractions
 * allowed, in ms; -1 where it is none. */
int64_t as_fetch_time(const char *text);

void as_keys_clear(as_keys_t *keys);


#endif /* AS_CREDENTIALS_PROVIDER_H */
