/*
 * autostock-worker doctor
 */

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmd/doctor_aws.h"
#include "cmd/doctor_db.h"
#include "cmd/doctor_life.h"
#include "cmd/doctor_orders.h"
#include "cmd/doctor_shop.h"
#include "cmd/session.h"
#include "base/settings_warn.h"


#define AS_DOCTOR_LEASE_MS    15000    /* beyond the factory's time-out */
#define AS_DOCTOR_DB_S        10       /* seconds for the database, in all */
#define AS_DOCTOR_CONNECT_MS  5000     /* of these, ms for a connection */


typedef struct {
    as_session_t       *session;
    as_findings_t      *findings;
    as_text_t           sku;           /* the SKU of some product */
    as_doctor_signs_t   signs;
} as_command_doctor_db_t;


/* Reports each line as a finding. */
static void
as_command_doctor_lines(as_findings_t *findings, as_doctor_level_e level,
    as_text_t *lines, const char *mend)
{
    char  *line, *rest;

    for (rest = lines->data; (line = strsep(&rest, "\n")) != NULL; /* void */)
    {
        if (*line != '\0') {
            as_findings_add(findings, level, "settings", line, mend);
        }
    }
}


static void
as_command_doctor_settings(as_findings_t *findings,
    const as_settings_t *settings)
{
    as_text_t  lines = AS_TEXT_EMPTY;

    (void) as_settings_require(settings, AS_NEED_RUN, &lines);

    if (lines.len == 0) {
        as_findings_say(findings, AS_DOCTOR_FINE, "settings", "",
                        "all settings that run needs are set");
    }

    as_command_doctor_lines(findings, AS_DOCTOR_WRONG, &lines,
                            "set it in the environment or in --env-file; "
                            "autostock-worker check-config shows them all");

    as_text_clear(&lines);
    as_settings_warn(settings, &lines);
    as_command_doctor_lines(findings, AS_DOCTOR_WARNING, &lines,
                            "correct it in the environment or in the file, and "
                            "restart the worker");
    as_text_free(&lines);
}


static void
as_command_doctor_aws(as_session_t *session, as_findings_t *findings)
{
    as_doctor_aws_t       conf;
    const as_settings_t  *settings = session->settings;

    if (session->aws == NULL) {
        as_findings_say(findings, AS_DOCTOR_WRONG, "aws",
                        "set AWS_REGION, and correct the settings that the "
                        "line above "
                        "names", "AWS's settings are wrong or missing");
        return;
    }

    if (settings->topic_arn == NULL || settings->queue_url == NULL
        || settings->dlq_url == NULL)
    {
        return;                        /* reported as a finding of the
                                          settings */
    }

    memset(&conf, 0, sizeof(conf));
    conf.topic_arn = settings->topic_arn;
    conf.queue_url = settings->queue_url;
    conf.dlq_url = settings->dlq_url;
    conf.deadline_s = (unsigned) ((settings->factory_timeout + 999) / 1000);
    conf.stop_fd = session->stop_fd;
    conf.findings = findings;
    (void) as_doctor_aws(session->aws, &conf);

    if (settings->visibility <= settings->factory_timeout) {
        as_findings_say(findings, AS_DOCTOR_WARNING, "deadline",
                        "set AUTOSTOCK_VISIBILITY to more than "
                        "AUTOSTOCK_FACTORY_TIMEOUT", "a message in flight is "
                        "invisible for %lld ms, a call to the factory may take "
                        "%lld ms", (long long) settings->visibility,
                        (long long) settings->factory_timeout);
    }

    if (settings->callback_timeout
        < settings->factory_timeout + AS_DOCTOR_LEASE_MS)
    {
        as_findings_say(findings, AS_DOCTOR_WARNING, "callback-timeout",
                        "set AUTOSTOCK_CALLBACK_TIMEOUT well above the "
                        "factory's delivery "
                        "time", "a callback is overdue after %lld ms, "
                        "when a call to the factory may still be running",
                        (long long) settings->callback_timeout);
    }
}


static void
as_command_doctor_http(as_session_t *session, as_findings_t *findings,
    const char *sku, const as_doctor_signs_t *signs)
{
    as_doctor_http_t      http;
    const as_settings_t  *settings = session->settings;

    http.findings = findings;
    http.http = session->http;
    http.settings = settings;
    http.stop_fd = session->stop_fd;

    if (http.http == NULL) {
        return;
    }

    as_doctor_life_worker(&http, signs);
    as_doctor_life_nginx(&http);

    if (settings->factory_api_url != NULL) {
        as_doctor_shop_factories(&http, session->db);
    }

    if (settings->callback_url != NULL && settings->callback_secret != NULL) {
        as_doctor_shop_callback(&http, *sku == '\0' ? "autostock-doctor" : sku);
    }
}


/* Runs in a thread, for which the command waits. */
static void *
as_command_doctor_db_run(void *data)
{
    as_command_doctor_db_t  *look = data;
    as_session_t            *session = look->session;

    if (as_doctor_db(look->findings, session->db, session->settings,
                     &look->sku))
    {
        as_doctor_orders(look->findings, session->db, session->settings,
                         &look->signs);
    }

    return NULL;
}


/* Performs all checks of the database, within AS_DOCTOR_DB_S. */
static void
as_command_doctor_db(as_command_doctor_db_t *look)
{
    pthread_t             thread;
    as_settings_t         settings;
    struct timespec       until;
    const as_settings_t  *own = look->session->settings;

    if (own->db_username == NULL || own->db_database == NULL) {
        return;
    }

    settings = *own;
    if (settings.db_connect_timeout > AS_DOCTOR_CONNECT_MS) {
        settings.db_connect_timeout = AS_DOCTOR_CONNECT_MS;
    }

    as_db_reload(look->session->db, &settings);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += AS_DOCTOR_DB_S;

    if (pthread_create(&thread, NULL, as_command_doctor_db_run, look) == 0
        && pthread_timedjoin_np(thread, NULL, &until) != 0)
    {
        as_db_abort(look->session->db);
        pthread_join(thread, NULL);
        as_findings_say(look->findings, AS_DOCTOR_UNREACHABLE,
                        "database-time", "find the session that delays the "
                        "server: SHOW "
                        "PROCESSLIST", "it did not answer the checks above "
                        "within %d s", AS_DOCTOR_DB_S);
    }

    as_db_reload(look->session->db, own);
}


static int
as_command_doctor_run(const as_options_t *options)
{
    as_session_t             session;
    as_findings_t            findings;
    as_command_doctor_db_t   look;

    if (options->narguments != 0) {
        fprintf(stderr, "doctor: expected no arguments, found \"%s\"\n",
                options->arguments[0]);
        return AS_EXIT_USAGE;
    }

    /* errors are reported on stderr; the other checks run in any case */
    (void) as_session_open(&session, options, 0, true);
    as_findings_begin(&findings, stdout, session.json);

    if (session.settings == NULL) {
        as_findings_add(&findings, AS_DOCTOR_WRONG, "settings",
                        "a setting is wrong: see above",
                        "correct it; autostock-worker check-config");
    } else {
        as_command_doctor_settings(&findings, session.settings);

        memset(&look, 0, sizeof(look));
        look.session = &session;
        look.findings = &findings;
        as_command_doctor_db(&look);
        as_command_doctor_aws(&session, &findings);
        as_command_doctor_http(&session, &findings, as_text_get(&look.sku),
                               &look.signs);
        as_text_free(&look.sku);
    }

    as_session_close(&session);

    return as_findings_end(&findings);
}


const as_command_t  as_command_doctor = {
    "doctor", "", "check all settings and connections, with a remedy for each "
    "finding",
    "Checks settings, database (schema, grants, durability), orders without\n"
    "progress, AWS (credentials, clock, topic, subscription, policies,\n"
    "queues, dead letters), the worker by its metrics, nginx by its status\n"
    "page, the factory (nothing is ordered), and the callback's path through\n"
    "nginx (nothing is booked).  Changes nothing.  The check of a peer that\n"
    "does not answer takes 10 s at most.  Exits with 1 after a finding, with\n"
    "3 if a peer is unreachable.\n",
    as_options_none, as_command_doctor_run
};
