/*
 * Shows a list by $PAGER.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/exit.h"
#include "cmd/pager.h"


/* sh(1): the program cannot be executed, or does not exist */
#define AS_PAGER_NOT_EXECUTABLE  126
#define AS_PAGER_NOT_FOUND       127


/* NULL: there is to be none. */
static const char *
as_pager_command(const as_options_t *options)
{
    const char  *term, *pager;

    term = getenv("TERM");

    if (as_options_get(options, "no-pager") != NULL || !isatty(STDOUT_FILENO)
        || term == NULL || strcmp(term, "dumb") == 0)
    {
        return NULL;
    }

    pager = getenv("PAGER");
    if (pager == NULL) {
        return "less";
    }

    return *pager == '\0' || strcmp(pager, "cat") == 0 ? NULL : pager;
}


/*
 * F: ends by itself where the list fits the screen; S: a line of the table
 * stays one line; X: the list remains on the screen.  The output is UTF-8 in
 * every locale.  For a user who may run this program only, by sudo(8), less
 * gives no shell.
 */
static void
as_pager_environment(void)
{
    (void) setenv("LESS", "FSX", 0);
    (void) setenv("LESSCHARSET", "utf-8", 0);

    if (getenv("SUDO_UID") != NULL) {
        (void) setenv("LESSSECURE", "1", 0);
    }
}


/* A $PAGER is a command line; the default is a program, whose absence is
 * known at once.  0, or an errno. */
static int
as_pager_spawn(as_pager_t *pager, int in)
{
    int                         rc;
    bool                        shell;
    char                       *argv[4];
    sigset_t                    none, all;
    posix_spawnattr_t           attr;
    posix_spawn_file_actions_t  actions;

    shell = getenv("PAGER") != NULL;
    argv[0] = shell ? "/bin/sh" : (char *) pager->command;
    argv[1] = shell ? "-c" : NULL;
    argv[2] = (char *) pager->command;
    argv[3] = NULL;

    (void) sigemptyset(&none);
    (void) sigfillset(&all);

    if (posix_spawnattr_init(&attr) != 0) {
        return ENOMEM;
    }

    if (posix_spawn_file_actions_init(&actions) != 0) {
        (void) posix_spawnattr_destroy(&attr);
        return ENOMEM;
    }

    rc = posix_spawnattr_setsigmask(&attr, &none)
         | posix_spawnattr_setsigdefault(&attr, &all)
         | posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK
                                           | POSIX_SPAWN_SETSIGDEF)
         | posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    if (rc == 0) {
        rc = posix_spawnp(&pager->pid, argv[0], &actions, &attr, argv,
                          environ);
    }

    (void) posix_spawn_file_actions_destroy(&actions);
    (void) posix_spawnattr_destroy(&attr);

    return rc;
}


void
as_pager_begin(as_pager_t *pager, const as_options_t *options)
{
    int  fds[2];

    memset(pager, 0, sizeof(*pager));
    pager->command = as_pager_command(options);

    if (pager->command == NULL || pipe2(fds, O_CLOEXEC) == -1) {
        return;
    }

    as_pager_environment();

    /* otherwise stdout could not be restored, and the pager would never end */
    pager->out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);

    if (pager->out != -1 && as_pager_spawn(pager, fds[0]) == 0) {
        (void) signal(SIGPIPE, SIG_IGN);
        (void) signal(SIGINT, SIG_IGN);
        (void) signal(SIGQUIT, SIG_IGN);
        (void) dup2(fds[1], STDOUT_FILENO);

    } else {
        pager->pid = 0;

        if (pager->out != -1) {
            close(pager->out);
        }
    }

    close(fds[0]);
    close(fds[1]);
}


/* What the pager did not read is not for the terminal. */
static void
as_pager_restore(as_pager_t *pager)
{
    (void) fflush(stdout);
    __fpurge(stdout);
    clearerr(stdout);

    (void) dup2(pager->out, STDOUT_FILENO);
    close(pager->out);
}


int
as_pager_end(as_pager_t *pager, int rc)
{
    int    status = 0;
    pid_t  pid;

    if (pager->pid == 0) {
        return rc;
    }

    as_pager_restore(pager);

    do {
        pid = waitpid(pager->pid, &status, 0);
    } while (pid == -1 && errno == EINTR);

    (void) signal(SIGINT, SIG_DFL);
    (void) signal(SIGQUIT, SIG_DFL);
    pager->pid = 0;

    if (WIFEXITED(status)
        && (WEXITSTATUS(status) == AS_PAGER_NOT_EXECUTABLE
            || WEXITSTATUS(status) == AS_PAGER_NOT_FOUND))
    {
        fprintf(stderr, "PAGER: expected a command that shows its input, "
                "found \"%s\", which could not be run; correct it, or give "
                "--no-pager\n", pager->command);
        return AS_EXIT_REACH;
    }

    return rc;
}
