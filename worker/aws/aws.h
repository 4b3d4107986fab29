/*
 * Signed calls to AWS services, and the classes of their errors.
 *
 * The endpoint is the first of: AWS_ENDPOINT_URL_SNS, _SQS or _STS;
 * AWS_ENDPOINT_URL; those of the profile (services, endpoint_url).  They are
 * skipped where AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is true.  The default is
 * AWS's endpoint of the region, subject to AWS_USE_FIPS_ENDPOINT and
 * AWS_USE_DUALSTACK_ENDPOINT or the profile's settings of these names.  The
 * region is the first of AWS_REGION, AWS_DEFAULT_REGION, the profile's.
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
    AS_AWS_RETRY,                      /* 5xx, network: a retry may succeed */
    AS_AWS_THROTTLED,                  /* retry more slowly */
    AS_AWS_AUTH,                       /* missing, expired or refused
                                          credentials: new ones may help */
    AS_AWS_NOT_FOUND,                  /* the queue, topic, subscription */
    AS_AWS_PERMANENT                   /* the same call would fail again */
} as_aws_class_e;

typedef struct {
    as_aws_class_e   class;
    as_http_error_e  http_error;       /* AS_HTTP_OK where AWS answered */
    int              status;           /* HTTP; 0: no answer */
    bool             maybe_done;       /* AWS may have performed the call */
    int64_t          retry_after_ms;   /* requested by AWS; -1: none */
    char             code[96];         /* "QueueDoesNotExist"; "": none */
    char             message[AS_AWS_ERROR_LEN];   /* UTF-8, for the log */
    char             request_id[64];
} as_aws_error_t;

/*
 * err is NULL where the status was 2xx. body is NUL-terminated and valid until
 * the callback returns.  Runs once, in a turn of the loop, unless cancelled.
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
    void             (*dropped)(void *data);   /* called instead of done when
                                                  the call is cancelled; may be
                                                  NULL */
    void              *data;
} as_aws_request_t;

typedef struct {
    as_http_t          *http;
    const as_clock_t   *clock;
    as_getenv_pt        getenv;        /* NULL: the environment */
    void               *getenv_data;
    as_environ_pt       environ;       /* for credential_process; NULL: the
                                          process's; data as for getenv */
    bool                allow_private; /* for VPC endpoints with private DNS; a
                                          configured endpoint may always be
                                          private */
} as_aws_conf_t;


/* On failure NULL, with a message in err: a setting is missing or wrong. */
as_aws_t *as_aws_create(const as_aws_conf_t *conf,
    char err[AS_AWS_ERROR_LEN]);

/* Cancels every call without its callback. */
void as_aws_destroy(as_aws_t *aws);

/*
 * Signs and sends a call.  Everything in rq is copied.  Where AWS reports an
 * expired token or a wrong clock, the call is repeated once, with new
 * credentials or the corrected time.  On failure NULL with errno as
 * as_http_send(), and done never runs.  The handle is valid until the callback
 * begins.
 */
as_aws_call_t *as_aws_call_send(as_aws_t *aws, const as_aws_request_t *rq);
void as_aws_call_cancel(as_aws_t *aws, as_aws_call_t *call);

const char *as_aws_region(const as_aws_t *aws);
as_http_t *as_aws_http(as_aws_t *aws);
const as_clock_t *as_aws_clock(const as_aws_t *aws);
as_credentials_t *as_aws_credentials(as_aws_t *aws);

/*
 * Whether a topic or queue is FIFO, by its name, ARN or URL.  Only FIFO queues
 * take a de-duplication id; others may have message groups too (fair queues).
 */
bool as_aws_is_fifo(const char *name);

/*
 * AWS's time minus the local time, in ms, as last corrected; 0 while they
 * agree.
 */
int64_t as_aws_skew_ms(const as_aws_t *aws);

/* Drops the credentials, so that they are read again; after SIGHUP. */
void as_aws_reload(as_aws_t *aws);

/*
 * The wait before attempt n (1: the first retry) of a failed call, in ms: full
 * jitter over base_ms * 2^(n-1), limited to max_ms, or AWS's request where that
 * is longer. -1: do not retry. random is any 32-bit number.
 */
int64_t as_aws_retry_ms(const as_aws_error_t *err, unsigned n,
    unsigned base_ms, unsigned max_ms, uint32_t random);

/* Fills an error from a code, such as that of a batch entry.  The class is
 * AS_AWS_PERMANENT where neither code nor status is known. */
void as_aws_error_set(as_aws_error_t *err, int status, const char *code,
    size_t code_len, const char *message, size_t message_len);

/* Writes "Code: message", for the log. */
void as_aws_error_tell(const as_aws_error_t *err,
    char reason[AS_AWS_REASON_LEN]);


#endif /* AS_AWS_H */
