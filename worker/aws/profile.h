/*
 * The profile files: ~/.aws/credentials and ~/.aws/config, or the files that
 * AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE name.  The profile is
 * AWS_PROFILE, by default "default".
 */

#ifndef AS_PROFILE_H
#define AS_PROFILE_H

#include <stdbool.h>

#include "aws/credentials_provider.h"


/* A setting of a profile; the credentials file takes precedence over the config
 * file.  Allocated: the caller frees it with as_profile_free().  NULL where
 * there is none. */
char *as_profile_get(as_fetch_t *fetch, const char *profile,
    const char *name);

/* The same for "[services SERVICES]" of the config file: a setting nested under
 * a service's name ("sns"). */
char *as_profile_service(as_fetch_t *fetch, const char *services,
    const char *service, const char *name);

/*
 * Writes "; PATH: why" for a file that exists and cannot be read, otherwise "".
 */
void as_profile_unread(as_fetch_t *fetch, char *why, size_t size);

/* Whether either file has the profile. */
bool as_profile_exists(as_fetch_t *fetch, const char *profile);

/* The name of the selected profile; allocated, or NULL. */
char *as_profile_name(as_fetch_t *fetch);

/* AWS_REGION, AWS_DEFAULT_REGION or the profile's; allocated, or NULL. */
char *as_profile_region(as_fetch_t *fetch);

/* Wipes and frees; text may be NULL. */
void as_profile_free(char *text);


#endif /* AS_PROFILE_H */
