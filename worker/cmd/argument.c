/*
 * Parses the values of options and arguments.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/argument.h"
#include "base/settings.h"


static int
as_argument_integer(const char *name, const char *text, int64_t min,
    int64_t max, int64_t *number)
{
    char       *end;
    long long   n;

    errno = 0;
    n = strtoll(text, &end, 10);

    if (errno != 0 || end == text || *end != '\0' || n < min || n > max) {
        fprintf(stderr, "%s: expected a number from %" PRId64 " to %" PRId64
                ", found \"%s\"\n", name, min, max, text);
        return -1;
    }

    *number = n;

    return 0;
}


int
as_argument_number(const as_options_t *options, const char *name, int64_t min,
    int64_t max, int64_t *number)
{
    char         option[40];
    const char  *value;

    value = as_options_get(options, name);
    snprintf(option, sizeof(option), "--%s", name);

    return value == NULL ? 0
           : as_argument_integer(option, value, min, max, number);
}


int
as_argument_count(const char *text, int64_t min, int64_t max, int64_t *number)
{
    return as_argument_integer("N", text, min, max, number);
}


int
as_argument_time(const as_options_t *options, const char *name, int64_t *ms)
{
    const char  *value;

    value = as_options_get(options, name);

    if (value != NULL && as_settings_time(value, ms) != 0) {
        fprintf(stderr, "--%s: expected a time like 90s, 5m, 2h, 7d, found "
                "\"%s\"\n", name, value);
        return -1;
    }

    return 0;
}


/* The index of word in "a|b|c", or -1. */
static int
as_argument_place(const char *choices, const char *word)
{
    int     place;
    size_t  len;

    for (place = 0; ; place++) {
        len = strcspn(choices, "|");

        if (strlen(word) == len && memcmp(choices, word, len) == 0) {
            return place;
        }

        if (choices[len] == '\0') {
            return -1;
        }
        choices += len + 1;
    }
}


int
as_argument_choice(const as_options_t *options, const char *name,
    const char *choices, const char **value)
{
    const char  *given;

    given = as_options_get(options, name);

    if (given == NULL) {
        return 0;
    }

    if (as_argument_place(choices, given) < 0) {
        fprintf(stderr, "--%s: expected one of %s, found \"%s\"\n", name,
                choices, given);
        return -1;
    }

    *value = given;

    return 0;
}


int
as_argument_order(const char *text, uint8_t id[AS_UUID_LEN])
{
    if (as_uuid_parse(text, strlen(text), id) != 0) {
        fprintf(stderr, "ORDER: expected an order's id, a UUID, found "
                "\"%s\"\n", text);
        return -1;
    }

    return 0;
}


/* Two digits; -1 where they are not. */
static int
as_argument_two(const char *text)
{
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9') {
        return -1;
    }

    return (text[0] - '0') * 10 + text[1] - '0';
}


/* The part of RFC 3339's date-time after the seconds: ".25", "Z", "+09:00".
 * Adds it to *ms, rounded up.  Returns its end, or NULL. */
static const char *
as_argument_date_rest(const char *text, int64_t *ms)
{
    int  n, hours, minutes, unit, rest;

    if (*text == '.') {
        for (text++, unit = 100, rest = 0, n = 0; *text >= '0' && *text <= '9';
             text++, unit /= 10, n++)
        {
            *ms += unit * (*text - '0');
            rest |= unit == 0 && *text != '0';
        }

        *ms += rest;
        if (n == 0) {
            return NULL;
        }
    }

    if (*text == 'Z' || *text == 'z') {
        return text + 1;
    }

    if ((*text != '+' && *text != '-')
        || (hours = as_argument_two(text + 1)) < 0 || hours > 23
        || text[3] != ':' || (minutes = as_argument_two(text + 4)) < 0
        || minutes > 59)
    {
        return NULL;
    }

    *ms -= (*text == '+' ? 1 : -1) * (hours * 60 + minutes) * INT64_C(60000);

    return text + 6;
}


/* "2026-11-22" or RFC 3339's date-time.  Returns its end, or NULL. */
static const char *
as_argument_date_parse(const char *text, int64_t *ms)
{
    int          day;
    time_t       seconds;
    struct tm    tm;
    const char  *end;

    memset(&tm, 0, sizeof(tm));
    end = strptime(text, "%Y-%m-%d", &tm);
    day = tm.tm_mday;

    if (end != NULL && (*end == 'T' || *end == 't')) {
        end = strptime(end + 1, "%H:%M:%S", &tm);
        if (end == NULL) {
            return NULL;
        }
    }

    seconds = timegm(&tm);
    *ms = (int64_t) seconds * 1000;

    /* timegm() turned 2026-02-31 into a day of March */
    if (end == NULL || seconds < 0 || day != tm.tm_mday) {
        return NULL;
    }

    return strpbrk(text, "Tt") == NULL ? end : as_argument_date_rest(end, ms);
}


int
as_argument_date(const char *text, int64_t *ms)
{
    int64_t      age, when;
    const char  *end;

    /* a number alone is more likely a part of a date than seconds */
    if (text[strspn(text, "0123456789")] != '\0'
        && as_settings_time(text, &age) == 0)
    {
        when = (int64_t) time(NULL) * 1000 - age;
        *ms = when < 0 ? 0 : when;
        return 0;
    }

    end = as_argument_date_parse(text, &when);

    if (end == NULL || *end != '\0' || when < 0) {
        fprintf(stderr, "DATE: expected YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ "
                "(UTC), or an age like 90d, found \"%s\"\n", text);
        return -1;
    }

    *ms = when;

    return 0;
}


int
as_argument_verb(const as_options_t *options, const char *verbs,
    const char *counts)
{
    int  place, wanted;

    place = options->narguments == 0 ? -1
            : as_argument_place(verbs, options->arguments[0]);

    if (place < 0) {
        fprintf(stderr, "expected one of %s, found \"%s\"; see "
                "--help\n", verbs, options->narguments == 0 ? ""
                : options->arguments[0]);
        return -1;
    }

    wanted = counts[place] - '0';
    if (options->narguments != wanted + 1) {
        fprintf(stderr, "%s: expected %d argument%s after it, found %d; see "
                "--help\n", options->arguments[0], wanted,
                wanted == 1 ? "" : "s", options->narguments - 1);
        return -1;
    }

    return place;
}
