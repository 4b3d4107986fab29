/*
 * Reads the sources of the settings.
 */

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/env.h"


#define AS_ENV_LINE_MAX    65536
#define AS_ENV_SECRET_MAX  65536


typedef struct as_env_entry_s  as_env_entry_t;

struct as_env_entry_s {
    as_env_entry_t  *next;
    char            *name;
    char            *value;
    char            *where;
    bool             readable;         /* all users may read the secret's
                                          file */
};

struct as_env_s {
    as_env_entry_t  *entries;          /* of the file, the last line first */
    as_env_entry_t  *secrets;          /* read from files, by name */
    bool             readable;         /* all users may read the file */
};


static void
as_env_entries_free(as_env_entry_t *entry)
{
    as_env_entry_t  *next;

    for ( /* void */ ; entry != NULL; entry = next) {
        next = entry->next;

        if (entry->value != NULL) {
            OPENSSL_cleanse(entry->value, strlen(entry->value));
        }

        free(entry->name);
        free(entry->value);
        free(entry->where);
        free(entry);
    }
}


static int
as_env_add(as_env_entry_t **list, const char *name, const char *value,
    const char *where)
{
    as_env_entry_t  *entry;

    entry = calloc(1, sizeof(*entry));
    if (entry == NULL) {
        return -1;
    }

    entry->name = strdup(name);
    entry->value = strdup(value);
    entry->where = strdup(where);
    entry->next = *list;
    *list = entry;

    return entry->name != NULL && entry->value != NULL
           && entry->where != NULL ? 0 : -1;
}


static as_env_entry_t *
as_env_find(as_env_entry_t *entry, const char *name)
{
    while (entry != NULL && strcmp(entry->name, name) != 0) {
        entry = entry->next;
    }

    return entry;
}


/* Removes blanks and one pair of quotes.  Returns the start. */
static char *
as_env_trim(char *s)
{
    size_t  len;

    while (isspace((unsigned char) *s)) {
        s++;
    }

    len = strlen(s);
    while (len > 0 && isspace((unsigned char) s[len - 1])) {
        s[--len] = '\0';
    }

    if (len >= 2 && (s[0] == '"' || s[0] == '\'') && s[len - 1] == s[0]) {
        s[len - 1] = '\0';
        s++;
    }

    return s;
}


static bool
as_env_names_file(const char *name)
{
    size_t  len;

    len = strlen(name);

    return (len > 5 && strcmp(name + len - 5, "_FILE") == 0)
           || strcmp(name, "DB_TLS_CA") == 0
           || strcmp(name, "AWS_CA_BUNDLE") == 0;
}


/*
 * A relative file name is relative to the folder of the settings file: a
 * service manager passes both in a folder of its choice.
 */
static int
as_env_put(as_env_t *env, const char *path, const char *name,
    const char *value, const char *where)
{
    int          rc;
    char        *beside;
    const char  *slash;

    slash = strrchr(path, '/');

    /* "~/" is AWS's notation, for its two files */
    if (!as_env_names_file(name) || *value == '\0' || *value == '/'
        || strncmp(value, "~/", 2) == 0 || slash == NULL)
    {
        return as_env_add(&env->entries, name, value, where);
    }

    if (asprintf(&beside, "%.*s/%s", (int) (slash - path), path, value) == -1)
    {
        return -1;
    }

    rc = as_env_add(&env->entries, name, beside, where);
    free(beside);

    return rc;
}


static bool
as_env_is_readable_by_all(FILE *in)
{
    struct stat  st;

    return fstat(fileno(in), &st) == 0 && S_ISREG(st.st_mode)
           && (st.st_mode & S_IROTH) != 0;
}


/* 0, or -1 where the line is not NAME=VALUE. */
static int
as_env_line(as_env_t *env, const char *path, char *line, const char *where)
{
    char    *name, *value;
    size_t   len;

    name = as_env_trim(line);
    if (*name == '\0' || *name == '#') {
        return 0;
    }

    if (strncmp(name, "export ", 7) == 0) {
        name += 7;
    }

    value = strchr(name, '=');
    if (value == NULL || value == name) {
        return -1;
    }

    *value++ = '\0';
    name = as_env_trim(name);

    len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                 "0123456789_");
    if (len == 0 || name[len] != '\0') {
        return -1;
    }

    return as_env_put(env, path, name, as_env_trim(value), where);
}


static int
as_env_read(as_env_t *env, const char *path, char err[AS_ENV_ERROR_LEN])
{
    int     rc, number;
    char   *line, where[384];
    FILE   *in;

    rc = -1;
    line = malloc(AS_ENV_LINE_MAX);
    in = fopen(path, "re");

    if (line == NULL || in == NULL) {
        snprintf(err, AS_ENV_ERROR_LEN, "--env-file: cannot read %s: %s; "
                 "name a file of NAME=VALUE lines that this user may read",
                 path, strerror(errno));
        goto out;
    }

    env->readable = as_env_is_readable_by_all(in);

    for (number = 1; fgets(line, AS_ENV_LINE_MAX, in) != NULL; number++) {
        snprintf(where, sizeof(where), "%.300s line %d", path, number);

        if (as_env_line(env, path, line, where) != 0) {
            snprintf(err, AS_ENV_ERROR_LEN, "%s: expected NAME=VALUE, a "
                     "comment (#) or an empty line", where);
            goto out;
        }
    }

    rc = 0;

out:

    if (in != NULL) {
        fclose(in);
    }
    if (line != NULL) {
        OPENSSL_cleanse(line, AS_ENV_LINE_MAX);
        free(line);
    }

    return rc;
}


as_env_t *
as_env_create(const char *path, char err[AS_ENV_ERROR_LEN])
{
    as_env_t  *env;

    env = calloc(1, sizeof(*env));
    if (env == NULL) {
        snprintf(err, AS_ENV_ERROR_LEN, "out of memory");
        return NULL;
    }

    if (path != NULL && as_env_read(env, path, err) != 0) {
        as_env_destroy(env);
        return NULL;
    }

    return env;
}


void
as_env_destroy(as_env_t *env)
{
    if (env == NULL) {
        return;
    }

    as_env_entries_free(env->entries);
    as_env_entries_free(env->secrets);
    free(env);
}


const char *
as_env_get(as_env_t *env, const char *name, const char **where)
{
    const char      *value, *from;
    as_env_entry_t  *entry;

    entry = as_env_find(env->entries, name);
    from = entry != NULL ? entry->where : "the environment";
    value = entry != NULL ? entry->value : getenv(name);

    if (where != NULL) {
        *where = from;
    }

    return value == NULL || *value == '\0' ? NULL : value;
}


/* Reads at most AS_ENV_SECRET_MAX bytes of the file.  NULL with errno. */
static char *
as_env_secret_read(const char *path, size_t *len, bool *readable)
{
    char  *data;
    FILE  *in;

    data = NULL;
    in = fopen(path, "re");
    if (in == NULL) {
        return NULL;
    }

    *readable = as_env_is_readable_by_all(in);

    /* the stream's own buffer would keep a copy of the secret */
    setvbuf(in, NULL, _IONBF, 0);

    data = malloc(AS_ENV_SECRET_MAX + 1);
    if (data == NULL) {
        goto out;
    }

    *len = fread(data, 1, AS_ENV_SECRET_MAX, in);
    data[*len] = '\0';

    if (ferror(in)) {
        free(data);
        data = NULL;
    }

out:

    fclose(in);

    return data;
}


static const char *
as_env_secret_file(as_env_t *env, const char *name, const char *path,
    const char *where, char err[AS_ENV_ERROR_LEN])
{
    bool             readable;
    char            *data;
    size_t           len;
    as_env_entry_t  *entry;

    entry = as_env_find(env->secrets, name);
    if (entry != NULL) {
        return entry->value;
    }

    data = as_env_secret_read(path, &len, &readable);
    if (data == NULL) {
        snprintf(err, AS_ENV_ERROR_LEN, "%s_FILE: expected a file with the "
                 "secret, found %s (%s) in %s; make it readable for this "
                 "user", name, path, strerror(errno), where);
        return NULL;
    }

    while (len > 0 && (data[len - 1] == '\n' || data[len - 1] == '\r')) {
        data[--len] = '\0';
    }

    if (len == 0 || strlen(data) != len) {
        snprintf(err, AS_ENV_ERROR_LEN, "%s_FILE: expected a secret in %s, "
                 "found %s", name, path,
                 len == 0 ? "an empty file" : "a NUL byte");

    } else if (as_env_add(&env->secrets, name, data, path) == 0) {
        entry = env->secrets;
        entry->readable = readable;
    }

    OPENSSL_cleanse(data, len);
    free(data);

    return entry == NULL ? NULL : entry->value;
}


const char *
as_env_secret(as_env_t *env, const char *name, char err[AS_ENV_ERROR_LEN])
{
    char         file[128];
    const char  *value, *path, *where;

    err[0] = '\0';
    snprintf(file, sizeof(file), "%s_FILE", name);

    value = as_env_get(env, name, NULL);
    path = as_env_get(env, file, &where);

    if (value != NULL && path != NULL) {
        snprintf(err, AS_ENV_ERROR_LEN, "%s and %s are both set; remove one of "
                 "them, preferably the first", name, file);
        return NULL;
    }

    if (path == NULL) {
        return value;
    }

    return as_env_secret_file(env, name, path, where, err);
}


const char *
as_env_readable(as_env_t *env, const char *name)
{
    as_env_entry_t  *entry;

    entry = as_env_find(env->secrets, name);
    if (entry != NULL) {
        return entry->readable ? entry->where : NULL;
    }

    entry = as_env_find(env->entries, name);

    return entry != NULL && env->readable ? entry->where : NULL;
}


void
as_env_visit(as_env_t *env, void (*visit)(void *data, const char *name,
    const char *where, bool file), void *data)
{
    char            **p, name[128];
    size_t            len;
    as_env_entry_t   *entry;

    for (entry = env->entries; entry != NULL; entry = entry->next) {
        visit(data, entry->name, entry->where, true);
    }

    for (p = environ; *p != NULL; p++) {
        len = strcspn(*p, "=");

        if (len < sizeof(name)) {
            memcpy(name, *p, len);
            name[len] = '\0';
            visit(data, name, "the environment", false);
        }
    }
}


const char *
as_env_aws(void *data, const char *name)
{
    size_t                    i;
    char                      err[AS_ENV_ERROR_LEN];
    as_env_t                 *env = data;
    static const char *const  secrets[] = {
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"
    };

    for (i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        if (strcmp(name, secrets[i]) == 0) {
            return as_env_secret(env, name, err);
        }
    }

    return as_env_get(env, name, NULL);
}


/* True for secrets that a credential_process does not need. */
static bool
as_env_is_own_secret(const char *name, size_t len)
{
    size_t                    i;
    static const char *const  secrets[] = {
        "DB_PASSWORD", "AUTOSTOCK_CALLBACK_SECRET"
    };

    for (i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        if (strlen(secrets[i]) == len && memcmp(secrets[i], name, len) == 0) {
            return true;
        }
    }

    return false;
}


/* 0, or -1 where memory is out. */
static int
as_env_environ_add(char **list, size_t *n, char *entry)
{
    size_t  i, len;

    if (entry == NULL) {
        return -1;
    }

    len = strcspn(entry, "=") + 1;

    for (i = 0; i < *n; i++) {
        if (strncmp(list[i], entry, len) == 0) {
            free(entry);
            return 0;
        }
    }

    if (as_env_is_own_secret(entry, len - 1)) {
        free(entry);

    } else {
        list[(*n)++] = entry;
    }

    return 0;
}


char **
as_env_environ(void *data)
{
    char            **list, **p, *text;
    size_t            n;
    as_env_t         *env = data;
    as_env_entry_t   *entry;

    for (n = 1, p = environ; *p != NULL; p++, n++) { /* void */ }
    for (entry = env->entries; entry != NULL; entry = entry->next, n++) {
        /* void */
    }

    list = calloc(n, sizeof(char *));
    if (list == NULL) {
        return NULL;
    }

    /*
     * the file's last line of a name is first in the list and takes precedence
     */
    for (n = 0, entry = env->entries; entry != NULL; entry = entry->next) {
        if (asprintf(&text, "%s=%s", entry->name, entry->value) == -1) {
            text = NULL;
        }

        if (as_env_environ_add(list, &n, text) != 0) {
            goto failed;
        }
    }

    for (p = environ; *p != NULL; p++) {
        if (as_env_environ_add(list, &n, strdup(*p)) != 0) {
            goto failed;
        }
    }

    return list;

failed:

    while (n > 0) {
        free(list[--n]);
    }

    free(list);

    return NULL;
}
