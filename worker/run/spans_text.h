/*
 * Spans as JSON: ExportTraceServiceRequest of OTLP (opentelemetry-proto,
 * trace/v1), in its mapping to JSON: ids in hexadecimal, 64-bit numbers as
 * strings.
 */

#ifndef AS_SPANS_TEXT_H
#define AS_SPANS_TEXT_H

#include "base/settings.h"
#include "run/spans.h"


/* The request, before its spans and after them. */
void as_spans_text_begin(const as_settings_t *settings, as_text_t *out);
void as_spans_text_end(as_text_t *out);

/* One span, which ends at end_ms. */
void as_spans_text(const as_span_t *span, int64_t end_ms, as_text_t *out);


#endif /* AS_SPANS_TEXT_H */
