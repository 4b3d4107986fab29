/*
 * Shared by aws.c and aws_call.c.
 */

#ifndef AS_AWS_CALL_H
#define AS_AWS_CALL_H

#include "aws/aws_endpoint.h"
#include "aws/sigv4.h"
#include "base/text.h"


#define AS_AWS_SERVICES  3
#define AS_AWS_KEY_LEN   132


struct as_aws_call_s {
    as_aws_t         *aws;
    as_aws_call_t    *next;
    as_aws_call_t   **prev;

    as_aws_service_e  service;
    char             *url;             /* NULL: the endpoint */
    const char       *target;          /* points into text, after the body */
    as_text_t         text;            /* body, NUL, target */
    size_t            body_len;
    size_t            max_answer;
    unsigned          timeout_ms;
    as_aws_done_pt    done;
    void            (*dropped)(void *data);
    void             *data;

    as_http_call_t   *http_call;
    char              access_key[AS_AWS_KEY_LEN];   /* key of the signature */
    unsigned          temporary:1;     /* credentials with a session token */
    unsigned          waiting:1;       /* waits for credentials */
    unsigned          renewed:1;       /* repeated with new credentials */
    unsigned          corrected:1;     /* repeated with the corrected time */
    as_timer_t        failed;          /* reports error in the next turn */
    as_aws_error_t    error;
};

struct as_aws_s {
    as_http_t          *http;
    const as_clock_t   *clock;
    as_credentials_t   *creds;
    char               *region;
    bool                allow_private;
    as_aws_endpoint_t   endpoints[AS_AWS_SERVICES];
    as_sigv4_t         *signers[AS_AWS_SERVICES];
    as_aws_call_t      *calls;
    as_aws_call_t      *free;
    size_t              nfree;
};


void as_aws_call_free(as_aws_call_t *call);

/* aws_sign.c */
const char *as_aws_sign_content_type(const as_aws_call_t *call);

/* The Authorization header line, allocated.  NULL with errno. */
char *as_aws_sign(as_aws_call_t *call, const as_aws_endpoint_t *ep,
    const as_credentials_keys_t *keys, const char *date);


#endif /* AS_AWS_CALL_H */
