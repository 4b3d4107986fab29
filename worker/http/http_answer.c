/*
 * Reads the answer of a call within its limits, and classifies it.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "http/http_curl.h"


#define AS_HTTP_RETRY_AFTER_MAX  86400000


size_t
as_http_answer_body(char *p, size_t size, size_t n, void *data)
{
    char            *in;
    size_t           len, cap;
    as_http_call_t  *call = data;

    len = size * n;

    if (len > call->max_answer - call->in_len) {
        call->too_large = 1;
        return 0;
    }

    if (call->in_len + len + 1 > call->in_size) {
        cap = call->in_size ? call->in_size : 1024;

        while (cap < call->in_len + len + 1) {
            cap *= 2;
        }

        in = realloc(call->in, cap);
        if (in == NULL) {
            return 0;
        }

        call->in = in;
        call->in_size = cap;
    }

    memcpy(call->in + call->in_len, p, len);
    call->in_len += len;
    call->in[call->in_len] = '\0';

    return len;
}


static void
as_http_answer_value(char *dst, size_t size, const char *p, size_t len)
{
    while (len > 0 && (*p == ' ' || *p == '\t')) {
        p++;
        len--;
    }

    while (len > 0 && (unsigned char) p[len - 1] <= ' ') {
        len--;
    }

    if (len >= size) {
        len = size - 1;
    }

    memcpy(dst, p, len);
    dst[len] = '\0';
}


/* Parses seconds or a date (RFC 9110, section 10.2.3). */
static int64_t
as_http_answer_retry_after(const char *value, int64_t date_ms)
{
    char    *end;
    time_t   when;
    int64_t  ms;

    errno = 0;
    ms = strtoll(value, &end, 10);

    if (end != value && *end == '\0' && errno == 0) {
        ms = ms > AS_HTTP_RETRY_AFTER_MAX / 1000 ? AS_HTTP_RETRY_AFTER_MAX
                                                 : ms * 1000;
    } else {
        when = curl_getdate(value, NULL);
        if (when == -1) {
            return -1;
        }

        ms = (int64_t) (when - (date_ms ? date_ms / 1000 : time(NULL)))
             * 1000;
    }

    if (ms < 0) {
        return 0;
    }

    return ms > AS_HTTP_RETRY_AFTER_MAX ? AS_HTTP_RETRY_AFTER_MAX : ms;
}


static int
as_http_answer_is(const char *p, size_t len, const char *name, size_t n)
{
    return len > n && strncasecmp(p, name, n) == 0;
}


#define as_http_header(p, len, name)                                          \
    as_http_answer_is(p, len, name, sizeof(name) - 1)
#define as_http_header_value(dst, p, len, name)                               \
    as_http_answer_value(dst, sizeof(dst), p + sizeof(name) - 1,              \
                         len - (sizeof(name) - 1))


/*
 * Whether the connection may be used again.  Not if the server closed it amid
 * the headers: libcurl 8.23 keeps such a connection, and the next request on it
 * would be lost.
 */
static void
as_http_answer_keep(as_http_call_t *call, int keep)
{
    (void) curl_easy_setopt(call->easy, CURLOPT_FORBID_REUSE, keep ? 0L : 1L);
}


size_t
as_http_answer_header(char *p, size_t size, size_t n, void *data)
{
    char             value[64];
    time_t           when;
    size_t           len;
    as_http_call_t  *call = data;

    len = size * n;
    call->header_bytes += len;

    if (call->header_bytes > AS_HTTP_ANSWER_HEADERS) {
        call->too_large = 1;
        return 0;
    }

    if (as_http_header(p, len, "http/")) {
        as_http_answer_keep(call, 0);

    } else if (*p == '\r' || *p == '\n') {
        as_http_answer_keep(call, 1);
    }

    if (as_http_header(p, len, "date:")) {
        as_http_header_value(value, p, len, "date:");
        when = curl_getdate(value, NULL);
        call->date_ms = when > 0 ? (int64_t) when * 1000 : 0;

    } else if (as_http_header(p, len, "retry-after:")) {
        as_http_header_value(value, p, len, "retry-after:");
        call->retry_after_ms = as_http_answer_retry_after(value,
                                                          call->date_ms);

    } else if (as_http_header(p, len, "content-type:")) {
        as_http_header_value(call->content_type, p, len, "content-type:");

    } else if (as_http_header(p, len, "x-amzn-requestid:")) {
        as_http_header_value(call->request_id, p, len, "x-amzn-requestid:");
    }

    return len;
}


static as_http_error_e
as_http_answer_error(const as_http_call_t *call, CURLcode rc, bool sent)
{
    if (call->forbidden && rc != CURLE_OK && !sent) {
        return AS_HTTP_FORBIDDEN;
    }

    switch (rc) {

    case CURLE_OK:
        return AS_HTTP_OK;

    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return AS_HTTP_RESOLVE;

    case CURLE_COULDNT_CONNECT:
        return AS_HTTP_CONNECT;

    case CURLE_OPERATION_TIMEDOUT:
        return sent ? AS_HTTP_TIMEOUT : AS_HTTP_CONNECT;

    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
        return AS_HTTP_TLS;

    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
        /*
         * libcurl reports the first error also for an answer that is not
         * HTTP/1.
         */
        return sent ? AS_HTTP_LOST : AS_HTTP_BAD_URL;

    case CURLE_FILESIZE_EXCEEDED:
        return AS_HTTP_TOO_LARGE;

    case CURLE_WRITE_ERROR:
        return call->too_large ? AS_HTTP_TOO_LARGE : AS_HTTP_INTERNAL;

    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
        return AS_HTTP_INTERNAL;

    default:
        return AS_HTTP_LOST;
    }
}


static const char *
as_http_answer_reason(const as_http_call_t *call, CURLcode rc,
    as_http_error_e error)
{
    switch (error) {

    case AS_HTTP_OK:
        return "";

    case AS_HTTP_FORBIDDEN:
        return "the name resolves to an address that is not allowed";

    case AS_HTTP_TOO_LARGE:
        return "the answer is larger than allowed";

    default:
        if (call->again) {
            return "a kept connection was lost after the request was sent";
        }

        /*
         * libcurl's message quotes a proxy that it cannot parse, with its
         * password
         */
        return call->error[0] && strchr(call->error, '@') == NULL
               ? call->error : curl_easy_strerror(rc);
    }
}


void
as_http_answer_set(as_http_call_t *call, CURLcode rc,
    as_http_answer_t *answer)
{
    long        status, sent;
    curl_off_t  us;

    status = 0;
    sent = 0;
    us = 0;

    (void) curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    (void) curl_easy_getinfo(call->easy, CURLINFO_REQUEST_SIZE, &sent);
    (void) curl_easy_getinfo(call->easy, CURLINFO_TOTAL_TIME_T, &us);

    answer->error = as_http_answer_error(call, rc, sent > 0);
    answer->status = (int) status;
    answer->maybe_sent = sent > 0;
    answer->reason = as_http_answer_reason(call, rc, answer->error);
    answer->body = call->in_len ? call->in : "";
    answer->len = call->in_len;
    answer->content_type = call->content_type;
    answer->request_id = call->request_id;
    answer->date_ms = call->date_ms;
    answer->retry_after_ms = call->retry_after_ms;
    answer->elapsed_us = us;
}
