/*
 * The implementation of as_http_t with libcurl's multi-socket interface.  Only
 * http*.c include this.
 */

#ifndef AS_HTTP_CURL_H
#define AS_HTTP_CURL_H

#include <curl/curl.h>
#include <stdint.h>

#include "http/http.h"


#define AS_HTTP_HEADERS_MAX       32
#define AS_HTTP_ANSWER_DEFAULT    65536
#define AS_HTTP_ANSWER_HEADERS    32768   /* bytes of all headers */
#define AS_HTTP_KEEP_BUFFER       4096    /* larger ones are not pooled */


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
    unsigned           again:1;        /* a second transmission was refused */

    char               content_type[64];
    char               request_id[64];
    char               error[CURL_ERROR_SIZE];
};

/* A socket of libcurl. */
typedef struct as_http_socket_s  as_http_socket_t;

struct as_http_socket_s {
    as_watch_t           watch;
    as_http_curl_t      *http;
    as_http_socket_t    *next;
    as_http_socket_t   **prev;
};

struct as_http_curl_s {
    CURLM             *multi;
    as_loop_t         *loop;
    as_timer_t         timer;          /* libcurl's time-out */
    as_http_socket_t  *sockets;

    as_http_call_t    *active;
    as_http_call_t    *free;
    size_t             nactive;
    size_t             max_calls;

    as_http_conf_t     conf;           /* its strings are copies */
};


extern const as_http_ops_t  as_http_curl_ops;


/* http_curl.c */
as_http_curl_t *as_http_curl_new(const as_http_conf_t *conf, as_loop_t *loop);
size_t as_http_curl_in_flight(const as_http_curl_t *http);

/* http_call.c: one call and its easy handle */
as_http_call_t *as_http_call_new(as_http_curl_t *http,
    const as_http_conf_t *conf);
void as_http_call_free(as_http_call_t *call);
int as_http_call_setup(as_http_call_t *call, const as_http_request_t *rq,
    const char *proxy);
void as_http_call_reset(as_http_call_t *call);

/* http_answer.c: what came back */
size_t as_http_answer_body(char *p, size_t size, size_t n, void *data);
size_t as_http_answer_header(char *p, size_t size, size_t n, void *data);
void as_http_answer_set(as_http_call_t *call, CURLcode rc,
    as_http_answer_t *answer);


#endif /* AS_HTTP_CURL_H */
