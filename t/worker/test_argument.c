/*
 * Values of options and arguments: limits, times, dates, verbs.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/argument.h"


static const as_option_t  table[] = {
    { "limit", "N", "" }, { "older", "TIME", "" }, { "state", "S", "" },
    { NULL, NULL, NULL }
};


/* The messages on stderr are not tested here. */
static int
quiet(void **state)
{
    (void) state;

    return freopen("/dev/null", "w", stderr) == NULL ? -1 : 0;
}


static void
parse(as_options_t *options, int n, const char *const *words)
{
    int    i;
    char  *argv[8];

    for (i = 0; i < n; i++) {
        argv[i] = (char *) words[i];
    }

    assert_int_equal(as_options_parse(options, table, n, argv), 0);
}


static int
number(const char *text, int64_t *value)
{
    as_options_t  options;
    const char   *words[2] = { "--limit", text };

    parse(&options, 2, words);

    return as_argument_number(&options, "limit", 1, 1000, value);
}


static void
test_number(void **state)
{
    size_t   i;
    int64_t  n = 7;
    static const char *const  wrong[] = {
        "0", "1001", "-1", "", "1x", "x", "1.5", "99999999999999999999", "1 "
    };
    as_options_t  options;

    (void) state;

    assert_int_equal(number("1", &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(number("1000", &n), 0);
    assert_int_equal(n, 1000);

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(number(wrong[i], &n), -1);
        assert_int_equal(n, 1000);
    }

    parse(&options, 0, NULL);
    assert_int_equal(as_argument_number(&options, "limit", 1, 9, &n), 0);
    assert_int_equal(n, 1000);

    assert_int_equal(as_argument_count("-5", -10, 10, &n), 0);
    assert_int_equal(n, -5);
    assert_int_equal(as_argument_count("-11", -10, 10, &n), -1);
}


static void
test_time(void **state)
{
    int64_t       ms = 0;
    as_options_t  options;
    const char   *words[2] = { "--older", "2h" };

    (void) state;

    parse(&options, 2, words);
    assert_int_equal(as_argument_time(&options, "older", &ms), 0);
    assert_int_equal(ms, 7200000);

    words[1] = "2 hours";
    parse(&options, 2, words);
    assert_int_equal(as_argument_time(&options, "older", &ms), -1);
    assert_int_equal(ms, 7200000);
}


static void
test_choice(void **state)
{
    as_options_t  options;
    const char   *value = NULL;
    const char   *words[2] = { "--state", "open" };

    (void) state;

    parse(&options, 2, words);
    assert_int_equal(as_argument_choice(&options, "state", "open|failed",
                                        &value), 0);
    assert_string_equal(value, "open");

    words[1] = "ope";
    parse(&options, 2, words);
    assert_int_equal(as_argument_choice(&options, "state", "open|failed",
                                        &value), -1);

    words[1] = "open|failed";
    parse(&options, 2, words);
    assert_int_equal(as_argument_choice(&options, "state", "open|failed",
                                        &value), -1);
}


static void
test_date(void **state)
{
    size_t   i;
    int64_t  ms, now;
    static const char *const  wrong[] = {
        "", "2026", "2026-02-31", "2026-13-01", "2026-01-01T25:00:00Z",
        "2026-01-01T00:00:00", "2026-01-01 ", "yesterday", "1969-12-31",
        "-1d", "2026-11-22T09:30:01.Z", "2026-11-22T09:30:01+0900",
        "2026-11-22T09:30:01+24:00", "2026-11-22T09:30:01+09:60",
        "2026-11-22T09:30:01+09:00x", "2026-11-22T09:30:01 09:00",
        "2026-11-22T", "2026-11-22T09:30Z", "2026-02-29T00:00:00Z",
        "1970-01-01T00:00:00+00:01", "2026-11-22T09:30:01+-9:00",
        "2026-11-22T09:30:01+ 9:00", "2026-11-22T09:30:01+09: 5",
        "2026-11-22T09:30:01+09:+5", "2026-11-22T09:30:01+9:000",
        "2026-11-22T09:30:01+09:5"
    };
    static const struct {
        const char  *text;
        int64_t      ms;
    } right[] = {
        { "2026-11-22T09:30:01.25Z", 1795339801250 },
        { "2026-11-22t09:30:01.001z", 1795339801001 },
        { "2026-11-22T09:30:01.0010000001Z", 1795339801002 },
        { "2026-11-22T09:30:01.9999Z", 1795339802000 },
        { "2026-11-22T18:30:01+09:00", 1795339801000 },
        { "2026-11-22T00:00:01.5-09:30", 1795339801500 },
        { "2026-11-22T09:30:01-00:00", 1795339801000 },
    };

    (void) state;

    assert_int_equal(as_argument_date("2026-11-22", &ms), 0);
    assert_int_equal(ms, INT64_C(1795305600000));
    assert_int_equal(as_argument_date("2026-11-22T09:30:01Z", &ms), 0);
    assert_int_equal(ms, INT64_C(1795339801000));
    assert_int_equal(as_argument_date("2024-02-29", &ms), 0);

    for (i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        assert_int_equal(as_argument_date(right[i].text, &ms), 0);
        assert_int_equal(ms, right[i].ms);
    }

    now = (int64_t) time(NULL) * 1000;
    assert_int_equal(as_argument_date("90d", &ms), 0);
    assert_in_range(now - ms, INT64_C(90) * 86400000 - 2000,
                    INT64_C(90) * 86400000 + 2000);

    /* ids have no time before 1970: it becomes that of the first id */
    assert_int_equal(as_argument_date("30000d", &ms), 0);
    assert_int_equal(ms, 0);
    assert_int_equal(as_argument_date("1000000000d", &ms), 0);
    assert_int_equal(ms, 0);

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(as_argument_date(wrong[i], &ms), -1);
    }
}


static int
verb(int n, const char *const *words)
{
    as_options_t  options;

    parse(&options, n, words);

    return as_argument_verb(&options, "list|show|set", "012");
}


static void
test_verb(void **state)
{
    const char  *words[4] = { "list", "a", "b", "c" };

    (void) state;

    assert_int_equal(verb(1, words), 0);
    assert_int_equal(verb(2, words), -1);
    assert_int_equal(verb(0, words), -1);

    words[0] = "show";
    assert_int_equal(verb(1, words), -1);
    assert_int_equal(verb(2, words), 1);

    words[0] = "set";
    assert_int_equal(verb(3, words), 2);
    assert_int_equal(verb(4, words), -1);

    words[0] = "lis";
    assert_int_equal(verb(1, words), -1);
}


static void
test_order(void **state)
{
    uint8_t  id[AS_UUID_LEN];

    (void) state;

    assert_int_equal(
        as_argument_order("213175b4-c9bf-11ec-a849-0a5824c89b02", id), 0);
    assert_int_equal(id[0], 0x21);
    assert_int_equal(as_argument_order("213175b4", id), -1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(test_number, quiet),
        cmocka_unit_test_setup(test_time, quiet),
        cmocka_unit_test_setup(test_choice, quiet),
        cmocka_unit_test_setup(test_date, quiet),
        cmocka_unit_test_setup(test_verb, quiet),
        cmocka_unit_test_setup(test_order, quiet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
