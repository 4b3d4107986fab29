/*
 * autostock-worker provision
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/provision.h"
#include "cmd/session.h"


static const as_option_t  as_command_provision_options[] = {
    { "topic", "NAME", "name of the topic (the name in TOPIC_ARN, or "
    "stock_empty)" },
    { "queue", "NAME", "name of the queue (the name in QUEUE_URL, or "
    "stock_queue)" },
    { "dlq", "NAME", "name of the dead-letter queue (the name in DLQ_URL, or "
    "stock_dlq)" },
    { "max-receive", "N", "receives before a message becomes a dead letter "
    "(5)" },
    { "visibility", "SECONDS", "visibility time-out of the queue (60)" },
    { "raw", NULL, "subscribe with raw message delivery" },
    { "dry-run", NULL, "only show the changes; exits with 1 if there are any" },
    { NULL, NULL, NULL }
};


/* The option's value, or the text after the last separator of a setting, or the
 * default. */
static const char *
as_command_provision_name(const as_options_t *options, const char *option,
    const char *setting, char separator, const char *fallback)
{
    const char  *value;

    value = as_options_get(options, option);
    if (value != NULL) {
        return value;
    }

    value = setting == NULL ? NULL : strrchr(setting, separator);

    return value == NULL || value[1] == '\0' ? fallback : value + 1;
}


/* 0, or -1 after a message. */
static int
as_command_provision_number(const as_options_t *options, const char *option,
    long max, unsigned *number)
{
    long         n;
    char        *end;
    const char  *value;

    value = as_options_get(options, option);
    if (value == NULL) {
        return 0;
    }

    errno = 0;
    n = strtol(value, &end, 10);
    if (errno != 0 || *end != '\0' || n < 1 || n > max) {
        fprintf(stderr, "--%s: expected a number from 1 to %ld, found "
                "\"%s\"\n", option, max, value);
        return -1;
    }

    *number = (unsigned) n;

    return 0;
}


static int
as_command_provision_run(const as_options_t *options)
{
    int                   rc;
    as_session_t          session;
    as_provision_conf_t   conf;

    memset(&conf, 0, sizeof(conf));

    if (as_command_provision_number(options, "max-receive", 1000,
                                    &conf.max_receive) != 0
        || as_command_provision_number(options, "visibility", 43200,
                                       &conf.visibility_s) != 0)
    {
        return AS_EXIT_USAGE;
    }

    rc = as_session_open(&session, options, 0, true);
    if (rc == AS_EXIT_OK) {
        conf.topic_name = as_command_provision_name(options, "topic",
            session.settings->topic_arn, ':', "stock_empty");
        conf.queue_name = as_command_provision_name(options, "queue",
            session.settings->queue_url, '/', "stock_queue");
        conf.dlq_name = as_command_provision_name(options, "dlq",
            session.settings->dlq_url, '/', "stock_dlq");
        conf.raw = as_options_get(options, "raw") != NULL;
        conf.dry_run = as_options_get(options, "dry-run") != NULL;
        conf.json = session.json;
        conf.stop_fd = session.stop_fd;

        rc = as_provision(session.aws, &conf, stdout);
    }

    as_session_close(&session);

    return rc;
}


const as_command_t  as_command_provision = {
    "provision", "", "create or complete topic, queues, subscription",
    "A second run changes nothing.  Prints TOPIC_ARN, QUEUE_URL and DLQ_URL,\n"
    "and the IAM policy that the worker needs.  With --dry-run it exits with\n"
    "1 if anything would change, with 0 otherwise.\n",
    as_command_provision_options, as_command_provision_run
};
