/*
 * Spans as JSON.
 */

#include <inttypes.h>
#include <string.h>

#include "as_hex.h"
#include "as_version.h"
#include "run/spans_text.h"


#define AS_SPANS_ERROR  2              /* STATUS_CODE_ERROR */


static void
as_spans_text_string(as_text_t *out, const char *key, const char *value)
{
    as_text_printf(out, "{\"key\":\"%s\",\"value\":{\"stringValue\":", key);
    as_text_json_string(out, value, strlen(value));
    as_text_put(out, "}}");
}


void
as_spans_text_begin(const as_settings_t *settings, as_text_t *out)
{
    as_text_put(out, "{\"resourceSpans\":[{\"resource\":{\"attributes\":[");
    as_spans_text_string(out, "service.name", settings->service_name);
    as_text_put(out, ",");
    as_spans_text_string(out, "service.version", AUTOSTOCK_VERSION);
    as_text_put(out, ",");
    as_spans_text_string(out, "service.instance.id", settings->worker_name);
    as_text_put(out, "]},\"scopeSpans\":[{\"scope\":{\"name\":"
                "\"autostock-worker\",\"version\":\"" AUTOSTOCK_VERSION
                "\"},\"spans\":[");
}


void
as_spans_text_end(as_text_t *out)
{
    as_text_put(out, "]}]}]}");
}


static void
as_spans_text_span_id(as_text_t *out, const char *name, const uint8_t *id)
{
    uint8_t  text[2 * AS_TRACE_SPAN_LEN];

    as_hex(text, id, AS_TRACE_SPAN_LEN);
    as_text_printf(out, ",\"%s\":\"%.*s\"", name, (int) sizeof(text),
                   (const char *) text);
}


static void
as_spans_text_attributes(const as_span_t *span, as_text_t *out)
{
    char                        order[AS_UUID_TEXT_LEN + 1];
    size_t                      i;
    const as_span_attribute_t  *a;

    *as_uuid_text(span->order_id, order) = '\0';
    as_text_put(out, ",\"attributes\":[");
    as_spans_text_string(out, "autostock.order_id", order);

    for (i = 0; i < span->nattributes; i++) {
        a = &span->attributes[i];
        as_text_put(out, ",");
        if (a->text != NULL) {
            as_spans_text_string(out, a->key, a->text);
        } else {
            as_text_printf(out, "{\"key\":\"%s\",\"value\":{\"intValue\":\"%"
                           PRId64 "\"}}", a->key, a->number);
        }
    }

    as_text_put(out, "]");
}


void
as_spans_text(const as_span_t *span, int64_t end_ms, as_text_t *out)
{
    char  id[AS_TRACE_ID_TEXT_LEN + 1];

    *as_trace_id_text(&span->trace, id) = '\0';
    as_text_printf(out, "{\"traceId\":\"%s\"", id);
    as_spans_text_span_id(out, "spanId", span->trace.span);
    if (span->parent != NULL) {
        as_spans_text_span_id(out, "parentSpanId", span->parent);
    }

    as_text_put(out, ",\"name\":");
    as_text_json_string(out, span->name, strlen(span->name));
    as_text_printf(out, ",\"kind\":%d,\"startTimeUnixNano\":\"%" PRId64
                   "000000\",\"endTimeUnixNano\":\"%" PRId64 "000000\"",
                   (int) span->kind, span->start_ms,
                   end_ms < span->start_ms ? span->start_ms : end_ms);
    as_spans_text_attributes(span, out);

    if (span->error != NULL) {
        as_text_printf(out, ",\"status\":{\"code\":%d,\"message\":",
                       AS_SPANS_ERROR);
        as_text_json_string(out, span->error, strlen(span->error));
        as_text_put(out, "}");
    }

    as_text_put(out, "}");
}
