/*
 * An as_aws_t over fake_http.h, in eu-west-1, with credentials of the
 * environment.
 */

#ifndef FAKE_AWS_H
#define FAKE_AWS_H

#include "aws/aws.h"
#include "fake_http.h"


/* The test fails if it cannot be created.  Call as_aws_destroy() before the
 * fake is destroyed. */
as_aws_t *fake_aws_create(fake_t *fake);


#endif /* FAKE_AWS_H */
