/*
 * What an answer that is no success means.  For as_aws*.c.
 */

#ifndef AS_AWS_ERROR_H
#define AS_AWS_ERROR_H

#include "aws/aws.h"


/* Of an answer with an error or a status other than 2xx. */
void as_aws_error_read(as_aws_error_t *err, const as_http_answer_t *answer);

/* Of something that never left: our own reason. */
void as_aws_error_own(as_aws_error_t *err, as_aws_class_e class,
    const char *code, const char *message);

/* Whether newer credentials, or a corrected clock, may help. */
bool as_aws_error_expired(const as_aws_error_t *err, bool temporary);
bool as_aws_error_skewed(const as_aws_error_t *err);


#endif /* AS_AWS_ERROR_H */
