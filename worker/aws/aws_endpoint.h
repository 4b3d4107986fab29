/*
 * The endpoints of services.  For aws*.c and credentials*.c.
 */

#ifndef AS_AWS_ENDPOINT_H
#define AS_AWS_ENDPOINT_H

#include <stdbool.h>

#include "aws/aws.h"


typedef struct {
    char  *url;                        /* URL to call */
    char  *host;                       /* value of the Host header */
    char  *path;                       /* at least "/", without query */
    bool   configured;                 /* from a setting: may be private */
} as_aws_endpoint_t;


/* 0, or -1 with a message in err. */
int as_aws_endpoint_find(as_aws_endpoint_t *ep, as_aws_service_e service,
    const char *region, as_getenv_pt get, void *data,
    char err[AS_AWS_ERROR_LEN]);

/* Parses an http or https URL.  0, or -1 with a message in err. */
int as_aws_endpoint_parse(as_aws_endpoint_t *ep, const char *url,
    char err[AS_AWS_ERROR_LEN]);

void as_aws_endpoint_free(as_aws_endpoint_t *ep);

/* "sns", "sqs", "sts": the service's name in signatures and host names. */
const char *as_aws_endpoint_service(as_aws_service_e service);


#endif /* AS_AWS_ENDPOINT_H */
