/*
 * credential_process (AWS CLI User Guide, "Sourcing credentials with an
 * external process"): a command of the operator's, run by /bin/sh, its output
 * read as it comes.
 */

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "as_credentials_profile.h"


extern char  **environ;

typedef struct {
    pid_t    pid;
    int      fd;
    size_t   len;
    char     output[AS_FETCH_ANSWER_MAX];
} as_process_t;


static void
as_process_free(as_fetch_t *fetch, int *status)
{
    pid_t          rc;
    as_process_t  *process = fetch->state;

    as_http_unwatch(fetch->http, process->fd);
    (void) close(process->fd);

    /* It closed its output or is killed: the wait is short. */
    do {
        rc = waitpid(process->pid, status, 0);
    } while (rc == -1 && errno == EINTR);

    if (rc == -1) {
        *status = -1;
    }

    OPENSSL_cleanse(process, sizeof(as_process_t));
    free(process);
    fetch->state = NULL;
}


void
as_process_cancel(as_fetch_t *fetch)
{
    int            status;
    as_process_t  *process = fetch->state;

    if (process != NULL) {
        (void) kill(-process->pid, SIGKILL);
        as_process_free(fetch, &status);
    }
}


static as_provider_e
as_process_end(as_fetch_t *fetch)
{
    int             status;
    as_provider_e   rc;
    as_process_t   *process = fetch->state;

    rc = as_fetch_json(fetch, process->output, process->len,
                       "credential_process");
    as_process_free(fetch, &status);

    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        as_keys_clear(&fetch->keys);
        rc = as_fetch_failed(fetch, "credential_process ended with status "
                             "%d", WIFEXITED(status) ? WEXITSTATUS(status)
                                                     : -1);
    }

    return rc;
}


static void
as_process_readable(void *data)
{
    ssize_t        n;
    as_fetch_t    *fetch = data;
    as_process_t  *process = fetch->state;

    n = read(process->fd, process->output + process->len,
             sizeof(process->output) - process->len);

    if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }

    if (n > 0) {
        process->len += (size_t) n;

        if (process->len < sizeof(process->output)) {
            return;
        }

        as_process_cancel(fetch);
        as_fetch_done(fetch, as_fetch_failed(fetch, "credential_process "
                                             "printed too much"));
        return;
    }

    as_fetch_done(fetch, as_process_end(fetch));
}


/* In a group of its own, so that all of it can be ended; with the signals as
 * a shell expects them. */
static int
as_process_spawn(as_process_t *process, const char *command, int out)
{
    int                         rc;
    char                       *argv[4];
    sigset_t                    none, all;
    posix_spawnattr_t           attr;
    posix_spawn_file_actions_t  actions;

    argv[0] = "/bin/sh";
    argv[1] = "-c";
    argv[2] = (char *) command;
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

    rc = posix_spawnattr_setpgroup(&attr, 0)
         | posix_spawnattr_setsigmask(&attr, &none)
         | posix_spawnattr_setsigdefault(&attr, &all)
         | posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP
                                           | POSIX_SPAWN_SETSIGMASK
                                           | POSIX_SPAWN_SETSIGDEF)
         | posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO)
         | posix_spawn_file_actions_addopen(&actions, STDIN_FILENO,
                                            "/dev/null", O_RDONLY, 0);
    if (rc == 0) {
        rc = posix_spawn(&process->pid, argv[0], &actions, &attr, argv,
                         environ);
    }

    (void) posix_spawn_file_actions_destroy(&actions);
    (void) posix_spawnattr_destroy(&attr);

    return rc;
}


as_provider_e
as_process_start(as_fetch_t *fetch, const char *command)
{
    int            fds[2], rc;
    as_process_t  *process;

    process = calloc(1, sizeof(as_process_t));
    if (process == NULL) {
        return as_fetch_failed(fetch, "out of memory");
    }

    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) == -1) {
        free(process);
        return as_fetch_failed(fetch, "pipe: %s", strerror(errno));
    }

    /* The writing end is the command's: blocking, as it expects. */
    (void) fcntl(fds[1], F_SETFL, 0);
    rc = as_process_spawn(process, command, fds[1]);
    (void) close(fds[1]);

    if (rc != 0) {
        (void) close(fds[0]);
        free(process);
        return as_fetch_failed(fetch, "credential_process cannot be run: "
                               "%s", strerror(rc));
    }

    process->fd = fds[0];
    fetch->state = process;

    if (as_http_watch(fetch->http, process->fd, as_process_readable, fetch)
        != 0)
    {
        rc = errno;
        as_process_cancel(fetch);
        return as_fetch_failed(fetch, "credential_process cannot be "
                               "watched: %s", strerror(rc));
    }

    return AS_PROVIDER_PENDING;
}
