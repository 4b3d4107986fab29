/*
 * Each setting of the table at the bounds of what it accepts, and with texts
 * that look like a value of its kind.
 */

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/settings_table.h"


#define LENGTH(array)  (sizeof(array) / sizeof((array)[0]))


typedef enum {
    REFUSED = 0,
    ACCEPTED
} verdict_e;


static int
setup(void **state)
{
    size_t  i;

    (void) state;

    for (i = 0; i < as_settings_count; i++) {
        unsetenv(as_settings_table[i].name);
    }

    return 0;
}


/* The settings with this one set; those that depend on each other may refuse
 * it, too, but do not name what was expected of it alone. */
static as_settings_t *
load(const as_setting_t *entry, const char *value, verdict_e expected)
{
    char            line[200];
    bool            refused;
    as_text_t       errors = AS_TEXT_EMPTY;
    as_settings_t  *settings;

    setenv(entry->name, value, 1);
    settings = as_settings_create(NULL, 0, &errors);
    unsetenv(entry->name);

    (void) snprintf(line, sizeof(line), "%s: expected ", entry->name);
    refused = strstr(as_text_get(&errors), line) != NULL
              && strstr(as_text_get(&errors), "in the environment; correct it")
                 != NULL;

    if (refused != (expected == REFUSED) || (refused && settings != NULL)) {
        fail_msg("%s=%s was %s: %s", entry->name, value,
                 refused ? "refused" : "accepted", as_text_get(&errors));
    }

    as_text_free(&errors);

    return settings;
}


static void
try(const as_setting_t *entry, const char *value, verdict_e expected,
    int64_t stored)
{
    int64_t         found;
    as_settings_t  *settings;

    settings = load(entry, value, expected);

    if (settings != NULL) {
        memcpy(&found, (const char *) settings + entry->offset,
               sizeof(found));

        if (found != stored) {
            fail_msg("%s=%s: %" PRId64 " is stored", entry->name, value,
                     found);
        }
    }

    as_settings_destroy(settings);
}


static void
try_number(const as_setting_t *entry, int64_t n, const char *unit,
    verdict_e expected)
{
    char  value[40];

    (void) snprintf(value, sizeof(value), "%" PRId64 "%s", n, unit);
    try(entry, value, expected, n);
}


static void
numbers(void **state)
{
    size_t  i, k;

    static const char *const  wrong[] = {
        " ", "x", "-1", "+1", "1.5", "1e1", "0x1", "1 ", " 1", "1s", "1,000",
        "9223372036854775808", "99999999999999999999"
    };

    (void) state;

    for (i = 0; i < as_settings_count; i++) {
        const as_setting_t  *entry = &as_settings_table[i];

        if (entry->kind != AS_KIND_NUMBER) {
            continue;
        }

        assert_true(entry->min >= 0 && entry->min < entry->max);
        try_number(entry, entry->min, "", ACCEPTED);
        try_number(entry, entry->max, "", ACCEPTED);
        try_number(entry, entry->max + 1, "", REFUSED);

        if (entry->min > 0) {
            try_number(entry, entry->min - 1, "", REFUSED);
        }

        for (k = 0; k < LENGTH(wrong); k++) {
            try(entry, wrong[k], REFUSED, 0);
        }
    }
}


static void
times(void **state)
{
    size_t  i, k;

    static const char *const  wrong[] = {
        " ", "ms", "x", "-1s", "1.5s", "1 s", "1S", "1sec", "1s ", "1m30s",
        "1w", "1000000001", "9223372036854775808ms"
    };

    (void) state;

    for (i = 0; i < as_settings_count; i++) {
        const as_setting_t  *entry = &as_settings_table[i];

        if (entry->kind != AS_KIND_TIME) {
            continue;
        }

        assert_true(entry->min >= 0 && entry->min < entry->max);
        try_number(entry, entry->min, "ms", ACCEPTED);
        try_number(entry, entry->min - 1, "ms", REFUSED);
        try_number(entry, entry->max + 1,
                   entry->max < 1000000000 ? "ms" : "d", REFUSED);

        if (entry->max <= 1000000000) {
            try_number(entry, entry->max, "ms", ACCEPTED);
        }

        for (k = 0; k < LENGTH(wrong); k++) {
            try(entry, wrong[k], REFUSED, 0);
        }
    }
}


/* The n-th of "a|b|c", or NULL after the last. */
static const char *
choice(const char *choices, int n, char *text, size_t size)
{
    size_t  len;

    for ( /* void */ ; n > 0 && *choices != '\0'; n--) {
        choices += strcspn(choices, "|");
        choices += *choices == '|';
    }

    len = strcspn(choices, "|");
    (void) snprintf(text, size, "%.*s", (int) len, choices);

    return len == 0 ? NULL : text;
}


/* Each choice is stored as its place; a part of one, and two of them, are
 * none. */
static void
choices(void **state)
{
    int     n;
    char    text[80], other[100];
    size_t  i;

    (void) state;

    for (i = 0; i < as_settings_count; i++) {
        const as_setting_t  *entry = &as_settings_table[i];

        if (entry->kind != AS_KIND_CHOICE) {
            continue;
        }

        for (n = 0; choice(entry->choices, n, text, sizeof(text)); n++) {
            try(entry, text, ACCEPTED, n);
            (void) snprintf(other, sizeof(other), "%sx", text);
            try(entry, other, REFUSED, 0);
            text[strlen(text) - 1] = '\0';
            try(entry, text[0] == '\0' ? "|" : text, REFUSED, 0);
        }

        assert_in_range(n, 2, 5);
        try(entry, entry->choices, REFUSED, 0);
        try(entry, "ON", REFUSED, 0);
        try(entry, "1", REFUSED, 0);
    }
}


static void
addresses(void **state)
{
    size_t  i, k;

    static const struct {
        const char  *value;
        verdict_e    url;
    } cases[] = {
        { "http://h", ACCEPTED }, { "https://h/path?a=b", ACCEPTED },
        { "http://h:8080/1/q", ACCEPTED }, { "http://[::1]/", ACCEPTED },
        { "http://", REFUSED }, { "http:///path", REFUSED },
        { "HTTP://h", REFUSED }, { "ftp://h", REFUSED }, { "h", REFUSED },
        { "//h", REFUSED }, { "http:/h", REFUSED },
        { "http://h/a b", REFUSED }, { "http://h/\t", REFUSED },
        { "http://h/\n", REFUSED }, { "http://h/\"", REFUSED },
        { "http://h/<a>", REFUSED }, { "http://h\\a", REFUSED }
    };

    (void) state;

    for (i = 0; i < as_settings_count; i++) {
        const as_setting_t  *entry = &as_settings_table[i];

        for (k = 0; entry->kind == AS_KIND_URL && k < LENGTH(cases); k++) {
            as_settings_destroy(load(entry, cases[k].value, cases[k].url));
        }

        if (entry->kind == AS_KIND_ARN) {
            as_settings_destroy(load(entry, "arn:aws:sns:r:1:t", ACCEPTED));
            as_settings_destroy(load(entry, "aws:sns:r:1:t", REFUSED));
            as_settings_destroy(load(entry, "http://h", REFUSED));
        }
    }
}


/* The defaults are within their ranges, and work together. */
static void
defaults(void **state)
{
    size_t          i, n;
    as_text_t       errors = AS_TEXT_EMPTY;
    as_settings_t  *settings;

    (void) state;

    settings = as_settings_create(NULL, 0, &errors);
    assert_non_null(settings);
    assert_int_equal(errors.len, 0);

    for (i = 0, n = 0; i < as_settings_count; i++) {
        const as_setting_t  *entry = &as_settings_table[i];
        int64_t              found;

        if (entry->kind != AS_KIND_NUMBER && entry->kind != AS_KIND_TIME) {
            continue;
        }

        memcpy(&found, (const char *) settings + entry->offset,
               sizeof(found));
        n++;

        if (entry->fallback == NULL) {
            fail_msg("%s has no default", entry->name);
        }

        if (found < entry->min || found > entry->max) {
            fail_msg("%s is %" PRId64, entry->name, found);
        }
    }

    assert_in_range(n, 20, as_settings_count);
    as_settings_destroy(settings);
    as_text_free(&errors);
}


#define TEST(name)  cmocka_unit_test_setup(name, setup)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(numbers),
        TEST(times),
        TEST(choices),
        TEST(addresses),
        TEST(defaults)
    };

    return cmocka_run_group_tests_name("settings_range", tests, NULL, NULL);
}
