/*
 * The arguments of openloop.
 */

#ifndef BENCH_OPENLOOP_OPTIONS_H
#define BENCH_OPENLOOP_OPTIONS_H

#include <netinet/in.h>


#define REQUEST_MAX  4096

#define OPEN_USAGE                                                         \
    "usage: openloop [--rate N] [--connections N] [--seconds S]"           \
    " [--warmup S] [--method M] [--body TEXT] [--header \"N: V\"]..."     \
    " [--key NAME] HOST:PORT PATH"


typedef struct {
    struct sockaddr_in  address;
    double              rate;
    double              seconds;
    double              warmup;
    unsigned            connections;
    const char         *path;
    const char         *method;
    const char         *body;
    const char         *key;
    char                headers[REQUEST_MAX / 2];
} open_options_t;


/* 0, or -1 where the arguments are wrong. */
int open_options(open_options_t *options, int argc, char **argv);


#endif /* BENCH_OPENLOOP_OPTIONS_H */
