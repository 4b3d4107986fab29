/*
 * The options, values and arguments among the words of a command line.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/options.h"


static const as_option_t  table[] = {
    { "limit", "N", "" }, { "all", NULL, "" }, { "allow", NULL, "" },
    { NULL, NULL, NULL }
};


/* Each is words, separated by "|"; what is expected: limit, all, the
 * arguments; or what stderr says. */
static const struct {
    const char  *words;
    const char  *expected;
} cases[] = {
    { "", "-,no," },
    { "a|b", "-,no,a,b," },
    { "--limit|5|a", "5,no,a," },
    { "a|--limit=5|b|--all", "5,all,a,b," },
    { "--limit=", ",no," },
    { "--limit=a=b", "a=b,no," },
    { "--limit|1|--limit|2", "2,no," },
    { "--limit|--all", "--all,no," },
    { "--limit|--|a", "--,no,a," },
    { "--limit|-5|-6|-x", "-5,no,-6,-x," },
    { "--limit|-h", "-h,no," },
    { "-|--all|-5", "-,all,-,-5," },
    { "a|--|--limit|-h|--", "-,no,a,--limit,-h,--," },
    { "|--all", "-,all,," },

    { "--nothing", "--nothing: expected an option of this command" },
    { "--nothing=1", "--nothing=1: expected an option of this command" },
    { "--lim=5", "--lim=5: expected an option of this command" },
    { "--lim|5", "--lim: expected an option of this command" },
    { "--lim", "--lim: expected an option of this command" },
    { "--al", "--al: expected an option of this command" },
    { "--al=1", "--al=1: expected an option of this command" },
    { "--all=yes", "--all: expected no value, found \"yes\"; leave it out" },
    { "a|--limit", "--limit: expected N after it, found nothing" },
    { "--output|xml", "--output: expected json or text, found \"xml\"" }
};


static int
parse(const char *words, as_options_t *options, char *text)
{
    int          n;
    char        *argv[16], *rest = text;
    static char  none[] = "";

    strcpy(text, words);
    for (n = 0; *words != '\0' && rest != NULL; n++) {
        argv[n] = strsep(&rest, "|");
    }
    argv[n] = none;

    return as_options_parse(options, table, n, argv);
}


static void
words(void **state)
{
    int           i, rc;
    char          text[200], got[400];
    size_t        k;
    const char   *limit;
    as_options_t  options;

    (void) state;

    for (k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        rewind(stderr);
        assert_int_equal(ftruncate(fileno(stderr), 0), 0);
        rc = parse(cases[k].words, &options, text);
        memset(got, 0, sizeof(got));

        if (rc != 0) {
            fflush(stderr);
            assert_true(pread(fileno(stderr), got, sizeof(got) - 1, 0) > 0);
            got[strlen(cases[k].expected)] = '\0';
            assert_string_equal(got, cases[k].expected);
            continue;
        }

        limit = as_options_get(&options, "limit");
        sprintf(got, "%s,%s,", limit == NULL ? "-" : limit,
                as_options_get(&options, "all") == NULL ? "no" : "all");
        for (i = 0; i < options.narguments; i++) {
            strcat(strcat(got, options.arguments[i]), ",");
        }
        assert_string_equal(got, cases[k].expected);
    }
}


static void
repeated(void **state)
{
    int           i = 0;
    char          text[200];
    as_options_t  options;

    (void) state;

    assert_int_equal(parse("--limit|1|--all|a|--limit=2|--limit|-3", &options,
                           text), 0);
    assert_string_equal(as_options_next(&options, "limit", &i), "1");
    assert_string_equal(as_options_next(&options, "limit", &i), "2");
    assert_string_equal(as_options_next(&options, "limit", &i), "-3");
    assert_null(as_options_next(&options, "limit", &i));
    assert_string_equal(as_options_get(&options, "limit"), "-3");
}


static void
help(void **state)
{
    char          text[200];
    as_options_t  options;

    (void) state;

    assert_int_equal(parse("-h", &options, text), 0);
    assert_non_null(as_options_get(&options, "help"));
    assert_int_equal(parse("--output|json|--help", &options, text), 0);
    assert_non_null(as_options_get(&options, "help"));
    assert_true(as_options_json(&options));
    assert_int_equal(parse("-hx", &options, text), 0);
    assert_null(as_options_get(&options, "help"));
    assert_string_equal(options.arguments[0], "-hx");
}


/* stderr into a file that words() reads. */
static int
caught(void **state)
{
    char  path[] = "/tmp/test_options.XXXXXX";

    (void) state;

    if (mkstemp(path) == -1 || freopen(path, "w+", stderr) == NULL) {
        return -1;
    }

    return unlink(path);
}


/* As many options, and as many arguments, as there is room for; not one more.
 */
static void
too_many(void **state)
{
    int           i, rc;
    char          got[100], *argv[AS_ARGUMENTS_MAX + 2];
    size_t        k;
    as_options_t  options;
    static char   all[] = "--all", word[] = "a";

    static const struct {
        char        *word;
        const char  *says;
    } kinds[] = {
        { all, "expected at most 64 options, found more\n" },
        { word, "expected at most 64 arguments, found more\n" }
    };

    (void) state;

    for (k = 0; k < 2; k++) {
        for (i = 0; i <= AS_ARGUMENTS_MAX; i++) {
            argv[i] = kinds[k].word;
        }
        argv[i] = NULL;

        assert_int_equal(as_options_parse(&options, table, AS_ARGUMENTS_MAX,
                                          argv), 0);
        assert_int_equal(k == 0 ? options.ngiven : options.narguments,
                         AS_ARGUMENTS_MAX);

        rewind(stderr);
        assert_int_equal(ftruncate(fileno(stderr), 0), 0);
        rc = as_options_parse(&options, table, AS_ARGUMENTS_MAX + 1, argv);
        assert_int_equal(rc, -1);
        fflush(stderr);
        memset(got, 0, sizeof(got));
        assert_true(pread(fileno(stderr), got, sizeof(got) - 1, 0) > 0);
        assert_string_equal(got, kinds[k].says);
    }
}


/* The command's own options first, then those of every command; a flag has no
 * value. */
static void
help_text(void **state)
{
    char    *text = NULL, *at;
    FILE    *out;
    size_t   i, size;

    static const as_option_t  own[] = {
        { "limit", "N", "list N rows" }, { "all", NULL, "list all" },
        { NULL, NULL, NULL }
    };

    (void) state;

    out = open_memstream(&text, &size);
    as_options_help(own, out);
    (void) fclose(out);

    assert_memory_equal(text, "options:\n"
                        "  --limit N              list N rows\n"
                        "  --all                  list all\n"
                        "  --env-file FILE        ", 96);

    for (i = 0, at = text; as_options_common[i].name != NULL; i++) {
        at = strstr(at, as_options_common[i].name);
        assert_non_null(at);
        at = strstr(at, as_options_common[i].meaning);
        assert_non_null(at);
    }

    free(text);
}


/* The values of the common options, which each command has. */
static void
common(void **state)
{
    char          text[200];
    as_options_t  options;

    (void) state;

    assert_int_equal(parse("", &options, text), 0);
    assert_false(as_options_json(&options));
    assert_null(as_options_get(&options, "yes"));
    assert_null(as_options_get(&options, "no-such-option"));

    assert_int_equal(parse("--output|text|--yes", &options, text), 0);
    assert_false(as_options_json(&options));
    assert_string_equal(as_options_get(&options, "yes"), "");

    assert_int_equal(parse("--output=text|--output=json", &options, text), 0);
    assert_true(as_options_json(&options));
    assert_int_equal(parse("--env-file|/x|-h", &options, text), 0);
    assert_string_equal(as_options_get(&options, "env-file"), "/x");
    assert_non_null(as_options_get(&options, "help"));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(repeated),
        cmocka_unit_test(help),
        cmocka_unit_test(help_text),
        cmocka_unit_test(common),
        cmocka_unit_test(too_many)
    };

    return cmocka_run_group_tests_name("options", tests, caught, NULL);
}
