/*
 * Blocking AWS calls for commands: each waits for its result and is retried
 * where that may help.
 */

#ifndef AS_SYNC_H
#define AS_SYNC_H

#include <stdbool.h>
#include <stddef.h>

#include "aws/sns.h"
#include "aws/sqs.h"
#include "base/text.h"


typedef struct {
    as_aws_t        *aws;
    int              stop_fd;          /* -1: none; see as_loop_until() */
    int64_t          until_ms;         /* as as_clock_mono_ms(): calls end at
                                          this time; 0: no limit */

    /* of the last call */
    as_aws_error_t   error;
    as_text_t        text;             /* a text, or the texts of the pairs */
    size_t           pairs[64][2];     /* offsets into it */
    size_t           npairs;
    char             next[1024];       /* token of the next page; "": none */

    /* state of the call in flight */
    bool             done;
    bool             failed;
    const char      *match[2];         /* a subscription's protocol, ARN */
} as_sync_t;

/* Starts the call with as_sync_text or as_sync_pairs as callback and the
 * as_sync_t as data. */
typedef as_aws_call_t *(*as_sync_start_pt)(as_sync_t *sync,
    const void *arg);


void as_sync_init(as_sync_t *sync, as_aws_t *aws, int stop_fd);
void as_sync_free(as_sync_t *sync);

/*
 * 0, or -1 with sync->error, that of the last of up to six attempts.  Its code
 * is "Stopped" when stop_fd became readable, "NoAnswer" after until_ms.
 */
int as_sync_run(as_sync_t *sync, as_sync_start_pt start, const void *arg);

/* The callbacks. */
void as_sync_text(void *data, const as_aws_error_t *err, const char *text);
void as_sync_pairs(void *data, const as_aws_error_t *err,
    const as_sqs_pair_t *pairs, size_t n);
void as_sync_subscriptions(void *data, const as_aws_error_t *err,
    const as_sns_subscription_t *list, size_t n, const char *next);

/* A value of the last pairs, or NULL.  Valid until the next call. */
const char *as_sync_pair(const as_sync_t *sync, const char *name);

/* Calls that several commands need.  0, or -1 as above. */
int as_sync_queue_url(as_sync_t *sync, const char *name);
int as_sync_queue(as_sync_t *sync, const char *queue_url);
int as_sync_topic(as_sync_t *sync, const char *topic_arn);
int as_sync_subscription(as_sync_t *sync, const char *subscription_arn);

/* Finds the queue's subscription to the topic. sync->text is its ARN, "" where
 * there is none. */
int as_sync_find_subscription(as_sync_t *sync, const char *topic_arn,
    const char *queue_arn);

/* STS GetCallerIdentity: sync->text is the caller's ARN. */
int as_sync_caller(as_sync_t *sync);


#endif /* AS_SYNC_H */
