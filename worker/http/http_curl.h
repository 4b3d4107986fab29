/*
 * The engine behind as_http_t: libcurl's multi-socket interface over one
 * epoll.  Only http.c and the files as_http_curl*.c include this.
 */

#ifndef AS_HTTP_CURL_H
#define AS_HTTP_CURL_H

#include <curl/curl.h>
#include <stdint.h>

#include "http/http.h"


#define AS_HTTP_HEADERS_MAX       32
#define AS_HTTP_ANSWER_DEFAULT    65536
#define AS_HTTP_ANSWER_HEADERS    32768   /* bytes of an answer's headers */
#define AS_HTTP_KEEP_BUFFER       4096    /* larger ones are not pooled */
#define AS_HTTP_WATCHES           16

/* What an epoll event belongs to, above the descriptor. */
#define AS_HTTP_TAG_CURL          0
#define AS_HTTP_TAG_WATCH         1
#define AS_HTTP_TAG_WAKE          2


typedef struct as_http_curl_s  as_http_curl_t;

struct as_http_call_s {
    as_http_curl_t    *http;
    as_http_call_t    *next;           /* of the active or the free list */
    as_http_call_t   **prev;           /* active only */

    CURL              *easy;
    struct curl_slist  nodes[AS_HTTP_HEADERS_MAX];

    char              *out;            /* request headers and body */
    size_t             out_size;

    char              *in;             /* body of the answer */
    size_t             in_len;
    size_t             in_size;
    size_t             max_answer;
    size_t             header_bytes;

    as_http_done_pt    done;
    void              *data;

    int64_t            date_ms;
    int64_t            retry_after_ms;
    unsigned           flags;
    unsigned           too_large:1;
    unsigned           forbidden:1;
    unsigned           again:1;        /* a second sending was refused */

    char               content_type[64];
    char               request_id[64];
    char               error[CURL_ERROR_SIZE];
};

typedef struct as_http_defer_s  as_http_defer_t;

struct as_http_defer_s {
    as_http_defer_t   *next;
    void             (*fn)(void *data);
    void              *data;
};

typedef struct {
    int      fd;                       /* -1: free */
    void   (*fn)(void *data);
    void    *data;
} as_http_watch_t;

struct as_http_curl_s {
    CURLM             *multi;
    int                epfd;
    int                wakefd;
    int64_t            due_ms;         /* libcurl's timer; -1: none */

    as_http_call_t    *active;
    as_http_call_t    *free;
    size_t             nactive;
    size_t             max_calls;

    as_http_defer_t   *deferred;
    as_http_defer_t  **deferred_last;
    as_http_watch_t    watches[AS_HTTP_WATCHES];

    as_http_conf_t     conf;           /* its strings are our copies */
};


extern const as_http_ops_t  as_http_curl_ops;


/* http_curl.c */
as_http_curl_t *as_http_curl_new(const as_http_conf_t *conf);
int as_http_curl_fd(as_http_curl_t *http);
int as_http_curl_timeout(as_http_curl_t *http);
void as_http_curl_perform(as_http_curl_t *http);
size_t as_http_curl_in_flight(const as_http_curl_t *http);
void as_http_curl_unlink(as_http_curl_t *http, as_http_call_t *call);
void as_http_curl_recycle(as_http_curl_t *http, as_http_call_t *call);

/* http_events.c */
int as_http_curl_epoll(as_http_curl_t *http, int op, int fd,
    uint32_t events, unsigned tag);
int as_http_curl_socket(CURL *easy, curl_socket_t s, int what, void *data,
    void *known);
int as_http_curl_timer(CURLM *multi, long timeout_ms, void *data);
int as_http_curl_defer(void *ctx, void (*fn)(void *data), void *data);
int as_http_curl_watch(void *ctx, int fd, void (*fn)(void *data),
    void *data);
void as_http_curl_unwatch(void *ctx, int fd);
int as_http_curl_poll(void *ctx, struct pollfd *fds, size_t n,
    int timeout_ms);
void as_http_curl_wake(void *ctx);

/* http_call.c: one call and its easy handle */
as_http_call_t *as_http_call_new(as_http_curl_t *http,
    const as_http_conf_t *conf);
void as_http_call_free(as_http_call_t *call);
int as_http_call_setup(as_http_call_t *call, const as_http_request_t *rq,
    const char *proxy);
void as_http_call_reset(as_http_call_t *call);

/* http_answer.c: what came back */
size_t as_http_call_body(char *p, size_t size, size_t n, void *data);
size_t as_http_call_header(char *p, size_t size, size_t n, void *data);
void as_http_call_answer(as_http_call_t *call, CURLcode rc,
    as_http_answer_t *answer);


#endif /* AS_HTTP_CURL_H */
