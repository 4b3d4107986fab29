/*
 * Classifies unsuccessful answers.  For aws*.c.
 */

#ifndef AS_AWS_ERROR_H
#define AS_AWS_ERROR_H

#include "aws/aws.h"


/* Reads the error of an answer that failed or has a status other than 2xx. */
void as_aws_error_read(as_aws_error_t *err, const as_http_answer_t *answer);

/* Sets an error of the worker itself, for a call that was not sent. */
void as_aws_error_own(as_aws_error_t *err, as_aws_class_e class,
    const char *code, const char *message);

/* Whether new credentials, or a corrected clock, may help. */
bool as_aws_error_expired(const as_aws_error_t *err, bool temporary);
bool as_aws_error_skewed(const as_aws_error_t *err);


#endif /* AS_AWS_ERROR_H */
