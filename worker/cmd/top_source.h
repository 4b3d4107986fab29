/*
 * A page that `top` reads again and again: nginx's status, the worker's
 * metrics.
 */

#ifndef AS_TOP_SOURCE_H
#define AS_TOP_SOURCE_H

#include <jansson.h>

#include "http/http.h"


typedef struct as_top_source_s  as_top_source_t;

/* Runs after each reading. */
typedef void (*as_top_source_pt)(void *data);

struct as_top_source_s {
    as_http_t         *http;
    const char        *url;            /* NULL: error says why */
    const char        *expected;       /* "a status page of the module" */
    json_t          *(*parse)(const char *text);      /* NULL: it is another
                                                          page */
    json_t          *(*view)(const json_t *before, const json_t *now,
                             double seconds);
    as_top_source_pt   done;
    void              *data;

    /* private to top_source.c */
    as_http_call_t    *call;
    json_t            *before;
    json_t            *now;
    int64_t            before_ms;
    int64_t            now_ms;
    char               error[700];     /* "": none */
};


/* Starts a reading unless one runs or there is no URL.  Whether one was
 * started. */
bool as_top_source_read(as_top_source_t *source);

/* What is shown of the last two readings, or {"error": ...}. */
json_t *as_top_source_view(const as_top_source_t *source);

void as_top_source_free(as_top_source_t *source);


#endif /* AS_TOP_SOURCE_H */
