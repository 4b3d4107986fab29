/*
 * HTTP calls without blocking, many at once, in an event loop.
 *
 * An as_http_t is an interface: as_http_curl_create() gives the real one
 * (libcurl's multi-socket interface), as_http_fake() one over the functions
 * of a test.  All of it belongs to the loop's thread.
 *
 * No callback runs inside the function that starts its call: all run in a
 * turn of the loop.  In a callback everything is allowed but
 * as_http_destroy() and what the loop forbids.
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
    AS_HTTP_OK = 0,                    /* an answer of whatever status */
    AS_HTTP_RESOLVE,                   /* the name did not resolve */
    AS_HTTP_CONNECT,                   /* refused, unreachable, too slow */
    AS_HTTP_TLS,                       /* handshake or verification failed */
    AS_HTTP_FORBIDDEN,                 /* an address that is not allowed */
    AS_HTTP_TIMEOUT,                   /* past the call's deadline */
    AS_HTTP_TOO_LARGE,                 /* more than max_answer bytes */
    AS_HTTP_LOST,                      /* connection lost or gibberish */
    AS_HTTP_BAD_URL,                   /* not http or https, or malformed */
    AS_HTTP_INTERNAL                   /* out of memory or the like */
} as_http_error_e;


/* Flags of a request. */
#define AS_HTTP_PRIVATE   0x01  /* loopback and private addresses allowed */
#define AS_HTTP_METADATA  0x02  /* the credentials' own link-local ones too;
                                   never through the proxy */
#define AS_HTTP_ONCE      0x04  /* never sent a second time by itself when a
                                   kept connection turns out dead after some
                                   of the request was written */


typedef struct {
    as_http_error_e   error;
    int               status;          /* 0 where no status line was read */
    bool              maybe_sent;      /* false: certainly nothing was sent;
                                          true: the peer may have acted */
    const char       *reason;          /* for a person; no secrets; "" if OK */
    const char       *body;            /* NUL-terminated; "" where empty */
    size_t            len;
    const char       *content_type;    /* "" where absent */
    const char       *request_id;      /* x-amzn-requestid; "" where absent */
    int64_t           date_ms;         /* the Date header; 0 where absent */
    int64_t           retry_after_ms;  /* Retry-After, seconds or a date,
                                          0 to 86,400,000; -1 where absent */
    int64_t           elapsed_us;      /* from the start of the transfer */
} as_http_answer_t;

/* Runs exactly once, unless the call was cancelled.  The answer lives until
 * the callback returns; body may be read, not kept. */
typedef void (*as_http_done_pt)(void *data, const as_http_answer_t *answer);


typedef struct {
    const char         *method;        /* "GET", "POST", "PUT" */
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
    size_t       max_calls;            /* at once; 0: 1,024 */
    size_t       max_connections;      /* in all; 0: max_calls */
    size_t       max_idle;             /* kept alive; 0: 512 */
    const char  *proxy;                /* AUTOSTOCK_PROXY; NULL: none, also
                                          none from the environment */
    const char  *ca_file;              /* AWS_CA_BUNDLE; NULL: the system's */
    const char  *user_agent;           /* NULL: "autostock-worker" */
} as_http_conf_t;


/* What a fake must offer; see the functions of the same name.  destroy may
 * be NULL. */
typedef struct {
    as_http_call_t  *(*send)(void *ctx, const as_http_request_t *rq);
    void             (*cancel)(void *ctx, as_http_call_t *call);
    void             (*destroy)(void *ctx);
} as_http_ops_t;


/* NULL with errno set.  The strings of conf are copied; the loop must outlive
 * it. */
as_http_t *as_http_curl_create(const as_http_conf_t *conf, as_loop_t *loop);
as_http_t *as_http_fake(const as_http_ops_t *ops, void *ctx,
    as_loop_t *loop);

as_loop_t *as_http_loop(as_http_t *http);

/* Cancels every call without its callback, and frees all. */
void as_http_destroy(as_http_t *http);

/*
 * Starts a call.  Everything in rq is copied.  NULL, and the callback never
 * runs, with errno: EAGAIN (max_calls are under way), EINVAL (a header with
 * a line break, a method unknown), ENOMEM.  Every other failure is answered.
 * The handle is valid until the callback has begun or as_http_cancel().
 */
as_http_call_t *as_http_send(as_http_t *http, const as_http_request_t *rq);

/* Ends a call at once; its callback does not run.  NULL is allowed. */
void as_http_cancel(as_http_t *http, as_http_call_t *call);

/* Calls under way. */
size_t as_http_in_flight(const as_http_t *http);

/* "connect", "timeout", ...: for logs and metrics' labels. */
const char *as_http_error_text(as_http_error_e error);


#endif /* AS_HTTP_H */
