/*
 * autostock-worker doctor
 */

#include <stdio.h>
#include <string.h>

#include "cmd/doctor_aws.h"
#include "cmd/doctor_db.h"
#include "cmd/doctor_shop.h"
#include "cmd/session.h"


#define AS_DOCTOR_LEASE_MS  15000      /* beside the factory's time-out */


/* Each line of errors is a finding. */
static void
as_command_doctor_settings(as_findings_t *findings, as_text_t *errors)
{
    char  *line, *rest;

    if (errors->len == 0) {
        as_findings_say(findings, AS_DOCTOR_FINE, "settings", "",
                        "all that run needs are there");
        return;
    }

    rest = errors->data;
    while ((line = strsep(&rest, "\n")) != NULL) {
        if (*line != '\0') {
            as_findings_add(findings, AS_DOCTOR_WRONG, "settings", line,
                            "set it in the environment or in --env-file; "
                            "autostock-worker check-config shows them all");
        }
    }
}


static void
as_command_doctor_aws(as_session_t *session, as_findings_t *findings)
{
    as_doctor_aws_t       conf;
    const as_settings_t  *settings = session->settings;

    if (session->aws == NULL) {
        as_findings_say(findings, AS_DOCTOR_WRONG, "aws",
                        "set AWS_REGION, and correct what the line above "
                        "names", "AWS's settings are wrong or missing");
        return;
    }

    if (settings->topic_arn == NULL || settings->queue_url == NULL
        || settings->dlq_url == NULL)
    {
        return;                        /* the settings' findings */
    }

    memset(&conf, 0, sizeof(conf));
    conf.topic_arn = settings->topic_arn;
    conf.queue_url = settings->queue_url;
    conf.dlq_url = settings->dlq_url;
    conf.deadline_s = (unsigned) ((settings->factory_timeout + 999) / 1000);
    conf.stop_fd = session->stop_fd;
    conf.finding = as_findings_add;
    conf.data = findings;
    (void) as_doctor_aws(session->aws, &conf);

    if (settings->visibility <= settings->factory_timeout) {
        as_findings_say(findings, AS_DOCTOR_WARNING, "deadline",
                        "set AUTOSTOCK_VISIBILITY to more than "
                        "AUTOSTOCK_FACTORY_TIMEOUT", "a message in hand is "
                        "invisible for %lld ms, a call of the factory may "
                        "take %lld", (long long) settings->visibility,
                        (long long) settings->factory_timeout);
    }

    if (settings->callback_timeout
        < settings->factory_timeout + AS_DOCTOR_LEASE_MS)
    {
        as_findings_say(findings, AS_DOCTOR_WARNING, "callback-timeout",
                        "set AUTOSTOCK_CALLBACK_TIMEOUT well above what the "
                        "factory needs", "a callback is overdue after %lld "
                        "ms, before a call of the factory has surely ended",
                        (long long) settings->callback_timeout);
    }
}


static void
as_command_doctor_shop(as_session_t *session, as_findings_t *findings,
    const char *sku)
{
    as_doctor_shop_t      shop;
    const as_settings_t  *settings = session->settings;

    shop.findings = findings;
    shop.http = session->http;
    shop.settings = settings;
    shop.stop_fd = session->stop_fd;

    if (shop.http == NULL) {
        return;
    }

    if (settings->factory_api_url != NULL) {
        as_doctor_factories(&shop, session->db);
    }

    if (settings->callback_url != NULL && settings->callback_secret != NULL) {
        as_doctor_callback(&shop, *sku == '\0' ? "autostock-doctor" : sku);
    }
}


static int
as_command_doctor_run(const as_options_t *options)
{
    as_text_t        errors = AS_TEXT_EMPTY, sku = AS_TEXT_EMPTY;
    as_session_t     session;
    as_findings_t    findings;

    if (options->narguments != 0) {
        fprintf(stderr, "doctor: expected no arguments, found \"%s\"\n",
                options->arguments[0]);
        return AS_EXIT_USAGE;
    }

    /* what is wrong is told on stderr; the rest is looked at all the same */
    (void) as_session_open(&session, options, 0, true);
    as_findings_begin(&findings, stdout, session.json);

    if (session.settings == NULL) {
        as_findings_add(&findings, AS_DOCTOR_WRONG, "settings",
                        "a setting is wrong: see above",
                        "correct it; autostock-worker check-config");
    } else {
        (void) as_settings_require(session.settings, AS_NEED_RUN, &errors);
        as_command_doctor_settings(&findings, &errors);

        if (session.settings->db_username != NULL
            && session.settings->db_database != NULL)
        {
            as_doctor_db(&findings, session.db, session.settings, &sku);
        }

        as_command_doctor_aws(&session, &findings);
        as_command_doctor_shop(&session, &findings, as_text_get(&sku));
    }

    as_text_free(&errors);
    as_text_free(&sku);
    as_session_close(&session);

    return as_findings_end(&findings);
}


const as_command_t  as_command_doctor = {
    "doctor", "", "look at all the wiring, and say how to mend it",
    "Settings, database (schema, grants, durability), AWS (credentials,\n"
    "clock, topic, subscription, policies, queues), the factory (nothing is\n"
    "ordered) and the callback's way through nginx (nothing is booked).\n"
    "Changes nothing.  Exits 1 where something is wrong, 3 where something\n"
    "could not be looked at.\n",
    as_options_none, as_command_doctor_run
};
