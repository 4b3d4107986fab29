/*
 * An as_http_t with the test's responses, a loop that waits for nothing else,
 * and the clock and the environment of the test.
 */

#ifndef FAKE_HTTP_H
#define FAKE_HTTP_H

#include <stdbool.h>

#include "base/clock.h"
#include "http/http.h"


#define FAKE_MAX  256


struct as_http_call_s {
    bool                used;
    bool                over;          /* answered or cancelled */
    bool                cancelled;
    char               *method;
    char               *url;
    char               *headers;       /* lines, each with "\n" */
    char               *body;
    unsigned            flags;
    unsigned            timeout_ms;
    size_t              max_answer;
    as_http_done_pt     done;
    void               *data;
};

typedef struct {
    as_http_error_e     error;
    int                 status;
    const char         *body;
    int64_t             date_ms;
    int64_t             retry_after_ms;
    bool                maybe_sent;
    bool                silent;        /* it never comes */
    const char         *to;            /* only for a call whose URL, headers or
                                          body have this; NULL: for the next */
    bool                used;
} fake_answer_t;

typedef struct {
    as_loop_t          *loop;
    as_http_t          *http;
    as_clock_t          clock;
    int64_t             unix_ms;
    int64_t             mono_ms;

    as_http_call_t      calls[FAKE_MAX];       /* in the order sent */
    size_t              ncalls;
    bool                refuse;        /* no call can be sent */
    fake_answer_t       answers[FAKE_MAX];     /* for calls, in order */
    size_t              nanswers;

    const char         *env[FAKE_MAX][2];
    size_t              nenv;
} fake_t;


fake_t *fake_create(void);
void fake_destroy(fake_t *fake);

void fake_setenv(fake_t *fake, const char *name, const char *value);
const char *fake_getenv(void *data, const char *name);

/* The response to the next call that has none. */
fake_answer_t *fake_answer(fake_t *fake, int status, const char *body);

/* The same for the next call with this text. */
fake_answer_t *fake_answer_to(fake_t *fake, const char *to, int status,
    const char *body);
bool fake_is_to(const as_http_call_t *call, const char *text);
fake_answer_t *fake_error(fake_t *fake, as_http_error_e error);

/* Forgets the calls so far; none is under way. */
void fake_forget(fake_t *fake);

/* Turns of the loop, until nothing happens any more; no time passes. */
void fake_run(fake_t *fake);

/* The value of a header of a call, or NULL; valid until the next call. */
const char *fake_header(fake_t *fake, size_t call, const char *name);


#endif /* FAKE_HTTP_H */
