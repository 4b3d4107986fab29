/*
 * The providers of credentials, their order, and when keys are refreshed.
 */

#include <setjmp.h>
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

    /* 4 minutes before their end: used, and refreshed at the same time. */
    t->fake->unix_ms += 56 * 60000;
    t->fake->mono_ms += 56 * 60000;
    assert_non_null(as_credentials_peek(t->creds));
    (void) fake_answer(t->fake, 500, "");
    fake_run(t->fake);
    assert_int_equal(t->fake->ncalls, 2);

    /* The refresh failed: the keys stay in use, the next attempt waits a
     * little. */
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


/* The end of a container's keys, in each form of ISO 8601's zone; they end
 * at 13:36 UTC, an hour after the fake's time. */
static void
test_expirations_with_a_zone(void **state)
{
    char     body[256];
    size_t   i;
    test_t  *t = *state;

    static const struct {
        const char  *text;
        int64_t      ms;               /* 0: refused */
    } times[] = {
        { "2015-08-30T13:36:00Z", INT64_C(1440941760000) },
        { "2015-08-30T13:36:00.5Z", INT64_C(1440941760000) },
        { "2015-08-30T22:36:00+09:00", INT64_C(1440941760000) },
        { "2015-08-30T22:36:00.123456+0900", INT64_C(1440941760000) },
        { "2015-08-30T08:36:00-05", INT64_C(1440941760000) },
        { "2015-08-30T10:06:00-03:30", INT64_C(1440941760000) },
        { "2015-08-30T13:36:00", 0 },
        { "2015-08-30T13:36:00+9:00", 0 },
        { "2015-08-30T13:36:00+09:00x", 0 },
        { "2015-08-30T13:36:00+09:", 0 },
        { "2015-08-30T13:36:00 UTC", 0 }
    };

    creds_profiles(t, "", "");
    fake_setenv(t->fake, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");

    for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        (void) snprintf(body, sizeof(body), "{\"AccessKeyId\":\"A\","
                        "\"SecretAccessKey\":\"B\",\"Expiration\":\"%s\"}",
                        times[i].text);
        (void) fake_answer(t->fake, 200, body);
        creds_get(t);
        print_message("# %s: %s\n", times[i].text, t->error);

        if (times[i].ms == 0) {
            assert_non_null(strstr(t->error, "not a time"));
        } else {
            assert_true(as_credentials_peek(t->creds)->expires_ms
                        == times[i].ms);
        }

        as_credentials_invalidate(t->creds);
    }
}


/* Keys that are expired by this host's clock, but not by AWS's. */
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
        cmocka_unit_test_setup_teardown(test_environment_first,
                                        creds_setup, creds_teardown),
        cmocka_unit_test_setup_teardown(test_half_an_environment,
                                        creds_setup, creds_teardown),
        cmocka_unit_test_setup_teardown(test_one_fetch_for_all,
                                        creds_setup, creds_teardown),
        cmocka_unit_test_setup_teardown(test_refreshed_ahead,
                                        creds_setup, creds_teardown),
        cmocka_unit_test_setup_teardown(test_expired_are_not_used,
                                        creds_setup, creds_teardown),
        cmocka_unit_test_setup_teardown(test_invalidated,
                                        creds_setup, creds_teardown),
        cmocka_unit_test_setup_teardown(test_expirations_with_a_zone,
                                        creds_setup, creds_teardown),
        cmocka_unit_test_setup_teardown(test_wrong_clock,
                                        creds_setup, creds_teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
