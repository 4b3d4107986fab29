/*
 * The command `provision`.  The order follows the references between the
 * resources: account, dead-letter queue, topic, queue, subscription.
 */

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "aws/policy.h"
#include "cmd/provision_parts.h"


/* Accepts letters, digits, hyphens, underscores, and ".fifo" at the end (Amazon
 * SQS quotas, "Queue name"; SNS CreateTopic). */
static bool
as_provision_name(const char *name, size_t max)
{
    size_t  i, len;

    if (name == NULL) {
        return false;
    }

    len = strlen(name);
    if (len == 0 || len > max) {
        return false;
    }

    if (as_aws_is_fifo(name)) {
        len -= 5;
    }

    for (i = 0; i < len; i++) {
        if (!isalnum((unsigned char) name[i]) && name[i] != '-'
            && name[i] != '_')
        {
            return false;
        }
    }

    return true;
}


static int
as_provision_usage(FILE *out, const char *what)
{
    (void) fprintf(out, "provision: %s\n", what);

    return 2;
}


static bool
as_provision_retention(unsigned s)
{
    return s == 0 || (s >= 60 && s <= 1209600);
}


static int
as_provision_check(const as_provision_conf_t *conf, FILE *out)
{
    bool  fifo;

    if (!as_provision_name(conf->topic_name, 256)
        || !as_provision_name(conf->queue_name, 80)
        || !as_provision_name(conf->dlq_name, 80))
    {
        return as_provision_usage(out, "the names of topic (up to 256 "
                                  "characters), queue and dead-letter queue "
                                  "(80) may have letters, digits, hyphens, "
                                  "underscores, and .fifo at the end");
    }

    if (strcmp(conf->queue_name, conf->dlq_name) == 0) {
        return as_provision_usage(out, "queue and dead-letter queue must "
                                  "have different names");
    }

    fifo = as_aws_is_fifo(conf->topic_name);

    if (fifo != as_aws_is_fifo(conf->queue_name)
        || fifo != as_aws_is_fifo(conf->dlq_name))
    {
        return as_provision_usage(out, "topic, queue and dead-letter queue "
                                  "must all end in .fifo, or none");
    }

    if (conf->visibility_s > AS_SQS_VISIBILITY_MAX
        || conf->max_receive > 1000
        || !as_provision_retention(conf->retention_s)
        || !as_provision_retention(conf->dlq_retention_s))
    {
        return as_provision_usage(out, "visibility is 0 to 43200 s, the "
                                  "receives 1 to 1000, a retention 60 to "
                                  "1209600 s");
    }

    return 0;
}


/*
 * Reads partition and account of the caller, to build ARNs before the resources
 * exist.
 */
static int
as_provision_caller(as_provision_t *p)
{
    char         arn[AS_PROVISION_ARN], *save, *part;
    const char  *region;

    if (as_sync_caller(&p->sync) != 0) {
        return as_provision_step_failed(p, "account",
                                        "(STS GetCallerIdentity)");
    }

    (void) snprintf(arn, sizeof(arn), "%s", as_text_get(&p->sync.text));

    /* arn:PARTITION:sts::ACCOUNT:assumed-role/...; the region is empty. */
    save = arn;
    (void) strsep(&save, ":");
    part = strsep(&save, ":");
    (void) snprintf(p->partition, sizeof(p->partition), "%s",
                    part ? part : "aws");
    (void) strsep(&save, ":");
    (void) strsep(&save, ":");
    part = strsep(&save, ":");
    (void) snprintf(p->account, sizeof(p->account), "%s", part ? part : "");

    region = as_aws_region(p->aws);

    (void) snprintf(p->topic_arn, AS_PROVISION_ARN, "arn:%s:sns:%s:%s:%s",
                    p->partition, region, p->account, p->conf->topic_name);
    (void) snprintf(p->queue_arn, AS_PROVISION_ARN, "arn:%s:sqs:%s:%s:%s",
                    p->partition, region, p->account, p->conf->queue_name);
    (void) snprintf(p->dlq_arn, AS_PROVISION_ARN, "arn:%s:sqs:%s:%s:%s",
                    p->partition, region, p->account, p->conf->dlq_name);

    return 0;
}


static as_aws_call_t *
as_provision_start_topic(as_sync_t *sync, const void *arg)
{
    return as_sns_create_topic(sync->aws, arg, as_sync_text, sync);
}


static int
as_provision_topic(as_provision_t *p)
{
    const char  *name = p->conf->topic_name;

    if (as_sync_topic(&p->sync, p->topic_arn) == 0) {
        as_provision_step(p, "topic", name, "found", "");
        return 0;
    }

    if (p->sync.error.class != AS_AWS_NOT_FOUND) {
        return as_provision_step_failed(p, "topic", name);
    }

    if (!p->conf->dry_run) {
        if (as_sync_run(&p->sync, as_provision_start_topic, name) != 0) {
            return as_provision_step_failed(p, "topic", name);
        }

        (void) snprintf(p->topic_arn, AS_PROVISION_ARN, "%s",
                        as_text_get(&p->sync.text));
    }

    as_provision_step(p, "topic", name, "created", "");

    return 0;
}


static as_aws_call_t *
as_provision_start_subscribe(as_sync_t *sync, const void *arg)
{
    const as_provision_t  *p = arg;

    return as_sns_subscribe(sync->aws, p->topic_arn, p->queue_arn,
                            p->conf->raw, as_sync_text, sync);
}


typedef struct {
    const char  *arn;
    bool         raw;
} as_provision_raw_t;


static as_aws_call_t *
as_provision_start_raw(as_sync_t *sync, const void *arg)
{
    const as_provision_raw_t  *set = arg;

    return as_sns_set_subscription_attribute(sync->aws, set->arn,
                                             "RawMessageDelivery",
                                             set->raw ? "true" : "false",
                                             as_sync_text, sync);
}


static int
as_provision_raw(as_provision_t *p, const char *arn)
{
    bool                 now;
    const char          *value;
    as_provision_raw_t   set;

    if (as_sync_subscription(&p->sync, arn) != 0) {
        return as_provision_step_failed(p, "subscription", arn);
    }

    value = as_sync_pair(&p->sync, "RawMessageDelivery");
    now = value != NULL && strcmp(value, "true") == 0;

    if (now == p->conf->raw) {
        as_provision_step(p, "subscription", arn, "found", "");
        return 0;
    }

    set.arn = arn;
    set.raw = p->conf->raw;

    if (!p->conf->dry_run
        && as_sync_run(&p->sync, as_provision_start_raw, &set) != 0)
    {
        return as_provision_step_failed(p, "subscription", arn);
    }

    as_provision_step(p, "subscription", arn, "changed",
                      set.raw ? "RawMessageDelivery to true"
                              : "RawMessageDelivery to false");

    return 0;
}


static int
as_provision_subscription(as_provision_t *p)
{
    char  arn[AS_PROVISION_ARN];

    arn[0] = '\0';

    if (as_sync_find_subscription(&p->sync, p->topic_arn, p->queue_arn) == 0)
    {
        (void) snprintf(arn, sizeof(arn), "%s",
                        as_text_get(&p->sync.text));

    } else if (!p->conf->dry_run
               || p->sync.error.class != AS_AWS_NOT_FOUND)
    {
        /* In a dry run the topic may not exist yet. */
        return as_provision_step_failed(p, "subscription",
                                        p->conf->queue_name);
    }

    if (arn[0] != '\0') {
        return as_provision_raw(p, arn);
    }

    if (!p->conf->dry_run
        && as_sync_run(&p->sync, as_provision_start_subscribe, p) != 0)
    {
        return as_provision_step_failed(p, "subscription",
                                        p->conf->queue_name);
    }

    as_provision_step(p, "subscription", p->conf->queue_name, "created",
                      p->conf->raw ? "RawMessageDelivery is true" : "");

    return 0;
}


static void
as_provision_report(as_provision_t *p, int rc)
{
    char    *text;
    json_t  *iam, *root;

    iam = p->account[0] ? as_policy_iam(p->topic_arn, p->queue_arn,
                                        p->dlq_arn) : json_null();

    if (p->conf->json) {
        root = json_pack("{s:b, s:i, s:O, s:s, s:s, s:s, s:O}", "ok", rc == 0,
                         "would_change", (int) p->pending,
                         "steps", p->steps, "TOPIC_ARN", p->topic_arn,
                         "QUEUE_URL", p->queue_url, "DLQ_URL", p->dlq_url,
                         "iam_policy", iam);
        text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
        (void) fprintf(p->out, "%s\n", text ? text : "{}");
        json_decref(root);

    } else {
        text = json_dumps(iam, JSON_INDENT(2) | JSON_ENCODE_ANY);
        (void) fprintf(p->out, "\nTOPIC_ARN=%s\nQUEUE_URL=%s\nDLQ_URL=%s\n"
                       "\nThe IAM policy for the worker (the statements "
                       "AutostockProvision* only for this command and "
                       "doctor):\n%s\n", p->topic_arn, p->queue_url,
                       p->dlq_url, text ? text : "");
    }

    if (!p->conf->json && p->conf->dry_run && p->pending > 0) {
        (void) fprintf(p->out, "\n%u would change; run it without --dry-run "
                       "(exit code 1)\n", p->pending);

    } else if (!p->conf->json && p->conf->dry_run) {
        (void) fprintf(p->out, "\nnothing would change\n");
    }

    free(text);
    json_decref(iam);
}


int
as_provision(as_aws_t *aws, const as_provision_conf_t *conf, FILE *out)
{
    int             rc;
    as_provision_t  p;

    rc = as_provision_check(conf, out);
    if (rc != 0) {
        return rc;
    }

    memset(&p, 0, sizeof(p));
    p.conf = conf;
    p.aws = aws;
    p.out = out;
    p.steps = json_array();
    as_sync_init(&p.sync, aws, conf->stop_fd);

    rc = as_provision_caller(&p);
    rc = rc ? rc : as_provision_queue_dlq(&p);
    rc = rc ? rc : as_provision_topic(&p);
    rc = rc ? rc : as_provision_queue(&p);
    rc = rc ? rc : as_provision_subscription(&p);

    if (rc == 0 || conf->json) {
        as_provision_report(&p, rc);
    }

    if (rc == 0 && p.pending > 0) {
        rc = 1;
    }

    as_sync_free(&p.sync);
    json_decref(p.steps);

    return rc;
}
