/*
 * An HTTP engine, a server for it, and single calls.
 */

#ifndef HTTP_FIXTURE_H
#define HTTP_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/http.h"
#include "http_server.h"


#define MANY  300                      /* calls at once, at most */


typedef struct {
    int               told;
    bool              done;
    as_http_error_e   error;
    int               status;
    bool              maybe_sent;
    size_t            len;
    char              body[256];
    char              content_type[64];
    char              request_id[64];
    char              reason[256];
    int64_t           date_ms;
    int64_t           retry_after_ms;
} answer_t;

typedef struct {
    server_t   *server;
    as_loop_t  *loop;
    as_http_t  *http;
    answer_t    answer;
} test_t;


int http_setup(void **state);
int http_teardown(void **state);

/* The callback that fills t->answer; a GET with it; sends and waits. */
void http_told(void *data, const as_http_answer_t *a);
void http_request(test_t *t, as_http_request_t *rq, const char *url);
void http_run(test_t *t, const as_http_request_t *rq);

/* The server's URL of a path; valid until the next call. */
const char *http_url(test_t *t, const char *path);
void http_get(test_t *t, const char *path);


#endif /* HTTP_FIXTURE_H */
