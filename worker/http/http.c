#include <errno.h>
#include <stdlib.h>

#include "http/http.h"
#include "http/http_curl.h"


struct as_http_s {
    const as_http_ops_t  *ops;
    void                 *ctx;
    as_http_curl_t       *curl;        /* NULL: a fake */
};


static as_http_t *
as_http_new(const as_http_ops_t *ops, void *ctx)
{
    as_http_t  *http;

    http = calloc(1, sizeof(as_http_t));
    if (http != NULL) {
        http->ops = ops;
        http->ctx = ctx;
    }

    return http;
}


as_http_t *
as_http_curl_create(const as_http_conf_t *conf)
{
    as_http_t       *http;
    as_http_curl_t  *curl;

    curl = as_http_curl_new(conf);
    if (curl == NULL) {
        return NULL;
    }

    http = as_http_new(&as_http_curl_ops, curl);
    if (http == NULL) {
        as_http_curl_ops.destroy(curl);
        return NULL;
    }

    http->curl = curl;

    return http;
}


as_http_t *
as_http_fake(const as_http_ops_t *ops, void *ctx)
{
    return as_http_new(ops, ctx);
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


int
as_http_defer(as_http_t *http, void (*fn)(void *data), void *data)
{
    return http->ops->defer(http->ctx, fn, data);
}


int
as_http_watch(as_http_t *http, int fd, void (*fn)(void *data), void *data)
{
    if (http->ops->watch == NULL) {
        errno = ENOTSUP;
        return -1;
    }

    return http->ops->watch(http->ctx, fd, fn, data);
}


void
as_http_unwatch(as_http_t *http, int fd)
{
    if (http->ops->unwatch != NULL) {
        http->ops->unwatch(http->ctx, fd);
    }
}


int
as_http_poll(as_http_t *http, struct pollfd *fds, size_t n, int timeout_ms)
{
    return http->ops->poll(http->ctx, fds, n, timeout_ms);
}


int
as_http_fd(as_http_t *http)
{
    return http->curl ? as_http_curl_fd(http->curl) : -1;
}


int
as_http_timeout(as_http_t *http)
{
    return http->curl ? as_http_curl_timeout(http->curl) : -1;
}


void
as_http_perform(as_http_t *http)
{
    if (http->curl != NULL) {
        as_http_curl_perform(http->curl);

    } else {
        (void) http->ops->poll(http->ctx, NULL, 0, 0);
    }
}


void
as_http_wake(as_http_t *http)
{
    if (http->ops->wake != NULL) {
        http->ops->wake(http->ctx);
    }
}


int
as_http_wait(as_http_t *http, const bool *done, int stop_fd)
{
    struct pollfd  pfd;

    pfd.fd = stop_fd;
    pfd.events = POLLIN;

    while (!*done) {
        pfd.revents = 0;

        if (as_http_poll(http, &pfd, stop_fd >= 0 ? 1 : 0, -1) < 0
            && errno != EINTR)
        {
            return -1;
        }

        if (!*done && stop_fd >= 0 && pfd.revents != 0) {
            errno = EINTR;
            return -1;
        }
    }

    return 0;
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
