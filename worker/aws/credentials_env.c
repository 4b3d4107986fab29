/*
 * AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.
 */

#include <stdlib.h>
#include <string.h>

#include "aws/credentials_provider.h"


static as_provider_e
as_credentials_env_start(as_fetch_t *fetch)
{
    as_provider_e   rc;
    char           *access, *secret;
    const char     *value;

    access = NULL;
    secret = NULL;

    value = as_fetch_env(fetch, "AWS_ACCESS_KEY_ID");
    if (value == NULL) {
        return as_fetch_none(fetch, "AWS_ACCESS_KEY_ID is not set");
    }

    /* A value is valid only until the next one is read. */
    access = strdup(value);

    value = as_fetch_env(fetch, "AWS_SECRET_ACCESS_KEY");
    if (value == NULL) {
        rc = as_fetch_failed(fetch, "AWS_ACCESS_KEY_ID is set, "
                             "AWS_SECRET_ACCESS_KEY is not");
        goto out;
    }

    secret = strdup(value);

    if (access == NULL || secret == NULL) {
        rc = as_fetch_failed(fetch, "out of memory");
        goto out;
    }

    rc = as_fetch_keys(fetch, access, secret,
                       as_fetch_env(fetch, "AWS_SESSION_TOKEN"), 0,
                       "environment");

out:

    free(access);

    if (secret != NULL) {
        explicit_bzero(secret, strlen(secret));
        free(secret);
    }

    return rc;
}


const as_provider_t  as_provider_env = {
    "environment", as_credentials_env_start, NULL
};
