/*
 * The profile files: ~/.aws/credentials and ~/.aws/config, or where
 * AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE say; the profile is that
 * of AWS_PROFILE, "default" without it.
 */

#ifndef AS_CREDENTIALS_PROFILE_H
#define AS_CREDENTIALS_PROFILE_H

#include <stdbool.h>

#include "aws/credentials_provider.h"


/* A setting of a profile; the credentials file before the config file.
 * Allocated: the caller wipes and frees it.  NULL where there is none. */
char *as_profile_get(as_fetch_t *fetch, const char *profile,
    const char *name);

/* The same of "[services SERVICES]" of the config file: what is nested under
 * a service's name ("sns"). */
char *as_profile_service(as_fetch_t *fetch, const char *services,
    const char *service, const char *name);

/* "; PATH: why" where a file is there and cannot be read, or "". */
void as_profile_unread(as_fetch_t *fetch, char *why, size_t size);

/* Whether either file has the profile. */
bool as_profile_exists(as_fetch_t *fetch, const char *profile);

/* The name of the profile that is asked for; allocated, or NULL. */
char *as_profile_name(as_fetch_t *fetch);

/* AWS_REGION, AWS_DEFAULT_REGION or the profile's; allocated, or NULL. */
char *as_profile_region(as_fetch_t *fetch);

/* Secrets out of memory, and free; NULL is allowed. */
void as_profile_free(char *text);

/* Forgets the roles that were still to be assumed. */
void as_profile_roles_clear(as_fetch_t *fetch);

/* credential_process: runs the command in a shell, reads its JSON. */
as_provider_e as_process_start(as_fetch_t *fetch, const char *command);

/* Roles: STS.  token_file NULL: signed with the keys given. */
typedef struct {
    const char  *role_arn;
    const char  *session_name;         /* NULL: "autostock" */
    const char  *token_file;           /* web identity */
    const char  *external_id;          /* NULL: none */
    const char  *access_key;
    const char  *secret_key;
    const char  *session_token;
    unsigned     duration_s;           /* 0: STS's own, an hour */
} as_role_t;

as_provider_e as_role_start(as_fetch_t *fetch, const as_role_t *role);


#endif /* AS_CREDENTIALS_PROFILE_H */
