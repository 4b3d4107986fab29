/*
 * The environment of an operator's command: its settings, the question before a
 * change that cannot be undone, and attempts after a deadlock.
 */

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/session.h"
#include "sql_fixture.h"


typedef struct {
    as_session_t   session;
    as_options_t   options;
    char          *err;                /* what was written on stderr */
    size_t         size;
    FILE          *saved;
    int64_t        paused_ms;
    unsigned       runs;
    unsigned       fails;              /* of the runs */
} test_t;


static test_t  test;


/* Replaces the library's function. */
int
nanosleep(const struct timespec *pause, struct timespec *left)
{
    (void) left;
    test.paused_ms += pause->tv_nsec / 1000000;

    return 0;
}


static int
setup(void **state)
{
    size_t  i;

    static const char *const  names[] = {
        "DB_HOSTNAME", "DB_USERNAME", "DB_DATABASE", "AWS_REGION",
        "AWS_DEFAULT_REGION", "QUEUE_URL", "DB_PORT"
    };

    (void) state;
    memset(&test, 0, sizeof(test));

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void) unsetenv(names[i]);
    }

    (void) setenv("AWS_CONFIG_FILE", "/dev/null", 1);
    (void) setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
    test.options.table = as_options_none;

    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    free(test.err);

    return 0;
}


static void
the_database_is_set(void)
{
    (void) setenv("DB_HOSTNAME", "127.0.0.1", 1);
    (void) setenv("DB_USERNAME", "shop", 1);
    (void) setenv("DB_DATABASE", "shop", 1);
}


static void
stderr_kept(void)
{
    free(test.err);
    test.saved = stderr;
    stderr = open_memstream(&test.err, &test.size);
}


static void
stderr_restored(void)
{
    (void) fclose(stderr);
    stderr = test.saved;
}


static int
open_session(unsigned need, bool aws)
{
    int  rc;

    stderr_kept();
    rc = as_session_open(&test.session, &test.options, need, aws);
    stderr_restored();

    return rc;
}


/* Gives the command these options. */
static void
options(int argc, char **argv)
{
    assert_int_equal(as_options_parse(&test.options, as_options_none, argc,
                                      argv), 0);
}


static void
settings_are_missing(void **state)
{
    (void) state;

    assert_int_equal(open_session(AS_NEED_DB, true), AS_EXIT_USAGE);
    assert_non_null(strstr(test.err, "DB_USERNAME"));
    assert_null(test.session.settings);
    assert_null(test.session.aws);
    as_session_close(&test.session);

    /* settings that a command does not need may be missing */
    the_database_is_set();
    assert_int_equal(open_session(AS_NEED_DB, false), AS_EXIT_OK);
    as_session_close(&test.session);
    assert_int_equal(open_session(AS_NEED_DB | AS_NEED_QUEUE, false),
                     AS_EXIT_USAGE);
    assert_non_null(strstr(test.err, "QUEUE_URL"));
    as_session_close(&test.session);
}


static void
without_aws(void **state)
{
    char  *json[] = { "--output", "json" };

    (void) state;

    the_database_is_set();
    options(2, json);
    assert_int_equal(open_session(AS_NEED_DB, false), AS_EXIT_OK);
    assert_non_null(test.session.db);
    assert_null(test.session.aws);
    assert_null(test.session.http);
    assert_int_equal(test.session.stop_fd, -1);
    assert_true(test.session.json);
    assert_string_equal(test.err, "");
    as_session_close(&test.session);
}


static void
with_an_env_file(void **state)
{
    int    fd;
    char   file[] = "/tmp/autostock-test-XXXXXX";
    char  *argv[] = { "--env-file", file };

    static const char  text[] = "DB_USERNAME=other\nDB_PORT=3307\n";

    (void) state;

    the_database_is_set();
    fd = mkstemp(file);
    assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
    (void) close(fd);
    options(2, argv);
    assert_int_equal(open_session(AS_NEED_DB, false), AS_EXIT_OK);
    assert_string_equal(test.session.settings->db_username, "other");
    assert_string_equal(test.session.settings->db_database, "shop");
    assert_int_equal(test.session.settings->db_port, 3307);
    as_session_close(&test.session);

    (void) unlink(file);
    assert_int_equal(open_session(AS_NEED_DB, false), AS_EXIT_USAGE);
    assert_non_null(strstr(test.err, file));
    as_session_close(&test.session);
}


/* With wrong AWS settings the database can be used nevertheless. */
static void
aws_is_wrong(void **state)
{
    (void) state;

    the_database_is_set();
    assert_int_equal(open_session(AS_NEED_DB, true), AS_EXIT_USAGE);
    assert_non_null(strstr(test.err, "AWS_REGION"));
    assert_null(test.session.aws);
    assert_non_null(test.session.db);
    assert_non_null(test.session.http);
    as_session_close(&test.session);
}


/* A signal does not end the process: the command sees it. */
static void
a_signal(void **state)
{
    sigset_t       set, old;
    struct pollfd  fd;

    (void) state;

    the_database_is_set();
    (void) setenv("AWS_REGION", "eu-west-1", 1);
    (void) sigprocmask(SIG_SETMASK, NULL, &old);
    assert_int_equal(open_session(AS_NEED_DB, true), AS_EXIT_OK);
    assert_non_null(test.session.aws);

    fd.fd = test.session.stop_fd;
    fd.events = POLLIN;
    assert_int_equal(poll(&fd, 1, 0), 0);
    assert_int_equal(raise(SIGTERM), 0);
    assert_int_equal(poll(&fd, 1, 1000), 1);
    as_session_close(&test.session);

    (void) sigemptyset(&set);
    (void) sigaddset(&set, SIGTERM);
    assert_int_equal(sigwaitinfo(&set, NULL), SIGTERM);
    (void) sigprocmask(SIG_SETMASK, &old, NULL);
}


static bool
confirm(void)
{
    bool  yes;

    test.session.options = &test.options;
    stderr_kept();
    yes = as_session_confirm(&test.session, "drop %d?", 7);
    stderr_restored();

    return yes;
}


static void
confirmed_by_an_option(void **state)
{
    char  *argv[] = { "--yes" };

    (void) state;

    options(1, argv);
    assert_true(confirm());
    assert_string_equal(test.err, "");
}


static void
no_terminal(void **state)
{
    (void) state;

    assert_non_null(freopen("/dev/null", "r", stdin));
    assert_false(confirm());
    assert_string_equal(test.err, "drop 7?\nno terminal to ask for "
                        "confirmation: use --yes to do it\n");
}


/* Only a clear yes is accepted. */
static void
answers_of_a_terminal(void **state)
{
    int     master;
    size_t  i;

    static const struct {
        const char  *line;
        bool         yes;
    } cases[] = {
        { "y\n", true }, { "Y\n", true }, { "yes\n", true }, { "YES\n", true },
        { "n\n", false }, { "\n", false }, { "ye\n", false },
        { "yes please\n", false }, { " y\n", false }, { "\4", false }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        assert_true(master != -1);
        assert_int_equal(grantpt(master), 0);
        assert_int_equal(unlockpt(master), 0);
        assert_non_null(freopen(ptsname(master), "r", stdin));
        assert_int_equal(write(master, cases[i].line, strlen(cases[i].line)),
                         strlen(cases[i].line));

        if (confirm() != cases[i].yes) {
            fail_msg("%s", cases[i].line);
        }

        assert_string_equal(test.err, "drop 7? [y/N] ");
        assert_non_null(freopen("/dev/null", "r", stdin));
        (void) close(master);
    }
}


static as_db_status_e
run(void *data, as_db_t *db)
{
    as_db_status_e  *status = data;

    assert_null(db);

    return test.runs++ < test.fails ? *status : AS_DB_OK;
}


/* Only after a deadlock there are further attempts, with a limit. */
static void
attempts(void **state)
{
    size_t          i;
    as_db_status_e  end;

    static const struct {
        as_db_status_e  status;
        unsigned        fails;
        as_db_status_e  end;
        unsigned        runs;
        int64_t         paused_ms;
    } cases[] = {
        { AS_DB_RETRY, 0, AS_DB_OK, 1, 0 },
        { AS_DB_RETRY, 1, AS_DB_OK, 2, 5 },
        { AS_DB_RETRY, 7, AS_DB_OK, 8, 140 },
        { AS_DB_RETRY, 8, AS_DB_RETRY, 8, 180 },
        { AS_DB_GONE, 1, AS_DB_GONE, 1, 0 },
        { AS_DB_ERROR, 1, AS_DB_ERROR, 1, 0 }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        as_db_status_e  status = cases[i].status;

        test.runs = 0;
        test.fails = cases[i].fails;
        test.paused_ms = 0;
        end = as_session_db(&test.session, run, &status);
        assert_int_equal(end, cases[i].end);
        assert_int_equal(test.runs, cases[i].runs);
        assert_int_equal(test.paused_ms, cases[i].paused_ms);
    }
}


/* After a missing right: the user that is needed; after other errors: none. */
static void
database_failed(void **state)
{
    size_t  i;

    static const struct {
        as_db_status_e  status;
        unsigned        error;
        bool            grants;
    } cases[] = {
        { AS_DB_ERROR, 1142, true }, { AS_DB_ERROR, 1143, true },
        { AS_DB_ERROR, 1064, false }, { AS_DB_GONE, 1142, false },
        { AS_DB_RETRY, 1213, false }
    };

    (void) state;

    sql_reset();
    test.session.db = sql_db;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sql.error = cases[i].error;
        stderr_kept();
        assert_int_equal(as_session_db_failed(&test.session,
                                              cases[i].status),
                         AS_EXIT_REACH);
        stderr_restored();
        assert_int_equal(strncmp(test.err, "database: refused: as the", 25),
                         0);
        assert_int_equal(strstr(test.err, "sql/grants-operator.sql") != NULL,
                         cases[i].grants);
    }
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(settings_are_missing),
        TEST(without_aws),
        TEST(with_an_env_file),
        TEST(aws_is_wrong),
        TEST(a_signal),
        TEST(confirmed_by_an_option),
        TEST(no_terminal),
        TEST(answers_of_a_terminal),
        TEST(attempts),
        TEST(database_failed)
    };

    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
