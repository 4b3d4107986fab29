/*
 * The calls that are under way, and the descriptors they wait for.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/http_curl.h"


static char *
as_http_curl_strdup(const char *text, int *failed)
{
    char  *copy;

    if (text == NULL) {
        return NULL;
    }

    copy = strdup(text);
    if (copy == NULL) {
        *failed = 1;
    }

    return copy;
}


static int
as_http_curl_conf(as_http_curl_t *http, const as_http_conf_t *conf)
{
    int  failed = 0;

    http->conf = *conf;
    http->conf.proxy = as_http_curl_strdup(conf->proxy, &failed);
    http->conf.ca_file = as_http_curl_strdup(conf->ca_file, &failed);
    http->conf.user_agent = as_http_curl_strdup(conf->user_agent, &failed);

    http->max_calls = conf->max_calls ? conf->max_calls : 1024;

    /*
     * libcurl 7.88 lets a call that waits for a connection outlive its
     * deadline, so none may have to wait.
     */
    if (conf->max_connections != 0
        && conf->max_connections < http->max_calls)
    {
        http->max_calls = conf->max_connections;
    }

    return failed ? -1 : 0;
}


static int
as_http_curl_options(as_http_curl_t *http)
{
    int     rc;
    CURLM  *m = http->multi;

    rc = curl_multi_setopt(m, CURLMOPT_SOCKETFUNCTION, as_http_curl_socket)
         | curl_multi_setopt(m, CURLMOPT_SOCKETDATA, http)
         | curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, as_http_curl_timer)
         | curl_multi_setopt(m, CURLMOPT_TIMERDATA, http)
         | curl_multi_setopt(m, CURLMOPT_PIPELINING, CURLPIPE_NOTHING)
         | curl_multi_setopt(m, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                             (long) (http->conf.max_connections
                                     ? http->conf.max_connections
                                     : http->max_calls))
         | curl_multi_setopt(m, CURLMOPT_MAXCONNECTS,
                             (long) (http->conf.max_idle
                                     ? http->conf.max_idle : 512));

    return rc == CURLM_OK ? 0 : -1;
}


as_http_curl_t *
as_http_curl_new(const as_http_conf_t *conf)
{
    size_t           i;
    as_http_curl_t  *http;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        errno = ENOMEM;
        return NULL;
    }

    http = calloc(1, sizeof(as_http_curl_t));
    if (http == NULL) {
        curl_global_cleanup();
        return NULL;
    }

    http->due_ms = -1;
    http->deferred_last = &http->deferred;
    http->epfd = epoll_create1(EPOLL_CLOEXEC);
    http->wakefd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    http->multi = curl_multi_init();

    for (i = 0; i < AS_HTTP_WATCHES; i++) {
        http->watches[i].fd = -1;
    }

    if (http->epfd == -1 || http->wakefd == -1 || http->multi == NULL
        || as_http_curl_conf(http, conf) != 0
        || as_http_curl_options(http) != 0
        || as_http_curl_epoll(http, EPOLL_CTL_ADD, http->wakefd, EPOLLIN,
                              AS_HTTP_TAG_WAKE) != 0)
    {
        as_http_curl_ops.destroy(http);
        errno = ENOMEM;
        return NULL;
    }

    return http;
}


void
as_http_curl_unlink(as_http_curl_t *http, as_http_call_t *call)
{
    *call->prev = call->next;
    if (call->next != NULL) {
        call->next->prev = call->prev;
    }

    http->nactive--;
}


void
as_http_curl_recycle(as_http_curl_t *http, as_http_call_t *call)
{
    as_http_call_reset(call);
    call->next = http->free;
    http->free = call;
}


static void
as_http_curl_destroy(void *ctx)
{
    as_http_call_t   *call;
    as_http_curl_t   *http = ctx;
    as_http_defer_t  *defer;

    while ((call = http->active) != NULL) {
        (void) curl_multi_remove_handle(http->multi, call->easy);
        as_http_curl_unlink(http, call);
        as_http_call_free(call);
    }

    while ((call = http->free) != NULL) {
        http->free = call->next;
        as_http_call_free(call);
    }

    while ((defer = http->deferred) != NULL) {
        http->deferred = defer->next;
        free(defer);
    }

    if (http->multi != NULL) {
        (void) curl_multi_cleanup(http->multi);
    }

    if (http->wakefd != -1) {
        (void) close(http->wakefd);
    }

    if (http->epfd != -1) {
        (void) close(http->epfd);
    }

    free((void *) http->conf.proxy);
    free((void *) http->conf.ca_file);
    free((void *) http->conf.user_agent);
    free(http);
    curl_global_cleanup();
}


static as_http_call_t *
as_http_curl_send(void *ctx, const as_http_request_t *rq)
{
    as_http_call_t  *call;
    as_http_curl_t  *http = ctx;

    if (http->nactive >= http->max_calls) {
        errno = EAGAIN;
        return NULL;
    }

    call = http->free;

    if (call != NULL) {
        http->free = call->next;

    } else {
        call = as_http_call_new(http, &http->conf);
        if (call == NULL) {
            return NULL;
        }
    }

    if (as_http_call_setup(call, rq, http->conf.proxy) != 0) {
        as_http_curl_recycle(http, call);
        return NULL;
    }

    if (curl_multi_add_handle(http->multi, call->easy) != CURLM_OK) {
        as_http_curl_recycle(http, call);
        errno = ENOMEM;
        return NULL;
    }

    call->next = http->active;
    call->prev = &http->active;
    if (call->next != NULL) {
        call->next->prev = &call->next;
    }

    http->active = call;
    http->nactive++;

    return call;
}


static void
as_http_curl_cancel(void *ctx, as_http_call_t *call)
{
    as_http_curl_t  *http = ctx;

    (void) curl_multi_remove_handle(http->multi, call->easy);
    as_http_curl_unlink(http, call);
    as_http_curl_recycle(http, call);
}


size_t
as_http_curl_in_flight(const as_http_curl_t *http)
{
    return http->nactive;
}


const as_http_ops_t  as_http_curl_ops = {
    as_http_curl_send,
    as_http_curl_cancel,
    as_http_curl_defer,
    as_http_curl_watch,
    as_http_curl_unwatch,
    as_http_curl_poll,
    as_http_curl_wake,
    as_http_curl_destroy
};
