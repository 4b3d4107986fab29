/*
 * An operator's command, run as main() runs it: with its arguments, the
 * database of sql_fixture.h and the AWS of fake_aws.h.  Its output and its
 * messages are kept.  Pauses between two attempts take no time.
 */

#ifndef COMMAND_FIXTURE_H
#define COMMAND_FIXTURE_H

#include <jansson.h>

#include "cmd/command.h"
#include "cmd/session.h"
#include "fake_aws.h"
#include "settings_fixture.h"
#include "sql_fixture.h"


typedef struct {
    fake_t         *fake;
    as_settings_t   settings;          /* the test may change them */
    int             open;              /* what as_session_open() returns */
    int             stop_fd;           /* -1 */
    unsigned        opened;            /* sessions, and those not closed */
    unsigned        left;
    unsigned        need;              /* of the last session */
    int64_t         paused_ms;         /* in pauses */

    char           *out;               /* of the last command */
    char           *err;
} command_fixture_t;


extern command_fixture_t  command;


/* As cmocka's setup and teardown. */
int command_setup(void **state);
int command_teardown(void **state);

/* Runs the command with these arguments, up to NULL; its exit code. */
int command_run(const as_command_t *what, ...);

/* The same with --output json; the result is in out, which must be JSON. */
json_t *command_json(int rc, const as_command_t *what, ...);

/* Fails unless the texts are in what the last command wrote. */
void command_wrote(const char *text);
void command_told(const char *text);

/* Fails unless the command, without --yes and a terminal, asks and
 * does nothing: it ends with AS_EXIT_FINDINGS, and the question
 * contains the text. */
#define command_asks(question, ...)                                           \
    do {                                                                      \
        assert_int_equal(command_run(__VA_ARGS__, NULL), AS_EXIT_FINDINGS);   \
        command_told(question);                                               \
        command_told("use --yes to do it");                                   \
    } while (0)

#define command_test(name)                                                    \
    cmocka_unit_test_setup_teardown(name, command_setup, command_teardown)


#endif /* COMMAND_FIXTURE_H */
