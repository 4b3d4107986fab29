/*
 * AWS's half of the command `doctor`: looks at the wiring, changes nothing,
 * and says of each fault how to mend it.  Blocks until done.
 */

#ifndef AS_DOCTOR_AWS_H
#define AS_DOCTOR_AWS_H

#include "aws/aws.h"


typedef enum {
    AS_DOCTOR_FINE = 0,
    AS_DOCTOR_WARNING,                 /* works, but not as it should */
    AS_DOCTOR_WRONG,                   /* does not work */
    AS_DOCTOR_UNREACHABLE              /* could not be looked at */
} as_doctor_level_e;

/* check is a stable name ("queue-policy"), what a sentence, mend a command
 * or sentence ("" where there is nothing to mend). */
typedef void (*as_doctor_finding_pt)(void *data, as_doctor_level_e level,
    const char *check, const char *what, const char *mend);

typedef struct {
    const char            *topic_arn;
    const char            *queue_url;
    const char            *dlq_url;
    unsigned               deadline_s;     /* the longest that a message is
                                              worked on without a word to
                                              SQS */
    int                    stop_fd;        /* -1: none */
    as_doctor_finding_pt   finding;
    void                  *data;
} as_doctor_aws_t;


/* 0: all fine; 1: findings; 3: something could not be looked at. */
int as_doctor_aws(as_aws_t *aws, const as_doctor_aws_t *conf);


#endif /* AS_DOCTOR_AWS_H */
