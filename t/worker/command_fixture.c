#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "command_fixture.h"


#define COMMAND_ARGUMENTS  32


command_fixture_t  command;

/* stdout and stderr while a command has others; otherwise NULL */
static FILE  *command_streams[2];


int
as_session_open(as_session_t *session, const as_options_t *options,
    unsigned need, bool aws)
{
    memset(session, 0, sizeof(*session));
    session->options = options;
    session->json = as_options_json(options);
    session->settings = &command.settings;
    session->stop_fd = command.stop_fd;
    session->db = sql_db;

    if (aws) {
        session->loop = command.fake->loop;
        session->http = command.fake->http;
        session->aws = fake_aws_create(command.fake);
    }

    command.opened++;
    command.left++;
    command.need = need;

    return command.open;
}


void
as_session_close(as_session_t *session)
{
    if (session->aws != NULL) {
        as_aws_destroy(session->aws);
    }

    command.left--;
}


/* Replaces the library's function. */
int
nanosleep(const struct timespec *pause, struct timespec *left)
{
    (void) left;
    command.paused_ms += pause->tv_sec * 1000 + pause->tv_nsec / 1000000;

    return 0;
}


int
command_setup(void **state)
{
    (void) sql_setup(state);
    memset(&command, 0, sizeof(command));
    command.fake = fake_create();
    command.settings = *settings_fixture();
    command.stop_fd = -1;

    /* whether there is a terminal does not depend on who runs the tests */
    assert_non_null(freopen("/dev/null", "r", stdin));
    setenv("TERM", "dumb", 1);

    return 0;
}


static void
command_restore(void)
{
    if (command_streams[0] == NULL) {
        return;
    }

    (void) fclose(stdout);
    (void) fclose(stderr);
    stdout = command_streams[0];
    stderr = command_streams[1];
    command_streams[0] = NULL;
}


int
command_teardown(void **state)
{
    /* an assertion failed within the command: its output so far */
    if (command_streams[0] != NULL) {
        command_restore();
        print_error("%s%s", command.out, command.err);
        command.left = 0;
    }

    assert_int_equal(command.left, 0);
    fake_destroy(command.fake);
    free(command.out);
    free(command.err);

    return sql_teardown(state);
}


static int
command_run_options(const as_command_t *what, int argc, char **argv)
{
    int           rc;
    as_options_t  options;

    static size_t  sizes[2];

    free(command.out);
    free(command.err);
    command_streams[0] = stdout;
    command_streams[1] = stderr;
    stdout = open_memstream(&command.out, &sizes[0]);
    stderr = open_memstream(&command.err, &sizes[1]);

    rc = as_options_parse(&options, what->options, argc, argv) == 0
         ? what->run(&options) : AS_EXIT_USAGE;

    command_restore();

    return rc;
}


static int
command_run_list(const as_command_t *what, const char *first, va_list args)
{
    int    n;
    char  *argv[COMMAND_ARGUMENTS];

    n = 0;

    if (first != NULL) {
        argv[n++] = (char *) first;
    }

    while ((argv[n] = va_arg(args, char *)) != NULL) {
        n++;
        assert_true(n < COMMAND_ARGUMENTS);
    }

    return command_run_options(what, n, argv);
}


int
command_run(const as_command_t *what, ...)
{
    int      rc;
    va_list  args;

    va_start(args, what);
    rc = command_run_list(what, NULL, args);
    va_end(args);

    return rc;
}


json_t *
command_json(int rc, const as_command_t *what, ...)
{
    int           found;
    json_t       *result;
    va_list       args;
    json_error_t  err;

    va_start(args, what);
    found = command_run_list(what, "--output=json", args);
    va_end(args);

    if (found != rc) {
        fail_msg("expected exit code %d, found %d: %s%s", rc, found,
                 command.out, command.err);
    }

    result = json_loads(command.out, JSON_DECODE_ANY, &err);
    if (result == NULL) {
        fail_msg("expected JSON, found \"%s\": %s", command.out, err.text);
    }

    return result;
}


static void
command_has(const char *where, const char *found, const char *text)
{
    if (strstr(found, text) == NULL) {
        fail_msg("expected in %s: \"%s\", found: \"%s\"", where, text, found);
    }
}


void
command_wrote(const char *text)
{
    command_has("stdout", command.out, text);
}


void
command_told(const char *text)
{
    command_has("stderr", command.err, text);
}
