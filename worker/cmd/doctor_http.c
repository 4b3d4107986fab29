/*
 * HTTP requests of the command `doctor`.
 */

#include <stdio.h>
#include <string.h>

#include "cmd/doctor_http.h"


#define AS_DOCTOR_TIMEOUT_MS  5000     /* ms: the factory's limit for
                                          callbacks */


static void
as_doctor_http_answered(void *data, const as_http_answer_t *answer)
{
    as_doctor_answer_t  *a = data;

    a->done = true;
    a->error = answer->error;
    a->status = answer->status;
    snprintf(a->reason, sizeof(a->reason), "%s", answer->reason);
    as_text_add(&a->body, answer->body, answer->len);
}


void
as_doctor_http_begin(const as_doctor_http_t *http, as_http_request_t *rq,
    as_doctor_answer_t *answer)
{
    memset(answer, 0, sizeof(*answer));
    rq->timeout_ms = AS_DOCTOR_TIMEOUT_MS;
    rq->connect_timeout_ms = AS_DOCTOR_TIMEOUT_MS;
    rq->done = as_doctor_http_answered;
    rq->data = answer;

    answer->call = as_http_send(http->http, rq);
    if (answer->call == NULL) {
        snprintf(answer->reason, sizeof(answer->reason), "not sent");
    }
}


int
as_doctor_http_wait(const as_doctor_http_t *http, as_doctor_answer_t *answer)
{
    if (answer->call == NULL) {
        return -1;
    }

    if (as_loop_until(as_http_loop(http->http), &answer->done,
                      http->stop_fd, -1)
        != 0)
    {
        as_http_cancel(http->http, answer->call);
        snprintf(answer->reason, sizeof(answer->reason),
                 "stopped by a signal");
        return -1;
    }

    return answer->error == AS_HTTP_OK || answer->status != 0 ? 0 : -1;
}


int
as_doctor_http_ask(const as_doctor_http_t *http, as_http_request_t *rq,
    as_doctor_answer_t *answer)
{
    as_doctor_http_begin(http, rq, answer);

    return as_doctor_http_wait(http, answer);
}
