#include <stdlib.h>

#include "http/http.h"
#include "http/http_curl.h"


struct as_http_s {
    const as_http_ops_t  *ops;
    void                 *ctx;
    as_loop_t            *loop;
    as_http_curl_t       *curl;        /* NULL: a fake */
};


static as_http_t *
as_http_new(const as_http_ops_t *ops, void *ctx, as_loop_t *loop)
{
    as_http_t  *http;

    http = calloc(1, sizeof(as_http_t));
    if (http != NULL) {
        http->ops = ops;
        http->ctx = ctx;
        http->loop = loop;
    }

    return http;
}


as_http_t *
as_http_curl_create(const as_http_conf_t *conf, as_loop_t *loop)
{
    as_http_t       *http;
    as_http_curl_t  *curl;

    curl = as_http_curl_new(conf, loop);
    if (curl == NULL) {
        return NULL;
    }

    http = as_http_new(&as_http_curl_ops, curl, loop);
    if (http == NULL) {
        as_http_curl_ops.destroy(curl);
        return NULL;
    }

    http->curl = curl;

    return http;
}


as_http_t *
as_http_fake(const as_http_ops_t *ops, void *ctx, as_loop_t *loop)
{
    return as_http_new(ops, ctx, loop);
}


void
as_http_destroy(as_http_t *http)
{
    if (http == NULL) {
        return;
    }

    if (http->ops->destroy != NULL) {
        http->ops->destroy(http->ctx);
    }

    free(http);
}


as_loop_t *
as_http_loop(as_http_t *http)
{
    return http->loop;
}


as_http_call_t *
as_http_send(as_http_t *http, const as_http_request_t *rq)
{
    return http->ops->send(http->ctx, rq);
}


void
as_http_cancel(as_http_t *http, as_http_call_t *call)
{
    if (call != NULL) {
        http->ops->cancel(http->ctx, call);
    }
}


size_t
as_http_in_flight(const as_http_t *http)
{
    return http->curl ? as_http_curl_in_flight(http->curl) : 0;
}


const char *
as_http_error_text(as_http_error_e error)
{
    static const char *const  text[] = {
        "ok", "resolve", "connect", "tls", "forbidden", "timeout",
        "too_large", "lost", "bad_url", "internal"
    };

    return (size_t) error < sizeof(text) / sizeof(text[0]) ? text[error]
                                                           : "unknown";
}
