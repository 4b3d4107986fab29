/*
 * credential_process (AWS CLI User Guide, "Sourcing credentials with an
 * external process"): an operator's command, run by /bin/sh.  Its output, its
 * end and its time limit are events of the loop, which never blocks on it.
 */

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aws/credentials_profile.h"
#include "aws/profile.h"


#define AS_PROCESS_KILLED_MS  1000     /* ms for a killed process to end */


extern char  **environ;

typedef struct {
    pid_t        pid;
    int          out;                  /* -1: read to its end */
    int          end;                  /* readable when the shell has ended */
    as_watch_t   out_watch;
    as_watch_t   end_watch;
    as_timer_t   timer;
    int          status;
    bool         ended;
    const char  *why;                  /* why it was killed; NULL: it was not */
    size_t       len;
    char         output[AS_FETCH_ANSWER_MAX];
} as_process_t;


static void
as_credentials_process_close(as_fetch_t *fetch, int *fd, as_watch_t *watch)
{
    if (*fd != -1) {
        as_loop_unwatch(as_http_loop(fetch->http), watch);
        (void) close(*fd);
        *fd = -1;
    }
}


/* Does not wait for a shell that has not ended: a process of another user
 * cannot be killed. */
static void
as_credentials_process_free(as_fetch_t *fetch)
{
    as_process_t  *process = fetch->state;

    as_credentials_process_close(fetch, &process->out, &process->out_watch);
    as_credentials_process_close(fetch, &process->end, &process->end_watch);
    as_loop_clear(as_http_loop(fetch->http), &process->timer);

    OPENSSL_cleanse(process, sizeof(as_process_t));
    free(process);
    fetch->state = NULL;
}


static void
as_credentials_process_cancel(as_fetch_t *fetch)
{
    as_process_t  *process = fetch->state;

    if (process == NULL) {
        return;
    }

    if (!process->ended) {
        (void) kill(-process->pid, SIGKILL);
        (void) waitpid(process->pid, NULL, WNOHANG);
    }

    as_credentials_process_free(fetch);
}


/* Kills the process group; an event reports its end. */
static void
as_credentials_process_kill(as_fetch_t *fetch, const char *why)
{
    as_process_t  *process = fetch->state;

    process->why = why;
    (void) kill(-process->pid, SIGKILL);
    as_loop_after(as_http_loop(fetch->http), &process->timer,
                  AS_PROCESS_KILLED_MS);
}


static as_provider_e
as_credentials_process_judge(as_fetch_t *fetch)
{
    int            status;
    as_process_t  *process = fetch->state;

    status = process->status;

    if (process->why != NULL) {
        return as_fetch_failed(fetch, "credential_process %s", process->why);
    }

    if (WIFSIGNALED(status)) {
        return as_fetch_failed(fetch, "credential_process was ended by "
                               "signal %d", WTERMSIG(status));
    }

    if (WEXITSTATUS(status) != 0) {
        return as_fetch_failed(fetch, "credential_process ended with status "
                               "%d", WEXITSTATUS(status));
    }

    return as_fetch_json(fetch, process->output, process->len,
                         "credential_process");
}


static void
as_credentials_process_done(as_fetch_t *fetch)
{
    as_provider_e   rc;
    as_process_t   *process = fetch->state;

    if (process->why == NULL && (process->out != -1 || !process->ended)) {
        return;
    }

    rc = as_credentials_process_judge(fetch);
    as_credentials_process_free(fetch);
    as_fetch_done(fetch, rc);
}


static void
as_credentials_process_readable(void *data)
{
    ssize_t        n;
    as_fetch_t    *fetch = data;
    as_process_t  *process = fetch->state;

    n = read(process->out, process->output + process->len,
             sizeof(process->output) - process->len);

    if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }

    if (n > 0) {
        process->len += (size_t) n;

        if (process->len == sizeof(process->output)) {
            as_credentials_process_close(fetch, &process->out,
                                         &process->out_watch);
            as_credentials_process_kill(fetch, "printed too much");
        }
        return;
    }

    as_credentials_process_close(fetch, &process->out, &process->out_watch);

    if (process->ended) {
        as_credentials_process_done(fetch);
    }
}


static void
as_credentials_process_ended(void *data)
{
    as_fetch_t    *fetch = data;
    as_process_t  *process = fetch->state;

    /* -1: SIGCHLD is ignored and the status is lost; the output decides */
    if (waitpid(process->pid, &process->status, WNOHANG) == 0) {
        return;
    }

    process->ended = true;
    as_credentials_process_close(fetch, &process->end, &process->end_watch);
    as_credentials_process_done(fetch);
}


/* The time limit; the second time, the process could not be killed. */
static void
as_credentials_process_late(void *data)
{
    as_fetch_t    *fetch = data;
    as_process_t  *process = fetch->state;

    if (process->why == NULL && !process->ended) {
        as_credentials_process_kill(fetch, "took too long, and was ended");
        return;
    }

    /* a process that it started keeps its output open */
    if (process->why == NULL) {
        as_credentials_process_kill(fetch, "left its output open");
    }

    as_credentials_process_done(fetch);
}


/* Runs the command in its own process group, so that all of it can be killed.
 * It has the default signal handling that a shell expects, and no descriptor of
 * the worker except stderr. */
static int
as_credentials_process_spawn(as_process_t *process, const char *command,
    int out, char **env)
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
                                            "/dev/null", O_RDONLY, 0)
         | posix_spawn_file_actions_addclosefrom_np(&actions,
                                                    STDERR_FILENO + 1);
    if (rc == 0) {
        rc = posix_spawn(&process->pid, argv[0], &actions, &attr, argv,
                         env);
    }

    (void) posix_spawn_file_actions_destroy(&actions);
    (void) posix_spawnattr_destroy(&attr);

    return rc;
}


static void
as_credentials_process_environ_free(char **env)
{
    size_t  i;

    for (i = 0; env[i] != NULL; i++) {
        as_profile_free(env[i]);
    }

    free(env);
}


/* 0, or an errno; then no process runs. */
static int
as_credentials_process_run(as_fetch_t *fetch, as_process_t *process,
    const char *command)
{
    int    fds[2], rc;
    char **env;

    env = environ;

    if (fetch->environ != NULL) {
        env = fetch->environ(fetch->getenv_data);
        if (env == NULL) {
            return ENOMEM;
        }
    }

    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) == -1) {
        rc = errno;
        goto out;
    }

    /* The command expects that its output blocks. */
    (void) fcntl(fds[1], F_SETFL, 0);
    process->out = fds[0];
    rc = as_credentials_process_spawn(process, command, fds[1], env);
    (void) close(fds[1]);

out:

    if (env != environ) {
        as_credentials_process_environ_free(env);
    }

    return rc;
}


static int
as_credentials_process_watch(as_fetch_t *fetch, as_process_t *process)
{
    as_loop_t  *loop = as_http_loop(fetch->http);

    process->end = pidfd_open(process->pid, 0);
    if (process->end == -1) {
        return -1;
    }

    process->out_watch.fn = as_credentials_process_readable;
    process->out_watch.data = fetch;
    process->end_watch.fn = as_credentials_process_ended;
    process->end_watch.data = fetch;
    process->timer.fn = as_credentials_process_late;
    process->timer.data = fetch;

    as_loop_after(loop, &process->timer, fetch->process_ms);

    return as_loop_watch(loop, &process->out_watch, process->out,
                         AS_LOOP_READ)
           | as_loop_watch(loop, &process->end_watch, process->end,
                           AS_LOOP_READ);
}


as_provider_e
as_credentials_process_start(as_fetch_t *fetch, const char *command)
{
    int            rc;
    as_process_t  *process;

    process = calloc(1, sizeof(as_process_t));
    if (process == NULL) {
        return as_fetch_failed(fetch, "out of memory");
    }

    fetch->state = process;
    fetch->cancel = as_credentials_process_cancel;
    process->out = process->end = -1;

    rc = as_credentials_process_run(fetch, process, command);

    if (rc != 0) {
        as_credentials_process_free(fetch);
        return as_fetch_failed(fetch, "credential_process cannot be run: "
                               "%s", strerror(rc));
    }

    if (as_credentials_process_watch(fetch, process) != 0) {
        rc = errno;
        as_credentials_process_cancel(fetch);
        return as_fetch_failed(fetch, "credential_process cannot be "
                               "watched: %s", strerror(rc));
    }

    return AS_PROVIDER_PENDING;
}
