/*
 * The part of HTTP/1.1 that a load needs.
 */

#ifndef BENCH_OPENLOOP_HTTP_H
#define BENCH_OPENLOOP_HTTP_H

#include <sys/types.h>

#include "openloop_options.h"


#define ANSWER_MAX  16384
#define KEY_LEN     36


typedef struct {
    char    text[REQUEST_MAX];
    size_t  len;
    size_t  key_at;                    /* KEY_LEN bytes; 0: none */
} open_request_t;


/* 0, or -1 where it is too long. */
int open_request_build(open_request_t *request,
    const open_options_t *options);

/* The total length of the answer; 0 while not known; -1 if it is not HTTP. */
ssize_t open_answer_length(const char *answer, size_t received);


#endif /* BENCH_OPENLOOP_HTTP_H */
