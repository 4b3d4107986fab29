/*
 * A signed call to an AWS service, and what its errors mean.
 *
 * Endpoints: AWS_ENDPOINT_URL_SNS, _SQS, _STS, then AWS_ENDPOINT_URL, then
 * those of the profile (services, endpoint_url), unless
 * AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is true; otherwise AWS's own of the
 * region, by AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT or the
 * profile's settings of these names.  Region: AWS_REGION,
 * AWS_DEFAULT_REGION, the profile's.
 */

#ifndef AS_AWS_H
#define AS_AWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "aws/credentials.h"
#include "http/http.h"


#define AS_AWS_ERROR_LEN   320
#define AS_AWS_REASON_LEN  420         /* code and message */


typedef struct as_aws_s       as_aws_t;
typedef struct as_aws_call_s  as_aws_call_t;

typedef enum {
    AS_AWS_SNS = 0,
    AS_AWS_SQS,
    AS_AWS_STS
} as_aws_service_e;

typedef enum {
    AS_AWS_OK = 0,
    AS_AWS_RETRY,                      /* 5xx, network: later may help */
    AS_AWS_THROTTLED,                  /* slower, then again */
    AS_AWS_AUTH,                       /* no credentials, expired, refused:
                                          new ones may help */
    AS_AWS_NOT_FOUND,                  /* the queue, topic, subscription */
    AS_AWS_PERMANENT                   /* the same call fails again */
} as_aws_class_e;

typedef struct {
    as_aws_class_e   class;
    as_http_error_e  http_error;       /* AS_HTTP_OK where AWS answered */
    int              status;           /* HTTP; 0 where there was none */
    bool             maybe_done;       /* AWS may have done what was asked */
    int64_t          retry_after_ms;   /* AWS's wish; -1: none */
    char             code[96];         /* "QueueDoesNotExist"; "" none */
    char             message[AS_AWS_ERROR_LEN];   /* UTF-8, for a person */
    char             request_id[64];
} as_aws_error_t;

/*
 * err is NULL where the status was 2xx.  body (NUL-terminated) lives until
 * the callback returns.  Runs in a turn of the loop, once, unless cancelled.
 */
typedef void (*as_aws_done_pt)(void *data, const as_aws_error_t *err,
    const char *body, size_t len);

typedef struct {
    as_aws_service_e   service;
    const char        *url;            /* NULL: the service's endpoint */
    const char        *target;         /* X-Amz-Target: AWS JSON 1.0; NULL:
                                          the query protocol, a form */
    const char        *body;
    size_t             body_len;
    size_t             max_answer;     /* bytes; 0: 65,536 */
    unsigned           timeout_ms;     /* of one attempt; 0: 10,000 */
    as_aws_done_pt     done;
    void             (*dropped)(void *data);   /* instead of done, when the
                                          call is cancelled; may be NULL */
    void              *data;
} as_aws_request_t;

typedef struct {
    as_http_t          *http;
    const as_clock_t   *clock;
    as_getenv_pt        getenv;        /* NULL: the environment */
    void               *getenv_data;
    as_environ_pt       environ;       /* for credential_process; NULL: the
                                          process's; data as for getenv */
    bool                allow_private; /* VPC endpoints with private DNS; an
                                          endpoint from the settings may be
                                          private in any case */
} as_aws_conf_t;


/* NULL, and a sentence in err, where a setting is missing or wrong. */
as_aws_t *as_aws_create(const as_aws_conf_t *conf,
    char err[AS_AWS_ERROR_LEN]);

/* Cancels every call without its callback. */
void as_aws_destroy(as_aws_t *aws);

/*
 * Signs and sends.  Everything in rq is copied.  When AWS says that the
 * token expired, or that the clock is wrong, the call is made once more, with
 * new credentials or the corrected clock.  NULL with errno as as_http_send();
 * then done never runs.  The handle is valid until the callback has begun.
 */
as_aws_call_t *as_aws_send(as_aws_t *aws, const as_aws_request_t *rq);
void as_aws_cancel(as_aws_t *aws, as_aws_call_t *call);

const char *as_aws_region(const as_aws_t *aws);
const char *as_aws_endpoint(const as_aws_t *aws, as_aws_service_e service);
as_http_t *as_aws_http(as_aws_t *aws);
const as_clock_t *as_aws_clock(const as_aws_t *aws);
as_credentials_t *as_aws_credentials(as_aws_t *aws);

/* AWS's time less ours, in ms, as last corrected; 0 while they agree. */
int64_t as_aws_skew_ms(const as_aws_t *aws);

/* SIGHUP: forget credentials, read them anew. */
void as_aws_reload(as_aws_t *aws);

/*
 * How long to wait before attempt number n (1: the first retry) of a failed
 * call, in ms: full jitter over base_ms * 2^(n-1), not over max_ms; AWS's
 * own wish where greater.  -1: do not retry.  random is any 32-bit number.
 */
int64_t as_aws_retry_ms(const as_aws_error_t *err, unsigned n,
    unsigned base_ms, unsigned max_ms, uint32_t random);

const char *as_aws_class_text(as_aws_class_e class);

/* Fills an error from a code, as entries of a batch have it; the class of
 * what neither code nor status tells is AS_AWS_PERMANENT. */
void as_aws_error_set(as_aws_error_t *err, int status, const char *code,
    size_t code_len, const char *message, size_t message_len);

/* "Code: message", for a person. */
void as_aws_error_tell(const as_aws_error_t *err,
    char reason[AS_AWS_REASON_LEN]);


#endif /* AS_AWS_H */
