/*
 * The format of the profile files (AWS SDKs and Tools Reference Guide, "Shared
 * config and credentials files"): sections, "name = value", comments on their
 * own lines or after a blank.  A line that is indented deeper than the setting
 * above is nested in that setting, or continues its value.
 */

#include <ctype.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "aws/profile.h"


#define AS_PROFILE_FILE_MAX  1048576

#define AS_PROFILE_BOM       "\xef\xbb\xbf"


typedef struct {
    const char  *kind;                 /* "profile", "services" */
    const char  *section;              /* name of the section to find */
    const char  *parent;               /* the setting that contains it, or
                                          NULL */
    const char  *name;                 /* NULL: only check that it exists */
    bool         config;               /* sections are "KIND NAME" */
    bool         inside;
    bool         prefixed;             /* "profile default" was found */
    bool         found;
    bool         setting;              /* the section has had a setting */
    size_t       indent;               /* of that setting */
    bool         current;              /* it is the parent, or the one to
                                          find */
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


static char *
as_profile_unquote(char *p)
{
    size_t  len;

    len = strlen(p);

    if (len >= 2 && (*p == '"' || *p == '\'') && p[len - 1] == *p) {
        p[len - 1] = '\0';
        p++;
    }

    return p;
}


/* "profile default" takes precedence over "default". */
static bool
as_profile_default(as_profile_scan_t *scan, bool prefixed)
{
    if (prefixed && !scan->prefixed) {
        as_profile_free(scan->value);
        scan->value = NULL;
        scan->prefixed = true;
    }

    return prefixed == scan->prefixed;
}


static void
as_profile_section(as_profile_scan_t *scan, char *line)
{
    bool     prefixed;
    char    *end, *name;
    size_t   len;

    scan->inside = false;
    scan->setting = false;

    end = strchr(line, ']');
    if (end == NULL) {
        return;
    }

    *end = '\0';
    name = as_profile_trim(line + 1);
    len = strlen(scan->kind);
    prefixed = scan->config && strncmp(name, scan->kind, len) == 0
               && isspace((unsigned char) name[len]);

    if (prefixed) {
        name = as_profile_unquote(as_profile_trim(name + len));

    } else if (strcmp(scan->kind, "profile") != 0
               || (scan->config && strcmp(name, "default") != 0))
    {
        return;
    }

    scan->inside = strcmp(name, scan->section) == 0
                   && (!scan->config || strcmp(name, "default") != 0
                       || as_profile_default(scan, prefixed));
    scan->found |= scan->inside;
}


/* Ends a value at a comment: after a blank, outside of quotes. */
static void
as_profile_comment(char *value)
{
    char  *p, *end;

    for (p = value; *p != '\0'; p++) {
        if (*p == '"' || *p == '\'') {
            end = strchr(p + 1, *p);
            p = end ? end : p;

        } else if (p > value && (*p == '#' || *p == ';')
                   && isspace((unsigned char) p[-1]))
        {
            *p = '\0';
            return;
        }
    }
}


/* Whether the line sets name; then *value is its value.  Names are not
 * case-sensitive. */
static bool
as_profile_sets(char *line, const char *name, char **value)
{
    char  *eq;

    eq = strchr(line, '=');
    if (eq == NULL || name == NULL) {
        return false;
    }

    *eq = '\0';
    *value = eq + 1;
    as_profile_comment(*value);
    *value = as_profile_trim(*value);

    return strcasecmp(as_profile_trim(line), name) == 0;
}


static void
as_profile_take(as_profile_scan_t *scan, const char *value)
{
    if (*value != '\0') {
        as_profile_free(scan->value);
        scan->value = strdup(value);
    }
}


/* Appends a continuation line to the value of the setting above. */
static void
as_profile_append(as_profile_scan_t *scan, char *line)
{
    char  *whole;

    as_profile_comment(line);

    if (asprintf(&whole, "%s%s%s", scan->value ? scan->value : "",
                 scan->value ? "\n" : "", as_profile_trim(line)) != -1)
    {
        as_profile_free(scan->value);
        scan->value = whole;
    }
}


static void
as_profile_setting(as_profile_scan_t *scan, char *line, size_t indent)
{
    char  *value;

    if (scan->setting && indent > scan->indent) {
        if (!scan->current) {
            return;
        }

        if (scan->parent == NULL) {
            as_profile_append(scan, line);

        } else if (as_profile_sets(line, scan->name, &value)) {
            as_profile_take(scan, value);
        }

        return;
    }

    scan->setting = true;
    scan->indent = indent;
    scan->current = as_profile_sets(line, scan->parent ? scan->parent
                                                       : scan->name, &value);

    if (scan->current && scan->parent == NULL) {
        as_profile_take(scan, value);
    }
}


static void
as_profile_line(as_profile_scan_t *scan, char *line)
{
    size_t  indent;

    indent = strspn(line, " \t");
    line = as_profile_trim(line);

    if (*line == '\0' || *line == '#' || *line == ';') {
        return;
    }

    if (*line == '[' && !(scan->setting && indent > scan->indent)) {
        as_profile_section(scan, line);

    } else if (scan->inside) {
        as_profile_setting(scan, line, indent);
    }
}


static void
as_profile_scan(as_profile_scan_t *scan, const char *path)
{
    char    *text, *line, *save;
    size_t   len;

    text = as_fetch_file(path, AS_PROFILE_FILE_MAX, &len);
    if (text == NULL) {
        return;
    }

    scan->inside = scan->setting = scan->prefixed = false;
    line = text;

    if (strncmp(text, AS_PROFILE_BOM, strlen(AS_PROFILE_BOM)) == 0) {
        line += strlen(AS_PROFILE_BOM);
    }

    for (line = strtok_r(line, "\n", &save);
         line != NULL;
         line = strtok_r(NULL, "\n", &save))
    {
        as_profile_line(scan, line);
    }

    OPENSSL_cleanse(text, len);
    free(text);
}


/* The path of one of the two files, allocated; NULL where unknown. "~/" is the
 * home folder, as in the guide's "Home directory resolution". */
static char *
as_profile_path(as_fetch_t *fetch, bool config)
{
    char        *path, *given;
    const char  *value;

    value = as_fetch_env(fetch, config ? "AWS_CONFIG_FILE"
                                       : "AWS_SHARED_CREDENTIALS_FILE");

    if (value != NULL && strncmp(value, "~/", 2) != 0) {
        return strdup(value);
    }

    if (value == NULL) {
        value = config ? "~/.aws/config" : "~/.aws/credentials";
    }

    /* a value is valid only until the next one is read */
    given = strdup(value);
    value = as_fetch_env(fetch, "HOME");

    if (given == NULL || value == NULL
        || asprintf(&path, "%s%s", value, given + 1) == -1)
    {
        path = NULL;
    }

    free(given);

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
    scan.kind = "profile";
    scan.section = profile;
    scan.name = name;
    as_profile_search(fetch, &scan);

    return scan.value;
}


char *
as_profile_service(as_fetch_t *fetch, const char *services,
    const char *service, const char *name)
{
    as_profile_scan_t  scan;

    memset(&scan, 0, sizeof(scan));
    scan.kind = "services";
    scan.section = services;
    scan.parent = service;
    scan.name = name;
    as_profile_search(fetch, &scan);

    return scan.value;
}


bool
as_profile_exists(as_fetch_t *fetch, const char *profile)
{
    as_profile_scan_t  scan;

    memset(&scan, 0, sizeof(scan));
    scan.kind = "profile";
    scan.section = profile;
    as_profile_search(fetch, &scan);

    return scan.found;
}


void
as_profile_unread(as_fetch_t *fetch, char *why, size_t size)
{
    int    i, err;
    char  *path, *text;

    *why = '\0';

    for (i = 0; i < 2 && *why == '\0'; i++) {
        path = as_profile_path(fetch, i == 1);
        if (path == NULL) {
            continue;
        }

        text = as_fetch_file(path, AS_PROFILE_FILE_MAX, NULL);
        err = errno;

        if (text == NULL && err != ENOENT && err != ENOTDIR) {
            (void) snprintf(why, size, "; %.100s: %s", path, strerror(err));
        }

        as_profile_free(text);
        free(path);
    }
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
