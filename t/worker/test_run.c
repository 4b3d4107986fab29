/*
 * The worker process from start to end: its parts start and stop in order,
 * signals stop it or make it read its settings again, the service manager is
 * notified.  The parts are fakes that record calls; each case is a process.
 */

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/exit.h"
#include "run/run.h"
#include "run_fixture.h"


static const char  settings_text[] =
    "DB_HOSTNAME=127.0.0.1\nDB_USERNAME=shop\nDB_DATABASE=shop\n"
    "TOPIC_ARN=arn:aws:sns:eu-west-1:1:t\n"
    "QUEUE_URL=https://sqs.eu-west-1.amazonaws.com/1/q\n"
    "DLQ_URL=https://sqs.eu-west-1.amazonaws.com/1/d\n"
    "FACTORY_API_URL=http://factory/api\nCALLBACK_URL=http://shop/{sku}\n"
    "AUTOSTOCK_CALLBACK_SECRET=hidden-secret-of-the-test\n"
    "AWS_REGION=eu-west-1\nAWS_ACCESS_KEY_ID=A\nAWS_SECRET_ACCESS_KEY=s\n"
    "AUTOSTOCK_STOP_TIMEOUT=1s\n";


/* The events, one letter for each step: T, I, H signals; B breaks the file of
 * the settings, G sets another log level in it; Q calls the hook; D an outage
 * of the database; R, C the relay, the consumer has stopped. */
static const char  *script;

static char          file[64], path[64], dir[32];
static int           manager;          /* the service manager's socket */
static char          log_text[8192], notified[4096];


static void
write_file(const char *more)
{
    int  fd;

    fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, settings_text, sizeof(settings_text) - 1),
                     sizeof(settings_text) - 1);
    assert_int_equal(write(fd, more, strlen(more)), strlen(more));
    (void) close(fd);
}


/* The next step. */
static void
step(void *data)
{
    (void) data;

    switch (*script) {
    case 'T':
        (void) raise(SIGTERM);
        break;
    case 'I':
        (void) raise(SIGINT);
        break;
    case 'H':
        (void) raise(SIGHUP);
        break;
    case 'B':
        write_file("DB_PORT=none\n");
        break;
    case 'G':
        write_file("AUTOSTOCK_LOG_LEVEL=debug\nAUTOSTOCK_WORKER_NAME=new\n");
        break;
    case 'Q':
        parts.shared->quiet = parts.hooks.quiet(parts.hooks.data);
        break;
    case 'D':
        parts.worker->db.down = true;
        parts.worker->db_changed(parts.worker->db_changed_data);
        break;
    case 'M':
        parts.hooks.max_receive(parts.hooks.data, 7);
        break;
    case 'R':
        parts.relay_stopped(parts.relay_data);
        break;
    case 'C':
        parts.consumer_stopped(parts.consumer_data);
        break;
    default:
        return;
    }

    script++;
    as_loop_after(parts.worker->loop, &parts.timer, RUN_STEP_MS);
}


static int
setup(void **state)
{
    struct sockaddr_un  to;

    (void) state;
    memset(&parts, 0, sizeof(parts));
    parts.shared = mmap(NULL, sizeof(*parts.shared), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(parts.shared != MAP_FAILED);
    (void) snprintf(dir, sizeof(dir), "/tmp/autostock-XXXXXX");
    assert_non_null(mkdtemp(dir));
    (void) snprintf(file, sizeof(file), "%s/worker.env", dir);
    (void) snprintf(path, sizeof(path), "%s/notify", dir);
    write_file("");

    memset(&to, 0, sizeof(to));
    to.sun_family = AF_UNIX;
    memcpy(to.sun_path, path, strlen(path));
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(manager, (struct sockaddr *) &to, sizeof(to)), 0);
    (void) setenv("NOTIFY_SOCKET", path, 1);
    (void) setenv("WATCHDOG_USEC", "30000000", 1);
    (void) setenv("AWS_CONFIG_FILE", "/dev/null", 1);
    (void) setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);

    script = "";
    parts.step = step;

    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    (void) close(manager);
    (void) unlink(path);
    (void) unlink(file);
    (void) rmdir(dir);
    (void) munmap(parts.shared, sizeof(*parts.shared));

    return 0;
}


/* The process of a case; its log goes to fd. */
static void
child(int fd)
{
    as_text_t       errors = AS_TEXT_EMPTY;
    as_settings_t  *settings;

    (void) dup2(fd, STDERR_FILENO);
    as_run_block_signals();
    settings = as_settings_create(file, AS_NEED_RUN, &errors);
    as_text_free(&errors);
    _exit(settings == NULL ? 99 : as_run(settings, file));
}


static void
read_all(int fd, char *text, size_t size)
{
    size_t   len;
    ssize_t  n;

    for (len = 0; len + 1 < size; len += (size_t) n) {
        n = read(fd, text + len, size - len - 1);
        if (n <= 0) {
            break;
        }
    }

    text[len] = '\0';
}


/* Runs the worker until it ends; its exit code. */
static int
run(const char *steps)
{
    int      status, fds[2];
    pid_t    pid;
    size_t   len;
    ssize_t  n;

    script = steps;
    memset(parts.shared, 0, sizeof(*parts.shared));
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid != -1);

    if (pid == 0) {
        child(fds[1]);
    }

    (void) close(fds[1]);
    read_all(fds[0], log_text, sizeof(log_text));
    (void) close(fds[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));

    notified[0] = '\0';
    while ((len = strlen(notified)) + 2 < sizeof(notified)
           && (n = recv(manager, notified + len, sizeof(notified) - len - 2,
                        0)) > 0)
    {
        notified[len + (size_t) n] = '|';
        notified[len + (size_t) n + 1] = '\0';
    }

    return WEXITSTATUS(status);
}


static void
has(const char *where, const char *text)
{
    if (strstr(where, text) == NULL) {
        fail_msg("expected \"%s\", found: %s", text, where);
    }
}


/* The parts start; a signal stops them; they end in the reverse order. */
static void
begins_and_ends(void **state)
{
    size_t  i;

    static const char *const  scripts[] = { "TRC", "ICR" };

    (void) state;

    for (i = 0; i < 2; i++) {
        assert_int_equal(run(scripts[i]), AS_EXIT_OK);
        assert_string_equal(parts.shared->events, "consumer+ relay+ watchdog+ "
                            "backlog+ expiry+ metrics+ expiry! watchdog! "
                            "relay! consumer! expiry- backlog- watchdog- "
                            "relay- consumer- ");
        has(log_text, "started as ");
        has(log_text, "stopping: 0 messages in flight");
        has(log_text, " stopped\n");
        has(notified, "READY=1\nSTATUS=running|");
        has(notified, "WATCHDOG=1\nSTATUS=0 messages in flight");
        has(notified, "STOPPING=1\n");
        assert_null(strstr(log_text, "hidden"));
    }
}


/* At the end of the stop time messages are given back. */
static void
stops_too_slowly(void **state)
{
    (void) state;

    write_file("AUTOSTOCK_STOP_TIMEOUT=1s\n");
    parts.in_hand = 3;
    assert_int_equal(run("TR"), AS_EXIT_OK);
    has(log_text, "stop time-out with 3 messages in flight: returning them");
    has(parts.shared->events, "consumer! consumer hurries expiry-");
}


/* A second signal ends it at once. */
static void
stopped_at_once(void **state)
{
    (void) state;

    assert_int_equal(run("TT"), AS_EXIT_OK);
    has(log_text, "stopped at once by the second signal");
    assert_null(strstr(parts.shared->events, "consumer-"));
}


/* Settings that are read again reach the parts; the worker's name stays, since
 * it is in leases. */
static void
reads_its_settings_again(void **state)
{
    (void) state;

    assert_int_equal(run("GHTRC"), AS_EXIT_OK);
    has(parts.shared->events, "relay~ consumer~ watchdog~ ");
    has(log_text, "SIGHUP: settings and secrets were read again");
    assert_null(strstr(log_text, "started as new"));
    assert_int_equal(atoi(parts.shared->level), AS_LOG_DEBUG);
}


/* Wrong settings: the former ones stay in use. */
static void
keeps_its_settings(void **state)
{
    (void) state;

    assert_int_equal(run("BHTRC"), AS_EXIT_OK);
    has(log_text, "SIGHUP: the settings are wrong, the former ones stay in "
        "use: ");
    has(log_text, "DB_PORT");
    assert_null(strstr(parts.shared->events, "~"));
}


/* A part cannot be created: the others are destroyed, and the exit code shows
 * it. */
static void
cannot_start(void **state)
{
    size_t  i;

    static const char *const  names[] = {
        "consumer", "relay", "watchdog", "backlog", "expiry"
    };

    (void) state;

    for (i = 0; i < 5; i++) {
        parts.fails = names[i];
        assert_int_equal(run(""), AS_EXIT_REACH);
        has(log_text, "the worker cannot start: ");
        assert_null(strstr(parts.shared->events, "metrics+"));
        assert_null(strstr(notified, "READY"));
    }
}


/* AWS's settings are wrong: an error of usage. */
static void
no_region(void **state)
{
    int  fd;

    static const char  text[] = "AWS_REGION=not a region\n";

    (void) state;

    fd = open(file, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
    (void) close(fd);
    assert_int_equal(run(""), AS_EXIT_USAGE);
    has(log_text, "the worker cannot start: ");
}


/* A part without progress: the service manager gets no WATCHDOG=1, but the
 * status. */
static void
a_part_is_stuck(void **state)
{
    (void) state;

    parts.stuck_ms = 60001;
    assert_int_equal(run("TRC"), AS_EXIT_OK);
    has(notified, "STATUS=0 messages in flight");
    assert_null(strstr(notified, "WATCHDOG=1"));
}


/* While messages wait in this worker, the watchdog publishes none again. */
static void
quiet(void **state)
{
    (void) state;

    assert_int_equal(run("QTRC"), AS_EXIT_OK);
    assert_true(parts.shared->quiet);
    parts.open_circuit = true;
    assert_int_equal(run("QTRC"), AS_EXIT_OK);
    assert_false(parts.shared->quiet);
    parts.open_circuit = false;
    assert_int_equal(run("DQTRC"), AS_EXIT_OK);
    assert_false(parts.shared->quiet);
    has(parts.shared->events, "consumer wakes");
    assert_int_equal(run("MTRC"), AS_EXIT_OK);
    has(parts.shared->events, "consumer knows");
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(begins_and_ends),
        TEST(stops_too_slowly),
        TEST(stopped_at_once),
        TEST(reads_its_settings_again),
        TEST(keeps_its_settings),
        TEST(cannot_start),
        TEST(no_region),
        TEST(a_part_is_stuck),
        TEST(quiet)
    };

    return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
