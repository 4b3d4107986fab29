/*
 * The worker's settings.
 */

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/settings_table.h"
#include "base/url_shown.h"


static const char **
as_settings_string(const as_settings_t *settings, const as_setting_t *entry)
{
    return (const char **) ((char *) settings + entry->offset);
}


static int64_t *
as_settings_number(const as_settings_t *settings, const as_setting_t *entry)
{
    return (int64_t *) ((char *) settings + entry->offset);
}


/* The index of value in "a|b|c", or -1. */
static int
as_settings_choice(const char *choices, const char *value)
{
    int          i;
    size_t       len;
    const char  *p;

    for (i = 0, p = choices; *p != '\0'; i++) {
        len = strcspn(p, "|");

        if (strlen(value) == len && memcmp(p, value, len) == 0) {
            return i;
        }

        p += len + (p[len] == '|');
    }

    return -1;
}


static int
as_settings_is_url(const char *value)
{
    size_t  skip;

    skip = strncmp(value, "http://", 7) == 0 ? 7
           : strncmp(value, "https://", 8) == 0 ? 8 : 0;

    return skip > 0 && value[skip] != '\0' && value[skip] != '/'
           && strpbrk(value, " \t\r\n\"<>\\^`|") == NULL;
}


static int
as_settings_parse_number(const char *value, int64_t *number)
{
    char  *end;

    errno = 0;
    *number = strtoll(value, &end, 10);

    return errno == 0 && *end == '\0' && *value >= '0' && *value <= '9'
           ? 0 : -1;
}


/* Writes what the setting expects. */
static void
as_settings_expected(const as_setting_t *entry, as_text_t *errors)
{
    switch (entry->kind) {
    case AS_KIND_NUMBER:
        as_text_printf(errors, "a number from %lld to %lld",
                       (long long) entry->min, (long long) entry->max);
        break;

    case AS_KIND_TIME:
        as_text_printf(errors, "a time (500ms, 10s, 5m, 1h, 7d) from %lldms "
                       "to %llds", (long long) entry->min,
                       (long long) entry->max / 1000);
        break;

    case AS_KIND_CHOICE:
        as_text_printf(errors, "one of %s", entry->choices);
        break;

    case AS_KIND_URL:
        as_text_put(errors, "an http:// or https:// URL");
        break;

    case AS_KIND_ARN:
        as_text_put(errors, "an ARN (arn:aws:sns:REGION:ACCOUNT:NAME)");
        break;

    default:
        as_text_put(errors, "a text");
    }
}


int
as_settings_time(const char *text, int64_t *ms)
{
    size_t                    i;
    char                     *end;
    long long                 n;
    static const struct {
        const char           *unit;
        int64_t               ms;
    } units[] = {
        { "", 1000 }, { "ms", 1 }, { "s", 1000 },
        { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 }
    };

    if (*text < '0' || *text > '9') {
        return -1;
    }

    errno = 0;
    n = strtoll(text, &end, 10);
    if (errno != 0 || n > 1000000000) {
        return -1;
    }

    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(end, units[i].unit) == 0) {
            *ms = n * units[i].ms;
            return 0;
        }
    }

    return -1;
}


/* Stores a value.  0, or -1 where the setting does not accept it. */
static int
as_settings_store(as_settings_t *settings, const as_setting_t *entry,
    const char *value)
{
    int       rc;
    int64_t   number;

    switch (entry->kind) {
    case AS_KIND_NUMBER:
        rc = as_settings_parse_number(value, &number);
        break;

    case AS_KIND_TIME:
        rc = as_settings_time(value, &number);
        break;

    case AS_KIND_CHOICE:
        number = as_settings_choice(entry->choices, value);
        *as_settings_number(settings, entry) = number;
        return number < 0 ? -1 : 0;

    case AS_KIND_URL:
        *as_settings_string(settings, entry) = value;
        return as_settings_is_url(value) ? 0 : -1;

    case AS_KIND_ARN:
        *as_settings_string(settings, entry) = value;
        return strncmp(value, "arn:", 4) == 0 ? 0 : -1;

    default:
        *as_settings_string(settings, entry) = value;
        return 0;
    }

    if (rc != 0 || number < entry->min || number > entry->max) {
        return -1;
    }

    *as_settings_number(settings, entry) = number;

    return 0;
}


/* The value with possible secrets replaced. */
static const char *
as_settings_shown(const as_setting_t *entry, const char *value,
    char shown[AS_URL_SHOWN_LEN])
{
    return value != NULL && (entry->kind == AS_KIND_URL
                             || entry->kind == AS_KIND_PROXY)
           ? as_url_shown(value, shown) : value;
}


static int
as_settings_check_secret(const as_setting_t *entry, const char *value,
    as_text_t *errors)
{
    if (value == NULL || strlen(value) >= (size_t) entry->min) {
        return 0;
    }

    as_text_printf(errors, "%s: expected at least %lld bytes, found %zu; "
                   "make one with openssl rand -hex 32, for nginx too\n",
                   entry->name, (long long) entry->min, strlen(value));

    return -1;
}


static int
as_settings_read(as_settings_t *settings, const as_setting_t *entry,
    as_text_t *errors)
{
    char         err[AS_ENV_ERROR_LEN], shown[AS_URL_SHOWN_LEN];
    const char  *value, *where;

    if (entry->kind == AS_KIND_SECRET) {
        value = as_env_secret(settings->env, entry->name, err);
        *as_settings_string(settings, entry) = value;

        if (err[0] != '\0') {
            as_text_printf(errors, "%s\n", err);
            return -1;
        }

        return as_settings_check_secret(entry, value, errors);
    }

    value = as_env_get(settings->env, entry->name, &where);

    if (value == NULL) {
        return entry->fallback == NULL ? 0
               : as_settings_store(settings, entry, entry->fallback);
    }

    if (as_settings_store(settings, entry, value) == 0) {
        return 0;
    }

    as_text_printf(errors, "%s: expected ", entry->name);
    as_settings_expected(entry, errors);
    as_text_printf(errors, ", found \"%.200s\" in %s; correct it there%s\n",
                   as_settings_shown(entry, value, shown), where,
                   entry->fallback == NULL ? ""
                   : ", or leave it out for the default");

    return -1;
}


/* Checks settings against each other. */
static int
as_settings_relations(const as_settings_t *settings, as_text_t *errors)
{
    int  rc;

    rc = 0;

    if (settings->failure_pause_min > settings->failure_pause_max
        || settings->backoff_min > settings->backoff_max
        || settings->breaker_min > settings->breaker_max)
    {
        as_text_put(errors, "AUTOSTOCK_FAILURE_PAUSE, _BACKOFF, _BREAKER: "
                    "expected _MIN not over _MAX, found one that is; lower the "
                    "_MIN or raise the _MAX\n");
        rc = -1;
    }

    if (settings->worker_name != NULL && strlen(settings->worker_name) > 40) {
        as_text_put(errors, "AUTOSTOCK_WORKER_NAME: expected at most 40 "
                    "bytes, found more; shorten it\n");
        rc = -1;
    }

    if (settings->db_tls == AS_ON && settings->db_socket != NULL) {
        as_text_put(errors, "DB_TLS: expected off with DB_SOCKET, found on; a "
                    "unix socket does not leave this machine\n");
        rc = -1;
    }

    if (settings->queue_url != NULL && settings->dlq_url != NULL
        && strcmp(settings->queue_url, settings->dlq_url) == 0)
    {
        as_text_put(errors, "DLQ_URL: expected another queue than QUEUE_URL, "
                    "found the same; dead letters would be consumed again\n");
        rc = -1;
    }

    return rc;
}


/* Checks that path is a readable PEM file of certificates; NULL is accepted. */
static int
as_settings_check_ca(const char *name, const char *path, as_text_t *errors)
{
    int          rc;
    FILE        *in;
    X509_STORE  *store;

    in = path ? fopen(path, "re") : NULL;

    if (path != NULL && in == NULL) {
        as_text_printf(errors, "%s: expected a PEM file of certificates, "
                       "found %s (%s); correct the path, or let this user "
                       "read it\n", name, path, strerror(errno));
        return -1;
    }

    if (in == NULL) {
        return 0;
    }

    (void) fclose(in);

    store = X509_STORE_new();
    rc = store != NULL && X509_STORE_load_locations(store, path, NULL) == 1
         ? 0 : -1;
    X509_STORE_free(store);
    ERR_clear_error();

    if (rc != 0) {
        as_text_printf(errors, "%s: expected a PEM file of certificates, "
                       "found none in %s\n", name, path);
    }

    return rc;
}


int
as_settings_rename(as_settings_t *settings, const char *name)
{
    char  *copy;

    copy = strdup(name);
    if (copy == NULL) {
        return -1;
    }

    free(settings->worker_name);
    settings->worker_name = copy;

    return 0;
}


/*
 * Copies or generates worker_name.  The table stored a pointer into the
 * environment, or NULL.
 */
static int
as_settings_name(as_settings_t *settings)
{
    char         name[128], host[65];
    const char  *given;

    given = settings->worker_name;
    settings->worker_name = NULL;

    if (given != NULL) {
        return as_settings_rename(settings, given);
    }

    if (gethostname(host, sizeof(host)) != 0) {
        snprintf(host, sizeof(host), "localhost");
    }
    host[sizeof(host) - 1] = '\0';

    /* a lease's owner has 64 characters, of which the name may use 40 */
    snprintf(name, sizeof(name), "%.32s:%d", host, (int) getpid());

    return as_settings_rename(settings, name);
}


as_settings_t *
as_settings_create(const char *env_file, unsigned need, as_text_t *errors)
{
    int             rc;
    char            err[AS_ENV_ERROR_LEN];
    size_t          i;
    as_settings_t  *settings;

    settings = calloc(1, sizeof(*settings));
    if (settings == NULL) {
        as_text_put(errors, "out of memory\n");
        return NULL;
    }

    settings->env = as_env_create(env_file, err);
    if (settings->env == NULL) {
        as_text_printf(errors, "%s\n", err);
        free(settings);
        return NULL;
    }

    for (rc = 0, i = 0; i < as_settings_count; i++) {
        rc |= as_settings_read(settings, &as_settings_table[i], errors);
    }

    if (rc == 0) {
        rc = as_settings_relations(settings, errors);
    }

    rc |= as_settings_require(settings, need, errors);

    /* must be an allocated copy or NULL before the settings can be freed */
    rc |= as_settings_name(settings);

    if (rc != 0) {
        as_settings_destroy(settings);
        return NULL;
    }

    return settings;
}


void
as_settings_destroy(as_settings_t *settings)
{
    if (settings == NULL) {
        return;
    }

    free(settings->worker_name);
    as_env_destroy(settings->env);
    free(settings);
}


int
as_settings_require(const as_settings_t *settings, unsigned need,
    as_text_t *errors)
{
    int                  rc;
    size_t               i;
    const as_setting_t  *entry;

    rc = 0;

    for (i = 0; i < as_settings_count; i++) {
        entry = &as_settings_table[i];

        if ((entry->need & need) == 0
            || *as_settings_string(settings, entry) != NULL)
        {
            continue;
        }

        as_text_printf(errors, "%s: expected %s (%s), found nothing in the "
                       "environment or --env-file; set %s%s\n", entry->name,
                       entry->kind == AS_KIND_SECRET ? "a secret"
                       : "a value", entry->meaning, entry->name,
                       entry->kind == AS_KIND_SECRET ? "_FILE" : "");
        rc = -1;
    }

    if ((need & AS_NEED_DB) && settings->db_hostname == NULL
        && settings->db_socket == NULL)
    {
        as_text_put(errors, "DB_HOSTNAME: expected the database's host, or "
                    "its unix socket in DB_SOCKET, found neither; set one\n");
        rc = -1;
    }

    if ((need & AS_NEED_DB) && settings->db_tls == AS_ON) {
        rc |= as_settings_check_ca("DB_TLS_CA", settings->db_tls_ca, errors);
    }

    /* a command that needs more than the database uses HTTPS */
    if (need & ~(unsigned) AS_NEED_DB) {
        rc |= as_settings_check_ca("AWS_CA_BUNDLE", settings->ca_bundle,
                                   errors);
    }

    return rc;
}


void
as_settings_describe(const as_settings_t *settings, bool json, as_text_t *out)
{
    char                 shown[AS_URL_SHOWN_LEN];
    size_t               i;
    const char          *value;
    const as_setting_t  *entry;

    as_text_put(out, json ? "{" : "");

    for (i = 0; i < as_settings_count; i++) {
        entry = &as_settings_table[i];

        if (entry->kind == AS_KIND_SECRET) {
            value = *as_settings_string(settings, entry) == NULL
                    ? "" : "(set)";

        } else if (entry->kind >= AS_KIND_NUMBER) {
            value = as_env_get(settings->env, entry->name, NULL);
            value = value != NULL ? value : entry->fallback;

        } else {
            value = as_settings_shown(entry,
                                      *as_settings_string(settings, entry),
                                      shown);
        }

        if (json) {
            as_text_printf(out, "%s\"%s\":", i == 0 ? "" : ",", entry->name);
            as_text_json_string(out, value == NULL ? "" : value,
                                value == NULL ? 0 : strlen(value));
        } else {
            as_text_printf(out, "%s=%s\n", entry->name,
                           value == NULL ? "" : value);
        }
    }

    as_text_put(out, json ? "}\n" : "");
}
