/*
 * Settings: their sources, what is refused, and the messages.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/settings_table.h"
#include "base/settings_warn.h"


#define WHOLE                                                                 \
    "DB_HOSTNAME=127.0.0.1\nDB_USERNAME=shop\nDB_DATABASE=shop\n"             \
    "TOPIC_ARN=arn:aws:sns:eu-west-1:1:t\nQUEUE_URL=http://q/1/q\n"           \
    "DLQ_URL=http://q/1/d\nFACTORY_API_URL=http://f/api\n"                    \
    "CALLBACK_URL=http://c/{sku}\n"                                           \
    "AUTOSTOCK_CALLBACK_SECRET=s3cret-of-the-test\n"


static void
forget(void)
{
    size_t  i;

    for (i = 0; i < as_settings_count; i++) {
        unsetenv(as_settings_table[i].name);
    }
}


static const char *
file(const char *text)
{
    FILE         *out;
    static char   path[] = "/tmp/test_settings.XXXXXX";
    static int    fd = -1;

    if (fd == -1) {
        fd = mkstemp(path);
    }

    out = fopen(path, "w");
    fputs(text, out);
    fclose(out);

    return path;
}


static as_settings_t *
load(const char *text, as_text_t *errors)
{
    forget();
    as_text_clear(errors);

    return as_settings_create(file(text), AS_NEED_RUN, errors);
}


static void
whole(void **state)
{
    as_text_t       errors = AS_TEXT_EMPTY;
    as_settings_t  *settings;

    (void) state;

    settings = load(WHOLE "# comment\n\nexport AUTOSTOCK_IN_FLIGHT = 7 \n"
                    "AUTOSTOCK_CALLBACK_TIMEOUT='90s'\n", &errors);
    assert_non_null(settings);
    assert_string_equal(settings->callback_secret, "s3cret-of-the-test");
    assert_int_equal(settings->in_flight, 7);
    assert_int_equal(settings->callback_timeout, 90000);
    assert_int_equal(settings->callback_attempts, 3);
    assert_int_equal(settings->lost_answer, AS_RETRY);
    assert_int_equal(settings->db_port, 3306);
    as_settings_destroy(settings);
    as_text_free(&errors);
}


static void
missing_are_all_told(void **state)
{
    as_text_t  errors = AS_TEXT_EMPTY;

    (void) state;

    assert_null(load("", &errors));
    assert_non_null(strstr(as_text_get(&errors), "DB_HOSTNAME: expected"));
    assert_non_null(strstr(as_text_get(&errors), "TOPIC_ARN: expected"));
    assert_non_null(strstr(as_text_get(&errors), "QUEUE_URL: expected"));
    assert_non_null(strstr(as_text_get(&errors),
                           "AUTOSTOCK_CALLBACK_SECRET: expected"));
    as_text_free(&errors);
}


static void
wrong_are_told_with_place(void **state)
{
    size_t                    i;
    as_text_t                 errors = AS_TEXT_EMPTY;
    static const char *const  wrong[] = {
        "AUTOSTOCK_IN_FLIGHT=0", "AUTOSTOCK_IN_FLIGHT=10001",
        "AUTOSTOCK_IN_FLIGHT=x", "AUTOSTOCK_IN_FLIGHT=1.5",
        "AUTOSTOCK_VISIBILITY=1s", "AUTOSTOCK_VISIBILITY=12h",
        "AUTOSTOCK_VISIBILITY=5x", "AUTOSTOCK_LOST_ANSWER=perhaps",
        "AUTOSTOCK_SKU_MATCH=on",
        "FACTORY_API_URL=ftp://x/", "FACTORY_API_URL=http://",
        "CALLBACK_URL=http://a b/", "TOPIC_ARN=stock_empty", "DB_PORT=65536",
        "AUTOSTOCK_BACKOFF_MIN=-1s"
    };

    (void) state;

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char  text[1000], name[64];

        snprintf(text, sizeof(text), WHOLE "%s\n", wrong[i]);
        snprintf(name, sizeof(name), "%.*s: expected ",
                 (int) strcspn(wrong[i], "="), wrong[i]);

        assert_null(load(text, &errors));
        assert_non_null(strstr(as_text_get(&errors), name));
        assert_non_null(strstr(as_text_get(&errors), "line 10"));
    }

    assert_null(load(WHOLE "AUTOSTOCK_BACKOFF_MIN=10m\n", &errors));
    assert_null(load(WHOLE "no assignment\n", &errors));
    assert_non_null(strstr(as_text_get(&errors), "line 10"));
    as_text_free(&errors);
}


static void
secrets_from_files_are_not_told(void **state)
{
    FILE           *out;
    char            text[1000], path[] = "/tmp/test_secret.XXXXXX";
    as_text_t       errors = AS_TEXT_EMPTY, shown = AS_TEXT_EMPTY;
    as_settings_t  *settings;

    (void) state;

    out = fdopen(mkstemp(path), "w");
    fputs("from-the-file\n", out);
    fclose(out);

    snprintf(text, sizeof(text), WHOLE "DB_PASSWORD_FILE=%s\n", path);
    settings = load(text, &errors);
    assert_non_null(settings);
    assert_string_equal(settings->db_password, "from-the-file");

    as_settings_describe(settings, false, &shown);
    assert_null(strstr(as_text_get(&shown), "from-the-file"));
    assert_null(strstr(as_text_get(&shown), "s3cret"));
    assert_non_null(strstr(as_text_get(&shown), "DB_PASSWORD=(set)"));
    as_settings_destroy(settings);

    snprintf(text, sizeof(text), WHOLE "DB_PASSWORD_FILE=%s\n"
             "DB_PASSWORD=twice\n", path);
    assert_null(load(text, &errors));
    assert_non_null(strstr(as_text_get(&errors), "both set"));
    assert_null(strstr(as_text_get(&errors), "twice"));

    unlink(path);
    assert_null(load(WHOLE "DB_PASSWORD_FILE=/nowhere\n", &errors));
    assert_non_null(strstr(as_text_get(&errors), "/nowhere"));

    as_text_free(&errors);
    as_text_free(&shown);
}


/* Possible secrets in a URL are not shown, whether the URL is valid or not. */
static void
urls_are_shown_without_secrets(void **state)
{
    size_t                    i;
    char                      text[1000];
    as_text_t                 errors = AS_TEXT_EMPTY, shown = AS_TEXT_EMPTY;
    as_settings_t            *settings;
    static const char *const  names[] = {
        "QUEUE_URL", "DLQ_URL", "FACTORY_API_URL", "CALLBACK_URL"
    };

    (void) state;

    settings = load(WHOLE "FACTORY_API_URL=https://me:hidden1@f/api?k=hidden2"
                    "\nCALLBACK_URL=https://hidden3@c/{sku}?t=hidden4\n"
                    "AUTOSTOCK_PROXY=me:hidden5@proxy:3128\n", &errors);
    assert_non_null(settings);
    as_settings_describe(settings, false, &shown);
    as_settings_describe(settings, true, &shown);
    assert_null(strstr(as_text_get(&shown), "hidden"));
    assert_non_null(strstr(as_text_get(&shown),
                           "FACTORY_API_URL=https://***@f/api?k=***\n"));
    assert_non_null(strstr(as_text_get(&shown),
                           "\"AUTOSTOCK_PROXY\":\"***@proxy:3128\""));
    assert_string_equal(settings->proxy, "me:hidden5@proxy:3128");
    as_settings_destroy(settings);

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(text, sizeof(text), WHOLE "%s=htps://me:hidden@f/?k=hidden\n",
                 names[i]);
        assert_null(load(text, &errors));
        assert_null(strstr(as_text_get(&errors), "hidden"));
        assert_non_null(strstr(as_text_get(&errors), "htps://***@f/"));
    }

    as_text_free(&errors);
    as_text_free(&shown);
}


/* Values that cannot work are refused. */
static void
what_cannot_work(void **state)
{
    size_t                    i;
    char                      text[1000];
    as_text_t                 errors = AS_TEXT_EMPTY;
    static const char *const  wrong[][2] = {
        { "AUTOSTOCK_CALLBACK_SECRET=abc", "at least 16 bytes, found 3" },
        { "AUTOSTOCK_CALLBACK_SECRET=123456789012345",
          "at least 16 bytes, found 15" },
        { "DLQ_URL=http://q/1/q", "expected another queue than QUEUE_URL" },
        { "AWS_CA_BUNDLE=/nowhere.pem", "found /nowhere.pem (No such file" },
        { "AWS_CA_BUNDLE=/etc/passwd", "found none in /etc/passwd" },
        { "DB_TLS=on\nDB_TLS_CA=/nowhere.pem", "DB_TLS_CA: expected a PEM" }
    };

    (void) state;

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        snprintf(text, sizeof(text), WHOLE "%s\n", wrong[i][0]);
        assert_null(load(text, &errors));
        print_message("# %s", as_text_get(&errors));
        assert_non_null(strstr(as_text_get(&errors), wrong[i][1]));
        assert_null(strstr(as_text_get(&errors), "abc"));
    }

    as_text_free(&errors);
}


static void
warned(const char *setting, const char *expected)
{
    char            text[1000];
    as_text_t       errors = AS_TEXT_EMPTY, told = AS_TEXT_EMPTY;
    as_settings_t  *settings;

    snprintf(text, sizeof(text), WHOLE "%s\n", setting);
    settings = load(text, &errors);
    assert_non_null(settings);
    chmod(file(text), 0600);
    as_settings_destroy(settings);
    settings = load(text, &errors);
    assert_non_null(settings);
    as_settings_warn(settings, &told);
    print_message("# %s: %s\n", setting, as_text_get(&told));

    if (expected == NULL) {
        assert_string_equal(as_text_get(&told), "");
    } else {
        assert_non_null(strstr(as_text_get(&told), expected));
    }

    as_settings_destroy(settings);
    as_text_free(&errors);
    as_text_free(&told);
}


/* The dashboard is served on the port of the metrics. */
static void
dashboard_without_port(void **state)
{
    (void) state;

    warned("AUTOSTOCK_DASHBOARD=on", NULL);
    warned("AUTOSTOCK_METRICS_PORT=0", NULL);
    warned("AUTOSTOCK_DASHBOARD=on\nAUTOSTOCK_METRICS_PORT=0",
           "AUTOSTOCK_DASHBOARD=on has no effect");
}


/* Names that are not a setting, and the setting that may be meant. */
static void
unknown_names(void **state)
{
    (void) state;

    warned("", NULL);
    warned("AUTOSTOCK_IN_FLIGTH=7", "AUTOSTOCK_IN_FLIGTH in ");
    warned("AUTOSTOCK_IN_FLIGTH=7", "line 10 is not a setting");
    warned("AUTOSTOCK_IN_FLIGTH=7", "; did you mean AUTOSTOCK_IN_FLIGHT?");
    warned("DB_HOST=h", "; did you mean DB_HOSTNAME?");
    warned("DB_PASSWORDFILE=/x", "did you mean DB_PASSWORD_FILE?");
    warned("AUTOSTOCK_NONSENSE=1", "autostock-worker(8) lists them");
    warned("TOPIC_ARM=x", "did you mean TOPIC_ARN?");
    warned("queue_url=x", "did you mean QUEUE_URL?");
    warned("AWS_REGIONS=x", "did you mean AWS_REGION?");
    warned("AWS_ENDPOINT_URL_SNS=http://x", NULL);
    warned("AWS_ENDPOINT_URL_S3=http://x", NULL);
    warned("AWS_ACCESS_KEY_ID_FILE=/dev/null\nAWS_MAX_ATTEMPTS=3\nTZ=UTC\n"
           "PATH=/bin\nHOME=/\nMY_SHOP=1\nAWS_SECRET_ACCESS_KEY=x",
           "AWS_ACCESS_KEY_ID_FILE: expected a secret");
    warned("AWS_MAX_ATTEMPTS=3\nTZ=UTC\nPATH=/bin\nMY_SHOP=1", NULL);

    /* in the environment such a name may belong to another program */
    setenv("AUTOSTOCK_STACK_DIR", "/x", 1);
    setenv("DB_PORT_3306_TCP", "tcp://x", 1);
    warned("", NULL);
    setenv("AUTOSTOCK_IN_FLIHT", "1", 1);
    warned("", "AUTOSTOCK_IN_FLIHT in the environment is not a setting");
    unsetenv("AUTOSTOCK_IN_FLIHT");
    unsetenv("AUTOSTOCK_STACK_DIR");
    unsetenv("DB_PORT_3306_TCP");
}


static void
secret_file(const char *secret, mode_t mode, const char *expected)
{
    int   fd;
    char  path[] = "/tmp/test_secret.XXXXXX", text[128];

    fd = mkstemp(path);
    assert_int_equal(write(fd, secret, strlen(secret)), strlen(secret));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    snprintf(text, sizeof(text), "DB_PASSWORD_FILE=%s", path);
    warned(text, expected);
    unlink(path);
}


static void
refused_secret(const char *secret, size_t len, const char *expected)
{
    int        fd;
    char       path[] = "/tmp/test_secret.XXXXXX", text[1000];
    as_text_t  errors = AS_TEXT_EMPTY;

    fd = mkstemp(path);
    assert_int_equal(write(fd, secret, len), len);
    close(fd);
    snprintf(text, sizeof(text), WHOLE "DB_PASSWORD_FILE=%s\n", path);
    assert_null(load(text, &errors));
    assert_non_null(strstr(as_text_get(&errors), expected));
    as_text_free(&errors);
    unlink(path);
}


static void
doubtful_secrets(void **state)
{
    as_text_t       errors = AS_TEXT_EMPTY, told = AS_TEXT_EMPTY;
    as_settings_t  *settings;

    (void) state;

    secret_file("a good one\n", 0600, NULL);
    secret_file("a good one\r\n", 0640, NULL);
    secret_file("a good one\n", 0644, "which is world-readable");
    secret_file("\xef\xbb\xbfsecret\n", 0600, "begins with a byte order mark");
    secret_file("first\nsecond\n", 0600, "has more than one line");

    refused_secret("one\0two\n", 8, "found a NUL byte");
    refused_secret("\n", 1, "found an empty file");

    /* in the file of settings itself */
    chmod(file(WHOLE), 0644);
    settings = load(WHOLE, &errors);
    assert_non_null(settings);
    as_settings_warn(settings, &told);
    assert_non_null(strstr(as_text_get(&told), "AUTOSTOCK_CALLBACK_SECRET is "
                           "in /tmp/test_settings."));
    assert_non_null(strstr(as_text_get(&told),
                           " line 9, which is world-readable"));
    assert_null(strstr(as_text_get(&told), "s3cret"));
    as_settings_destroy(settings);
    as_text_free(&errors);
    as_text_free(&told);
    chmod(file(WHOLE), 0600);
}


static void
relative_files_are_beside_the_settings(void **state)
{
    FILE           *out;
    char            text[1000], path[] = "/tmp/test_secret.XXXXXX";
    as_text_t       errors = AS_TEXT_EMPTY;
    as_settings_t  *settings;

    (void) state;

    out = fdopen(mkstemp(path), "w");
    fputs("beside\n", out);
    fclose(out);

    /* the file of settings is in /tmp, too; the tests run elsewhere */
    snprintf(text, sizeof(text), WHOLE "DB_PASSWORD_FILE=%s\n"
             "DB_TLS_CA=ca.pem\nDB_SOCKET=relative.sock\n"
             "AWS_CONFIG_FILE=~/.aws/config\n", path + strlen("/tmp/"));
    settings = load(text, &errors);
    assert_non_null(settings);
    assert_string_equal(settings->db_password, "beside");
    assert_string_equal(settings->db_tls_ca, "/tmp/ca.pem");
    assert_string_equal(settings->db_socket, "relative.sock");
    assert_string_equal(as_env_aws(settings->env, "AWS_CONFIG_FILE"),
                        "~/.aws/config");

    as_settings_destroy(settings);
    as_text_free(&errors);
    unlink(path);
}


static void
the_file_wins(void **state)
{
    as_text_t       errors = AS_TEXT_EMPTY;
    as_settings_t  *settings;

    (void) state;

    forget();
    setenv("AUTOSTOCK_IN_FLIGHT", "11", 1);
    setenv("AUTOSTOCK_REQUESTER", "of the environment", 1);
    settings = as_settings_create(file(WHOLE "AUTOSTOCK_IN_FLIGHT=12\n"),
                                  AS_NEED_RUN, &errors);
    assert_non_null(settings);
    assert_int_equal(settings->in_flight, 12);
    assert_string_equal(settings->requester, "of the environment");
    as_settings_destroy(settings);
    as_text_free(&errors);
    forget();
}


/* The environment of a credential_process: names of the file override those of
 * the environment; the worker's secrets are missing. */
static void
environment_of_a_command(void **state)
{
    char             **list, **p;
    size_t             mine, others;
    as_text_t          errors = AS_TEXT_EMPTY;
    as_settings_t     *settings;

    (void) state;

    setenv("SHOP_OF_TEST", "of the environment", 1);
    settings = load(WHOLE "SHOP_OF_TEST=of the file\n"
                    "SHOP_OF_TEST=its last line\nDB_PASSWORD=pw\n", &errors);
    assert_non_null(settings);
    setenv("AUTOSTOCK_CALLBACK_SECRET", "another", 1);

    list = as_env_environ(settings->env);
    assert_non_null(list);

    for (mine = others = 0, p = list; *p != NULL; p++) {
        mine += strcmp(*p, "SHOP_OF_TEST=its last line") == 0;
        others += strcmp(*p, "DB_USERNAME=shop") == 0;
        assert_true(strncmp(*p, "SHOP_OF_TEST=of", 15) != 0);
        assert_true(strncmp(*p, "DB_PASSWORD=", 12) != 0);
        assert_true(strncmp(*p, "AUTOSTOCK_CALLBACK_SECRET=", 26) != 0);
        free(*p);
    }

    assert_int_equal(mine, 1);
    assert_int_equal(others, 1);
    free(list);
    unsetenv("SHOP_OF_TEST");
    as_settings_destroy(settings);
    as_text_free(&errors);
    forget();
}


static void
times(void **state)
{
    int64_t  ms;

    (void) state;

    assert_int_equal(as_settings_time("500ms", &ms), 0);
    assert_int_equal(ms, 500);
    assert_int_equal(as_settings_time("10", &ms), 0);
    assert_int_equal(ms, 10000);
    assert_int_equal(as_settings_time("7d", &ms), 0);
    assert_int_equal(ms, INT64_C(604800000));
    assert_int_equal(as_settings_time("", &ms), -1);
    assert_int_equal(as_settings_time("s", &ms), -1);
    assert_int_equal(as_settings_time("-1s", &ms), -1);
    assert_int_equal(as_settings_time("1 s", &ms), -1);
    assert_int_equal(as_settings_time("99999999999999999999s", &ms), -1);
}


static int
tidy(void **state)
{
    (void) state;

    return unlink(file(""));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(whole),
        cmocka_unit_test(missing_are_all_told),
        cmocka_unit_test(dashboard_without_port),
        cmocka_unit_test(wrong_are_told_with_place),
        cmocka_unit_test(secrets_from_files_are_not_told),
        cmocka_unit_test(urls_are_shown_without_secrets),
        cmocka_unit_test(relative_files_are_beside_the_settings),
        cmocka_unit_test(what_cannot_work),
        cmocka_unit_test(unknown_names),
        cmocka_unit_test(doubtful_secrets),
        cmocka_unit_test(the_file_wins),
        cmocka_unit_test(environment_of_a_command),
        cmocka_unit_test(times),
    };

    return cmocka_run_group_tests(tests, NULL, tidy);
}
