/*
 * The provider of profiles: a role, static keys or a process, in the SDKs'
 * order.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "as_credentials_profile.h"


/* Static keys of a profile; NONE where it has none. */
static as_provider_e
as_profile_static(as_fetch_t *fetch, const char *profile)
{
    char           *access, *secret, *token, source[96];
    as_provider_e   rc;

    access = as_profile_get(fetch, profile, "aws_access_key_id");
    secret = as_profile_get(fetch, profile, "aws_secret_access_key");
    token = as_profile_get(fetch, profile, "aws_session_token");

    if (access == NULL && secret == NULL) {
        rc = as_fetch_none(fetch, "profile %s has no keys", profile);

    } else if (access == NULL || secret == NULL) {
        rc = as_fetch_failed(fetch, "profile %s has only one of "
                             "aws_access_key_id and aws_secret_access_key",
                             profile);

    } else {
        (void) snprintf(source, sizeof(source), "profile %s", profile);
        rc = as_fetch_keys(fetch, access, secret, token, 0, source);
    }

    as_profile_free(access);
    as_profile_free(secret);
    as_profile_free(token);

    return rc;
}


/* role_arn with web_identity_token_file, or with a source_profile that has
 * keys of its own. */
static as_provider_e
as_profile_role(as_fetch_t *fetch, const char *profile, const char *arn)
{
    char           *token, *session, *external, *source;
    as_keys_t       keys;
    as_role_t       role;
    as_provider_e   rc;

    memset(&role, 0, sizeof(role));
    memset(&keys, 0, sizeof(keys));

    token = as_profile_get(fetch, profile, "web_identity_token_file");
    session = as_profile_get(fetch, profile, "role_session_name");
    external = as_profile_get(fetch, profile, "external_id");
    source = as_profile_get(fetch, profile, "source_profile");

    role.role_arn = arn;
    role.session_name = session;
    role.external_id = external;
    role.token_file = token;

    if (token == NULL && source == NULL) {
        rc = as_fetch_failed(fetch, "profile %s has role_arn but neither "
                             "web_identity_token_file nor source_profile; "
                             "credential_source is not supported", profile);
        goto out;
    }

    if (token == NULL) {
        rc = as_profile_static(fetch, source);

        if (rc != AS_PROVIDER_READY) {
            rc = as_fetch_failed(fetch, "source_profile %s of profile %s "
                                 "must have aws_access_key_id and "
                                 "aws_secret_access_key", source, profile);
            goto out;
        }

        keys = fetch->keys;
        memset(&fetch->keys, 0, sizeof(as_keys_t));
        role.access_key = keys.access_key;
        role.secret_key = keys.secret_key;
        role.session_token = keys.session_token;
    }

    rc = as_role_start(fetch, &role);

out:

    as_keys_clear(&keys);
    as_profile_free(token);
    as_profile_free(session);
    as_profile_free(external);
    as_profile_free(source);

    return rc;
}


static as_provider_e
as_profile_one(as_fetch_t *fetch, const char *profile)
{
    char           *value;
    as_provider_e   rc;

    if (!as_profile_exists(fetch, profile)) {
        return as_fetch_env(fetch, "AWS_PROFILE")
               ? as_fetch_failed(fetch, "AWS_PROFILE names profile %s, "
                                 "which no profile file has", profile)
               : as_fetch_none(fetch, "no profile file has profile %s",
                               profile);
    }

    value = as_profile_get(fetch, profile, "role_arn");
    if (value != NULL) {
        rc = as_profile_role(fetch, profile, value);
        as_profile_free(value);
        return rc;
    }

    rc = as_profile_static(fetch, profile);
    if (rc != AS_PROVIDER_NONE) {
        return rc;
    }

    value = as_profile_get(fetch, profile, "credential_process");
    if (value != NULL) {
        rc = as_process_start(fetch, value);
        as_profile_free(value);
        return rc;
    }

    value = as_profile_get(fetch, profile, "sso_start_url");
    if (value == NULL) {
        value = as_profile_get(fetch, profile, "sso_session");
    }

    if (value != NULL) {
        as_profile_free(value);
        return as_fetch_failed(fetch, "profile %s uses IAM Identity Center, "
                               "which is for people; use credential_process "
                               "= aws configure export-credentials",
                               profile);
    }

    return as_fetch_none(fetch, "profile %s has no keys", profile);
}


static as_provider_e
as_provider_profile_start(as_fetch_t *fetch)
{
    char           *profile;
    as_provider_e   rc;

    profile = as_profile_name(fetch);
    if (profile == NULL) {
        return as_fetch_failed(fetch, "out of memory");
    }

    rc = as_profile_one(fetch, profile);
    free(profile);

    return rc;
}


const as_provider_t  as_provider_profile = {
    "profile", as_provider_profile_start, as_process_cancel
};
