/*
 * The interface between the providers of credentials and their chain.  For
 * aws/ only.
 */

#ifndef AS_CREDENTIALS_PROVIDER_H
#define AS_CREDENTIALS_PROVIDER_H

#include <stdarg.h>
#include <stddef.h>

#include "aws/credentials.h"


#define AS_FETCH_REASON_LEN  256
#define AS_FETCH_ANSWER_MAX  32768     /* bytes, of any provider */
#define AS_FETCH_ROLES       8         /* length of a chain of roles */


typedef enum {
    AS_PROVIDER_NONE = 0,              /* not configured: try the next one */
    AS_PROVIDER_READY,                 /* fetch->keys are set */
    AS_PROVIDER_PENDING,               /* as_fetch_done() will follow */
    AS_PROVIDER_FAILED                 /* configured, but it fails: the chain
                                          ends, as in the SDKs */
} as_provider_e;

typedef struct {
    char     *access_key;
    char     *secret_key;
    char     *session_token;
    int64_t   expires_ms;
    bool      instance;                /* from IMDS: used after their expiry
                                          where it has no newer ones */
    char      source[96];
} as_keys_t;

typedef struct as_fetch_s  as_fetch_t;

/* A fetch in progress.  It tries one provider after the other. */
struct as_fetch_s {
    as_http_t         *http;
    const as_clock_t  *clock;
    as_getenv_pt       getenv;
    void              *getenv_data;
    as_environ_pt      environ;        /* NULL: the process's own */
    void             (*done)(as_fetch_t *fetch, as_provider_e result);
    int64_t            skew_ms;        /* AWS's clock minus the local one */
    bool               again;          /* the clock was wrong when it failed */
    bool               transient;      /* the failure may be temporary */
    unsigned           process_ms;     /* time limit of credential_process */

    as_keys_t          keys;
    char               reason[AS_FETCH_REASON_LEN];

    /* profiles whose roles are still to be assumed, the last one first */
    char              *roles[AS_FETCH_ROLES];
    size_t             nroles;

    /* of the current provider; cancel frees state; NULL: none */
    as_http_call_t    *call;
    void              *state;
    void             (*cancel)(as_fetch_t *fetch);
};

typedef struct {
    const char      *name;
    as_provider_e  (*start)(as_fetch_t *fetch);

    /*
     * Handles the result of a previous step; NULL: the result is the
     * provider's.
     */
    as_provider_e  (*more)(as_fetch_t *fetch, as_provider_e result);
} as_provider_t;


extern const as_provider_t  as_provider_env;
extern const as_provider_t  as_provider_web_identity;
extern const as_provider_t  as_provider_profile;
extern const as_provider_t  as_provider_container;
extern const as_provider_t  as_provider_imds;


/* A setting, or NULL where unset or empty. */
const char *as_fetch_env(as_fetch_t *fetch, const char *name);

/* The current time, corrected to AWS's clock. */
int64_t as_fetch_now(const as_fetch_t *fetch);

/* Corrects the clock: as_credentials_learn_time(). */
bool as_fetch_learn_time(as_fetch_t *fetch, int64_t date_ms);

/* Ends a pending provider.  Must not be called from within its start. */
void as_fetch_done(as_fetch_t *fetch, as_provider_e result);

/*
 * Sets the reason.  Returns AS_PROVIDER_FAILED or _NONE, for a return
 * statement.
 */
as_provider_e as_fetch_failed(as_fetch_t *fetch, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
as_provider_e as_fetch_none(as_fetch_t *fetch, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Fails for a temporary reason: no answer, 5xx, 429. */
as_provider_e as_fetch_unanswered(as_fetch_t *fetch, const char *what,
    const as_http_answer_t *answer);

/*
 * Copies the keys and wipes the previous ones.  READY, or FAILED where memory
 * is out.
 */
as_provider_e as_fetch_keys(as_fetch_t *fetch, const char *access_key,
    const char *secret_key, const char *session_token, int64_t expires_ms,
    const char *source);

/*
 * Reads keys from the JSON of container, IMDS and credential_process:
 * AccessKeyId, SecretAccessKey, Token or SessionToken, Expiration.
 */
as_provider_e as_fetch_json(as_fetch_t *fetch, const char *body, size_t len,
    const char *source);

/* Reads a file of at most max bytes, NUL-terminated.  The caller wipes and
 * frees it.  NULL with errno (EFBIG for a larger file). */
char *as_fetch_file(const char *path, size_t max, size_t *len);

/* Parses ISO 8601 with a zone, "2026-11-22T08:00:00Z" or "...+09:00", with or
 * without a fraction.  Returns ms; -1 where text is not one. */
int64_t as_fetch_time(const char *text);

void as_fetch_clear_keys(as_keys_t *keys);


#endif /* AS_CREDENTIALS_PROVIDER_H */
