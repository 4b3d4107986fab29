/*
 * Spans of orders: collected, and exported in batches to a collector as
 * OTLP/HTTP with JSON (OpenTelemetry protocol, trace/v1).  Without an endpoint
 * in the settings there are none.  They never delay an order: while the
 * collector is unreachable, up to AS_SPANS_MAX wait, and the others are
 * dropped and counted.
 */

#ifndef AS_SPANS_H
#define AS_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "as_trace.h"
#include "run/worker.h"


#define AS_SPANS_MAX    2048           /* that wait, or are being sent */
#define AS_SPANS_BATCH  512            /* of one request */

/* OTLP's numbers */
typedef enum {
    AS_SPAN_INTERNAL = 1,
    AS_SPAN_CLIENT = 3,
    AS_SPAN_PRODUCER = 4,
    AS_SPAN_CONSUMER = 5
} as_span_kind_e;

typedef struct {
    const char  *key;
    const char  *text;                 /* NULL: a number */
    int64_t      number;
} as_span_attribute_t;

typedef struct {
    as_trace_t                  trace; /* with the span's own id */
    const uint8_t              *parent;          /* NULL: it starts the trace */
    as_span_kind_e              kind;
    const char                 *name;
    int64_t                     start_ms;        /* Unix; it ends now */
    const uint8_t              *order_id;
    const char                 *error;           /* NULL: it succeeded */
    const as_span_attribute_t  *attributes;
    size_t                      nattributes;
} as_span_t;


/* NULL: out of memory. */
as_spans_t *as_spans_create(as_worker_t *worker);
void as_spans_destroy(as_spans_t *spans);

/* Whether an endpoint is set.  spans may be NULL, also in as_spans_end(). */
bool as_spans_on(const as_spans_t *spans);

/* A span has ended.  Ignored where the trace is not sampled. */
void as_spans_end(as_spans_t *spans, const as_span_t *span);

/* Sends what waits, for two seconds at most, then calls stopped. */
void as_spans_stop(as_spans_t *spans, void (*stopped)(void *data), void *data);

/* The part of a topic's ARN or of a queue's URL that names it. */
const char *as_spans_name_of(const char *address);


#endif /* AS_SPANS_H */
