/*
 * The profile files' format (AWS CLI User Guide, "Configuration and
 * credential file settings"): sections, "name = value", comments in lines of
 * their own or after a blank, nested settings indented.
 */

#include <ctype.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/credentials_profile.h"


typedef struct {
    const char  *profile;
    const char  *name;                 /* NULL: only whether it exists */
    bool         config;               /* sections are "profile NAME" */
    bool         inside;
    bool         found;
    char        *value;
} as_profile_scan_t;


void
as_profile_free(char *text)
{
    if (text != NULL) {
        OPENSSL_cleanse(text, strlen(text));
        free(text);
    }
}


static char *
as_profile_trim(char *p)
{
    char  *end;

    p += strspn(p, " \t\r");

    for (end = p + strlen(p);
         end > p && strchr(" \t\r", end[-1]) != NULL;
         end--)
    {
        /* void */
    }

    *end = '\0';

    return p;
}


static void
as_profile_section(as_profile_scan_t *scan, char *line)
{
    char  *end, *name;

    end = strchr(line, ']');
    if (end == NULL) {
        scan->inside = false;
        return;
    }

    *end = '\0';
    name = as_profile_trim(line + 1);

    if (scan->config && strncmp(name, "profile", 7) == 0
        && isspace((unsigned char) name[7]))
    {
        name = as_profile_trim(name + 7);

    } else if (scan->config && strcmp(name, "default") != 0) {
        scan->inside = false;
        return;
    }

    scan->inside = strcmp(name, scan->profile) == 0;
    scan->found |= scan->inside;
}


static void
as_profile_setting(as_profile_scan_t *scan, char *line)
{
    char  *eq, *name, *value, *p;

    eq = strchr(line, '=');
    if (eq == NULL || scan->name == NULL) {
        return;
    }

    *eq = '\0';
    name = as_profile_trim(line);
    value = as_profile_trim(eq + 1);

    for (p = value; *p != '\0'; p++) {
        if (p > value && (*p == '#' || *p == ';') && isspace((unsigned char)
                                                             p[-1]))
        {
            *p = '\0';
            value = as_profile_trim(value);
            break;
        }
    }

    if (strcmp(name, scan->name) == 0 && *value != '\0') {
        as_profile_free(scan->value);
        scan->value = strdup(value);
    }
}


static void
as_profile_scan(as_profile_scan_t *scan, const char *path)
{
    char    *text, *line, *save;
    size_t   len;

    text = as_fetch_file(path, &len);
    if (text == NULL) {
        return;
    }

    scan->inside = false;

    for (line = strtok_r(text, "\n", &save);
         line != NULL;
         line = strtok_r(NULL, "\n", &save))
    {
        if (*line == '[') {
            as_profile_section(scan, line);

        } else if (scan->inside && *line != '#' && *line != ';'
                   && *line != ' ' && *line != '\t')
        {
            as_profile_setting(scan, line);
        }
    }

    OPENSSL_cleanse(text, len);
    free(text);
}


/* The path of one of the two files, allocated; NULL where unknown. */
static char *
as_profile_path(as_fetch_t *fetch, bool config)
{
    char        *path;
    const char  *value;

    value = as_fetch_env(fetch, config ? "AWS_CONFIG_FILE"
                                       : "AWS_SHARED_CREDENTIALS_FILE");
    if (value != NULL) {
        return strdup(value);
    }

    value = as_fetch_env(fetch, "HOME");
    if (value == NULL
        || asprintf(&path, "%s/.aws/%s", value,
                    config ? "config" : "credentials") == -1)
    {
        return NULL;
    }

    return path;
}


static void
as_profile_search(as_fetch_t *fetch, as_profile_scan_t *scan)
{
    int    i;
    char  *path;

    for (i = 0; i < 2; i++) {
        scan->config = i == 1;
        path = as_profile_path(fetch, scan->config);

        if (path != NULL) {
            as_profile_scan(scan, path);
            free(path);
        }

        if (scan->value != NULL) {
            return;
        }
    }
}


char *
as_profile_get(as_fetch_t *fetch, const char *profile, const char *name)
{
    as_profile_scan_t  scan;

    memset(&scan, 0, sizeof(scan));
    scan.profile = profile;
    scan.name = name;
    as_profile_search(fetch, &scan);

    return scan.value;
}


bool
as_profile_exists(as_fetch_t *fetch, const char *profile)
{
    as_profile_scan_t  scan;

    memset(&scan, 0, sizeof(scan));
    scan.profile = profile;
    as_profile_search(fetch, &scan);

    return scan.found;
}


char *
as_profile_name(as_fetch_t *fetch)
{
    const char  *value;

    value = as_fetch_env(fetch, "AWS_PROFILE");
    if (value == NULL) {
        value = as_fetch_env(fetch, "AWS_DEFAULT_PROFILE");
    }

    return strdup(value ? value : "default");
}


char *
as_profile_region(as_fetch_t *fetch)
{
    char        *profile, *region;
    const char  *value;

    value = as_fetch_env(fetch, "AWS_REGION");
    if (value == NULL) {
        value = as_fetch_env(fetch, "AWS_DEFAULT_REGION");
    }

    if (value != NULL) {
        return strdup(value);
    }

    profile = as_profile_name(fetch);
    if (profile == NULL) {
        return NULL;
    }

    region = as_profile_get(fetch, profile, "region");
    free(profile);

    return region;
}
