/*
 * autostock-factory simulates the legacy Factory API, and faults of it on
 * request.  It is for the local stack and listens on 127.0.0.1 only.
 */

#include "fs_factory.h"

#include "fs_clock.h"
#include "fs_request.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define FS_STEP_MS          10000
#define FS_CONNECTIONS_MAX  4096

typedef struct {
    uint16_t      port;
    uint16_t      control_port;
    const char   *journal;
    int64_t       step_ms;
    const char  **faults;      /* NULL-terminated */
} fs_options_t;

static const struct option  fs_long_options[] = {
    { "port", required_argument, NULL, 'p' },
    { "control-port", required_argument, NULL, 'c' },
    { "journal", required_argument, NULL, 'j' },
    { "step-ms", required_argument, NULL, 's' },
    { "fault", required_argument, NULL, 'f' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 }
};

static const char  fs_usage[] =
    "usage: autostock-factory --port N --control-port N --journal FILE\n"
    "                         [--step-ms N] [--fault JSON]...\n"
    "\n"
    "  --step-ms N   a step of production, four to an order (10000)\n"
    "  --fault JSON  a fault to simulate, e.g.\n"
    "                {\"fault\":\"status\",\"status\":503,\"times\":3};\n"
    "                the kinds are listed in stack/factory/fs_fault.h\n";

static int
fs_option_number(const char *text, long max, int64_t *value)
{
    char  *end;

    errno = 0;
    *value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || *value < 0
        || *value > max)
    {
        fprintf(stderr, "factory: expected a number up to %ld, found "
                "\"%s\"\n", max, text);
        return -1;
    }
    return 0;
}

static int
fs_option_take(fs_options_t *options, int c, size_t *n_faults)
{
    int      rc;
    int64_t  value = 0;

    switch (c) {
    case 'p':
        rc = fs_option_number(optarg, 65535, &value);
        options->port = (uint16_t) value;
        return rc;
    case 'c':
        rc = fs_option_number(optarg, 65535, &value);
        options->control_port = (uint16_t) value;
        return rc;
    case 's':
        return fs_option_number(optarg, 86400000, &options->step_ms);
    case 'j':
        options->journal = optarg;
        return 0;
    case 'f':
        options->faults[(*n_faults)++] = optarg;
        return 0;
    case 'h':
        fputs(fs_usage, stdout);
        exit(0);
    default:
        return -1;
    }
}

static int
fs_options_read(fs_options_t *options, int argc, char **argv)
{
    int     c;
    size_t  n_faults = 0;

    options->step_ms = FS_STEP_MS;
    options->faults = calloc((size_t) argc + 1, sizeof(char *));
    if (options->faults == NULL) {
        return -1;
    }

    while ((c = getopt_long(argc, argv, "", fs_long_options, NULL)) != -1) {
        if (fs_option_take(options, c, &n_faults) != 0) {
            return -1;
        }
    }

    if (optind != argc || options->port == 0 || options->control_port == 0
        || options->journal == NULL)
    {
        fputs(fs_usage, stderr);
        return -1;
    }
    return 0;
}

void
fs_factory_linger(fs_factory_t *factory, int64_t ms)
{
    int              rc = 0;
    struct timespec  until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }

    pthread_mutex_lock(&factory->mutex);
    while (!factory->closing && rc == 0) {
        rc = pthread_cond_timedwait(&factory->closing_cond, &factory->mutex,
                                    &until);
    }
    pthread_mutex_unlock(&factory->mutex);
}

void
fs_factory_refuse(fs_factory_t *factory, int64_t ms)
{
    factory->refuse_until = ms > 0 ? fs_clock_now() + ms : 0;
    fs_callbacks_wake(factory->callbacks);
}

static struct MHD_Daemon *
fs_listen(fs_factory_t *factory, uint16_t port,
    MHD_AccessHandlerCallback handler)
{
    struct MHD_Daemon   *daemon;
    struct sockaddr_in   sin;

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons(port);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    daemon = MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION
            | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL,
        port, NULL, NULL, handler, factory,
        MHD_OPTION_SOCK_ADDR, &sin,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned) FS_CONNECTIONS_MAX,
        MHD_OPTION_NOTIFY_COMPLETED, fs_request_done, NULL,
        MHD_OPTION_END);
    if (daemon == NULL) {
        fprintf(stderr, "factory: cannot listen on 127.0.0.1:%u: %s\n",
                port, strerror(errno));
    }
    return daemon;
}

static void
fs_unlisten(fs_factory_t *factory, struct MHD_Daemon *daemon)
{
    if (daemon == NULL) {
        return;
    }

    pthread_mutex_lock(&factory->mutex);
    factory->closing = 1;
    pthread_cond_broadcast(&factory->closing_cond);
    pthread_mutex_unlock(&factory->mutex);

    MHD_stop_daemon(daemon);

    pthread_mutex_lock(&factory->mutex);
    factory->closing = 0;
    pthread_mutex_unlock(&factory->mutex);
}

static void
fs_factory_destroy(fs_factory_t *factory)
{
    fs_orders_destroy(factory->orders);
    fs_faults_destroy(factory->faults);
    fs_callbacks_destroy(factory->callbacks);
    fs_journal_destroy(factory->journal);
}

static int
fs_factory_create(fs_factory_t *factory, const fs_options_t *options)
{
    memset(factory, 0, sizeof(*factory));
    pthread_mutex_init(&factory->mutex, NULL);
    pthread_cond_init(&factory->closing_cond, NULL);
    factory->step_ms = options->step_ms;

    factory->journal = fs_journal_create(options->journal);
    if (factory->journal == NULL) {
        fprintf(stderr, "factory: cannot open \"%s\": %s\n",
                options->journal, strerror(errno));
        return -1;
    }

    factory->orders = fs_orders_create();
    factory->faults = fs_faults_create();
    factory->callbacks = fs_callbacks_create(factory->journal);
    return factory->orders == NULL || factory->faults == NULL
           || factory->callbacks == NULL ? -1 : 0;
}

static int
fs_factory_add_faults(fs_factory_t *factory, const char **faults)
{
    json_t      *asked;
    int64_t      refuse_ms;
    const char  *error;

    for ( /* void */ ; *faults != NULL; faults++) {
        asked = json_loads(*faults, 0, NULL);
        error = fs_faults_add(factory->faults, asked, &refuse_ms);
        json_decref(asked);
        if (error != NULL) {
            fprintf(stderr, "factory: --fault %s: %s\n", *faults, error);
            return -1;
        }
        if (refuse_ms >= 0) {
            fs_factory_refuse(factory, refuse_ms);
        }
    }
    return 0;
}

/*
 * Opens or closes the API port as the faults require.  Returns ms until the
 * next change.
 */
static int64_t
fs_factory_attend(fs_factory_t *factory, struct MHD_Daemon **api,
    uint16_t port)
{
    int64_t  now = fs_clock_now();
    int64_t  wait = factory->refuse_until - now;

    if (wait > 0) {
        fs_unlisten(factory, *api);
        *api = NULL;
        return wait;
    }

    if (*api == NULL) {
        *api = fs_listen(factory, port, fs_api_handle);
    }
    return *api == NULL ? 100 : 60000;
}

static void
fs_factory_run(fs_factory_t *factory, uint16_t port, int signal_fd)
{
    int64_t             now, due, wait;
    fs_order_t         *order;
    struct MHD_Daemon  *api = NULL;

    do {
        wait = fs_factory_attend(factory, &api, port);
        now = fs_clock_now();
        while ((order = fs_orders_take_due(factory->orders, now)) != NULL) {
            fs_callbacks_start(factory->callbacks, order);
        }

        due = fs_orders_next_due(factory->orders);
        if (due >= 0 && due - now < wait) {
            wait = due - now;
        }
    } while (!fs_callbacks_run(factory->callbacks, (int) wait, signal_fd));

    fs_unlisten(factory, api);
}

static int
fs_signals(void)
{
    sigset_t  set;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

int
main(int argc, char **argv)
{
    int                 rc = 1, signal_fd;
    fs_factory_t        factory;
    fs_options_t        options = { 0 };
    struct MHD_Daemon  *control = NULL;

    if (fs_options_read(&options, argc, argv) != 0) {
        free(options.faults);
        return 2;
    }

    curl_global_init(CURL_GLOBAL_DEFAULT);
    signal_fd = fs_signals();

    if (fs_factory_create(&factory, &options) != 0
        || fs_factory_add_faults(&factory, options.faults) != 0)
    {
        goto out;
    }

    control = fs_listen(&factory, options.control_port, fs_control_handle);
    if (control == NULL) {
        goto out;
    }

    fs_factory_run(&factory, options.port, signal_fd);
    rc = 0;

out:

    fs_unlisten(&factory, control);
    fs_factory_destroy(&factory);
    close(signal_fd);
    curl_global_cleanup();
    free(options.faults);
    return rc;
}
