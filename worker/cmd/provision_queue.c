/*
 * The two queues: created with all attributes, or updated where attributes
 * differ.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/policy.h"
#include "cmd/provision_parts.h"


#define AS_PROVISION_VISIBILITY     60
#define AS_PROVISION_RETENTION      345600
#define AS_PROVISION_DLQ_RETENTION  1209600
#define AS_PROVISION_MAX_RECEIVE    5
#define AS_PROVISION_ATTRIBUTES     8


/* The attributes to set, and their description for the report. */
typedef struct {
    as_sqs_pair_t   pairs[AS_PROVISION_ATTRIBUTES];
    char            numbers[AS_PROVISION_ATTRIBUTES][16];
    size_t          n;
    char           *policy;
    char           *redrive;
    const char     *name;              /* the queue's */
    const char     *url;
} as_provision_set_t;


static void
as_provision_queue_set_free(as_provision_set_t *set)
{
    free(set->policy);
    free(set->redrive);
}


static void
as_provision_queue_put(as_provision_set_t *set, const char *name,
    const char *value)
{
    set->pairs[set->n].name = name;
    set->pairs[set->n++].value = value;
}


static void
as_provision_queue_number(as_provision_set_t *set, const char *name,
    unsigned value)
{
    (void) snprintf(set->numbers[set->n], sizeof(set->numbers[0]), "%u",
                    value);
    as_provision_queue_put(set, name, set->numbers[set->n]);
}


/*
 * Adds an attribute where the operator requested a value and the queue has
 * another.
 */
static void
as_provision_queue_compare(as_provision_t *p, as_provision_set_t *set,
    const char *name, unsigned wanted)
{
    const char  *now;

    now = as_sync_pair(&p->sync, name);

    if (wanted != 0 && (now == NULL || strtoul(now, NULL, 10) != wanted)) {
        as_provision_queue_number(set, name, wanted);
    }
}


static as_aws_call_t *
as_provision_queue_start_create(as_sync_t *sync, const void *arg)
{
    const as_provision_set_t  *set = arg;

    return as_sqs_create_queue(sync->aws, set->name, set->pairs, set->n,
                               as_sync_text, sync);
}


static as_aws_call_t *
as_provision_queue_start_set(as_sync_t *sync, const void *arg)
{
    const as_provision_set_t  *set = arg;

    return as_sqs_set_attributes(sync->aws, set->url, set->pairs, set->n,
                                 as_sync_text, sync);
}


static int
as_provision_queue_create(as_provision_t *p, as_provision_set_t *set,
    const char *kind, char url[AS_PROVISION_ARN])
{
    if (as_aws_is_fifo(set->name)) {
        as_provision_queue_put(set, "FifoQueue", "true");
    }

    if (!p->conf->dry_run) {
        if (as_sync_run(&p->sync, as_provision_queue_start_create, set) != 0) {
            return as_provision_step_failed(p, kind, set->name);
        }

        (void) snprintf(url, AS_PROVISION_ARN, "%s",
                        as_text_get(&p->sync.text));
    }

    as_provision_step(p, kind, set->name, "created", "");

    return 0;
}


static int
as_provision_queue_complete(as_provision_t *p, as_provision_set_t *set,
    const char *kind, const char *url)
{
    char    detail[256];
    size_t  i, len;

    if (set->n == 0) {
        as_provision_step(p, kind, set->name, "found", "");
        return 0;
    }

    len = 0;
    detail[0] = '\0';

    for (i = 0; i < set->n && len < sizeof(detail); i++) {
        len += (size_t) snprintf(detail + len, sizeof(detail) - len, "%s%s",
                                 i ? ", " : "", set->pairs[i].name);
    }

    set->url = url;

    if (!p->conf->dry_run
        && as_sync_run(&p->sync, as_provision_queue_start_set, set) != 0)
    {
        return as_provision_step_failed(p, kind, set->name);
    }

    as_provision_step(p, kind, set->name, "changed", detail);

    return 0;
}


/* 1: exists, with its attributes in p->sync; 0: does not exist; -1: unknown. */
static int
as_provision_queue_look(as_provision_t *p, const char *name,
    char url[AS_PROVISION_ARN])
{
    if (as_sync_queue_url(&p->sync, name) == 0) {
        (void) snprintf(url, AS_PROVISION_ARN, "%s",
                        as_text_get(&p->sync.text));

        return as_sync_queue(&p->sync, url) == 0 ? 1 : -1;
    }

    return p->sync.error.class == AS_AWS_NOT_FOUND ? 0 : -1;
}


static void
as_provision_queue_take_arn(as_provision_t *p, char arn[AS_PROVISION_ARN])
{
    const char  *value;

    value = as_sync_pair(&p->sync, "QueueArn");

    if (value != NULL) {
        (void) snprintf(arn, AS_PROVISION_ARN, "%s", value);
    }
}


int
as_provision_queue_dlq(as_provision_t *p)
{
    int                         there;
    as_provision_set_t          set;
    const as_provision_conf_t  *conf = p->conf;

    memset(&set, 0, sizeof(set));
    set.name = conf->dlq_name;

    there = as_provision_queue_look(p, conf->dlq_name, p->dlq_url);
    if (there == -1) {
        return as_provision_step_failed(p, "dead-letter queue",
                                        conf->dlq_name);
    }

    if (there) {
        as_provision_queue_take_arn(p, p->dlq_arn);
        as_provision_queue_compare(p, &set, "MessageRetentionPeriod",
                                   conf->dlq_retention_s);
        return as_provision_queue_complete(p, &set, "dead-letter queue",
                                           p->dlq_url);
    }

    as_provision_queue_number(&set, "MessageRetentionPeriod",
                              conf->dlq_retention_s != 0
                              ? conf->dlq_retention_s
                              : AS_PROVISION_DLQ_RETENTION);

    return as_provision_queue_create(p, &set, "dead-letter queue", p->dlq_url);
}


/* 0, or 3 where the queue's policy is not JSON. */
static int
as_provision_queue_differs(as_provision_t *p, as_provision_set_t *set)
{
    unsigned                    wanted, now;
    const char                 *policy, *redrive;
    const as_provision_conf_t  *conf = p->conf;

    as_provision_queue_compare(p, set, "VisibilityTimeout", conf->visibility_s);
    as_provision_queue_compare(p, set, "MessageRetentionPeriod",
                               conf->retention_s);

    redrive = as_sync_pair(&p->sync, "RedrivePolicy");
    wanted = conf->max_receive;

    if (!as_policy_redrive(redrive, p->dlq_arn, &now)
        || (wanted != 0 && now != wanted))
    {
        set->redrive = as_policy_redrive_new(p->dlq_arn, wanted
                                             ? wanted
                                             : AS_PROVISION_MAX_RECEIVE);
        as_provision_queue_put(set, "RedrivePolicy",
                               set->redrive ? set->redrive : "");
    }

    policy = as_sync_pair(&p->sync, "Policy");

    if (!as_policy_judge_allows(policy, p->queue_arn, p->topic_arn)) {
        set->policy = as_policy_add(policy, p->queue_arn, p->topic_arn);

        if (set->policy == NULL) {
            return 3;
        }

        as_provision_queue_put(set, "Policy", set->policy);
    }

    return 0;
}


static int
as_provision_queue_new(as_provision_t *p, as_provision_set_t *set)
{
    const as_provision_conf_t  *conf = p->conf;

    set->redrive = as_policy_redrive_new(p->dlq_arn, conf->max_receive
                                         ? conf->max_receive
                                         : AS_PROVISION_MAX_RECEIVE);
    set->policy = as_policy_add(NULL, p->queue_arn, p->topic_arn);

    if (set->redrive == NULL || set->policy == NULL) {
        return 3;
    }

    as_provision_queue_number(set, "VisibilityTimeout",
                              conf->visibility_s ? conf->visibility_s
                                                 : AS_PROVISION_VISIBILITY);
    as_provision_queue_number(set, "MessageRetentionPeriod",
                              conf->retention_s ? conf->retention_s
                                          : AS_PROVISION_RETENTION);
    as_provision_queue_number(set, "ReceiveMessageWaitTimeSeconds",
                              AS_SQS_WAIT_MAX);
    as_provision_queue_put(set, "RedrivePolicy", set->redrive);
    as_provision_queue_put(set, "Policy", set->policy);

    return 0;
}


int
as_provision_queue(as_provision_t *p)
{
    int                         rc, there;
    as_provision_set_t          set;
    const as_provision_conf_t  *conf = p->conf;

    memset(&set, 0, sizeof(set));
    set.name = conf->queue_name;

    there = as_provision_queue_look(p, conf->queue_name, p->queue_url);
    if (there == -1) {
        return as_provision_step_failed(p, "queue", conf->queue_name);
    }

    if (there) {
        as_provision_queue_take_arn(p, p->queue_arn);
        rc = as_provision_queue_differs(p, &set);
    } else {
        rc = as_provision_queue_new(p, &set);
    }

    if (rc != 0) {
        (void) snprintf(p->sync.error.message, AS_AWS_ERROR_LEN,
                        "its Policy is not a JSON object: correct or remove it "
                        "first");
        (void) snprintf(p->sync.error.code, sizeof(p->sync.error.code),
                        "BadPolicy");
        rc = as_provision_step_failed(p, "queue", conf->queue_name);

    } else if (there) {
        rc = as_provision_queue_complete(p, &set, "queue", p->queue_url);

    } else {
        rc = as_provision_queue_create(p, &set, "queue", p->queue_url);
    }

    as_provision_queue_set_free(&set);

    return rc;
}
