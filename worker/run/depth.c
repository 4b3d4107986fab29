/*
 * Reads the numbers of messages of the queues.
 */

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "run/depth.h"
#include "aws/sqs.h"


void
as_depth_init(as_depth_t *depth, as_worker_t *worker,
    as_depth_looked_pt looked, void *data)
{
    depth->worker = worker;
    depth->looked = looked;
    depth->data = data;
    as_health_init(&depth->queue, "the queue's depth");
    as_health_init(&depth->dlq, "the dead letters' depth");
    worker->counters.queue_visible = -1;
    worker->counters.queue_in_flight = -1;
    worker->counters.dlq_visible = -1;
}


void
as_depth_free(as_depth_t *depth)
{
    as_aws_call_cancel(depth->worker->aws, depth->queue_call);
    as_aws_call_cancel(depth->worker->aws, depth->dlq_call);
}


/* Logs a missing right or a deleted queue.  An outage and missing credentials
 * are logged by the receiving part. */
static void
as_depth_note(as_depth_t *depth, as_health_t *health,
    const as_aws_error_t *err)
{
    char          reason[AS_AWS_REASON_LEN];
    int64_t       now;
    as_worker_t  *worker = depth->worker;

    now = as_loop_now(worker->loop);

    if (err == NULL) {
        as_health_up(health, worker->log, now);

    } else if (err->status != 0 && err->class != AS_AWS_RETRY
               && err->class != AS_AWS_THROTTLED && !worker->sqs.down)
    {
        as_aws_error_tell(err, reason);
        as_health_down(health, worker->log, now, reason);
    }
}


/* -1 where it is not known. */
static int64_t
as_depth_number(const as_sqs_pair_t *pairs, size_t n, const char *name)
{
    const char  *value;

    value = as_sqs_pair(pairs, n, name);

    return value == NULL ? -1 : atoll(value);
}


static void
as_depth_dlq(void *data, const as_aws_error_t *err,
    const as_sqs_pair_t *pairs, size_t n)
{
    int64_t      visible, held;
    as_depth_t  *depth = data;

    depth->dlq_call = NULL;
    as_depth_note(depth, &depth->dlq, err);

    /* includes those that a reader holds (the dashboard, a dlq command) */
    visible = as_depth_number(pairs, n, "ApproximateNumberOfMessages");
    held = as_depth_number(pairs, n, "ApproximateNumberOfMessagesNotVisible");
    depth->worker->counters.dlq_visible = visible < 0 || held < 0
                                          ? visible : visible + held;
}


/* maxReceiveCount, which AWS returns as a number or as a string. */
static unsigned
as_depth_max_receive(const char *policy)
{
    json_t      *json, *value;
    json_int_t   n;

    json = policy == NULL ? NULL : json_loads(policy, 0, NULL);
    value = json_object_get(json, "maxReceiveCount");
    n = json_is_string(value) ? atoll(json_string_value(value))
                              : json_integer_value(value);
    json_decref(json);

    return n >= 1 && n <= 1000 ? (unsigned) n : 0;
}


static void
as_depth_queue(void *data, const as_aws_error_t *err,
    const as_sqs_pair_t *pairs, size_t n)
{
    as_depth_t     *depth = data;
    as_counters_t  *counters = &depth->worker->counters;

    depth->queue_call = NULL;
    as_depth_note(depth, &depth->queue, err);

    counters->queue_visible = as_depth_number(pairs, n,
        "ApproximateNumberOfMessages");
    counters->queue_in_flight = as_depth_number(pairs, n,
        "ApproximateNumberOfMessagesNotVisible");

    depth->looked(depth->data, err == NULL, as_depth_max_receive(
        as_sqs_pair(pairs, n, "RedrivePolicy")));
}


bool
as_depth_look(as_depth_t *depth)
{
    as_worker_t  *worker = depth->worker;

    if (depth->queue_call == NULL) {
        depth->queue_call = as_sqs_get_attributes(worker->aws,
            worker->settings->queue_url, as_depth_queue, depth);
    }

    if (depth->dlq_call == NULL) {
        depth->dlq_call = as_sqs_get_attributes(worker->aws,
            worker->settings->dlq_url, as_depth_dlq, depth);
    }

    return depth->queue_call != NULL;
}
