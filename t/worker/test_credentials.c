/*
 * The providers of credentials, their order, and when keys are fetched anew.
 */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "creds_fixture.h"


static void
test_environment_first(void **state)
{
    test_t  *t = *state;

    creds_profiles(t, "[default]\naws_access_key_id=P\n"
             "aws_secret_access_key=Q\n", "");
    fake_setenv(t->fake, "AWS_ACCESS_KEY_ID", "AKIA");
    fake_setenv(t->fake, "AWS_SECRET_ACCESS_KEY", "secret");
    fake_setenv(t->fake, "AWS_SESSION_TOKEN", "token");
    creds_get(t);

    assert_string_equal(t->access, "AKIA");
    assert_string_equal(t->secret, "secret");
    assert_string_equal(t->token, "token");
    assert_int_equal(t->fake->ncalls, 0);
    assert_non_null(as_credentials_peek(t->creds));
}


static void
test_half_an_environment(void **state)
{
    test_t  *t = *state;

    fake_setenv(t->fake, "AWS_ACCESS_KEY_ID", "AKIA");
    creds_get(t);
    assert_int_equal(t->told, 1);
    assert_non_null(strstr(t->error, "AWS_SECRET_ACCESS_KEY is not"));
    assert_null(strstr(t->error, "AKIA"));
}


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


static void
test_one_fetch_for_all(void **state)
{
    test_t  *t = *state;

    creds_profiles(t, "", "");
    fake_setenv(t->fake, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
    t->creds = as_credentials_create(t->fake->http, &t->fake->clock,
                                     fake_getenv, t->fake);
    assert_null(as_credentials_peek(t->creds));
    assert_int_equal(as_credentials_get(t->creds, creds_told, t), 0);
    assert_int_equal(as_credentials_get(t->creds, creds_told, t), 0);
    assert_int_equal(as_credentials_get(t->creds, creds_told, &t->told), 0);
    as_credentials_forget(t->creds, creds_told, &t->told);
    assert_int_equal(t->told, 0);

    (void) fake_answer(t->fake, 200, KEYS);
    fake_run(t->fake);
    assert_int_equal(t->told, 2);
    assert_int_equal(t->fake->ncalls, 1);
}


static void
test_refreshed_ahead(void **state)
{
    test_t  *t = *state;

    creds_profiles(t, "", "");
    fake_setenv(t->fake, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
    (void) fake_answer(t->fake, 200, KEYS);
    creds_get(t);

    /* 4 minutes before their end: usable, and fetched anew beside. */
    t->fake->unix_ms += 56 * 60000;
    t->fake->mono_ms += 56 * 60000;
    assert_non_null(as_credentials_peek(t->creds));
    (void) fake_answer(t->fake, 500, "");
    fake_run(t->fake);
    assert_int_equal(t->fake->ncalls, 2);

    /* It failed: what there is still holds, the next try waits a little. */
    assert_non_null(as_credentials_peek(t->creds));
    fake_run(t->fake);
    assert_int_equal(t->fake->ncalls, 2);

    t->fake->mono_ms += 16000;
    assert_non_null(as_credentials_peek(t->creds));
    (void) fake_answer(t->fake, 200,
                       "{\"AccessKeyId\":\"ASIA3\",\"SecretAccessKey\":\"s\","
                       "\"Token\":\"t\",\"Expiration\":"
                       "\"2015-08-30T19:36:00.123Z\"}");
    fake_run(t->fake);
    assert_string_equal(as_credentials_peek(t->creds)->access_key, "ASIA3");
}


static void
test_expired_are_not_used(void **state)
{
    test_t  *t = *state;

    creds_profiles(t, "", "");
    fake_setenv(t->fake, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
    (void) fake_answer(t->fake, 200, KEYS);
    creds_get(t);
    t->fake->unix_ms += 3600000;
    assert_null(as_credentials_peek(t->creds));

    (void) fake_answer(t->fake, 500, "");
    creds_get(t);
    assert_non_null(strstr(t->error, "answered 500"));
}


static void
test_invalidated(void **state)
{
    test_t  *t = *state;

    fake_setenv(t->fake, "AWS_ACCESS_KEY_ID", "A1");
    fake_setenv(t->fake, "AWS_SECRET_ACCESS_KEY", "s");
    creds_get(t);
    fake_setenv(t->fake, "AWS_ACCESS_KEY_ID", "A2");
    assert_string_equal(as_credentials_peek(t->creds)->access_key, "A1");
    as_credentials_invalidate(t->creds);
    assert_null(as_credentials_peek(t->creds));
    creds_get(t);
    assert_string_equal(t->access, "A2");
}


/* A real loop, since the command is watched in it. */
static void
process_limited(test_t *t, const char *command, unsigned limit_ms)
{
    char             config[1024];
    bool             over;
    int              n;
    as_http_t       *http;
    as_http_conf_t   conf;

    memset(&conf, 0, sizeof(conf));
    http = as_http_curl_create(&conf);
    assert_non_null(http);

    (void) snprintf(config, sizeof(config),
                    "[default]\ncredential_process = %s\n", command);
    creds_profiles(t, "", config);
    t->told = 0;
    t->creds = as_credentials_create(http, &t->fake->clock, fake_getenv,
                                     t->fake);
    as_credentials_limit_process(t->creds, limit_ms);
    assert_int_equal(as_credentials_get(t->creds, creds_told, t), 0);

    for (n = 0, over = false; n < 500 && !over; n++) {
        (void) as_http_poll(http, NULL, 0, 20);
        over = t->told > 0;
    }

    assert_int_equal(t->told, 1);
    as_credentials_destroy(t->creds);
    t->creds = NULL;
    as_http_destroy(http);
}


static void
process(test_t *t, const char *command)
{
    process_limited(t, command, 10000);
}


/* valgrind 3.19 does not know pidfd_open(), by which a command's end is
 * seen; and cmocka's skip() is a failure in TAP. */
static int
under_valgrind(void)
{
    if (getenv("UNDER_VALGRIND") == NULL) {
        return 0;
    }
    print_message("# not tried under valgrind\n");
    return 1;
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


/* None of these may keep the loop: it would miss its letters' visibility. */
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

    /* the output's end is not the command's */
    process_limited(t, "exec >&- && sleep 100", 300);
    assert_non_null(strstr(t->error, "took too long"));

    /* nor the command's end that of its output */
    process_limited(t, "sleep 100 & echo", 300);
    assert_non_null(strstr(t->error, "left its output open"));
}


static void
test_destroyed_under_a_process(void **state)
{
    test_t          *t = *state;
    as_http_t       *http;
    as_http_conf_t   conf;

    if (under_valgrind()) {
        return;
    }

    memset(&conf, 0, sizeof(conf));
    http = as_http_curl_create(&conf);
    creds_profiles(t, "", "[default]\ncredential_process = sleep 100\n");
    t->creds = as_credentials_create(http, &t->fake->clock, fake_getenv,
                                     t->fake);
    assert_int_equal(as_credentials_get(t->creds, creds_told, t), 0);
    (void) as_http_poll(http, NULL, 0, 20);
    as_credentials_destroy(t->creds);
    t->creds = NULL;
    as_http_destroy(http);
    assert_int_equal(t->told, 0);
}


/* Keys that our clock takes for old, and AWS's does not. */
static void
test_wrong_clock(void **state)
{
    test_t  *t = *state;

    creds_profiles(t, "", "");
    fake_setenv(t->fake, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
    (void) fake_answer(t->fake, 200, KEYS);
    creds_get(t);
    t->fake->unix_ms += 2 * 3600000;
    assert_null(as_credentials_peek(t->creds));

    assert_false(as_credentials_learn_time(t->creds, 0));
    assert_false(as_credentials_learn_time(t->creds,
                                           t->fake->unix_ms - 1000));
    assert_true(as_credentials_learn_time(t->creds,
                                          t->fake->unix_ms - 2 * 3600000));
    assert_non_null(as_credentials_peek(t->creds));
    assert_true(as_credentials_learn_time(t->creds, t->fake->unix_ms));
    assert_true(as_credentials_skew_ms(t->creds) == 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_environment_first, creds_setup,
                                        creds_teardown),
        cmocka_unit_test_setup_teardown(test_half_an_environment, creds_setup,
                                        creds_teardown),
        cmocka_unit_test_setup_teardown(test_profile, creds_setup,
                                        creds_teardown),
        cmocka_unit_test_setup_teardown(
            test_profile_that_is_not_there, creds_setup, creds_teardown),
        cmocka_unit_test_setup_teardown(test_one_fetch_for_all, creds_setup,
                                        creds_teardown),
        cmocka_unit_test_setup_teardown(test_refreshed_ahead, creds_setup,
                                        creds_teardown),
        cmocka_unit_test_setup_teardown(test_expired_are_not_used, creds_setup,
                                        creds_teardown),
        cmocka_unit_test_setup_teardown(test_invalidated, creds_setup,
                                        creds_teardown),
        cmocka_unit_test_setup_teardown(test_process, creds_setup,
                                        creds_teardown),
        cmocka_unit_test_setup_teardown(test_process_that_does_not_end,
                                        creds_setup, creds_teardown),
        cmocka_unit_test_setup_teardown(test_destroyed_under_a_process,
                                        creds_setup, creds_teardown),
        cmocka_unit_test_setup_teardown(test_wrong_clock, creds_setup,
                                        creds_teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
