/*
 * Spans that are recorded (instead of those of run/spans.c).  Include it once,
 * in the test itself, whose definitions count first.
 */

#ifndef SPAN_FIXTURE_H
#define SPAN_FIXTURE_H

#include "run/spans.h"
#include "worker_fixture.h"


#define SPAN_MAX    32
#define SPAN_TEXTS  6


typedef struct {
    as_span_kind_e  kind;
    as_trace_t      trace;
    bool            root;              /* it has no parent */
    uint8_t         parent[AS_TRACE_SPAN_LEN];
    uint8_t         order_id[AS_UUID_LEN];
    int64_t         start_ms;
    char            name[320];
    char            error[200];        /* "": it succeeded */
    char            texts[SPAN_TEXTS][2][200];
    size_t          ntexts;
} span_t;


static span_t       spans[SPAN_MAX];
static size_t       nspans;
static as_spans_t  *exported;          /* NULL: there is no endpoint */


bool
as_spans_on(const as_spans_t *of)
{
    assert_ptr_equal(of, exported);

    return of != NULL;
}


void
as_spans_end(as_spans_t *of, const as_span_t *span)
{
    size_t   i;
    span_t  *to;

    assert_ptr_equal(of, exported);

    if (of == NULL) {
        return;
    }

    assert_true(nspans < SPAN_MAX);
    to = &spans[nspans++];
    memset(to, 0, sizeof(*to));
    to->kind = span->kind;
    to->trace = span->trace;
    to->root = span->parent == NULL;
    if (span->parent != NULL) {
        memcpy(to->parent, span->parent, AS_TRACE_SPAN_LEN);
    }
    memcpy(to->order_id, span->order_id, AS_UUID_LEN);
    to->start_ms = span->start_ms;
    (void) snprintf(to->name, sizeof(to->name), "%s", span->name);
    (void) snprintf(to->error, sizeof(to->error), "%s",
                    span->error == NULL ? "" : span->error);

    for (i = 0; i < span->nattributes; i++) {
        if (span->attributes[i].text != NULL) {
            assert_true(to->ntexts < SPAN_TEXTS);
            (void) snprintf(to->texts[to->ntexts][0], 200, "%s",
                            span->attributes[i].key);
            (void) snprintf(to->texts[to->ntexts++][1], 200, "%s",
                            span->attributes[i].text);
        }
    }
}


/* The next parts of the worker export spans; those so far are forgotten. */
static void
span_export(worker_fixture_t *t, bool on)
{
    static char  any;

    nspans = 0;
    exported = on ? (as_spans_t *) &any : NULL;
    t->worker.spans = exported;
}


/* An attribute of the n-th span; "" where it has none. */
static const char *
span_text(size_t n, const char *key)
{
    size_t  i;

    assert_true(n < nspans);

    for (i = 0; i < spans[n].ntexts; i++) {
        if (strcmp(spans[n].texts[i][0], key) == 0) {
            return spans[n].texts[i][1];
        }
    }

    return "";
}


#endif /* SPAN_FIXTURE_H */
