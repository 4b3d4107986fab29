/*
 * The commands `doctor`, `check-config` and `version`: the checks that doctor
 * runs, its own findings about the settings, and the exit codes.
 */

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "as_version.h"
#include "cmd/doctor_aws.h"
#include "cmd/doctor_db.h"
#include "cmd/doctor_life.h"
#include "cmd/doctor_orders.h"
#include "cmd/doctor_shop.h"
#include "command_fixture.h"


#define RUN(...)  command_run(&as_command_doctor, __VA_ARGS__, NULL)


static struct {
    char             looks[200];       /* in order */
    as_doctor_level_e  finds;          /* level of each check's finding */
    bool             no_database;
    bool             slow;             /* the database does not answer */
    unsigned         aborts;
    int64_t          connect_timeout;  /* that the checks got */
    unsigned         deadline_s;       /* of AWS's */
    char             sku[20];          /* of the callback */
    int64_t          leases;           /* that the check of the worker got */
} looks;


static void
look(as_findings_t *findings, const char *name)
{
    (void) snprintf(looks.looks + strlen(looks.looks),
                    sizeof(looks.looks) - strlen(looks.looks), "%s ", name);
    as_findings_add(findings, looks.finds, name, "as the test says", "mend it");
}


/* Replaces glibc's function: the thread has ended, or does not end. */
int
pthread_timedjoin_np(pthread_t thread, void **result,
    const struct timespec *until)
{
    assert_non_null(until);

    if (looks.slow) {
        return ETIMEDOUT;
    }

    return pthread_join(thread, result);
}


void
as_db_abort(as_db_t *db)
{
    assert_ptr_equal(db, sql_db);
    looks.aborts++;
}


void
as_db_reload(as_db_t *db, const as_settings_t *settings)
{
    assert_ptr_equal(db, sql_db);

    if (looks.connect_timeout == 0) {
        looks.connect_timeout = settings->db_connect_timeout;
    } else {
        assert_ptr_equal(settings, &command.settings);
    }
}


bool
as_doctor_db(as_findings_t *findings, as_db_t *db,
    const as_settings_t *settings, as_text_t *sku)
{
    assert_ptr_equal(db, sql_db);
    assert_ptr_equal(settings, &command.settings);
    as_text_put(sku, "CP-1");
    look(findings, "db");

    return !looks.no_database;
}


void
as_doctor_orders(as_findings_t *findings, as_db_t *db,
    const as_settings_t *settings, as_doctor_signs_t *signs)
{
    assert_ptr_equal(db, sql_db);
    assert_non_null(settings);
    signs->leases = 3;
    look(findings, "orders");
}


int
as_doctor_aws(as_aws_t *aws, const as_doctor_aws_t *conf)
{
    assert_non_null(aws);
    assert_string_equal(conf->topic_arn, FIXTURE_TOPIC);
    assert_string_equal(conf->queue_url, FIXTURE_QUEUE);
    assert_string_equal(conf->dlq_url, FIXTURE_DLQ);
    looks.deadline_s = conf->deadline_s;
    look(conf->findings, "aws");

    return 0;
}


void
as_doctor_life_worker(const as_doctor_http_t *http,
    const as_doctor_signs_t *signs)
{
    looks.leases = signs->leases;
    look(http->findings, "worker");
}


void
as_doctor_life_nginx(const as_doctor_http_t *http)
{
    look(http->findings, "nginx");
}


void
as_doctor_shop_factories(const as_doctor_http_t *http, as_db_t *db)
{
    assert_ptr_equal(db, sql_db);
    look(http->findings, "factories");
}


void
as_doctor_shop_callback(const as_doctor_http_t *http, const char *sku)
{
    (void) snprintf(looks.sku, sizeof(looks.sku), "%s", sku);
    look(http->findings, "callback");
}


static int
setup(void **state)
{
    memset(&looks, 0, sizeof(looks));

    return command_setup(state);
}


/* The same again, from the start. */
static void
forget(void)
{
    memset(&looks, 0, sizeof(looks));
    command.settings = *settings_fixture();
}


static void
all_looks(void **state)
{
    (void) state;

    assert_int_equal(RUN(NULL), AS_EXIT_OK);
    assert_string_equal(looks.looks, "db orders aws worker nginx factories "
                        "callback ");
    command_wrote("fine         settings           all settings that run needs "
                  "are set");
    command_wrote("8 fine, 0 warnings, 0 wrong, 0 unreachable");
    assert_string_equal(looks.sku, "CP-1");
    assert_int_equal(looks.leases, 3);

    /* doctor must run, whatever is missing */
    assert_int_equal(command.need, 0);
}


static void
exit_codes(void **state)
{
    size_t  i;

    static const struct {
        as_doctor_level_e  finds;
        int                rc;
    } cases[] = {
        { AS_DOCTOR_WARNING, AS_EXIT_FINDINGS },
        { AS_DOCTOR_WRONG, AS_EXIT_FINDINGS },
        { AS_DOCTOR_UNREACHABLE, AS_EXIT_REACH }
    };

    (void) state;

    for (i = 0; i < 3; i++) {
        forget();
        looks.finds = cases[i].finds;
        assert_int_equal(RUN(NULL), cases[i].rc);
        command_wrote("-> mend it");
    }
}


static void
usage(void **state)
{
    json_t  *result;

    (void) state;

    assert_int_equal(RUN("all"), AS_EXIT_USAGE);
    command_told("doctor: expected no arguments, found \"all\"");
    assert_string_equal(looks.looks, "");

    result = command_json(AS_EXIT_OK, &as_command_doctor, NULL);
    assert_true(json_is_true(json_object_get(result, "ok")));
    assert_int_equal(json_array_size(json_object_get(result, "findings")), 8);
    json_decref(result);
}


/* Without the database its orders are not checked, but everything else is. */
static void
no_database(void **state)
{
    (void) state;

    looks.no_database = true;
    assert_int_equal(RUN(NULL), AS_EXIT_OK);
    assert_null(strstr(looks.looks, "orders"));
    assert_non_null(strstr(looks.looks, "aws worker nginx"));
    assert_int_equal(looks.leases, 0);

    /* it does not answer in time: the check is aborted, which is a finding */
    forget();
    looks.slow = true;
    assert_int_equal(RUN(NULL), AS_EXIT_REACH);
    assert_int_equal(looks.aborts, 1);
    command_wrote("unreachable  database-time");
    command_wrote("it did not answer the checks above within 10 s");
}


/* A connection may take at most five seconds, whatever the setting. */
static void
connect_timeout(void **state)
{
    (void) state;

    command.settings.db_connect_timeout = 60000;
    assert_int_equal(RUN(NULL), AS_EXIT_OK);
    assert_int_equal(looks.connect_timeout, 5000);
    forget();
    command.settings.db_connect_timeout = 1000;
    assert_int_equal(RUN(NULL), AS_EXIT_OK);
    assert_int_equal(looks.connect_timeout, 1000);
}


/* A part whose settings are missing is not checked: the missing settings are
 * the finding. */
static void
missing_settings(void **state)
{
    size_t  i;

    static const struct {
        size_t       offset;
        const char  *not;
    } cases[] = {
        { offsetof(as_settings_t, db_username), "db " },
        { offsetof(as_settings_t, db_database), "db " },
        { offsetof(as_settings_t, topic_arn), "aws" },
        { offsetof(as_settings_t, queue_url), "aws" },
        { offsetof(as_settings_t, dlq_url), "aws" },
        { offsetof(as_settings_t, factory_api_url), "factories" },
        { offsetof(as_settings_t, callback_url), "callback" },
        { offsetof(as_settings_t, callback_secret), "callback" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        forget();
        *(const char **) ((char *) &command.settings + cases[i].offset) = NULL;
        assert_int_equal(RUN(NULL), AS_EXIT_FINDINGS);
        assert_null(strstr(looks.looks, cases[i].not));
        assert_non_null(strstr(looks.looks, "worker nginx"));
        command_wrote("wrong        settings ");
        command_wrote("autostock-worker check-config shows them all");
    }
}


/* Times that contradict each other. */
static void
times(void **state)
{
    (void) state;

    command.settings.factory_timeout = 10001;
    command.settings.visibility = 10001;
    command.settings.callback_timeout = 600000;
    assert_int_equal(RUN(NULL), AS_EXIT_FINDINGS);
    command_wrote("warning      deadline           a message in flight is "
                  "invisible for 10001 ms");
    assert_int_equal(looks.deadline_s, 11);

    forget();
    command.settings.factory_timeout = 10000;
    command.settings.visibility = 60000;
    command.settings.callback_timeout = 24999;
    assert_int_equal(RUN(NULL), AS_EXIT_FINDINGS);
    command_wrote("warning      callback-timeout   a callback is overdue after "
                  "24999 ms");

    forget();
    command.settings.factory_timeout = 10000;
    command.settings.visibility = 10001;
    command.settings.callback_timeout = 25000;
    assert_int_equal(RUN(NULL), AS_EXIT_OK);
}


static void
version(void **state)
{
    json_t  *versions;

    (void) state;

    assert_int_equal(command_run(&as_command_version, NULL), AS_EXIT_OK);
    command_wrote("autostock-worker " AUTOSTOCK_VERSION "\nlibcurl ");
    versions = command_json(AS_EXIT_OK, &as_command_version, NULL);
    assert_string_equal(json_string_value(json_object_get(versions,
                                                          "version")),
                        AUTOSTOCK_VERSION);
    assert_true(json_is_string(json_object_get(versions, "openssl")));
    json_decref(versions);
}


/* The settings that run would use; a wrong one is a finding. */
static void
check_config(void **state)
{
    size_t   i;
    json_t  *settings;

    static const char *const  set[][2] = {
        { "DB_HOSTNAME", "127.0.0.1" }, { "DB_USERNAME", "shop" },
        { "DB_DATABASE", "shop" }, { "DB_PASSWORD", "hidden" },
        { "TOPIC_ARN", FIXTURE_TOPIC }, { "QUEUE_URL", FIXTURE_QUEUE },
        { "DLQ_URL", FIXTURE_DLQ }, { "FACTORY_API_URL", FIXTURE_FACTORY },
        { "CALLBACK_URL", "http://shop/" },
        { "AUTOSTOCK_CALLBACK_SECRET", "hidden-secret-of-the-test" },
        { "AWS_REGION", "eu-west-1" }, { "AWS_ACCESS_KEY_ID", "A" },
        { "AWS_SECRET_ACCESS_KEY", "s" }, { "AWS_CONFIG_FILE", "/dev/null" },
        { "AWS_SHARED_CREDENTIALS_FILE", "/dev/null" }
    };

    (void) state;

    assert_int_equal(command_run(&as_command_check_config, NULL),
                     AS_EXIT_FINDINGS);
    command_told("DB_USERNAME");
    assert_string_equal(command.out, "");

    for (i = 0; i < sizeof(set) / sizeof(set[0]); i++) {
        (void) setenv(set[i][0], set[i][1], 1);
    }

    assert_int_equal(command_run(&as_command_check_config, NULL), AS_EXIT_OK);
    command_wrote("DB_USERNAME=shop\n");
    command_wrote("DB_PASSWORD=(set)\n");
    assert_null(strstr(command.out, "hidden"));
    settings = command_json(AS_EXIT_OK, &as_command_check_config, NULL);
    assert_true(json_object_size(settings) > 20);
    json_decref(settings);

    /* a probable mistake is a warning */
    (void) setenv("AUTOSTOCK_IN_FLIGTH", "10", 1);
    assert_int_equal(command_run(&as_command_check_config, NULL), AS_EXIT_OK);
    command_told("warning: ");
    command_told("AUTOSTOCK_IN_FLIGHT");
    (void) unsetenv("AUTOSTOCK_IN_FLIGTH");

    (void) setenv("AWS_REGION", "not a region", 1);
    assert_int_equal(command_run(&as_command_check_config, NULL),
                     AS_EXIT_FINDINGS);
    command_told("AWS: ");

    for (i = 0; i < sizeof(set) / sizeof(set[0]); i++) {
        (void) unsetenv(set[i][0]);
    }
}


#define TEST(name)                                                            \
    cmocka_unit_test_setup_teardown(name, setup, command_teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(all_looks),
        TEST(exit_codes),
        TEST(usage),
        TEST(no_database),
        TEST(connect_timeout),
        TEST(missing_settings),
        TEST(times),
        TEST(version),
        TEST(check_config)
    };

    return cmocka_run_group_tests_name("command_doctor", tests, NULL, NULL);
}
