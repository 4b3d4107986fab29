/*
 * The command `provision`: creates or completes topic, queue, dead-letter
 * queue, redrive policy, queue policy and subscription.  A second run changes
 * nothing.  Blocks until done.
 */

#ifndef AS_PROVISION_H
#define AS_PROVISION_H

#include <stdbool.h>
#include <stdio.h>

#include "aws/aws.h"


typedef struct {
    const char  *topic_name;           /* "stock_empty"; with ".fifo" it is
                                          FIFO, then all three must be */
    const char  *queue_name;           /* "stock_queue" */
    const char  *dlq_name;             /* "stock_dlq" */
    unsigned     visibility_s;         /* of the queue; 0: 60 */
    unsigned     max_receive;          /* 1 to 1,000; 0: 5 */
    unsigned     retention_s;          /* of the queue; 0: 345,600 (4 days) */
    unsigned     dlq_retention_s;      /* 0: 1,209,600 (14 days) */
    bool         raw;                  /* RawMessageDelivery */
    bool         dry_run;              /* only report what would be done */
    bool         json;                 /* --output json; otherwise text */
    int          stop_fd;              /* -1: none; see as_loop_until() */
} as_provision_conf_t;


/*
 * Writes the report to out: each step (found, created, changed, would be),
 * TOPIC_ARN, QUEUE_URL, DLQ_URL, and the IAM policy that the worker needs.  0:
 * complete; 1: dry run, and changes are needed; 2: conf is wrong; 3: AWS
 * refused or is unreachable.
 */
int as_provision(as_aws_t *aws, const as_provision_conf_t *conf, FILE *out);


#endif /* AS_PROVISION_H */
