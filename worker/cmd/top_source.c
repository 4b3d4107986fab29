/*
 * A page that `top` reads again and again.
 */

#include <stdio.h>
#include <string.h>

#include "base/url_shown.h"
#include "cmd/top_source.h"


#define AS_TOP_SOURCE_MS    5000       /* ms for an answer */
#define AS_TOP_SOURCE_PAGE  (4 << 20)  /* bytes of it */


static void
as_top_source_forget(as_top_source_t *source)
{
    json_decref(source->before);
    json_decref(source->now);
    source->before = NULL;
    source->now = NULL;
}


/* After a failure the rates begin anew. */
static void
as_top_source_failed(as_top_source_t *source, const char *why)
{
    char  shown[AS_URL_SHOWN_LEN];

    snprintf(source->error, sizeof(source->error), "%s %s",
             as_url_shown(source->url, shown), why);
    as_top_source_forget(source);
}


static void
as_top_source_take(as_top_source_t *source, json_t *now)
{
    source->error[0] = '\0';
    json_decref(source->before);
    source->before = source->now;
    source->before_ms = source->now_ms;
    source->now = now;
    source->now_ms = as_loop_now(as_http_loop(source->http));
}


static void
as_top_source_answered(void *data, const as_http_answer_t *answer)
{
    char              why[320];
    json_t           *now;
    as_top_source_t  *source = data;

    source->call = NULL;

    if (answer->error != AS_HTTP_OK) {
        snprintf(why, sizeof(why), "is unreachable: %s: %s",
                 as_http_error_text(answer->error), answer->reason);
        as_top_source_failed(source, why);

    } else if (answer->status != 200) {
        snprintf(why, sizeof(why), "answers %d, and not with %s",
                 answer->status, source->expected);
        as_top_source_failed(source, why);

    } else {
        now = source->parse(answer->body);

        if (now == NULL) {
            snprintf(why, sizeof(why), "is not %s", source->expected);
            as_top_source_failed(source, why);
        } else {
            as_top_source_take(source, now);
        }
    }

    source->done(source->data);
}


bool
as_top_source_read(as_top_source_t *source)
{
    as_http_request_t         rq;
    static const char *const  headers[] = { "Accept: application/json" };

    if (source->url == NULL || source->call != NULL) {
        return false;
    }

    memset(&rq, 0, sizeof(rq));
    rq.method = "GET";
    rq.url = source->url;
    rq.headers = headers;
    rq.nheaders = 1;
    rq.flags = AS_HTTP_PRIVATE;
    rq.max_answer = AS_TOP_SOURCE_PAGE;
    rq.connect_timeout_ms = AS_TOP_SOURCE_MS;
    rq.timeout_ms = AS_TOP_SOURCE_MS;
    rq.done = as_top_source_answered;
    rq.data = source;

    source->call = as_http_send(source->http, &rq);
    if (source->call == NULL) {
        as_top_source_failed(source, "was not asked: out of memory");
    }

    return source->call != NULL;
}


json_t *
as_top_source_view(const as_top_source_t *source)
{
    json_t  *view = NULL;

    if (source->now != NULL) {
        view = source->view(source->before, source->now,
                            (double) (source->now_ms - source->before_ms)
                            / 1000);
    }

    return view != NULL ? view
           : json_pack("{s:s}", "error", source->error[0] != '\0'
                       ? source->error : "has not answered yet");
}


void
as_top_source_free(as_top_source_t *source)
{
    if (source->call != NULL) {
        as_http_cancel(source->http, source->call);
    }

    as_top_source_forget(source);
}
