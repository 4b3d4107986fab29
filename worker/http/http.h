/*
 * HTTP calls without blocking, many at once, over one event loop.
 *
 * An as_http_t is an interface: as_http_curl_create() gives the real one
 * (libcurl's multi-socket interface over an epoll), as_http_fake() one over
 * the functions of a test.  All of it belongs to one thread.
 *
 * No callback runs inside the function that starts its call: all run inside
 * as_http_perform() (or as_http_poll(), as_http_wait(), which call it).  In a
 * callback everything is allowed but as_http_perform/poll/wait/destroy.
 */

#ifndef AS_HTTP_H
#define AS_HTTP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>


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


/* What a fake must offer; see the functions of the same name.  watch,
 * unwatch and wake may be NULL where the test does not use them. */
typedef struct {
    as_http_call_t  *(*send)(void *ctx, const as_http_request_t *rq);
    void             (*cancel)(void *ctx, as_http_call_t *call);
    int              (*defer)(void *ctx, void (*fn)(void *), void *data);
    int              (*watch)(void *ctx, int fd, void (*fn)(void *),
                              void *data);
    void             (*unwatch)(void *ctx, int fd);
    int              (*poll)(void *ctx, struct pollfd *fds, size_t n,
                             int timeout_ms);
    void             (*wake)(void *ctx);
    void             (*destroy)(void *ctx);
} as_http_ops_t;


/* NULL with errno set.  The strings of conf are copied. */
as_http_t *as_http_curl_create(const as_http_conf_t *conf);
as_http_t *as_http_fake(const as_http_ops_t *ops, void *ctx);

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

/* Runs fn(data) once in the next as_http_perform().  0, or -1 (ENOMEM). */
int as_http_defer(as_http_t *http, void (*fn)(void *data), void *data);

/* Runs fn(data) in as_http_perform() while fd is readable or hung up. */
int as_http_watch(as_http_t *http, int fd, void (*fn)(void *data),
    void *data);
void as_http_unwatch(as_http_t *http, int fd);

/*
 * Waits until something happened to the calls or to fds (n of them, 0 to 64,
 * their revents are set), as_http_wake() was called, or timeout_ms (-1: no
 * end) went by; then performs.  Returns how many of fds have events, or -1
 * with errno (EINTR, too, after performing).
 */
int as_http_poll(as_http_t *http, struct pollfd *fds, size_t n,
    int timeout_ms);

/*
 * For a loop of one's own: the descriptor that is readable when
 * as_http_perform() has work, and how long it may be left alone at most
 * (ms, 0: perform now, -1: no limit).  The fd lives as long as http.  A fake
 * has none: -1.
 */
int as_http_fd(as_http_t *http);
int as_http_timeout(as_http_t *http);
void as_http_perform(as_http_t *http);

/* Ends a running or the next as_http_poll(); safe in a signal handler. */
void as_http_wake(as_http_t *http);

/*
 * For commands: polls until *done is true.  stop_fd (-1: none) is a
 * signalfd or the like: -1 with errno EINTR when it becomes readable.
 */
int as_http_wait(as_http_t *http, const bool *done, int stop_fd);

/* Calls under way. */
size_t as_http_in_flight(const as_http_t *http);

/* "connect", "timeout", ...: for logs and metrics' labels. */
const char *as_http_error_text(as_http_error_e error);


#endif /* AS_HTTP_H */
