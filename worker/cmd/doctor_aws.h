/*
 * The AWS part of the command `doctor`: checks the configuration, changes
 * nothing, and says how to repair each fault.  Blocks until done.
 */

#ifndef AS_DOCTOR_AWS_H
#define AS_DOCTOR_AWS_H

#include "aws/aws.h"


typedef enum {
    AS_DOCTOR_FINE = 0,
    AS_DOCTOR_WARNING,                 /* works, with a defect */
    AS_DOCTOR_WRONG,                   /* does not work */
    AS_DOCTOR_UNREACHABLE              /* could not be checked */
} as_doctor_level_e;

/* check is a stable name ("queue-policy"), what a sentence, mend a command or
 * sentence ("" where there is nothing to repair). */
typedef void (*as_doctor_finding_pt)(void *data, as_doctor_level_e level,
    const char *check, const char *what, const char *mend);

typedef struct {
    const char            *topic_arn;
    const char            *queue_url;
    const char            *dlq_url;
    unsigned               deadline_s;     /* the longest time for which a
                                              message is processed without
                                              extending its visibility */
    int                    stop_fd;        /* -1: none */
    as_doctor_finding_pt   finding;
    void                  *data;
} as_doctor_aws_t;


/* 0: no findings; 1: findings; 3: something could not be checked. */
int as_doctor_aws(as_aws_t *aws, const as_doctor_aws_t *conf);


#endif /* AS_DOCTOR_AWS_H */
