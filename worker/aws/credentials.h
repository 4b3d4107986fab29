/*
 * AWS credentials, from the first provider that has some, in the order of
 * the AWS SDKs: environment, web identity, profile files, container (ECS,
 * EKS), instance metadata (IMDSv2).  Fetched when first asked for, kept, and
 * fetched again ahead of their end.
 */

#ifndef AS_CREDENTIALS_H
#define AS_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "http/http.h"


typedef struct as_credentials_s  as_credentials_t;

/* Settings by name; NULL where unset.  The text lives until the next call
 * of as_credentials_create/refresh or as_aws_create returns. */
typedef const char *(*as_getenv_pt)(void *data, const char *name);

/* The whole environment as such a command is to see it, "NAME=value",
 * allocated one by one, after them NULL; NULL where memory is out. */
typedef char **(*as_environ_pt)(void *data);

/* Secrets: never to be logged. */
typedef struct {
    const char  *access_key;
    const char  *secret_key;
    const char  *session_token;        /* NULL where there is none */
    int64_t      expires_ms;           /* unix; 0: never */
    const char  *source;               /* "environment", "profile default" */
} as_credentials_keys_t;

/* keys is NULL where no provider had any; then error says for each provider
 * why not.  Both live until the callback returns. */
typedef void (*as_credentials_done_pt)(void *data,
    const as_credentials_keys_t *keys, const char *error);


/*
 * getenv NULL: the process's environment.  http and clock must outlive it.
 * NULL with errno.
 */
as_credentials_t *as_credentials_create(as_http_t *http,
    const as_clock_t *clock, as_getenv_pt getenv, void *getenv_data);

/* Cancels what is under way without callbacks; wipes the keys. */
void as_credentials_destroy(as_credentials_t *creds);

/* Valid keys at hand, or NULL.  Begins a refresh when they end soon. */
const as_credentials_keys_t *as_credentials_peek(as_credentials_t *creds);

/*
 * Calls done with keys, in a later turn of the loop.  Any number of callers
 * wait for one fetch.  0, or -1 with errno ENOMEM.
 */
int as_credentials_get(as_credentials_t *creds, as_credentials_done_pt done,
    void *data);

/* Takes back a get: done will not run. */
void as_credentials_forget(as_credentials_t *creds,
    as_credentials_done_pt done, void *data);

/* Whether the last fetch failed for a reason that may pass. */
bool as_credentials_transient(const as_credentials_t *creds);

/* The next get fetches new keys (environment and files are read anew). */
void as_credentials_invalidate(as_credentials_t *creds);

/* AWS refused the keys at hand: the same; but while the provider has no
 * others it is asked at intervals, and a get in between fails at once. */
void as_credentials_refused(as_credentials_t *creds);

/* AWS's clock less ours, 0 where they agree.  By it requests are signed, and
 * keys that only look expired are used. */
int64_t as_credentials_skew_ms(const as_credentials_t *creds);

/* The Date of an answer that found our time wrong (0: it had none).  True
 * where that is news, so that another attempt is worth it. */
bool as_credentials_learn_time(as_credentials_t *creds, int64_t date_ms);

/* What a credential_process sees, by the same data as getenv; the process's
 * own environment without this. */
void as_credentials_process_environ(as_credentials_t *creds,
    as_environ_pt env);

/* After it a credential_process is ended; 30,000 without this. */
void as_credentials_limit_process(as_credentials_t *creds, unsigned ms);

/* The profile's or the environment's region, or NULL; lives as creds. */
const char *as_credentials_region(as_credentials_t *creds);


#endif /* AS_CREDENTIALS_H */
