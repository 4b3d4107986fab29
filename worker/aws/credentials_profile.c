/*
 * The provider for profiles: a role, static keys or a process, in the order of
 * the SDKs.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/credentials_profile.h"
#include "aws/profile.h"


/* The static keys of a profile; NONE where it has none. */
static as_provider_e
as_credentials_profile_static(as_fetch_t *fetch, const char *profile)
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


/* Gets keys from a provider outside of the files (credential_source). */
static as_provider_e
as_credentials_profile_source(as_fetch_t *fetch, const char *profile,
    const char *source)
{
    size_t                     i;

    static const struct {
        const char            *name;
        const as_provider_t   *provider;
    } sources[] = {
        { "Environment", &as_provider_env },
        { "EcsContainer", &as_provider_container },
        { "Ec2InstanceMetadata", &as_provider_imds }
    };

    for (i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        if (strcmp(source, sources[i].name) == 0) {
            return sources[i].provider->start(fetch);
        }
    }

    return as_fetch_failed(fetch, "credential_source of profile %s must be "
                           "Environment, EcsContainer or "
                           "Ec2InstanceMetadata, found %.40s", profile,
                           source);
}


/* Queues the profile's role until the keys of its source are available. */
static as_provider_e
as_credentials_profile_push(as_fetch_t *fetch, const char *profile)
{
    size_t  i;

    for (i = 0; i < fetch->nroles; i++) {
        if (strcmp(fetch->roles[i], profile) == 0) {
            return as_fetch_failed(fetch, "source_profile refers back to "
                                   "profile %s", profile);
        }
    }

    if (fetch->nroles == AS_FETCH_ROLES) {
        return as_fetch_failed(fetch, "more than %d roles, each assumed "
                               "with another's keys", AS_FETCH_ROLES);
    }

    fetch->roles[fetch->nroles] = strdup(profile);
    if (fetch->roles[fetch->nroles] == NULL) {
        return as_fetch_failed(fetch, "out of memory");
    }

    fetch->nroles++;

    return AS_PROVIDER_PENDING;
}


void
as_credentials_profile_clear_roles(as_fetch_t *fetch)
{
    while (fetch->nroles > 0) {
        free(fetch->roles[--fetch->nroles]);
    }
}


/* Assumes the role of a profile with its identity token or the current keys. */
static as_provider_e
as_credentials_profile_assume(as_fetch_t *fetch, const char *profile)
{
    char           *arn, *token, *session, *external, *duration;
    as_keys_t       keys;
    as_role_t       role;
    as_provider_e   rc;

    keys = fetch->keys;
    memset(&fetch->keys, 0, sizeof(as_keys_t));

    arn = as_profile_get(fetch, profile, "role_arn");
    token = as_profile_get(fetch, profile, "web_identity_token_file");
    session = as_profile_get(fetch, profile, "role_session_name");
    external = as_profile_get(fetch, profile, "external_id");
    duration = as_profile_get(fetch, profile, "duration_seconds");

    memset(&role, 0, sizeof(role));
    role.role_arn = arn;
    role.session_name = session;
    role.external_id = external;
    role.token_file = token;
    role.access_key = keys.access_key;
    role.secret_key = keys.secret_key;
    role.session_token = keys.session_token;
    role.duration_s = duration ? (unsigned) strtoul(duration, NULL, 10) : 0;

    rc = arn == NULL ? as_fetch_failed(fetch, "role_arn of profile %s was "
                                       "removed", profile)
                     : as_credentials_role_start(fetch, &role);

    as_fetch_clear_keys(&keys);
    as_profile_free(arn);
    as_profile_free(token);
    as_profile_free(session);
    as_profile_free(external);
    as_profile_free(duration);

    return rc;
}


static as_provider_e as_credentials_profile_one(as_fetch_t *fetch,
    const char *profile);


/* role_arn: with web_identity_token_file, source_profile (whose keys may be
 * those of a role again) or credential_source. */
static as_provider_e
as_credentials_profile_role(as_fetch_t *fetch, const char *profile)
{
    char           *token, *source, *other, *mfa;
    as_provider_e   rc;

    token = as_profile_get(fetch, profile, "web_identity_token_file");
    source = as_profile_get(fetch, profile, "source_profile");
    other = as_profile_get(fetch, profile, "credential_source");
    mfa = as_profile_get(fetch, profile, "mfa_serial");

    if (token != NULL) {
        rc = as_credentials_profile_assume(fetch, profile);

    } else if (mfa != NULL) {
        rc = as_fetch_failed(fetch, "profile %s has mfa_serial, and the worker "
                             "cannot ask for its code", profile);

    } else if ((source == NULL) == (other == NULL)) {
        rc = as_fetch_failed(fetch, "profile %s has role_arn: it needs one "
                             "of web_identity_token_file, source_profile "
                             "and credential_source", profile);

    } else {
        rc = as_credentials_profile_push(fetch, profile);

        if (rc == AS_PROVIDER_PENDING) {
            rc = other != NULL
                 ? as_credentials_profile_source(fetch, profile, other)
                 : strcmp(source, profile) == 0
                 ? as_credentials_profile_static(fetch, source)
                 : as_credentials_profile_one(fetch, source);
        }
    }

    as_profile_free(token);
    as_profile_free(source);
    as_profile_free(other);
    as_profile_free(mfa);

    return rc;
}


static as_provider_e
as_credentials_profile_missing(as_fetch_t *fetch, const char *profile)
{
    char  why[160];

    as_profile_unread(fetch, why, sizeof(why));

    if (fetch->nroles > 0) {
        return as_fetch_failed(fetch, "source_profile of profile %s names "
                               "profile %s, which no profile file has%s",
                               fetch->roles[fetch->nroles - 1], profile, why);
    }

    return as_fetch_env(fetch, "AWS_PROFILE")
           ? as_fetch_failed(fetch, "AWS_PROFILE names profile %s, which no "
                             "profile file has%s", profile, why)
           : as_fetch_none(fetch, "no profile file has profile %s%s",
                           profile, why);
}


/* The keys of IAM Identity Center require a browser login. */
static as_provider_e
as_credentials_profile_rest(as_fetch_t *fetch, const char *profile)
{
    char  *value;

    value = as_profile_get(fetch, profile, "sso_start_url");
    if (value == NULL) {
        value = as_profile_get(fetch, profile, "sso_session");
    }

    if (value == NULL) {
        return as_fetch_none(fetch, "profile %s has no keys", profile);
    }

    as_profile_free(value);

    return as_fetch_failed(fetch, "profile %s uses IAM Identity Center, which "
                           "the worker does not support; use "
                           "credential_process = aws configure "
                           "export-credentials", profile);
}


static as_provider_e
as_credentials_profile_one(as_fetch_t *fetch, const char *profile)
{
    char           *value;
    as_provider_e   rc;

    if (!as_profile_exists(fetch, profile)) {
        return as_credentials_profile_missing(fetch, profile);
    }

    value = as_profile_get(fetch, profile, "role_arn");
    if (value != NULL) {
        as_profile_free(value);
        return as_credentials_profile_role(fetch, profile);
    }

    rc = as_credentials_profile_static(fetch, profile);
    if (rc != AS_PROVIDER_NONE) {
        return rc;
    }

    value = as_profile_get(fetch, profile, "credential_process");
    if (value != NULL) {
        rc = as_credentials_process_start(fetch, value);
        as_profile_free(value);
        return rc;
    }

    return as_credentials_profile_rest(fetch, profile);
}


static as_provider_e
as_credentials_profile_start(as_fetch_t *fetch)
{
    char           *profile;
    as_provider_e   rc;

    profile = as_profile_name(fetch);
    if (profile == NULL) {
        return as_fetch_failed(fetch, "out of memory");
    }

    rc = as_credentials_profile_one(fetch, profile);
    free(profile);

    return rc;
}


/* Assumes each queued role with the keys of the step before.  A step without
 * keys fails the chain. */
static as_provider_e
as_credentials_profile_more(as_fetch_t *fetch, as_provider_e result)
{
    char           *profile;
    as_provider_e   rc;

    if (result == AS_PROVIDER_READY && fetch->nroles > 0) {
        profile = fetch->roles[--fetch->nroles];
        rc = as_credentials_profile_assume(fetch, profile);
        free(profile);

    } else {
        rc = result == AS_PROVIDER_NONE && fetch->nroles > 0
             ? AS_PROVIDER_FAILED : result;
    }

    if (rc != AS_PROVIDER_PENDING) {
        as_credentials_profile_clear_roles(fetch);
    }

    return rc;
}


const as_provider_t  as_provider_profile = {
    "profile", as_credentials_profile_start, as_credentials_profile_more
};
