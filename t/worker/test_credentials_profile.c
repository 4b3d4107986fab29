/*
 * Credentials of profile files, and of their credential_process.
 */

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "creds_fixture.h"


static void
test_profile(void **state)
{
    test_t  *t = *state;

    creds_profiles(t,
             "# a comment\n[default]\naws_access_key_id = D\n"
             "aws_secret_access_key = E\n\n[ shop ]\r\n"
             "aws_access_key_id = AKIASHOP  # mine\r\n"
             "aws_secret_access_key = a/b=c+d\r\n"
             "[other]\naws_access_key_id = X\n",
             "[profile shop]\nregion = ap-northeast-2\n"
             "s3 =\n    region = nested\n");
    fake_setenv(t->fake, "AWS_PROFILE", "shop");
    creds_get(t);

    assert_string_equal(t->access, "AKIASHOP");
    assert_string_equal(t->secret, "a/b=c+d");
    assert_string_equal(t->source, "profile shop");
    assert_string_equal(as_credentials_region(t->creds), "ap-northeast-2");
}


/* Profile files that the SDKs read: name, credentials, config. */
static void
test_profiles_as_the_sdks_read_them(void **state)
{
    size_t   i;
    test_t  *t = *state;

    static const char *const  files[][3] = {
        { "default", "[default]\nAWS_Access_Key_ID = AK\n"
          "Aws_Secret_Access_KEY = SK\n", "" },
        { "two words", "", "[profile \"two words\"]\n"
          "aws_access_key_id=AK\naws_secret_access_key=SK\n" },
        { "shop", "", "[profile 'shop']\naws_access_key_id=AK\n"
          "aws_secret_access_key=SK\n" },
        { "shop", "", "[profile\tshop] ; mine\naws_access_key_id=AK\n"
          "aws_secret_access_key=SK\n" },
        { "default", "\xef\xbb\xbf[default]\naws_access_key_id=AK\n"
          "aws_secret_access_key=SK\n", "" },
        { "default", "  [default]\n\taws_access_key_id = AK\n"
          "\t# a comment\n\taws_secret_access_key = SK\n", "" },
        { "default", "[default]\n  aws_access_key_id = AK\n  s3 =\n"
          "    aws_access_key_id = nested\n"
          "  aws_secret_access_key = SK\n", "" },
        { "default", "", "[profile default]\naws_access_key_id=AK\n"
          "aws_secret_access_key=SK\n[default]\naws_access_key_id=X\n" },
        { "default", "", "[default]\naws_access_key_id=X\n"
          "aws_secret_access_key=Y\n[profile default]\n"
          "aws_access_key_id=AK\naws_secret_access_key=SK\n" }
    };

    for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        fake_setenv(t->fake, "AWS_PROFILE", files[i][0]);
        creds_profiles(t, files[i][1], files[i][2]);
        creds_get(t);
        print_message("# profile file %zu: %s\n", i, t->error);
        assert_string_equal(t->access, "AK");
        assert_string_equal(t->secret, "SK");
        as_credentials_invalidate(t->creds);
    }
}


static void
test_profile_in_a_large_file(void **state)
{
    char    *text;
    size_t   i, n;
    test_t  *t = *state;

    text = malloc(200000);

    for (n = 0, i = 0; n < 100000; i++) {
        n += (size_t) sprintf(text + n, "[p%zu]\naws_access_key_id=X\n", i);
    }

    (void) strcpy(text + n, "[default]\naws_access_key_id=AK\n"
                  "aws_secret_access_key=SK\n");
    creds_profiles(t, text, "");
    free(text);
    creds_get(t);
    assert_string_equal(t->access, "AK");
}


static void
test_profiles_in_the_home_folder(void **state)
{
    test_t  *t = *state;

    creds_profiles(t, "[default]\naws_access_key_id=AK\n"
                   "aws_secret_access_key=SK\n", "[default]\nregion=r-1\n");
    fake_setenv(t->fake, "HOME", t->dir);
    fake_setenv(t->fake, "AWS_SHARED_CREDENTIALS_FILE", "~/credentials");
    fake_setenv(t->fake, "AWS_CONFIG_FILE", "~/config");
    creds_get(t);
    assert_string_equal(t->access, "AK");
    assert_string_equal(as_credentials_region(t->creds), "r-1");
}


/* An unreadable file is logged, a missing one is not. */
static void
test_profile_file_that_cannot_be_read(void **state)
{
    test_t  *t = *state;

    creds_profiles(t, "", "");
    fake_setenv(t->fake, "AWS_SHARED_CREDENTIALS_FILE", t->dir);
    fake_setenv(t->fake, "AWS_CONFIG_FILE", "/nowhere/config");
    fake_setenv(t->fake, "AWS_PROFILE", "shop");
    creds_get(t);
    assert_non_null(strstr(t->error, t->dir));
    assert_non_null(strstr(t->error, "Is a directory"));
    assert_null(strstr(t->error, "/nowhere"));
}


/* The values become a part of HTTP headers. */
static void
test_keys_with_a_line_break(void **state)
{
    test_t  *t = *state;

    creds_profiles(t, "[default]\naws_access_key_id=AK\n  X-Other: 1\n"
                   "aws_secret_access_key=SK\n", "");
    creds_get(t);
    assert_string_equal(t->access, "");
    assert_non_null(strstr(t->error, "line break"));
}


static void
test_profile_that_is_not_there(void **state)
{
    test_t  *t = *state;

    creds_profiles(t, "", "");
    fake_setenv(t->fake, "AWS_PROFILE", "none");
    creds_get(t);
    assert_non_null(strstr(t->error, "AWS_PROFILE names profile none"));
    assert_int_equal(t->fake->ncalls, 0);
}


/* A real loop, since it watches the command. */
static void
process_limited(test_t *t, const char *command, unsigned limit_ms)
{
    char             config[1024];
    bool             over;
    int              n;
    as_loop_t       *loop;
    as_http_t       *http;
    as_http_conf_t   conf;

    memset(&conf, 0, sizeof(conf));
    loop = as_loop_create(as_clock_system());
    http = as_http_curl_create(&conf, loop);
    assert_non_null(http);

    (void) snprintf(config, sizeof(config),
                    "[default]\ncredential_process = %s\n", command);
    creds_profiles(t, "", config);
    t->told = 0;
    t->creds = as_credentials_create(http, &t->fake->clock, fake_getenv,
                                     t->fake);
    as_credentials_limit_process(t->creds, limit_ms);
    as_credentials_process_environ(t->creds, t->environ);
    assert_int_equal(as_credentials_get(t->creds, creds_told, t), 0);

    for (n = 0, over = false; n < 500 && !over; n++) {
        (void) as_loop_turn(loop, 20);
        over = t->told > 0;
    }

    assert_int_equal(t->told, 1);
    as_credentials_destroy(t->creds);
    t->creds = NULL;
    as_http_destroy(http);
    as_loop_destroy(loop);
}


static void
process(test_t *t, const char *command)
{
    process_limited(t, command, 10000);
}


/* valgrind 3.19 lacks pidfd_open(), which reports a command's end; and cmocka's
 * skip() is a failure in TAP. */
static int
under_valgrind(void)
{
    if (getenv("UNDER_VALGRIND") == NULL) {
        return 0;
    }
    print_message("# not tried under valgrind\n");
    return 1;
}


static char **
environ_of_a_file(void *data)
{
    char  **list;

    (void) data;

    list = calloc(3, sizeof(char *));
    list[0] = strdup("SHOP=of-the-env-file");
    list[1] = strdup("PATH=/usr/bin:/bin");

    return list;
}


/* What the command gets: the names of the env file, no descriptor of the
 * worker, and its arguments as quoted. */
static void
test_process_sees(void **state)
{
    int      fd;
    test_t  *t = *state;

    if (under_valgrind()) {
        return;
    }

    /* an inheritable one */
    fd = open("/dev/null", O_RDONLY);
    assert_true(fd > 2);
    t->environ = environ_of_a_file;

    process(t, "printf '{\"AccessKeyId\":\"%s\",\"SecretAccessKey\":"
            "\"%s\"}' \"$SHOP\" \"$(ls /proc/self/fd | tr '\\n' _)\" # not");
    assert_string_equal(t->access, "of-the-env-file");
    assert_string_equal(t->secret, "0_1_2_3_");    /* 3: ls's own */

    process(t, "sh -c 'printf %s \"$1\"' x '{\"AccessKeyId\":\"A;#\","
            "\"a\":\"b ;c\", \"SecretAccessKey\":\"d\",\"e\":\" #\"}'");
    assert_string_equal(t->access, "A;#");
    t->environ = NULL;
    (void) close(fd);
}


static void
test_process(void **state)
{
    test_t  *t = *state;

    if (under_valgrind()) {
        return;
    }

    process(t, "printf '{\"Version\":1,\"AccessKeyId\":\"PROC\","
            "\"SecretAccessKey\":\"s\",\"SessionToken\":\"t\"}'");
    assert_string_equal(t->access, "PROC");
    assert_string_equal(t->token, "t");

    process(t, "echo '{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\"}'; "
            "exit 3");
    assert_non_null(strstr(t->error, "ended with status 3"));

    process(t, "echo nonsense");
    assert_non_null(strstr(t->error, "not JSON"));

    process(t, "head -c 100000 /dev/zero");
    assert_non_null(strstr(t->error, "printed too much"));

    process(t, "kill -9 $$");
    assert_non_null(strstr(t->error, "ended by signal 9"));
}


/* None of these may block the loop, which must extend messages' visibility. */
static void
test_process_that_does_not_end(void **state)
{
    char          pid[32];
    FILE         *f;
    test_t       *t = *state;
    char          command[256];
    const char   *path;

    if (under_valgrind()) {
        return;
    }

    path = creds_file(t, "token", "");
    (void) snprintf(command, sizeof(command),
                    "echo $$ > %s && exec sleep 100", path);
    process_limited(t, command, 300);
    assert_non_null(strstr(t->error, "took too long"));

    f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(pid, sizeof(pid), f));
    (void) fclose(f);
    assert_int_equal(kill((pid_t) atoi(pid), 0), -1);

    /* the end of its output is not the command's end */
    process_limited(t, "exec >&- && sleep 100", 300);
    assert_non_null(strstr(t->error, "took too long"));

    /* nor is the command's end the end of its output */
    process_limited(t, "sleep 100 & echo", 300);
    assert_non_null(strstr(t->error, "left its output open"));
}


static void
test_destroyed_under_a_process(void **state)
{
    test_t          *t = *state;
    as_loop_t       *loop;
    as_http_t       *http;
    as_http_conf_t   conf;

    if (under_valgrind()) {
        return;
    }

    memset(&conf, 0, sizeof(conf));
    loop = as_loop_create(as_clock_system());
    http = as_http_curl_create(&conf, loop);
    creds_profiles(t, "", "[default]\ncredential_process = sleep 100\n");
    t->creds = as_credentials_create(http, &t->fake->clock, fake_getenv,
                                     t->fake);
    assert_int_equal(as_credentials_get(t->creds, creds_told, t), 0);
    (void) as_loop_turn(loop, 20);
    as_credentials_destroy(t->creds);
    t->creds = NULL;
    as_http_destroy(http);
    as_loop_destroy(loop);
    assert_int_equal(t->told, 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_profile,
                                        creds_setup, creds_teardown),
        cmocka_unit_test_setup_teardown(test_profiles_as_the_sdks_read_them,
                                        creds_setup, creds_teardown),
        cmocka_unit_test_setup_teardown(test_profile_in_a_large_file,
                                        creds_setup, creds_teardown),
        cmocka_unit_test_setup_teardown(test_profiles_in_the_home_folder,
                                        creds_setup, creds_teardown),
        cmocka_unit_test_setup_teardown(test_profile_file_that_cannot_be_read,
                                        creds_setup, creds_teardown),
        cmocka_unit_test_setup_teardown(test_keys_with_a_line_break,
                                        creds_setup, creds_teardown),
        cmocka_unit_test_setup_teardown(test_profile_that_is_not_there,
                                        creds_setup, creds_teardown),
        cmocka_unit_test_setup_teardown(test_process_sees,
                                        creds_setup, creds_teardown),
        cmocka_unit_test_setup_teardown(test_process,
                                        creds_setup, creds_teardown),
        cmocka_unit_test_setup_teardown(test_process_that_does_not_end,
                                        creds_setup, creds_teardown),
        cmocka_unit_test_setup_teardown(test_destroyed_under_a_process,
                                        creds_setup, creds_teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
