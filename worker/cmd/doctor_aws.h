/*
 * The AWS part of the command `doctor`: checks the configuration, changes
 * nothing, and says how to repair each fault.  Blocks until done.
 */

#ifndef AS_DOCTOR_AWS_H
#define AS_DOCTOR_AWS_H

#include "aws/aws.h"
#include "cmd/findings.h"


typedef struct {
    const char     *topic_arn;
    const char     *queue_url;
    const char     *dlq_url;
    unsigned        deadline_s;        /* the longest time for which a message
                                          is processed without extending its
                                          visibility */
    int             stop_fd;           /* -1: none */
    as_findings_t  *findings;
} as_doctor_aws_t;


/* 0: no findings; 1: findings; 3: something could not be checked. */
int as_doctor_aws(as_aws_t *aws, const as_doctor_aws_t *conf);


#endif /* AS_DOCTOR_AWS_H */
