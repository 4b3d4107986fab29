/*
 * AWS credentials, from the first provider that has any, in the order of the
 * AWS SDKs: environment, web identity, profile files, container (ECS, EKS),
 * instance metadata (IMDSv2).  The first request fetches them.  Then they are
 * cached, and renewed before they expire.
 */

#ifndef AS_CREDENTIALS_H
#define AS_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "http/http.h"


typedef struct as_credentials_s  as_credentials_t;

/* Returns a setting by its name; NULL where unset.  The text is valid until the
 * running as_credentials_create/refresh or as_aws_create returns, or the next
 * call of this function. */
typedef const char *(*as_getenv_pt)(void *data, const char *name);

/* Returns the whole environment for a credential_process: an allocated array of
 * allocated "NAME=value", NULL after the last.  NULL where memory is out. */
typedef char **(*as_environ_pt)(void *data);

/* Secrets: must not be logged. */
typedef struct {
    const char  *access_key;
    const char  *secret_key;
    const char  *session_token;        /* NULL where there is none */
    int64_t      expires_ms;           /* unix; 0: never */
    const char  *source;               /* "environment", "profile default" */
} as_credentials_keys_t;

/* keys is NULL where no provider had any; then error lists the reason of each
 * provider.  Both are valid until the callback returns. */
typedef void (*as_credentials_done_pt)(void *data,
    const as_credentials_keys_t *keys, const char *error);


/*
 * getenv NULL: the process's environment. http and clock must outlive it.  NULL
 * with errno.
 */
as_credentials_t *as_credentials_create(as_http_t *http,
    const as_clock_t *clock, as_getenv_pt getenv, void *getenv_data);

/* Cancels a fetch without its callbacks; wipes the keys. */
void as_credentials_destroy(as_credentials_t *creds);

/*
 * The cached keys where they are valid, or NULL.  Starts a refresh when they
 * expire soon.
 */
const as_credentials_keys_t *as_credentials_peek(as_credentials_t *creds);

/*
 * Calls done with keys, in a later turn of the loop.  All waiting callers share
 * one fetch.  0, or -1 with errno ENOMEM.
 */
int as_credentials_get(as_credentials_t *creds, as_credentials_done_pt done,
    void *data);

/* Cancels an as_credentials_get(): done does not run. */
void as_credentials_forget(as_credentials_t *creds,
    as_credentials_done_pt done, void *data);

/* Whether the last fetch failed for a temporary reason. */
bool as_credentials_transient(const as_credentials_t *creds);

/* Discards the cached keys: the next get fetches new ones, and reads
 * environment and files again. */
void as_credentials_invalidate(as_credentials_t *creds);

/* The same for keys that AWS refused.  While the provider returns the same keys
 * it is queried at intervals; a get in between fails at once. */
void as_credentials_refused(as_credentials_t *creds);

/* AWS's clock minus the local clock, 0 where they agree.  Used to sign requests
 * and to decide whether keys have expired. */
int64_t as_credentials_skew_ms(const as_credentials_t *creds);

/* Corrects the clock by the Date of an answer that refused the request's time
 * (0: it had none).  True where the correction is new, so that a retry may
 * succeed. */
bool as_credentials_learn_time(as_credentials_t *creds, int64_t date_ms);

/* Sets the environment of a credential_process, with the same data as getenv.
 * The default is the process's own. */
void as_credentials_process_environ(as_credentials_t *creds,
    as_environ_pt env);

/* For tests: the time limit of a credential_process, instead of 30,000 ms. */
void as_credentials_limit_process(as_credentials_t *creds, unsigned ms);

/*
 * The region of the environment or the profile, or NULL.  Lives as long as
 * creds.
 */
const char *as_credentials_region(as_credentials_t *creds);


#endif /* AS_CREDENTIALS_H */
