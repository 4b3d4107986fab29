/*
 * The provider of a profile's credentials, and the two that it uses: a process
 * and a role.
 */

#ifndef AS_CREDENTIALS_PROFILE_H
#define AS_CREDENTIALS_PROFILE_H

#include "aws/credentials_provider.h"


/* Drops the roles that are still to be assumed. */
void as_credentials_profile_clear_roles(as_fetch_t *fetch);

/* credential_process: runs the command in a shell, reads its JSON. */
as_provider_e as_credentials_process_start(as_fetch_t *fetch,
    const char *command);

/* A role to assume with STS. token_file NULL: signed with the keys given. */
typedef struct {
    const char  *role_arn;
    const char  *session_name;         /* NULL: "autostock" */
    const char  *token_file;           /* web identity */
    const char  *external_id;          /* NULL: none */
    const char  *access_key;
    const char  *secret_key;
    const char  *session_token;
    unsigned     duration_s;           /* 0: STS's default, an hour */
} as_role_t;

as_provider_e as_credentials_role_start(as_fetch_t *fetch,
    const as_role_t *role);


#endif /* AS_CREDENTIALS_PROFILE_H */
