/*
 * The running worker.
 */

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/exit.h"
#include "base/settings_warn.h"
#include "run/backlog.h"
#include "run/consumer.h"
#include "run/expiry.h"
#include "run/metrics.h"
#include "run/notify.h"
#include "run/relay.h"
#include "run/run.h"
#include "run/spans.h"
#include "run/watchdog.h"


#define AS_RUN_PART      "worker"
#define AS_RUN_GRACE_MS  1500          /* ms to give messages back, at the
                                          end */
#define AS_RUN_STUCK_MS  60000         /* ms without progress: stuck */
#define AS_RUN_CALLS     10256         /* limit of AUTOSTOCK_IN_FLIGHT, plus
                                          calls to AWS */


/*
 * Previous settings.  They are kept, since parts may still use their strings.
 */
typedef struct as_run_old_s  as_run_old_t;

struct as_run_old_s {
    as_run_old_t   *next;
    as_settings_t  *settings;
};

typedef struct {
    as_worker_t      worker;
    const char      *env_file;
    as_settings_t   *settings;
    as_run_old_t    *old;
    int              signals;          /* signalfd */
    as_watch_t       signal_watch;
    as_notify_t     *notify;
    as_metrics_t    *metrics;
    as_relay_t      *relay;
    as_consumer_t   *consumer;
    as_watchdog_t   *watchdog;
    as_backlog_t    *backlog;
    as_expiry_t     *expiry;
    as_timer_t       alive;            /* systemd's watchdog and status line */
    as_timer_t       deadline;
    int              stopping;
    bool             relay_stopped;
    bool             consumer_stopped;
    int64_t          started;
} as_run_t;


static const char *
as_run_getenv(void *data, const char *name)
{
    as_run_t  *run = data;

    return as_env_aws(run->settings->env, name);
}


static char **
as_run_environ(void *data)
{
    as_run_t  *run = data;

    return as_env_environ(run->settings->env);
}


static void
as_run_db_changed(void *data)
{
    as_run_t  *run = data;

    if (run->consumer != NULL) {
        as_consumer_wake(run->consumer);
    }
}


static void
as_run_open(void *data, const as_factory_view_t *view)
{
    bool  *any = data;

    *any |= view->open;
}


/* True while no breaker limits the receives, so messages do not wait here. */
static bool
as_run_quiet(void *data)
{
    bool       open;
    as_run_t  *run = data;

    open = false;
    as_factories_visit(as_consumer_factories(run->consumer), as_run_open,
                       &open);

    return !open && !run->worker.sqs.down && !run->worker.db.down;
}


static void
as_run_max_receive(void *data, unsigned n)
{
    as_run_t  *run = data;

    as_consumer_set_max_receive(run->consumer, n);
}


/* Stop */

static void
as_run_end(void *data)
{
    as_run_t  *run = data;

    as_loop_stop(run->worker.loop);
}


static void
as_run_late(void *data)
{
    as_run_t  *run = data;

    as_log_write(run->worker.log, AS_LOG_WARN, AS_RUN_PART, "stop time-out "
                 "with %zu messages in flight: returning them to the queue",
                 as_consumer_in_hand(run->consumer));

    as_consumer_hurry(run->consumer);
    run->deadline.fn = as_run_end;
    as_loop_after(run->worker.loop, &run->deadline, AS_RUN_GRACE_MS);
}


static void
as_run_relay_stopped(void *data)
{
    as_run_t  *run = data;

    run->relay_stopped = true;
    if (run->consumer_stopped) {
        as_spans_stop(run->worker.spans, as_run_end, run);
    }
}


static void
as_run_consumer_stopped(void *data)
{
    as_run_t  *run = data;

    run->consumer_stopped = true;
    if (run->relay_stopped) {
        as_spans_stop(run->worker.spans, as_run_end, run);
    }
}


static void
as_run_stop(as_run_t *run)
{
    if (run->stopping++ > 0) {
        as_log_write(run->worker.log, AS_LOG_WARN, AS_RUN_PART,
                     "stopped at once by the second signal");
        _exit(AS_EXIT_OK);
    }

    as_log_write(run->worker.log, AS_LOG_INFO, AS_RUN_PART,
                 "stopping: %zu messages in flight",
                 as_consumer_in_hand(run->consumer));
    as_notify_send(run->notify, "STOPPING=1\n"
                   "STATUS=finishing the messages in flight");

    run->deadline.fn = as_run_late;
    run->deadline.data = run;
    as_loop_after(run->worker.loop, &run->deadline,
                  run->settings->stop_timeout);

    as_backlog_stop(run->backlog);
    as_expiry_stop(run->expiry);
    as_watchdog_stop(run->watchdog);
    as_relay_stop(run->relay, as_run_relay_stopped, run);
    as_consumer_stop(run->consumer, as_run_consumer_stopped, run);
}


static void
as_run_warn(as_run_t *run)
{
    char       *line, *save;
    as_text_t   text = AS_TEXT_EMPTY;

    as_settings_warn(run->settings, &text);

    for (line = text.data ? strtok_r(text.data, "\n", &save) : NULL;
         line != NULL;
         line = strtok_r(NULL, "\n", &save))
    {
        as_log_write(run->worker.log, AS_LOG_WARN, AS_RUN_PART, "%s", line);
    }

    as_text_free(&text);
}


/* SIGHUP */

static void
as_run_reload(as_run_t *run)
{
    as_text_t       errors = AS_TEXT_EMPTY;
    as_run_old_t   *old;
    as_settings_t  *settings;

    old = malloc(sizeof(*old));
    settings = as_settings_create(run->env_file, AS_NEED_RUN, &errors);

    /* leases that are held contain the name */
    if (settings == NULL || old == NULL
        || as_settings_rename(settings, run->settings->worker_name) != 0)
    {
        as_log_write(run->worker.log, AS_LOG_ERROR, AS_RUN_PART, "SIGHUP: the "
                     "settings are wrong, the former ones stay in use: %s",
                     settings != NULL ? "out of memory"
                                      : as_text_get(&errors));
        as_settings_destroy(settings);
        free(old);
        goto out;
    }

    old->settings = run->settings;
    old->next = run->old;
    run->old = old;

    run->settings = settings;
    run->worker.settings = settings;
    as_log_set(run->worker.log, (as_log_level_e) settings->log_level,
               settings->log_format == AS_JSON_LINES);
    as_relay_reload(run->relay);
    as_consumer_reload(run->consumer);
    as_watchdog_reload(run->watchdog);
    as_backlog_reload(run->backlog);
    as_expiry_reload(run->expiry);
    as_metrics_reload(run->metrics);
    as_aws_reload(run->worker.aws);
    as_log_write(run->worker.log, AS_LOG_INFO, AS_RUN_PART,
                 "SIGHUP: settings and secrets were read again");
    as_run_warn(run);

out:

    as_text_free(&errors);
}


static void
as_run_signal(void *data)
{
    as_run_t                 *run = data;
    struct signalfd_siginfo   info;

    while (read(run->signals, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGHUP) {
            as_run_reload(run);
        } else {
            as_run_stop(run);
        }
    }
}


static void
as_run_signal_set(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
}


void
as_run_block_signals(void)
{
    sigset_t  set;

    as_run_signal_set(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}


static int
as_run_signals(as_run_t *run)
{
    sigset_t  set;

    as_run_signal_set(&set);
    run->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);

    run->signal_watch.fn = as_run_signal;
    run->signal_watch.data = run;

    return run->signals == -1 ? -1
           : as_loop_watch(run->worker.loop, &run->signal_watch,
                           run->signals, AS_LOOP_READ);
}


/*
 * Whether to send WATCHDOG=1: each part must recently have finished work, or
 * recorded that its peer is unreachable.  The long poll of an idle consumer
 * ends every 20 s.
 */
static bool
as_run_progresses(const as_run_t *run)
{
    int64_t  since;

    since = as_loop_now(run->worker.loop) - AS_RUN_STUCK_MS;

    return as_relay_progress(run->relay) >= since
           && (as_consumer_progress(run->consumer) >= since
               || as_consumer_waits(run->consumer))
           && as_expiry_progress(run->expiry) >= since
           && as_watchdog_progress(run->watchdog)
              >= since - run->settings->watchdog_interval;
}


static void
as_run_alive(void *data)
{
    int64_t         every;
    as_run_t       *run = data;
    as_counters_t  *counters = &run->worker.counters;

    every = as_notify_watchdog_ms(run->notify) / 3;

    if (run->stopping == 0) {
        as_notify_send(run->notify, "%sSTATUS=%zu messages in flight, %" PRIu64
                       " orders published, %" PRIu64 " requested, %" PRIu64 " "
                       "failed%s%s%s\n", as_run_progresses(run)
                       ? "WATCHDOG=1\n" : "",
                       as_consumer_in_hand(run->consumer),
                       counters->published, counters->requested,
                       counters->dead,
                       run->worker.db.down ? "; database unreachable" : "",
                       run->worker.sns.down ? "; SNS unreachable" : "",
                       run->worker.sqs.down ? "; SQS unreachable" : "");
    }

    if (as_notify_listens(run->notify)) {
        as_loop_after(run->worker.loop, &run->alive,
                      every > 0 && every < 10000 ? every : 10000);
    }
}


/* Start */

static int
as_run_base(as_run_t *run)
{
    char            err[AS_AWS_ERROR_LEN];
    as_aws_conf_t   aws;
    as_http_conf_t  http;

    memset(&http, 0, sizeof(http));
    http.max_calls = AS_RUN_CALLS;
    http.proxy = run->settings->proxy;
    http.ca_file = run->settings->ca_bundle;

    run->worker.loop = as_loop_create(as_clock_system());
    if (run->worker.loop == NULL) {
        return -1;
    }

    run->worker.http = as_http_curl_create(&http, run->worker.loop);
    if (run->worker.http == NULL || as_run_signals(run) != 0
        || as_uuid_init(&run->worker.uuid) != 0)
    {
        return -1;
    }

    memset(&aws, 0, sizeof(aws));
    aws.http = run->worker.http;
    aws.clock = as_clock_system();
    aws.getenv = as_run_getenv;
    aws.getenv_data = run;
    aws.environ = as_run_environ;
    aws.allow_private = run->settings->aws_private == AS_ON;

    run->worker.aws = as_aws_create(&aws, err);
    if (run->worker.aws == NULL) {
        fprintf(stderr, "%s\n", err);
        errno = EINVAL;
        return -1;
    }

    return 0;
}


static int
as_run_parts(as_run_t *run)
{
    as_watchdog_hooks_t  hooks;

    as_health_init(&run->worker.db, "database");
    as_health_init(&run->worker.sns, "SNS");
    as_health_init(&run->worker.sqs, "SQS");
    run->worker.db_changed = as_run_db_changed;
    run->worker.db_changed_data = run;

    hooks.quiet = as_run_quiet;
    hooks.max_receive = as_run_max_receive;
    hooks.data = run;

    run->worker.spans = as_spans_create(&run->worker);
    if (run->worker.spans == NULL) {
        return -1;
    }

    run->consumer = as_consumer_create(&run->worker);
    run->relay = as_relay_create(&run->worker);
    run->watchdog = as_watchdog_create(&run->worker, &hooks);
    run->backlog = as_backlog_create(&run->worker);
    run->expiry = as_expiry_create(&run->worker);

    if (run->consumer == NULL || run->relay == NULL || run->watchdog == NULL
        || run->backlog == NULL || run->expiry == NULL)
    {
        return -1;
    }

    run->metrics = as_metrics_create(&run->worker, run->consumer);

    return 0;
}


static void
as_run_destroy(as_run_t *run)
{
    as_run_old_t  *old;

    as_metrics_destroy(run->metrics);
    as_expiry_destroy(run->expiry);
    as_backlog_destroy(run->backlog);
    as_watchdog_destroy(run->watchdog);
    as_relay_destroy(run->relay);
    as_consumer_destroy(run->consumer);
    as_spans_destroy(run->worker.spans);

    if (run->worker.aws != NULL) {
        as_aws_destroy(run->worker.aws);
    }
    as_http_destroy(run->worker.http);
    as_loop_destroy(run->worker.loop);
    if (run->signals != -1) {
        close(run->signals);
    }

    as_notify_destroy(run->notify);
    as_log_destroy(run->worker.log);

    while (run->old != NULL) {
        old = run->old;
        run->old = old->next;
        as_settings_destroy(old->settings);
        free(old);
    }

    as_settings_destroy(run->settings);
    free(run);
}


int
as_run(as_settings_t *settings, const char *env_file)
{
    int        rc;
    as_run_t  *run;

    rc = AS_EXIT_REACH;
    run = calloc(1, sizeof(*run));
    if (run == NULL) {
        fprintf(stderr, "out of memory\n");
        as_settings_destroy(settings);
        return rc;
    }

    run->settings = settings;
    run->env_file = env_file;
    run->signals = -1;
    run->worker.settings = settings;
    run->worker.log = as_log_create(STDERR_FILENO,
                                    (as_log_level_e) settings->log_level,
                                    settings->log_format == AS_JSON_LINES);
    run->notify = as_notify_create();

    if (run->worker.log == NULL || run->notify == NULL
        || as_run_base(run) != 0 || as_run_parts(run) != 0)
    {
        fprintf(stderr, "the worker cannot start: %s\n", strerror(errno));
        rc = errno == EINVAL ? AS_EXIT_USAGE : AS_EXIT_REACH;
        goto out;
    }

    as_log_write(run->worker.log, AS_LOG_INFO, AS_RUN_PART, "started as %s: "
                 "relay, consumer, watchdog, expiry", settings->worker_name);
    as_run_warn(run);
    as_notify_send(run->notify, "READY=1\n"
                   "STATUS=running");

    run->alive.fn = as_run_alive;
    run->alive.data = run;
    as_run_alive(run);

    as_loop_run(run->worker.loop);

    as_log_write(run->worker.log, AS_LOG_INFO, AS_RUN_PART, "stopped");
    rc = AS_EXIT_OK;

out:

    as_run_destroy(run);

    return rc;
}
