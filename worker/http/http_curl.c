/*
 * The calls in flight, and the descriptors they wait for.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "http/http_curl.h"


#define AS_HTTP_ROUNDS  4              /* before other events have their turn */


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
     * In libcurl 7.88 a call that waits for a connection outlives its deadline,
     * so that no call may have to wait.
     */
    if (conf->max_connections != 0
        && conf->max_connections < http->max_calls)
    {
        http->max_calls = conf->max_connections;
    }

    return failed ? -1 : 0;
}


static void
as_http_curl_unlink(as_http_curl_t *http, as_http_call_t *call)
{
    *call->prev = call->next;
    if (call->next != NULL) {
        call->next->prev = call->prev;
    }

    http->nactive--;
}


static void
as_http_curl_recycle(as_http_curl_t *http, as_http_call_t *call)
{
    as_http_call_reset(call);
    call->next = http->free;
    http->free = call;
}


/* Ends the completed calls.  Returns their number. */
static unsigned
as_http_curl_complete(as_http_curl_t *http)
{
    int               left;
    unsigned          n;
    CURLMsg          *msg;
    CURLcode          rc;
    as_http_call_t   *call;
    as_http_answer_t  answer;

    n = 0;

    while ((msg = curl_multi_info_read(http->multi, &left)) != NULL) {

        if (msg->msg != CURLMSG_DONE) {
            continue;
        }

        rc = msg->data.result;
        call = NULL;
        (void) curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &call);
        (void) curl_multi_remove_handle(http->multi, call->easy);

        as_http_curl_unlink(http, call);
        as_http_answer_set(call, rc, &answer);
        call->done(call->data, &answer);
        as_http_curl_recycle(http, call);
        n++;
    }

    return n;
}


/*
 * Also starts what the callbacks sent, before the next wait.  Where an answer
 * arrives at once, no event reports it.
 */
static void
as_http_curl_act(as_http_curl_t *http, curl_socket_t s, int mask)
{
    int  i, running;

    (void) curl_multi_socket_action(http->multi, s, mask, &running);

    for (i = 0; as_http_curl_complete(http) != 0; i++) {

        if (i == AS_HTTP_ROUNDS) {
            as_loop_after(http->loop, &http->timer, 0);
            return;
        }

        if (as_loop_is_due(http->loop, &http->timer)) {
            as_loop_clear(http->loop, &http->timer);
            (void) curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT,
                                            0, &running);
        }
    }
}


static void
as_http_curl_ready(void *data)
{
    int                mask;
    as_http_socket_t  *socket = data;

    mask = (socket->watch.ready & AS_LOOP_READ ? CURL_CSELECT_IN : 0)
           | (socket->watch.ready & AS_LOOP_WRITE ? CURL_CSELECT_OUT : 0)
           | (socket->watch.ready & AS_LOOP_FAILED
              ? CURL_CSELECT_IN | CURL_CSELECT_ERR : 0);

    as_http_curl_act(socket->http, socket->watch.fd, mask);
}


static void
as_http_curl_due(void *data)
{
    as_http_curl_act(data, CURL_SOCKET_TIMEOUT, 0);
}


static as_http_socket_t *
as_http_curl_socket_create(as_http_curl_t *http)
{
    as_http_socket_t  *socket;

    socket = calloc(1, sizeof(as_http_socket_t));
    if (socket == NULL) {
        return NULL;
    }

    socket->http = http;
    socket->watch.fn = as_http_curl_ready;
    socket->watch.data = socket;
    socket->next = http->sockets;
    socket->prev = &http->sockets;
    if (socket->next != NULL) {
        socket->next->prev = &socket->next;
    }

    http->sockets = socket;

    return socket;
}


static void
as_http_curl_socket_destroy(as_http_socket_t *socket)
{
    as_loop_unwatch(socket->http->loop, &socket->watch);

    *socket->prev = socket->next;
    if (socket->next != NULL) {
        socket->next->prev = socket->prev;
    }

    free(socket);
}


/* CURLMOPT_SOCKETFUNCTION */
static int
as_http_curl_socket(CURL *easy, curl_socket_t s, int what, void *data,
    void *known)
{
    unsigned           events;
    as_http_curl_t    *http = data;
    as_http_socket_t  *socket = known;

    (void) easy;

    if (what == CURL_POLL_REMOVE) {
        if (socket != NULL) {
            as_http_curl_socket_destroy(socket);
            (void) curl_multi_assign(http->multi, s, NULL);
        }
        return 0;
    }

    if (socket == NULL) {
        socket = as_http_curl_socket_create(http);
        if (socket == NULL) {
            return -1;
        }
        (void) curl_multi_assign(http->multi, s, socket);
    }

    events = (what & CURL_POLL_IN ? AS_LOOP_READ : 0)
             | (what & CURL_POLL_OUT ? AS_LOOP_WRITE : 0);

    return as_loop_watch(http->loop, &socket->watch, s, events) == 0 ? 0 : -1;
}


/* CURLMOPT_TIMERFUNCTION */
static int
as_http_curl_timer(CURLM *multi, long timeout_ms, void *data)
{
    as_http_curl_t  *http = data;

    (void) multi;

    if (timeout_ms < 0) {
        as_loop_clear(http->loop, &http->timer);

    } else {
        as_loop_after(http->loop, &http->timer, timeout_ms);
    }

    return 0;
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
as_http_curl_new(const as_http_conf_t *conf, as_loop_t *loop)
{
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

    http->loop = loop;
    http->timer.fn = as_http_curl_due;
    http->timer.data = http;
    http->multi = curl_multi_init();

    if (http->multi == NULL || as_http_curl_conf(http, conf) != 0
        || as_http_curl_options(http) != 0)
    {
        as_http_curl_ops.destroy(http);
        errno = ENOMEM;
        return NULL;
    }

    return http;
}


static void
as_http_curl_destroy(void *ctx)
{
    as_http_call_t  *call;
    as_http_curl_t  *http = ctx;

    while ((call = http->active) != NULL) {
        (void) curl_multi_remove_handle(http->multi, call->easy);
        as_http_curl_unlink(http, call);
        as_http_call_free(call);
    }

    while ((call = http->free) != NULL) {
        http->free = call->next;
        as_http_call_free(call);
    }

    if (http->multi != NULL) {
        (void) curl_multi_cleanup(http->multi);
    }

    while (http->sockets != NULL) {
        as_http_curl_socket_destroy(http->sockets);
    }

    as_loop_clear(http->loop, &http->timer);

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
    as_http_curl_destroy
};
