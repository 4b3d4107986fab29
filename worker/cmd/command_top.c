/*
 * autostock-worker top
 */

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/colour.h"
#include "cmd/argument.h"
#include "cmd/output.h"
#include "cmd/session.h"
#include "cmd/top.h"
#include "cmd/top_screen.h"
#include "cmd/top_terminal.h"


#define AS_TOP_INTERVAL_MS      2000
#define AS_TOP_INTERVAL_MIN_MS  100
#define AS_TOP_INTERVAL_MAX_MS  3600000
#define AS_TOP_ONCE_ROUNDS      2      /* a rate needs two readings */


static const as_option_t  as_command_top_options[] = {
    { "interval", "TIME", "between two readings: 500ms, 2s (2s)" },
    { "once", NULL, "print one screen, and exit" },
    { "status-url", "URL", "nginx's status page (AUTOSTOCK_STATUS_URL)" },
    { "metrics-url", "URL", "the worker's metrics (those of this machine)" },
    { "color", "auto|never|always", "auto: on a terminal, without NO_COLOR" },
    { NULL, NULL, NULL }
};


typedef struct {
    as_session_t    *session;
    as_top_t        *top;
    int64_t          interval_ms;
    bool             once;
    bool             colour;
    unsigned         rounds;
    as_timer_t       timer;
    as_watch_t       keys;
    as_watch_t       signals;
    int              rc;
} as_command_top_t;


static void
as_command_top_print(as_command_top_t *command, bool terminal)
{
    json_t          *view;
    ssize_t          rc;
    as_text_t        out = AS_TEXT_EMPTY;
    as_top_shape_t   shape;

    view = as_top_view(command->top);
    command->rc = as_top_failed(view) ? AS_EXIT_REACH : AS_EXIT_OK;

    if (command->session->json) {
        as_output_object(view, true, stdout);
        json_decref(view);
        return;
    }

    as_top_terminal_size(&shape.width, &shape.height);
    shape.colour = command->colour;
    shape.terminal = terminal;
    as_top_screen(view, &shape, &out);
    json_decref(view);

    if (terminal) {
        /* what does not fit into the terminal's buffer comes next time */
        rc = write(STDOUT_FILENO, as_text_get(&out), out.len);
        (void) rc;
    } else {
        fputs(as_text_get(&out), stdout);
    }

    as_text_free(&out);
}


/* After a round of readings. */
static void
as_command_top_round(void *data)
{
    as_command_top_t  *command = data;

    command->rounds++;

    if (!command->once) {
        as_command_top_print(command, true);

    } else if (command->rounds < AS_TOP_ONCE_ROUNDS) {
        as_loop_after(command->session->loop, &command->timer,
                      command->interval_ms);
    } else {
        as_command_top_print(command, false);
        as_loop_stop(command->session->loop);
    }
}


static void
as_command_top_tick(void *data)
{
    as_command_top_t  *command = data;

    if (!command->once) {
        as_loop_after(command->session->loop, &command->timer,
                      command->interval_ms);

        if (command->rounds > 0) {
            /* the time on the screen advances although a part does not
             * answer */
            as_command_top_print(command, true);
        }
    }

    as_top_read(command->top);
}


static void
as_command_top_key(void *data)
{
    char               key;
    ssize_t            n;
    as_command_top_t  *command = data;

    while ((n = read(STDIN_FILENO, &key, 1)) == 1) {
        if (key == 'q' || key == 'Q') {
            as_loop_stop(command->session->loop);
            return;
        }
    }

    if ((command->keys.ready & AS_LOOP_FAILED) != 0
        || (n < 0 && errno != EAGAIN && errno != EINTR))
    {
        as_loop_stop(command->session->loop);  /* the terminal is gone */
    }
}


/* Gives the terminal to other processes until SIGCONT. */
static void
as_command_top_suspend(as_command_top_t *command)
{
    as_top_terminal_leave();
    (void) raise(SIGSTOP);
    as_top_terminal_enter();
    as_command_top_print(command, true);
}


static void
as_command_top_signal(void *data)
{
    as_command_top_t         *command = data;
    struct signalfd_siginfo   info;

    while (read(command->session->stop_fd, &info, sizeof(info))
           == (ssize_t) sizeof(info))
    {
        if (info.ssi_signo == SIGTSTP && !command->once) {
            as_command_top_suspend(command);

        } else if (info.ssi_signo == SIGTSTP) {
            (void) raise(SIGSTOP);

        } else if (info.ssi_signo != SIGWINCH) {
            as_loop_stop(command->session->loop);

        } else if (!command->once) {
            as_command_top_print(command, true);
        }
    }
}


/* 0, or -1 with errno. */
static int
as_command_top_watch(as_command_top_t *command)
{
    sigset_t       set;
    as_session_t  *session = command->session;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGQUIT);
    sigaddset(&set, SIGTSTP);
    sigaddset(&set, SIGWINCH);
    sigprocmask(SIG_BLOCK, &set, NULL);
    session->stop_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);

    command->timer.fn = as_command_top_tick;
    command->signals.fn = as_command_top_signal;
    command->keys.fn = as_command_top_key;
    command->timer.data = command->signals.data = command->keys.data = command;
    as_loop_after(session->loop, &command->timer, 0);

    if (session->stop_fd == -1
        || as_loop_watch(session->loop, &command->signals, session->stop_fd,
                         AS_LOOP_READ) != 0)
    {
        return -1;
    }

    return command->once || !isatty(STDIN_FILENO) ? 0
           : as_loop_watch(session->loop, &command->keys, STDIN_FILENO,
                           AS_LOOP_READ);
}


static int
as_command_top_loop(as_command_top_t *command)
{
    if (as_command_top_watch(command) != 0) {
        fprintf(stderr, "signals and keys cannot be read: %s\n",
                strerror(errno));
        return AS_EXIT_REACH;
    }

    if (!command->once) {
        as_top_terminal_enter();
    }

    as_loop_run(command->session->loop);
    as_top_terminal_leave();

    return command->once ? command->rc : AS_EXIT_OK;
}


static int
as_command_top_do(as_command_top_t *command, const as_options_t *options)
{
    int                   rc;
    char                  metrics[64];
    as_top_conf_t         conf;
    const as_settings_t  *settings = command->session->settings;

    memset(&conf, 0, sizeof(conf));
    conf.session = command->session;
    conf.status_url = as_options_get(options, "status-url");
    conf.metrics_url = as_options_get(options, "metrics-url");
    conf.interval_s = (double) command->interval_ms / 1000;
    conf.done = as_command_top_round;
    conf.data = command;

    if (conf.status_url == NULL) {
        conf.status_url = settings->status_url;
    }

    if (conf.metrics_url == NULL && settings->metrics_port != 0) {
        snprintf(metrics, sizeof(metrics), "http://127.0.0.1:%" PRId64
                 "/metrics", settings->metrics_port);
        conf.metrics_url = metrics;
    }

    command->top = as_top_create(&conf);
    if (command->top == NULL) {
        fprintf(stderr, "the database's thread cannot start: %s\n",
                strerror(errno));
        return AS_EXIT_REACH;
    }

    rc = as_command_top_loop(command);
    as_top_destroy(command->top);

    return rc;
}


/* Reads the options: AS_EXIT_OK or AS_EXIT_USAGE. */
static int
as_command_top_read(as_command_top_t *command, const as_options_t *options)
{
    const char  *color = NULL, *term;

    if (options->narguments != 0) {
        fprintf(stderr, "top: expected no arguments, found \"%s\"\n",
                options->arguments[0]);
        return AS_EXIT_USAGE;
    }

    if (as_argument_choice(options, "color", "auto|never|always", &color) != 0
        || as_argument_time(options, "interval", &command->interval_ms) != 0)
    {
        return AS_EXIT_USAGE;
    }

    if (command->interval_ms < AS_TOP_INTERVAL_MIN_MS
        || command->interval_ms > AS_TOP_INTERVAL_MAX_MS)
    {
        fprintf(stderr, "--interval: expected 100ms to 1h\n");
        return AS_EXIT_USAGE;
    }

    term = getenv("TERM");
    command->colour = as_colour_wanted(color, STDOUT_FILENO);
    command->once = as_options_get(options, "once") != NULL
                    || as_options_json(options);

    if (!command->once && (!isatty(STDOUT_FILENO) || term == NULL
                           || strcmp(term, "dumb") == 0))
    {
        fprintf(stderr, "stdout is no terminal that can be overwritten: one "
                "screen is printed, as with --once\n");
        command->once = true;
    }

    return AS_EXIT_OK;
}


static int
as_command_top_run(const as_options_t *options)
{
    int                rc;
    as_session_t       session;
    as_command_top_t   command;

    memset(&command, 0, sizeof(command));
    command.session = &session;
    command.interval_ms = AS_TOP_INTERVAL_MS;

    if (as_command_top_read(&command, options) != AS_EXIT_OK) {
        return AS_EXIT_USAGE;
    }

    rc = as_session_open(&session, options, 0, false);
    if (rc == AS_EXIT_OK) {
        rc = as_session_http(&session);
    }
    if (rc == AS_EXIT_OK) {
        rc = as_command_top_do(&command, options);
    }

    as_session_close(&session);

    return rc;
}


const as_command_t  as_command_top = {
    "top", "", "watch nginx, the worker and the database",
    "Refreshes every --interval: sales and other results per second, batch\n"
    "size, connections and waiting requests of nginx; the worker's peers,\n"
    "queue, dead letters and circuit breakers; open orders by state with the\n"
    "age of the oldest, holds, and the products nearest to their reorder\n"
    "point.  Unreachable parts are reported.  q quits.  With --once, or if\n"
    "stdout is not a terminal, it prints one screen and exits with 3 if a\n"
    "part is unreachable; --output json prints the same data as an object.\n",
    as_command_top_options, as_command_top_run
};
