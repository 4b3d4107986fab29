/*
 * HTTP requests of the command `doctor`.
 */

#ifndef AS_DOCTOR_HTTP_H
#define AS_DOCTOR_HTTP_H

#include "cmd/findings.h"
#include "http/http.h"
#include "base/settings.h"
#include "base/text.h"


typedef struct {
    as_findings_t        *findings;
    as_http_t            *http;
    const as_settings_t  *settings;
    int                   stop_fd;     /* -1: none */
} as_doctor_http_t;

typedef struct {
    bool             done;
    as_http_call_t  *call;             /* NULL: none was sent */
    as_http_error_e  error;
    int              status;
    char             reason[256];
    as_text_t        body;
} as_doctor_answer_t;


/* Starts a call; as_doctor_http_wait() returns its answer.  Several calls may
 * be in flight.  Sets doctor's time-outs. */
void as_doctor_http_begin(const as_doctor_http_t *http, as_http_request_t *rq,
    as_doctor_answer_t *answer);

/* 0, or -1 where there is no answer; then answer->reason says why.  In both
 * cases call as_text_free(&answer->body). */
int as_doctor_http_wait(const as_doctor_http_t *http,
    as_doctor_answer_t *answer);

/* Begins a call and waits for it. */
int as_doctor_http_ask(const as_doctor_http_t *http, as_http_request_t *rq,
    as_doctor_answer_t *answer);


#endif /* AS_DOCTOR_HTTP_H */
