/*
 * Non-blocking HTTP calls, many at once, in an event loop.
 *
 * as_http_t is an interface. as_http_curl_create() returns the implementation
 * over libcurl's multi-socket interface, as_http_fake() one over the functions
 * of a test.  All functions must be called in the loop's thread.
 *
 * No callback runs inside the function that starts its call: each runs in a
 * turn of the loop.  A callback may call any function except as_http_destroy()
 * and those that the loop forbids.
 */

#ifndef AS_HTTP_H
#define AS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop/loop.h"


typedef struct as_http_s       as_http_t;
typedef struct as_http_call_s  as_http_call_t;


typedef enum {
    AS_HTTP_OK = 0,                    /* an answer with any status */
    AS_HTTP_RESOLVE,                   /* the name did not resolve */
    AS_HTTP_CONNECT,                   /* refused, unreachable or timed out */
    AS_HTTP_TLS,                       /* handshake or verification failed */
    AS_HTTP_FORBIDDEN,                 /* an address that is forbidden */
    AS_HTTP_TIMEOUT,                   /* beyond the call's deadline, after a
                                          part of the request was sent */
    AS_HTTP_TOO_LARGE,                 /* more than max_answer bytes */
    AS_HTTP_LOST,                      /* connection lost, or invalid answer */
    AS_HTTP_BAD_URL,                   /* not http or https, or malformed */
    AS_HTTP_INTERNAL                   /* out of memory or the like */
} as_http_error_e;


/* Flags of a request. */
#define AS_HTTP_PRIVATE   0x01  /* loopback and private addresses allowed */
#define AS_HTTP_METADATA  0x02  /* also link-local ones, for credentials; never
                                   through the proxy */
#define AS_HTTP_ONCE      0x04  /* never sent again automatically when a kept
                                   connection turns out to be dead after a part
                                   of the request was written */


typedef struct {
    as_http_error_e   error;
    int               status;          /* 0 where no status line was read */
    bool              maybe_sent;      /* false: nothing was sent; true: the
                                          peer may have acted */
    const char       *reason;          /* for the log; no secrets; "" if OK */
    const char       *body;            /* NUL-terminated; "" where empty */
    size_t            len;
    const char       *content_type;    /* "" where absent */
    const char       *request_id;      /* x-amzn-requestid; "" where absent */
    int64_t           date_ms;         /* the Date header; 0 where absent */
    int64_t           retry_after_ms;  /* Retry-After, seconds or a date,
                                          0 to 86,400,000; -1 where absent */
    int64_t           elapsed_us;      /* from the start of the transfer */
} as_http_answer_t;

/*
 * Runs exactly once, unless the call was cancelled.  The answer and its body
 * are valid until the callback returns.
 */
typedef void (*as_http_done_pt)(void *data, const as_http_answer_t *answer);


typedef struct {
    const char         *method;        /* "GET", "HEAD", "POST", "PUT" */
    const char         *url;           /* http or https */
    const char *const  *headers;       /* "Name: value", no CR or LF */
    size_t              nheaders;      /* up to 32 */
    const void         *body;
    size_t              body_len;
    size_t              max_answer;    /* bytes of body; 0: 65,536 */
    unsigned            connect_timeout_ms;   /* 0: 5,000 */
    unsigned            timeout_ms;    /* of the whole call; 0: 30,000 */
    unsigned            flags;         /* AS_HTTP_... */
    as_http_done_pt     done;
    void               *data;
} as_http_request_t;


typedef struct {
    size_t       max_calls;            /* at once; 0: 1,024.  Never more than
                                          max_connections */
    size_t       max_connections;      /* in all; 0: max_calls */
    size_t       max_idle;             /* kept alive; 0: 512 */
    const char  *proxy;                /* AUTOSTOCK_PROXY; NULL: none, also
                                          none from the environment */
    const char  *ca_file;              /* AWS_CA_BUNDLE; NULL: the system's */
    const char  *user_agent;           /* NULL: "autostock-worker" */
} as_http_conf_t;


/* The functions of a fake; see those of the same name. destroy may be NULL. */
typedef struct {
    as_http_call_t  *(*send)(void *ctx, const as_http_request_t *rq);
    void             (*cancel)(void *ctx, as_http_call_t *call);
    void             (*destroy)(void *ctx);
} as_http_ops_t;


/*
 * NULL with errno.  The strings of conf are copied.  The loop must outlive it.
 */
as_http_t *as_http_curl_create(const as_http_conf_t *conf, as_loop_t *loop);

/* For tests. */
as_http_t *as_http_fake(const as_http_ops_t *ops, void *ctx,
    as_loop_t *loop);

as_loop_t *as_http_loop(as_http_t *http);

/* Cancels every call without its callback, then frees all. */
void as_http_destroy(as_http_t *http);

/*
 * Starts a call.  Everything in rq is copied.  On failure returns NULL, never
 * runs the callback, and sets errno: EAGAIN (max_calls are in flight), EINVAL
 * (too many headers, a line break in one, an unknown method), ENOMEM.  All
 * other failures are reported to the callback.  The handle is valid until the
 * callback begins or as_http_cancel() is called.
 */
as_http_call_t *as_http_send(as_http_t *http, const as_http_request_t *rq);

/* Ends a call at once; its callback does not run. call may be NULL. */
void as_http_cancel(as_http_t *http, as_http_call_t *call);

/* For tests: the number of calls in flight; of a fake always 0. */
size_t as_http_in_flight(const as_http_t *http);

/* "connect", "timeout", ...: for the log and the metrics' labels. */
const char *as_http_error_text(as_http_error_e error);


#endif /* AS_HTTP_H */
