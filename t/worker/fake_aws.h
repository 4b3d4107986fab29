/*
 * An as_aws_t over fake_http.h, in eu-west-1, with credentials of the
 * environment.
 */

#ifndef FAKE_AWS_H
#define FAKE_AWS_H

#include "aws/aws.h"
#include "fake_http.h"


/* The test fails where it cannot be created.  as_aws_destroy() it before the
 * fake. */
as_aws_t *fake_aws_create(fake_t *fake);


#endif /* FAKE_AWS_H */
