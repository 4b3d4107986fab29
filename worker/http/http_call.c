/*
 * A call: its easy handle, its request and its answer.  Handles are reused;
 * options that never change are set once.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/address.h"
#include "http/http_curl.h"


static int
as_http_call_allowed(const as_http_call_t *call, as_address_e class)
{
    switch (class) {

    case AS_ADDRESS_PUBLIC:
        return 1;

    case AS_ADDRESS_PRIVATE:
        return (call->flags & AS_HTTP_PRIVATE) != 0;

    case AS_ADDRESS_LINK_LOCAL:
        return (call->flags & AS_HTTP_METADATA) != 0;

    default:
        return 0;
    }
}


/* Runs after the DNS query and before connect: only here the check is safe. */
static curl_socket_t
as_http_call_socket(void *data, curlsocktype purpose,
    struct curl_sockaddr *addr)
{
    as_http_call_t  *call = data;

    (void) purpose;

    if (!as_http_call_allowed(call, as_address_class(&addr->addr))) {
        call->forbidden = 1;
        return CURL_SOCKET_BAD;
    }

    return socket(addr->family, addr->socktype | SOCK_CLOEXEC,
                  addr->protocol);
}


/*
 * Runs before each transmission.  That includes a kept connection, which a call
 * with other rights may have opened, and a repeated transmission after libcurl
 * found a kept connection dead.
 */
static int
as_http_call_before(void *data, char *remote, char *local, int remote_port,
    int local_port)
{
    long             sent;
    as_http_call_t  *call = data;

    (void) local;
    (void) remote_port;
    (void) local_port;

    if (!as_http_call_allowed(call, as_address_text_class(remote))) {
        call->forbidden = 1;
        return CURL_PREREQFUNC_ABORT;
    }

    if (call->flags & AS_HTTP_ONCE) {
        sent = 0;
        (void) curl_easy_getinfo(call->easy, CURLINFO_REQUEST_SIZE, &sent);

        if (sent > 0) {
            call->again = 1;
            return CURL_PREREQFUNC_ABORT;
        }
    }

    return CURL_PREREQFUNC_OK;
}


/* Sets the options that all calls of this handle share. */
static int
as_http_call_options(as_http_call_t *call, const as_http_conf_t *conf)
{
    int    rc;
    CURL  *e = call->easy;

    rc = curl_easy_setopt(e, CURLOPT_PRIVATE, call)
         | curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L)
         | curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https")
         | curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L)
         | curl_easy_setopt(e, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
         | curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L)
         | curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L)
         | curl_easy_setopt(e, CURLOPT_SSLVERSION,
                            (long) CURL_SSLVERSION_TLSv1_2)
         | curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L)
         | curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, 16384L)
         | curl_easy_setopt(e, CURLOPT_ERRORBUFFER, call->error)
         | curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION,
                            as_http_call_socket)
         | curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, call)
         | curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, as_http_call_before)
         | curl_easy_setopt(e, CURLOPT_PREREQDATA, call)
         | curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, as_http_answer_body)
         | curl_easy_setopt(e, CURLOPT_WRITEDATA, call)
         | curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, as_http_answer_header)
         | curl_easy_setopt(e, CURLOPT_HEADERDATA, call)
         | curl_easy_setopt(e, CURLOPT_USERAGENT,
                            conf->user_agent ? conf->user_agent
                                             : "autostock-worker");

    if (conf->ca_file != NULL) {
        rc |= curl_easy_setopt(e, CURLOPT_CAINFO, conf->ca_file);
    }

    return rc == CURLE_OK ? 0 : -1;
}


as_http_call_t *
as_http_call_new(as_http_curl_t *http, const as_http_conf_t *conf)
{
    as_http_call_t  *call;

    call = calloc(1, sizeof(as_http_call_t));
    if (call == NULL) {
        return NULL;
    }

    call->http = http;
    call->easy = curl_easy_init();

    if (call->easy == NULL || as_http_call_options(call, conf) != 0) {
        as_http_call_free(call);
        errno = ENOMEM;
        return NULL;
    }

    return call;
}


void
as_http_call_free(as_http_call_t *call)
{
    if (call->easy != NULL) {
        curl_easy_cleanup(call->easy);
    }

    free(call->out);
    free(call->in);
    free(call);
}


/* Copies headers and body into one buffer, to which the list's nodes point. */
static int
as_http_call_copy(as_http_call_t *call, const as_http_request_t *rq)
{
    char    *p;
    size_t   i, len;

    if (rq->nheaders > AS_HTTP_HEADERS_MAX) {
        errno = EINVAL;
        return -1;
    }

    len = rq->body_len + 1;

    for (i = 0; i < rq->nheaders; i++) {
        if (strpbrk(rq->headers[i], "\r\n") != NULL) {
            errno = EINVAL;
            return -1;
        }

        len += strlen(rq->headers[i]) + 1;
    }

    if (len > call->out_size) {
        p = realloc(call->out, len);
        if (p == NULL) {
            return -1;
        }

        call->out = p;
        call->out_size = len;
    }

    p = call->out;

    if (rq->body_len > 0) {
        memcpy(p, rq->body, rq->body_len);
    }

    p += rq->body_len;
    *p++ = '\0';

    for (i = 0; i < rq->nheaders; i++) {
        call->nodes[i].data = p;
        call->nodes[i].next = i + 1 < rq->nheaders ? &call->nodes[i + 1]
                                                   : NULL;
        p = stpcpy(p, rq->headers[i]) + 1;
    }

    return 0;
}


static int
as_http_call_method(as_http_call_t *call, const as_http_request_t *rq)
{
    int    rc;
    CURL  *e = call->easy;

    if (strcmp(rq->method, "GET") == 0) {
        rc = curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, NULL)
             | curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);

    } else if (strcmp(rq->method, "HEAD") == 0) {
        rc = curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, NULL)
             | curl_easy_setopt(e, CURLOPT_NOBODY, 1L);

    } else if (strcmp(rq->method, "POST") == 0
               || strcmp(rq->method, "PUT") == 0)
    {
        rc = curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST,
                              *rq->method == 'P' && rq->method[1] == 'U'
                              ? "PUT" : NULL)
             | curl_easy_setopt(e, CURLOPT_POST, 1L)
             | curl_easy_setopt(e, CURLOPT_POSTFIELDS, call->out)
             | curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
                                (curl_off_t) rq->body_len);

    } else {
        errno = EINVAL;
        return -1;
    }

    if (rc != CURLE_OK) {
        errno = ENOMEM;
        return -1;
    }

    return 0;
}


int
as_http_call_setup(as_http_call_t *call, const as_http_request_t *rq,
    const char *proxy)
{
    int    rc;
    CURL  *e = call->easy;

    if (as_http_call_copy(call, rq) != 0
        || as_http_call_method(call, rq) != 0)
    {
        return -1;
    }

    call->flags = rq->flags;
    call->done = rq->done;
    call->data = rq->data;
    call->max_answer = rq->max_answer ? rq->max_answer
                                      : AS_HTTP_ANSWER_DEFAULT;
    call->retry_after_ms = -1;

    /* An empty proxy also disables that of the environment. */
    if (proxy == NULL || (rq->flags & AS_HTTP_METADATA)) {
        proxy = "";
    }

    /*
     * Each call in flight has a buffer, so it is large only where a large
     * answer is expected.  A handle whose last call failed early refuses a new
     * size and keeps the old one; both work.
     */
    (void) curl_easy_setopt(e, CURLOPT_BUFFERSIZE,
                            call->max_answer > AS_HTTP_ANSWER_DEFAULT
                            ? 16384L : 2048L);

    rc = curl_easy_setopt(e, CURLOPT_URL, rq->url)
         | curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 0L)
         | curl_easy_setopt(e, CURLOPT_PROXY, proxy)
         | curl_easy_setopt(e, CURLOPT_HTTPHEADER,
                            rq->nheaders ? call->nodes : NULL)
         | curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE,
                            (curl_off_t) call->max_answer)
         | curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
                            (long) (rq->connect_timeout_ms
                                    ? rq->connect_timeout_ms : 5000))
         | curl_easy_setopt(e, CURLOPT_TIMEOUT_MS,
                            (long) (rq->timeout_ms ? rq->timeout_ms
                                                   : 30000));

    if (rc != CURLE_OK) {
        errno = ENOMEM;
        return -1;
    }

    return 0;
}


/* Prepares the call for the free list: removes all data of the last call. */
void
as_http_call_reset(as_http_call_t *call)
{
    if (call->out_size > AS_HTTP_KEEP_BUFFER) {
        free(call->out);
        call->out = NULL;
        call->out_size = 0;
    }

    if (call->in_size > AS_HTTP_KEEP_BUFFER) {
        free(call->in);
        call->in = NULL;
        call->in_size = 0;
    }

    call->in_len = 0;
    call->header_bytes = 0;
    call->date_ms = 0;
    call->flags = 0;
    call->too_large = 0;
    call->forbidden = 0;
    call->again = 0;
    call->content_type[0] = '\0';
    call->request_id[0] = '\0';
    call->error[0] = '\0';
    call->done = NULL;
    call->data = NULL;
}
