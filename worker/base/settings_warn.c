/*
 * Warnings about settings that may still work.
 */

#include <stdio.h>
#include <string.h>

#include "base/settings_table.h"
#include "base/settings_warn.h"


#define AS_WARN_NAME_MAX  64

/* The maximum edit distance at which a name counts as a misspelt setting: for a
 * name with one of the worker's prefixes, and for any other name in the
 * file. */
#define AS_WARN_OURS      3
#define AS_WARN_OTHERS    2


/* AWS's settings, which as_env_aws() reads; the first three are secrets. */
static const char *const  as_warn_aws[] = {
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE",
    "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SNS", "AWS_ENDPOINT_URL_SQS",
    "AWS_ENDPOINT_URL_STS", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"
};

#define AS_WARN_AWS      (sizeof(as_warn_aws) / sizeof(as_warn_aws[0]))
#define AS_WARN_SECRETS  3


typedef struct {
    as_text_t   *out;
    const char  *name;                 /* the name to check */
    size_t       distance;             /* to the nearest setting */
    char         nearest[AS_WARN_NAME_MAX];
} as_warn_t;


static size_t
as_settings_warn_least(size_t a, size_t b, size_t c)
{
    a = a < b ? a : b;

    return a < c ? a : c;
}


static char
as_settings_warn_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char) (c - 'a' + 'A') : c;
}


/* The edit distance (Levenshtein), without regard to case. */
static size_t
as_settings_warn_distance(const char *a, const char *b)
{
    size_t  i, k, len, above, corner, row[AS_WARN_NAME_MAX + 1];

    len = strlen(b);
    if (len > AS_WARN_NAME_MAX || strlen(a) > AS_WARN_NAME_MAX) {
        return AS_WARN_NAME_MAX;
    }

    for (k = 0; k <= len; k++) {
        row[k] = k;
    }

    for (i = 1; a[i - 1] != '\0'; i++) {
        corner = row[0];
        row[0] = i;

        for (k = 1; k <= len; k++) {
            above = row[k];
            corner += as_settings_warn_upper(a[i - 1])
                      != as_settings_warn_upper(b[k - 1]);
            row[k] = as_settings_warn_least(above + 1, row[k - 1] + 1, corner);
            corner = above;
        }
    }

    return row[len];
}


static void
as_settings_warn_compare(as_warn_t *warn, const char *name, const char *suffix)
{
    char    whole[AS_WARN_NAME_MAX];
    size_t  distance;

    (void) snprintf(whole, sizeof(whole), "%s%s", name, suffix);
    distance = strcmp(whole, warn->name) == 0 ? 0
               : strncmp(whole, warn->name, strlen(warn->name)) == 0 ? 2
               : 1 + as_settings_warn_distance(warn->name, whole);

    if (distance < warn->distance) {
        warn->distance = distance;
        memcpy(warn->nearest, whole, sizeof(whole));
    }
}


/* Sets distance (0: the name is a setting) and nearest.  Otherwise distance is
 * one more than the edit distance; 2 where the name is the beginning of a
 * setting. */
static void
as_settings_warn_find(as_warn_t *warn)
{
    size_t  i;

    warn->distance = AS_WARN_NAME_MAX;

    for (i = 0; i < as_settings_count; i++) {
        as_settings_warn_compare(warn, as_settings_table[i].name, "");

        if (as_settings_table[i].kind == AS_KIND_SECRET) {
            as_settings_warn_compare(warn, as_settings_table[i].name, "_FILE");
        }
    }

    for (i = 0; i < AS_WARN_AWS; i++) {
        as_settings_warn_compare(warn, as_warn_aws[i], "");

        if (i < AS_WARN_SECRETS) {
            as_settings_warn_compare(warn, as_warn_aws[i], "_FILE");
        }
    }
}


/*
 * Checks one name.  With one of the worker's prefixes and in the file it must
 * be a setting.  In the environment it may be another program's and is reported
 * only where it resembles a setting.
 */
static void
as_settings_warn_name(void *data, const char *name, const char *where,
    bool file)
{
    bool        ours, near;
    as_warn_t  *warn = data;

    ours = strncmp(name, "AUTOSTOCK_", 10) == 0
           || strncmp(name, "DB_", 3) == 0;

    /* AWS's other services have such a setting too */
    if ((!ours && !file) || strlen(name) < 6
        || strncmp(name, "AWS_ENDPOINT_URL_", 17) == 0)
    {
        return;
    }

    warn->name = name;
    as_settings_warn_find(warn);
    near = warn->distance <= 1 + (ours ? AS_WARN_OURS : AS_WARN_OTHERS);

    if (warn->distance == 0 || (!near && !(ours && file))) {
        return;
    }

    as_text_printf(warn->out, "%.100s in %s is not a setting of the worker and "
                   "has no effect; ", name, where);
    as_text_printf(warn->out, near ? "did you mean %s?\n"
                   : "autostock-worker(8) lists them\n", warn->nearest);
}


static void
as_settings_warn_secret(as_text_t *out, as_env_t *env, const char *name)
{
    char         err[AS_ENV_ERROR_LEN];
    const char  *value, *path;

    value = as_env_secret(env, name, err);

    if (value == NULL) {
        if (err[0] != '\0') {
            as_text_printf(out, "%s\n", err);
        }
        return;
    }

    if (strncmp(value, "\xef\xbb\xbf", 3) == 0) {
        as_text_printf(out, "%s begins with a byte order mark, which counts as "
                       "part of the secret; save the file without it\n", name);
    }

    if (strpbrk(value, "\r\n") != NULL) {
        as_text_printf(out, "%s has more than one line, and all lines count as "
                       "the secret; keep one line\n", name);
    }

    path = as_env_readable(env, name);
    if (path != NULL) {
        as_text_printf(out, "%s is in %s, which is world-readable; chmod 600 "
                       "the file\n", name, path);
    }
}


void
as_settings_warn(const as_settings_t *settings, as_text_t *out)
{
    size_t     i;
    as_warn_t  warn;

    memset(&warn, 0, sizeof(warn));
    warn.out = out;
    as_env_visit(settings->env, as_settings_warn_name, &warn);

    if (settings->dashboard == AS_ON && settings->metrics_port == 0) {
        as_text_put(out, "AUTOSTOCK_DASHBOARD=on has no effect with "
                    "AUTOSTOCK_METRICS_PORT=0; set a port\n");
    }

    for (i = 0; i < as_settings_count; i++) {
        if (as_settings_table[i].kind == AS_KIND_SECRET) {
            as_settings_warn_secret(out, settings->env,
                                    as_settings_table[i].name);
        }
    }

    for (i = 0; i < AS_WARN_SECRETS; i++) {
        as_settings_warn_secret(out, settings->env, as_warn_aws[i]);
    }
}
