#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "aws/aws_error.h"
#include "aws/sync.h"
#include "aws/xml.h"


#define AS_SYNC_ATTEMPTS  6
#define AS_SYNC_BASE_MS   200
#define AS_SYNC_MAX_MS    10000


typedef struct {
    const char  *topic_arn;
    const char  *next;
} as_sync_page_t;


void
as_sync_init(as_sync_t *sync, as_aws_t *aws, int stop_fd)
{
    memset(sync, 0, sizeof(as_sync_t));
    sync->aws = aws;
    sync->stop_fd = stop_fd;
}


void
as_sync_free(as_sync_t *sync)
{
    as_text_free(&sync->text);
}


static void
as_sync_end(as_sync_t *sync, const as_aws_error_t *err)
{
    sync->done = true;
    sync->failed = err != NULL;

    if (err != NULL) {
        sync->error = *err;
    }
}


static size_t
as_sync_keep(as_sync_t *sync, const char *text)
{
    size_t  at;

    at = sync->text.len;
    as_text_add(&sync->text, text, strlen(text) + 1);

    return at;
}


void
as_sync_text(void *data, const as_aws_error_t *err, const char *text)
{
    as_sync_t  *sync = data;

    as_text_put(&sync->text, text);
    as_sync_end(sync, err);
}


void
as_sync_pairs(void *data, const as_aws_error_t *err,
    const as_sqs_pair_t *pairs, size_t n)
{
    size_t      i;
    as_sync_t  *sync = data;

    for (i = 0; i < n && i < 64; i++) {
        sync->pairs[i][0] = as_sync_keep(sync, pairs[i].name);
        sync->pairs[i][1] = as_sync_keep(sync, pairs[i].value);
        sync->npairs = i + 1;
    }

    as_sync_end(sync, err);
}


void
as_sync_subscriptions(void *data, const as_aws_error_t *err,
    const as_sns_subscription_t *list, size_t n, const char *next)
{
    size_t      i, len;
    as_sync_t  *sync = data;

    sync->next[0] = '\0';

    for (i = 0; i < n; i++) {
        if (strcmp(list[i].protocol, sync->match[0]) == 0
            && strcmp(list[i].endpoint, sync->match[1]) == 0)
        {
            as_text_put(&sync->text, list[i].arn);
            break;
        }
    }

    len = next ? strlen(next) : 0;
    if (i == n && len > 0 && len < sizeof(sync->next)) {
        memcpy(sync->next, next, len + 1);
    }

    as_sync_end(sync, err);
}


const char *
as_sync_pair(const as_sync_t *sync, const char *name)
{
    size_t  i;

    for (i = 0; i < sync->npairs; i++) {
        if (strcmp(sync->text.data + sync->pairs[i][0], name) == 0) {
            return sync->text.data + sync->pairs[i][1];
        }
    }

    return NULL;
}


static int64_t
as_sync_now(const as_sync_t *sync)
{
    return as_clock_mono_ms(as_aws_clock(sync->aws));
}


/* 0, or -1 when stopped. */
static int
as_sync_pause(as_sync_t *sync, int64_t ms)
{
    bool  never = false;

    (void) as_loop_until(as_http_loop(as_aws_http(sync->aws)), &never,
                         sync->stop_fd, ms);

    return errno == EINTR ? -1 : 0;
}


/* Waits for the call's result.  0, or -1 with sync->error. */
static int
as_sync_wait(as_sync_t *sync)
{
    int64_t  ms;

    ms = sync->until_ms == 0 ? -1 : sync->until_ms - as_sync_now(sync);

    if (as_loop_until(as_http_loop(as_aws_http(sync->aws)), &sync->done,
                      sync->stop_fd, sync->until_ms != 0 && ms < 0 ? 0 : ms)
        == 0)
    {
        return 0;
    }

    if (errno == ETIMEDOUT) {
        as_aws_error_own(&sync->error, AS_AWS_PERMANENT, "NoAnswer",
                         "there was no answer in time");
    } else {
        as_aws_error_own(&sync->error, AS_AWS_PERMANENT, "Stopped",
                         "stopped by a signal");
    }

    return -1;
}


static int
as_sync_attempt(as_sync_t *sync, as_sync_start_pt start, const void *arg)
{
    as_aws_call_t  *call;

    sync->done = false;
    sync->failed = false;
    sync->npairs = 0;
    as_text_clear(&sync->text);

    call = start(sync, arg);

    if (call == NULL) {
        as_aws_error_own(&sync->error, AS_AWS_PERMANENT, "NotSent",
                         strerror(errno));
        return -1;
    }

    if (as_sync_wait(sync) != 0) {
        as_aws_call_cancel(sync->aws, call);
        return -1;
    }

    return sync->failed ? -1 : 0;
}


int
as_sync_run(as_sync_t *sync, as_sync_start_pt start, const void *arg)
{
    int64_t   ms;
    uint32_t  random;
    unsigned  n;

    for (n = 1; ; n++) {
        if (as_sync_attempt(sync, start, arg) == 0) {
            return 0;
        }

        /* Refused credentials do not become valid during a command. */
        if (n == AS_SYNC_ATTEMPTS || sync->error.class == AS_AWS_AUTH) {
            return -1;
        }

        if (getrandom(&random, sizeof(random), 0) != sizeof(random)) {
            random = UINT32_MAX;
        }

        ms = as_aws_retry_ms(&sync->error, n, AS_SYNC_BASE_MS,
                             AS_SYNC_MAX_MS, random);

        if (ms < 0 || (sync->until_ms != 0
                       && as_sync_now(sync) + ms >= sync->until_ms))
        {
            return -1;
        }

        if (as_sync_pause(sync, ms) != 0) {
            as_aws_error_own(&sync->error, AS_AWS_RETRY, "Stopped",
                             "stopped by a signal");
            return -1;
        }
    }
}


static as_aws_call_t *
as_sync_start_queue_url(as_sync_t *sync, const void *arg)
{
    return as_sqs_queue_url(sync->aws, arg, as_sync_text, sync);
}


int
as_sync_queue_url(as_sync_t *sync, const char *name)
{
    return as_sync_run(sync, as_sync_start_queue_url, name);
}


static as_aws_call_t *
as_sync_start_queue(as_sync_t *sync, const void *arg)
{
    return as_sqs_get_attributes(sync->aws, arg, as_sync_pairs, sync);
}


int
as_sync_queue(as_sync_t *sync, const char *queue_url)
{
    return as_sync_run(sync, as_sync_start_queue, queue_url);
}


static as_aws_call_t *
as_sync_start_topic(as_sync_t *sync, const void *arg)
{
    return as_sns_topic_attributes(sync->aws, arg, as_sync_pairs, sync);
}


int
as_sync_topic(as_sync_t *sync, const char *topic_arn)
{
    return as_sync_run(sync, as_sync_start_topic, topic_arn);
}


static as_aws_call_t *
as_sync_start_subscription(as_sync_t *sync, const void *arg)
{
    return as_sns_subscription_attributes(sync->aws, arg, as_sync_pairs,
                                          sync);
}


int
as_sync_subscription(as_sync_t *sync, const char *subscription_arn)
{
    return as_sync_run(sync, as_sync_start_subscription, subscription_arn);
}


static as_aws_call_t *
as_sync_start_page(as_sync_t *sync, const void *arg)
{
    const as_sync_page_t  *page = arg;

    return as_sns_subscriptions(sync->aws, page->topic_arn, page->next,
                                as_sync_subscriptions, sync);
}


int
as_sync_find_subscription(as_sync_t *sync, const char *topic_arn,
    const char *queue_arn)
{
    char            next[sizeof(sync->next)];
    as_sync_page_t  page;

    sync->match[0] = "sqs";
    sync->match[1] = queue_arn;
    page.topic_arn = topic_arn;
    page.next = NULL;

    for ( ;; ) {
        if (as_sync_run(sync, as_sync_start_page, &page) != 0) {
            return -1;
        }

        if (sync->text.len > 0 || sync->next[0] == '\0') {
            return 0;
        }

        memcpy(next, sync->next, sizeof(next));
        page.next = next;
    }
}


static void
as_sync_caller_element(void *data, const char *path, const char *text)
{
    as_sync_t  *sync = data;

    if (as_xml_ends(path, "GetCallerIdentityResult/Arn")) {
        as_text_put(&sync->text, text);
    }
}


static void
as_sync_caller_done(void *data, const as_aws_error_t *err, const char *body,
    size_t len)
{
    as_sync_t       *sync = data;
    as_aws_error_t   bad;

    if (err == NULL
        && (as_xml_read(body, len, as_sync_caller_element, sync) != 0
            || sync->text.len == 0))
    {
        as_aws_error_own(&bad, AS_AWS_PERMANENT, "BadAnswer",
                         "GetCallerIdentity's answer has no Arn");
        err = &bad;
    }

    as_sync_end(sync, err);
}


static as_aws_call_t *
as_sync_start_caller(as_sync_t *sync, const void *arg)
{
    as_aws_request_t  rq;

    memset(&rq, 0, sizeof(rq));
    rq.service = AS_AWS_STS;
    rq.body = arg;
    rq.body_len = strlen(arg);
    rq.done = as_sync_caller_done;
    rq.data = sync;

    return as_aws_call_send(sync->aws, &rq);
}


int
as_sync_caller(as_sync_t *sync)
{
    return as_sync_run(sync, as_sync_start_caller,
                       "Action=GetCallerIdentity&Version=2011-06-15");
}
