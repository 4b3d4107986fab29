#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/doctor_aws.h"
#include "aws/policy.h"
#include "aws/sync.h"
#include "base/url_shown.h"


#define AS_DOCTOR_ARN    512
#define AS_DOCTOR_TEXT   768
#define AS_DOCTOR_HOUR   3600000
#define AS_DOCTOR_WEEK   604800        /* seconds: minimum of a dead-letter
                                          queue */

#define AS_DOCTOR_PROVISION  "run autostock-worker provision"
#define AS_DOCTOR_PEER_MS    10000     /* ms for all requests to one peer */
#define AS_DOCTOR_BACKLOG    1000      /* messages in the queue from which it
                                          warns */


typedef enum {
    AS_DOCTOR_STS = 0,
    AS_DOCTOR_SNS,
    AS_DOCTOR_SQS,
    AS_DOCTOR_PEERS
} as_doctor_peer_e;


typedef struct {
    const as_doctor_aws_t  *conf;
    as_aws_t               *aws;
    as_sync_t               sync;
    as_doctor_peer_e        peer;              /* the current one */
    int64_t                 asked_ms;          /* time of its first request */
    int64_t                 left_ms[AS_DOCTOR_PEERS];
    bool                    found;
    bool                    unreachable;

    char                    queue_arn[AS_DOCTOR_ARN];
    char                    dlq_arn[AS_DOCTOR_ARN];
    unsigned                retention_s;       /* of the queue */
} as_doctor_t;


__attribute__((format(printf, 5, 6)))
static void
as_doctor_aws_say(as_doctor_t *d, as_doctor_level_e level, const char *check,
    const char *mend, const char *fmt, ...)
{
    char     what[AS_DOCTOR_TEXT];
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);

    d->found |= level == AS_DOCTOR_WARNING || level == AS_DOCTOR_WRONG;
    d->unreachable |= level == AS_DOCTOR_UNREACHABLE;
    as_findings_add(d->conf->findings, level, check, what, mend);
}


/* Selects the peer of the next requests.  Each has its own time limit, so that
 * one without answers takes no time from another. */
static void
as_doctor_aws_ask_peer(as_doctor_t *d, as_doctor_peer_e peer)
{
    int64_t  now;

    now = as_clock_mono_ms(as_aws_clock(d->aws));
    d->left_ms[d->peer] -= now - d->asked_ms;
    d->peer = peer;
    d->asked_ms = now;
    d->sync.until_ms = now + (d->left_ms[peer] > 0 ? d->left_ms[peer] : 1);
}


/* Reports the last call's error about a resource. */
static void
as_doctor_aws_error(as_doctor_t *d, const char *check, const char *thing)
{
    const as_aws_error_t  *e = &d->sync.error;

    if (e->class == AS_AWS_NOT_FOUND) {
        as_doctor_aws_say(d, AS_DOCTOR_WRONG, check, AS_DOCTOR_PROVISION
                          ", or correct the setting", "%s does not exist",
                          thing);
        return;
    }

    as_doctor_aws_say(d, AS_DOCTOR_UNREACHABLE, check,
                      e->class == AS_AWS_AUTH
                      ? "give the worker the IAM policy that autostock-worker "
                        "provision --dry-run prints"
                      : "check that this machine reaches the endpoint",
                      "%s: %s: %s", thing, e->code, e->message);
}


static unsigned
as_doctor_aws_number(as_doctor_t *d, const char *name)
{
    const char  *value;

    value = as_sync_pair(&d->sync, name);

    return value ? (unsigned) strtoul(value, NULL, 10) : 0;
}


/* False where no further check is possible. */
static bool
as_doctor_aws_caller(as_doctor_t *d)
{
    int64_t                       left, skew;
    const as_credentials_keys_t  *keys;

    if (as_sync_caller(&d->sync) != 0) {
        as_doctor_aws_say(d, AS_DOCTOR_UNREACHABLE, "credentials",
                          "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a "
                          "profile, or a role; check that STS is reachable",
                          "AWS does not accept the credentials: %s: "
                          "%s", d->sync.error.code,
                          d->sync.error.message);

        return d->sync.error.class != AS_AWS_AUTH
               && strcmp(d->sync.error.code, "NoCredentials") != 0;
    }

    keys = as_credentials_peek(as_aws_credentials(d->aws));
    left = keys != NULL && keys->expires_ms != 0
           ? keys->expires_ms - as_clock_unix_ms(as_aws_clock(d->aws))
           : INT64_MAX;

    as_doctor_aws_say(d, AS_DOCTOR_FINE, "credentials", "",
                      "the identity is %s (from %s%s)",
                      as_text_get(&d->sync.text),
                      keys ? keys->source : "nowhere",
                      left <= 0 ? "; the credentials have expired, and there "
                      "are no newer ones" : left < AS_DOCTOR_HOUR
                      ? "; the credentials expire within one hour" : "");

    skew = as_aws_skew_ms(d->aws);

    if (skew != 0) {
        as_doctor_aws_say(d, AS_DOCTOR_WARNING, "clock",
                          "set the machine's clock: timedatectl set-ntp true",
                          "the clock differs from AWS's by %lld s",
                          (long long) (-skew / 1000));
    } else {
        as_doctor_aws_say(d, AS_DOCTOR_FINE, "clock", "",
                          "AWS accepts the clock's time");
    }

    return true;
}


/* The region of an ARN, arn:partition:service:REGION:account:name. */
static bool
as_doctor_aws_region(const char *arn, const char *region)
{
    int     i;
    size_t  len;

    for (i = 0; i < 3; i++) {
        arn = strchr(arn, ':');
        if (arn == NULL) {
            return false;
        }

        arn++;
    }

    len = strlen(region);

    return strncmp(arn, region, len) == 0 && arn[len] == ':';
}


static bool
as_doctor_aws_topic(as_doctor_t *d)
{
    const char  *arn = d->conf->topic_arn;

    if (!as_doctor_aws_region(arn, as_aws_region(d->aws))) {
        as_doctor_aws_say(d, AS_DOCTOR_WRONG, "topic",
                          "set AWS_REGION to the topic's, or TOPIC_ARN to a "
                          "topic of this region", "TOPIC_ARN %s is not in the "
                          "region %s", arn, as_aws_region(d->aws));
        return false;
    }

    if (as_sync_topic(&d->sync, arn) != 0) {
        as_doctor_aws_error(d, "topic", arn);
        return false;
    }

    as_doctor_aws_say(d, AS_DOCTOR_FINE, "topic", "", "%s", arn);

    return true;
}


static void
as_doctor_aws_take_arn(as_doctor_t *d, char arn[AS_DOCTOR_ARN])
{
    const char  *value;

    value = as_sync_pair(&d->sync, "QueueArn");
    (void) snprintf(arn, AS_DOCTOR_ARN, "%s", value ? value : "");
}


/* A dead-letter queue may restrict its source queues. */
static void
as_doctor_aws_allowed(as_doctor_t *d)
{
    const char  *policy;

    policy = as_sync_pair(&d->sync, "RedriveAllowPolicy");

    if (policy != NULL && (strstr(policy, "denyAll") != NULL
                           || (strstr(policy, "byQueue") != NULL
                               && strstr(policy, d->queue_arn) == NULL)))
    {
        as_doctor_aws_say(d, AS_DOCTOR_WRONG, "redrive-allow", "allow the "
                          "queue in the RedriveAllowPolicy of the dead-letter "
                          "queue", "%s does not accept dead letters of %s",
                          d->dlq_arn, d->queue_arn);
    }
}


static bool
as_doctor_aws_dlq(as_doctor_t *d)
{
    char         shown[AS_URL_SHOWN_LEN];
    unsigned     retention, dead, held;
    const char  *url;

    url = as_url_shown(d->conf->dlq_url, shown);

    if (as_sync_queue(&d->sync, d->conf->dlq_url) != 0) {
        as_doctor_aws_error(d, "dlq", url);
        return false;
    }

    as_doctor_aws_take_arn(d, d->dlq_arn);
    as_doctor_aws_allowed(d);
    retention = as_doctor_aws_number(d, "MessageRetentionPeriod");

    /*
     * A dead letter keeps the time of its first transmission (Amazon SQS
     * Developer Guide, "Configuring dead-letter queue retention").
     */
    if (retention < d->retention_s || retention < AS_DOCTOR_WEEK) {
        as_doctor_aws_say(d, AS_DOCTOR_WARNING, "dlq-retention",
                          "aws sqs set-queue-attributes --queue-url $DLQ_URL "
                          "--attributes MessageRetentionPeriod=1209600",
                          "the dead-letter queue deletes messages after %u s, "
                          "counted from the first sending; the queue itself "
                          "after %u s", retention, d->retention_s);
    } else {
        as_doctor_aws_say(d, AS_DOCTOR_FINE, "dlq-retention", "",
                          "dead letters are kept for %u s", retention);
    }

    /* those that a reader holds (the dashboard, a dlq command) are dead letters
     * still */
    held = as_doctor_aws_number(d, "ApproximateNumberOfMessagesNotVisible");
    dead = as_doctor_aws_number(d, "ApproximateNumberOfMessages") + held;
    as_doctor_aws_say(d, dead == 0 ? AS_DOCTOR_FINE : AS_DOCTOR_WARNING, "dlq",
                      dead == 0 ? "" : "autostock-worker dlq list shows the "
                      "reasons; correct the causes, then send the messages "
                      "again by dlq redrive, or delete them by dlq drop",
                      "%s contains %u dead letters, %u of them in flight", url,
                      dead, held);

    return true;
}


/*
 * Reads the queue.  Checks that need the ARNs of the other resources follow
 * later.
 */
static bool
as_doctor_aws_queue(as_doctor_t *d)
{
    char         shown[AS_URL_SHOWN_LEN];
    unsigned     visibility, visible;
    const char  *url;

    url = as_url_shown(d->conf->queue_url, shown);

    if (as_sync_queue(&d->sync, d->conf->queue_url) != 0) {
        as_doctor_aws_error(d, "queue", url);
        return false;
    }

    as_doctor_aws_take_arn(d, d->queue_arn);
    d->retention_s = as_doctor_aws_number(d, "MessageRetentionPeriod");
    visibility = as_doctor_aws_number(d, "VisibilityTimeout");

    visible = as_doctor_aws_number(d, "ApproximateNumberOfMessages");
    as_doctor_aws_say(d, visible < AS_DOCTOR_BACKLOG ? AS_DOCTOR_FINE
                      : AS_DOCTOR_WARNING, "queue", visible < AS_DOCTOR_BACKLOG
                      ? "" : "check that autostock-worker run and the factory "
                      "are up; more workers, or higher AUTOSTOCK_IN_FLIGHT and "
                      "AUTOSTOCK_FACTORY_CONCURRENCY, process them faster",
                      "%s contains %u messages that wait, and %u in flight",
                      url, visible, as_doctor_aws_number(d,
                                   "ApproximateNumberOfMessagesNotVisible"));

    if (visibility <= d->conf->deadline_s) {
        as_doctor_aws_say(d, AS_DOCTOR_WARNING, "visibility",
                          AS_DOCTOR_PROVISION " --visibility with more seconds",
                          "VisibilityTimeout is %u s, a message is processed "
                          "for up to %u s", visibility, d->conf->deadline_s);
    } else {
        as_doctor_aws_say(d, AS_DOCTOR_FINE, "visibility", "",
                          "VisibilityTimeout is %u s, a message is processed "
                          "for up to %u s", visibility, d->conf->deadline_s);
    }

    return true;
}


static void
as_doctor_aws_redrive(as_doctor_t *d)
{
    unsigned     max;
    const char  *policy;

    policy = as_sync_pair(&d->sync, "RedrivePolicy");

    if (!as_policy_redrive(policy, d->dlq_arn, &max)) {
        as_doctor_aws_say(d, AS_DOCTOR_WRONG, "redrive", AS_DOCTOR_PROVISION,
                          policy ? "the queue's RedrivePolicy names another "
                               "queue than DLQ_URL: %s"
                             : "the queue has no RedrivePolicy%s",
                          policy ? policy : "");

    } else if (max < 2) {
        as_doctor_aws_say(d, AS_DOCTOR_WARNING, "redrive",
                          AS_DOCTOR_PROVISION " --max-receive 5",
                          "maxReceiveCount is %u: a message is received only "
                          "once", max);
    } else {
        as_doctor_aws_say(d, AS_DOCTOR_FINE, "redrive", "",
                          "a message becomes a dead letter after %u receives",
                          max);
    }
}


static void
as_doctor_aws_policy(as_doctor_t *d)
{
    char  why[AS_POLICY_WHY_LEN];

    switch (as_policy_judge(as_sync_pair(&d->sync, "Policy"), d->queue_arn,
                            d->conf->topic_arn, why))
    {
    case AS_POLICY_ALLOWED:
        as_doctor_aws_say(d, AS_DOCTOR_FINE, "queue-policy", "",
                          "the topic may send to the queue");
        break;

    case AS_POLICY_DENIED:
        as_doctor_aws_say(d, AS_DOCTOR_WRONG, "queue-policy",
                          "remove sns.amazonaws.com with this aws:SourceArn "
                          "from the statement, or the statement from the "
                          "Policy",
                          "the queue's Policy denies the topic %s to send: %s",
                          d->conf->topic_arn, why);
        break;

    case AS_POLICY_UNCLEAR:
        as_doctor_aws_say(d, AS_DOCTOR_WARNING, "queue-policy", "check with an "
                          "order that the topic's messages arrive, or add the "
                          "statement that provision --dry-run shows",
                          "it is not known whether the queue's Policy lets the "
                          "topic %s send: %s", d->conf->topic_arn, why);
        break;

    default:
        as_doctor_aws_say(d, AS_DOCTOR_WRONG, "queue-policy",
                          AS_DOCTOR_PROVISION, "the queue's Policy does not "
                          "let sns.amazonaws.com send with aws:SourceArn %s",
                          d->conf->topic_arn);
    }

    if (as_sync_pair(&d->sync, "KmsMasterKeyId") != NULL) {
        as_doctor_aws_say(d, AS_DOCTOR_WARNING, "queue-key", "check that the "
                          "key's policy allows sns.amazonaws.com "
                          "kms:GenerateDataKey and kms:Decrypt, or use SSE-SQS",
                          "the queue is encrypted with a KMS key, which SNS "
                          "may not be allowed to use");
    }
}


static void
as_doctor_aws_subscription(as_doctor_t *d)
{
    char         arn[AS_DOCTOR_ARN];
    const char  *raw;

    if (as_sync_find_subscription(&d->sync, d->conf->topic_arn,
                                  d->queue_arn) != 0)
    {
        as_doctor_aws_error(d, "subscription", d->conf->topic_arn);
        return;
    }

    (void) snprintf(arn, sizeof(arn), "%s", as_text_get(&d->sync.text));

    if (strncmp(arn, "arn:", 4) != 0) {
        as_doctor_aws_say(d, AS_DOCTOR_WRONG, "subscription",
                          AS_DOCTOR_PROVISION, arn[0]
                          ? "the queue's subscription is not confirmed"
                          : "the topic has no subscription of the queue");
        return;
    }

    if (as_sync_subscription(&d->sync, arn) != 0) {
        as_doctor_aws_error(d, "subscription", arn);
        return;
    }

    as_doctor_aws_say(d, AS_DOCTOR_FINE, "subscription", "", "%s", arn);

    raw = as_sync_pair(&d->sync, "RawMessageDelivery");
    as_doctor_aws_say(d, AS_DOCTOR_FINE, "raw-delivery", "",
                      "RawMessageDelivery is %s; the worker reads both",
                      raw ? raw : "false");

    if (as_sync_pair(&d->sync, "FilterPolicy") != NULL) {
        as_doctor_aws_say(d, AS_DOCTOR_WARNING, "filter",
                          "remove the subscription's FilterPolicy, unless some "
                          "orders must not reach the factory",
                          "the subscription has a FilterPolicy: orders that do "
                          "not match it are lost");
    }
}


static void
as_doctor_aws_wiring(as_doctor_t *d)
{
    bool  topic, queue, dlq;

    as_doctor_aws_ask_peer(d, AS_DOCTOR_SNS);
    topic = as_doctor_aws_topic(d);

    as_doctor_aws_ask_peer(d, AS_DOCTOR_SQS);
    queue = as_doctor_aws_queue(d);
    dlq = as_doctor_aws_dlq(d);

    /* Read again, now that the other ARNs are known. */
    if (queue && as_sync_queue(&d->sync, d->conf->queue_url) == 0) {
        if (dlq) {
            as_doctor_aws_redrive(d);
        }

        as_doctor_aws_policy(d);
    }

    if (topic && queue) {
        as_doctor_aws_ask_peer(d, AS_DOCTOR_SNS);
        as_doctor_aws_subscription(d);
    }
}


int
as_doctor_aws(as_aws_t *aws, const as_doctor_aws_t *conf)
{
    unsigned     i;
    as_doctor_t  d;

    memset(&d, 0, sizeof(d));
    d.conf = conf;
    d.aws = aws;
    d.asked_ms = as_clock_mono_ms(as_aws_clock(aws));
    as_sync_init(&d.sync, aws, conf->stop_fd);

    for (i = 0; i < AS_DOCTOR_PEERS; i++) {
        d.left_ms[i] = AS_DOCTOR_PEER_MS;
    }

    as_doctor_aws_ask_peer(&d, AS_DOCTOR_STS);

    if (as_doctor_aws_caller(&d)) {
        as_doctor_aws_wiring(&d);
    }

    as_sync_free(&d.sync);

    return d.unreachable ? 3 : d.found ? 1 : 0;
}
