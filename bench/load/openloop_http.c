#define _GNU_SOURCE            /* memmem */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "openloop_http.h"


int
open_request_build(open_request_t *request, const open_options_t *options)
{
    int    n;
    char  *key;

    n = snprintf(request->text, REQUEST_MAX,
                 "%s %s HTTP/1.1\r\nHost: bench\r\n%s%s%s%s"
                 "Content-Length: %zu\r\n\r\n%s",
                 options->method, options->path, options->headers,
                 options->key ? options->key : "",
                 options->key ? ": " : "",
                 options->key ? "000000000000000000000000000000000000\r\n"
                              : "",
                 options->body ? strlen(options->body) : 0,
                 options->body ? options->body : "");

    if (n < 0 || n >= REQUEST_MAX) {
        fprintf(stderr, "openloop: the request is over %d bytes\n",
                REQUEST_MAX);
        return -1;
    }

    request->len = (size_t) n;

    if (options->key) {
        key = strstr(request->text, ": 0000000000000000");
        request->key_at = (size_t) (key - request->text) + 2;
    }

    return 0;
}


ssize_t
open_answer_length(const char *answer, size_t received)
{
    char           *digits_end;
    const char     *end, *p;
    unsigned long   length;

    end = memmem(answer, received, "\r\n\r\n", 4);
    if (end == NULL) {
        return received == ANSWER_MAX ? -1 : 0;
    }

    for (p = answer; p < end; p++) {
        p = memchr(p, '\n', (size_t) (end + 2 - p));

        if (p == NULL || p >= end) {
            break;
        }

        if (strncasecmp(p + 1, "Content-Length:", 15) == 0) {
            length = strtoul(p + 16, &digits_end, 10);

            if (length > ANSWER_MAX) {
                return -1;
            }

            return end + 4 - answer + (ssize_t) length;
        }
    }

    return -1;
}
