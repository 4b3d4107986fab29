/*
 * Shared by provision.c and the files below it.
 */

#ifndef AS_PROVISION_PARTS_H
#define AS_PROVISION_PARTS_H

#include <jansson.h>
#include <stdbool.h>

#include "cmd/provision.h"
#include "aws/sync.h"


#define AS_PROVISION_ARN  512


typedef struct {
    const as_provision_conf_t  *conf;
    as_aws_t                   *aws;
    as_sync_t                   sync;
    FILE                       *out;
    json_t                     *steps;
    unsigned                    pending;           /* steps that a dry run did
                                                      not do */

    char                        partition[32];
    char                        account[32];
    char                        topic_arn[AS_PROVISION_ARN];
    char                        queue_arn[AS_PROVISION_ARN];
    char                        dlq_arn[AS_PROVISION_ARN];
    char                        queue_url[AS_PROVISION_ARN];
    char                        dlq_url[AS_PROVISION_ARN];
} as_provision_t;


/*
 * Reports a step that was taken, or would be. verb is "found", "created" or
 * "changed"; detail may be "".  provision_step.c.
 */
void as_provision_step(as_provision_t *p, const char *kind,
    const char *name, const char *verb, const char *detail);

/* Reports the failure.  Always returns 3, for a return statement. */
int as_provision_step_failed(as_provision_t *p, const char *kind,
    const char *name);

/* provision_queue.c.  0, or 3. */
int as_provision_queue_dlq(as_provision_t *p);
int as_provision_queue(as_provision_t *p);


#endif /* AS_PROVISION_PARTS_H */
