/*
 * Functions for several providers: reasons, keys, JSON, small files.
 */

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "aws/credentials_provider.h"


/* ms: as the SDKs; AWS allows five minutes. */
#define AS_FETCH_SKEW_MS  240000


const char *
as_fetch_env(as_fetch_t *fetch, const char *name)
{
    const char  *value;

    value = fetch->getenv(fetch->getenv_data, name);

    return value != NULL && *value != '\0' ? value : NULL;
}


int64_t
as_fetch_now(const as_fetch_t *fetch)
{
    return as_clock_unix_ms(fetch->clock) + fetch->skew_ms;
}


bool
as_fetch_learn_time(as_fetch_t *fetch, int64_t date_ms)
{
    int64_t  skew;

    skew = date_ms - as_clock_unix_ms(fetch->clock);

    if (date_ms == 0 || llabs(skew - fetch->skew_ms) <= AS_FETCH_SKEW_MS) {
        return false;
    }

    fetch->skew_ms = llabs(skew) < AS_FETCH_SKEW_MS ? 0 : skew;

    return true;
}


void
as_fetch_done(as_fetch_t *fetch, as_provider_e result)
{
    fetch->call = NULL;
    fetch->done(fetch, result);
}


as_provider_e
as_fetch_failed(as_fetch_t *fetch, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(fetch->reason, sizeof(fetch->reason), fmt, args);
    va_end(args);

    return AS_PROVIDER_FAILED;
}


as_provider_e
as_fetch_none(as_fetch_t *fetch, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(fetch->reason, sizeof(fetch->reason), fmt, args);
    va_end(args);

    return AS_PROVIDER_NONE;
}


as_provider_e
as_fetch_unanswered(as_fetch_t *fetch, const char *what,
    const as_http_answer_t *answer)
{
    fetch->transient = answer->error != AS_HTTP_OK || answer->status >= 500
                       || answer->status == 429;

    return answer->error != AS_HTTP_OK
           ? as_fetch_failed(fetch, "%s: %s", what, answer->reason)
           : as_fetch_failed(fetch, "%s answered %d", what, answer->status);
}


static void
as_fetch_wipe(char *text)
{
    if (text != NULL) {
        OPENSSL_cleanse(text, strlen(text));
        free(text);
    }
}


void
as_fetch_clear_keys(as_keys_t *keys)
{
    as_fetch_wipe(keys->access_key);
    as_fetch_wipe(keys->secret_key);
    as_fetch_wipe(keys->session_token);
    memset(keys, 0, sizeof(as_keys_t));
}


static bool
as_fetch_plain(const char *key)
{
    while (*key > ' ' && *key < 0x7f) {
        key++;
    }

    return *key == '\0';
}


as_provider_e
as_fetch_keys(as_fetch_t *fetch, const char *access_key,
    const char *secret_key, const char *session_token, int64_t expires_ms,
    const char *source)
{
    as_keys_t  *keys = &fetch->keys;

    as_fetch_clear_keys(keys);

    /* they become lines of a request's header */
    if (!as_fetch_plain(access_key) || !as_fetch_plain(secret_key)
        || (session_token != NULL && !as_fetch_plain(session_token)))
    {
        return as_fetch_failed(fetch, "%s: expected keys of printable "
                               "characters, found a blank or a line break "
                               "in one of them", source);
    }

    keys->access_key = strdup(access_key);
    keys->secret_key = strdup(secret_key);
    keys->expires_ms = expires_ms;
    (void) snprintf(keys->source, sizeof(keys->source), "%s", source);

    if (session_token != NULL && *session_token != '\0') {
        keys->session_token = strdup(session_token);
    }

    if (keys->access_key == NULL || keys->secret_key == NULL
        || (session_token != NULL && *session_token != '\0'
            && keys->session_token == NULL))
    {
        as_fetch_clear_keys(keys);
        return as_fetch_failed(fetch, "out of memory");
    }

    return AS_PROVIDER_READY;
}


/* Two digits, or -1. */
static long
as_fetch_two(const char *p)
{
    return p[0] >= '0' && p[0] <= '9' && p[1] >= '0' && p[1] <= '9'
           ? (p[0] - '0') * 10 + p[1] - '0' : -1;
}


/* "Z", "+09:00", "-0330" or "+09", in seconds east.  0, or -1. */
static int
as_fetch_zone(const char *p, long *offset)
{
    long  hours, minutes;

    *offset = 0;

    if (strcmp(p, "Z") == 0 || strcmp(p, "z") == 0) {
        return 0;
    }

    if (*p != '+' && *p != '-') {
        return -1;
    }

    hours = as_fetch_two(p + 1);
    if (hours == -1 || hours > 23) {
        return -1;
    }

    *offset = hours * 3600;

    if (p[3] != '\0') {
        minutes = as_fetch_two(p + 3 + (p[3] == ':'));

        if (minutes == -1 || minutes > 59
            || p[5 + (p[3] == ':')] != '\0')
        {
            return -1;
        }

        *offset += minutes * 60;
    }

    *offset = *p == '-' ? -*offset : *offset;

    return 0;
}


int64_t
as_fetch_time(const char *text)
{
    char       *rest;
    long        offset;
    time_t      t;
    struct tm   tm;

    memset(&tm, 0, sizeof(tm));

    rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (rest == NULL) {
        return -1;
    }

    if (*rest == '.') {
        rest += 1 + strspn(rest + 1, "0123456789");
    }

    if (as_fetch_zone(rest, &offset) != 0) {
        return -1;
    }

    t = timegm(&tm) - offset;

    return t <= 0 ? -1 : (int64_t) t * 1000;
}


static const char *
as_fetch_member(const json_t *root, const char *name)
{
    return json_string_value(json_object_get(root, name));
}


as_provider_e
as_fetch_json(as_fetch_t *fetch, const char *body, size_t len,
    const char *source)
{
    json_t         *root;
    int64_t         expires;
    const char     *access, *secret, *token, *until;
    as_provider_e   rc;

    root = json_loadb(body, len, 0, NULL);
    if (root == NULL) {
        return as_fetch_failed(fetch, "%s: the answer is not JSON", source);
    }

    access = as_fetch_member(root, "AccessKeyId");
    secret = as_fetch_member(root, "SecretAccessKey");
    token = as_fetch_member(root, "Token");
    until = as_fetch_member(root, "Expiration");
    expires = until ? as_fetch_time(until) : 0;

    if (token == NULL) {
        token = as_fetch_member(root, "SessionToken");
    }

    if (access == NULL || secret == NULL || *access == '\0') {
        rc = as_fetch_failed(fetch, "%s: the answer has no AccessKeyId and "
                             "SecretAccessKey", source);

    } else if (expires == -1) {
        rc = as_fetch_failed(fetch, "%s: Expiration is not a time: %.40s",
                             source, until);

    } else {
        rc = as_fetch_keys(fetch, access, secret, token, expires, source);
    }

    json_decref(root);

    return rc;
}


char *
as_fetch_file(const char *path, size_t max, size_t *len)
{
    int      fd, err;
    char    *data;
    size_t   n;
    ssize_t  got;

    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd == -1) {
        return NULL;
    }

    n = 0;
    got = -1;
    data = malloc(max + 1);

    while (data != NULL && n <= max) {
        got = read(fd, data + n, max + 1 - n);
        if (got <= 0) {
            break;
        }

        n += (size_t) got;
    }

    err = got > 0 ? EFBIG : errno;
    (void) close(fd);

    if (data == NULL || got != 0) {
        if (data != NULL) {
            OPENSSL_cleanse(data, n);
            free(data);
        }

        errno = err;
        return NULL;
    }

    data[n] = '\0';
    if (len != NULL) {
        *len = n;
    }

    return data;
}
