/*
 * The environment of an operator's command.
 */

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "cmd/output.h"
#include "cmd/session.h"

#include "as_sqlerror.h"


#define AS_SESSION_RETRIES  8
#define AS_SESSION_LOSSES   5


int
as_session_http(as_session_t *session)
{
    as_http_conf_t  http;

    memset(&http, 0, sizeof(http));
    http.proxy = session->settings->proxy;
    http.ca_file = session->settings->ca_bundle;
    signal(SIGPIPE, SIG_IGN);

    session->loop = as_loop_create(as_clock_system());
    if (session->loop != NULL) {
        session->http = as_http_curl_create(&http, session->loop);
    }

    if (session->http == NULL) {
        fprintf(stderr, "libcurl cannot start: %s\n", strerror(errno));
        return AS_EXIT_REACH;
    }

    return AS_EXIT_OK;
}


static int
as_session_aws(as_session_t *session)
{
    int            rc;
    char           err[AS_AWS_ERROR_LEN];
    sigset_t       set;
    as_aws_conf_t  aws;

    rc = as_session_http(session);
    if (rc != AS_EXIT_OK) {
        return rc;
    }

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    session->stop_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);

    memset(&aws, 0, sizeof(aws));
    aws.http = session->http;
    aws.clock = as_clock_system();
    aws.getenv = as_env_aws;
    aws.getenv_data = session->settings->env;
    aws.environ = as_env_environ;
    aws.allow_private = session->settings->aws_private == AS_ON;

    session->aws = as_aws_create(&aws, err);
    if (session->aws == NULL) {
        fprintf(stderr, "%s\n", err);
        return AS_EXIT_USAGE;
    }

    return AS_EXIT_OK;
}


int
as_session_open(as_session_t *session, const as_options_t *options,
    unsigned need, bool aws)
{
    as_text_t  errors = AS_TEXT_EMPTY;

    memset(session, 0, sizeof(*session));
    session->stop_fd = -1;
    session->options = options;
    session->json = as_options_json(options);
    session->settings = as_settings_create(as_options_get(options,
                                                          "env-file"),
                                           need, &errors);
    if (session->settings == NULL) {
        fputs(as_text_get(&errors), stderr);
        as_text_free(&errors);
        return AS_EXIT_USAGE;
    }

    as_text_free(&errors);

    session->db = as_db_create(session->settings);
    if (session->db == NULL) {
        fprintf(stderr, "out of memory\n");
        return AS_EXIT_REACH;
    }

    return aws ? as_session_aws(session) : AS_EXIT_OK;
}


void
as_session_close(as_session_t *session)
{
    if (session->aws != NULL) {
        as_aws_destroy(session->aws);
    }
    as_http_destroy(session->http);
    as_loop_destroy(session->loop);
    if (session->stop_fd != -1) {
        close(session->stop_fd);
    }

    as_db_destroy(session->db);
    as_settings_destroy(session->settings);
}


int
as_session_db_failed(const as_session_t *session, as_db_status_e status)
{
    fprintf(stderr, "database: %s\n", as_db_error(session->db));

    /* a missing right on a table or a column */
    if (status == AS_DB_ERROR
        && as_sqlerror_is_denied(as_db_errno(session->db)))
    {
        fprintf(stderr, "this requires the operator's user: see "
                "sql/grants-operator.sql\n");
    }

    return AS_EXIT_REACH;
}


bool
as_session_confirm(const as_session_t *session, const char *fmt, ...)
{
    char     line[16], question[512];
    va_list  args;

    if (as_options_get(session->options, "yes") != NULL) {
        return true;
    }

    va_start(args, fmt);
    vsnprintf(question, sizeof(question), fmt, args);
    va_end(args);
    as_output_text(question, stderr);

    if (!isatty(STDIN_FILENO)) {
        fprintf(stderr, "\n"
                "no terminal to ask for confirmation: use --yes to do it\n");
        return false;
    }

    fprintf(stderr, " [y/N] ");

    return fgets(line, sizeof(line), stdin) != NULL
           && (strcasecmp(line, "y\n") == 0 || strcasecmp(line, "yes\n") == 0);
}


as_db_status_e
as_session_db(as_session_t *session,
    as_db_status_e (*run)(void *data, as_db_t *db), void *data)
{
    int              i;
    as_db_status_e   status;
    struct timespec  pause = { 0, 0 };

    for (i = 0; i < AS_SESSION_RETRIES; i++) {
        status = run(data, session->db);
        if (status != AS_DB_RETRY) {
            break;
        }

        pause.tv_nsec = (i + 1) * 5000000L;
        nanosleep(&pause, NULL);
    }

    return status;
}


as_db_status_e
as_session_db_once(as_session_t *session,
    as_db_status_e (*run)(void *data, as_db_t *db), void *data)
{
    int              i;
    as_db_status_e   status;
    struct timespec  pause = { 0, 200000000L };

    for (i = 0; ; i++) {
        status = as_session_db(session, run, data);
        if (status != AS_DB_GONE || i == AS_SESSION_LOSSES) {
            return status;
        }

        nanosleep(&pause, NULL);
    }
}
