#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http_fixture.h"


int
http_setup(void **state)
{
    test_t          *t;
    as_http_conf_t   conf;

    t = calloc(1, sizeof(test_t));
    t->server = server_create();
    assert_non_null(t->server);

    memset(&conf, 0, sizeof(conf));
    conf.max_calls = MANY;
    t->loop = as_loop_create(as_clock_system());
    assert_non_null(t->loop);
    t->http = as_http_curl_create(&conf, t->loop);
    assert_non_null(t->http);
    *state = t;

    return 0;
}


int
http_teardown(void **state)
{
    test_t  *t = *state;

    as_http_destroy(t->http);
    as_loop_destroy(t->loop);
    server_destroy(t->server);
    free(t);

    return 0;
}


void
http_told(void *data, const as_http_answer_t *a)
{
    answer_t  *answer = data;

    answer->told++;
    answer->done = true;
    answer->error = a->error;
    answer->status = a->status;
    answer->maybe_sent = a->maybe_sent;
    answer->len = a->len;
    answer->date_ms = a->date_ms;
    answer->retry_after_ms = a->retry_after_ms;
    (void) snprintf(answer->body, sizeof(answer->body), "%s", a->body);
    (void) snprintf(answer->content_type, sizeof(answer->content_type), "%s",
                    a->content_type);
    (void) snprintf(answer->request_id, sizeof(answer->request_id), "%s",
                    a->request_id);
    (void) snprintf(answer->reason, sizeof(answer->reason), "%s", a->reason);
}


void
http_request(test_t *t, as_http_request_t *rq, const char *url)
{
    memset(rq, 0, sizeof(*rq));
    rq->method = "GET";
    rq->url = url;
    rq->flags = AS_HTTP_PRIVATE;
    rq->max_answer = 1000;
    rq->done = http_told;
    rq->data = &t->answer;
}


void
http_run(test_t *t, const as_http_request_t *rq)
{
    memset(&t->answer, 0, sizeof(t->answer));
    if (as_http_send(t->http, rq) == NULL) {
        fail_msg("send %s: %s", rq->url, strerror(errno));
    }

    assert_int_equal(t->answer.told, 0);
    assert_int_equal(as_loop_until(t->loop, &t->answer.done, -1, -1),
                     0);
    assert_int_equal(t->answer.told, 1);
}


const char *
http_url(test_t *t, const char *path)
{
    static char  text[128];

    (void) snprintf(text, sizeof(text), "http://127.0.0.1:%u%s",
                    t->server->port, path);

    return text;
}


void
http_get(test_t *t, const char *path)
{
    as_http_request_t  rq;

    http_request(t, &rq, http_url(t, path));
    http_run(t, &rq);
}
