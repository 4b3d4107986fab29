/*
 * The source of the settings: the file of --env-file, then the environment.
 * The file takes precedence: the command line names it, and SIGHUP can read it
 * again.
 *
 *   # a comment
 *   DB_HOSTNAME=127.0.0.1
 *   export DB_PASSWORD='what ever'
 *   DB_PASSWORD_FILE=worker-db-password
 *
 * A relative file name in it (NAME_FILE, DB_TLS_CA, AWS_CA_BUNDLE) is relative
 * to the folder of that file.
 */

#ifndef AS_ENV_H
#define AS_ENV_H

#include <stdbool.h>
#include <stddef.h>


#define AS_ENV_ERROR_LEN  512


typedef struct as_env_s  as_env_t;


/* path NULL: only the environment.  On failure NULL, with a message in err. */
as_env_t *as_env_create(const char *path, char err[AS_ENV_ERROR_LEN]);

/* Wipes the values, then frees all. */
void as_env_destroy(as_env_t *env);

/*
 * The value, or NULL where it is unset or empty. where (may be NULL) is set to
 * "the environment" or "/etc/x.env line 3".  Both live as long as env.
 */
const char *as_env_get(as_env_t *env, const char *name, const char **where);

/*
 * A secret: the value of NAME, or the first 65,536 bytes of the file that
 * NAME_FILE names, without line ends at their end.  NULL where neither is set.
 * NULL with a message in err where both are set, or the file cannot be read, is
 * empty or has a NUL byte.
 */
const char *as_env_secret(as_env_t *env, const char *name,
    char err[AS_ENV_ERROR_LEN]);

/*
 * The file of a secret, "PATH" or "PATH line N", where all users may read it;
 * otherwise NULL.  Call as_env_secret() first.
 */
const char *as_env_readable(as_env_t *env, const char *name);

/* Visits each name of the file, with its line, then each of the environment. */
void as_env_visit(as_env_t *env, void (*visit)(void *data, const char *name,
    const char *where, bool file), void *data);

/*
 * The getenv function for as_aws_create(); data is the as_env_t.  AWS's secrets
 * may be in files too (AWS_SECRET_ACCESS_KEY_FILE).
 */
const char *as_env_aws(void *data, const char *name);

/*
 * The environment for a credential_process: with the file's names, without the
 * worker's own secrets.  The array and each entry are allocated, NULL after the
 * last.  NULL where memory is out.
 */
char **as_env_environ(void *data);


#endif /* AS_ENV_H */
