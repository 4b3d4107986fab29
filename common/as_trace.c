#include <string.h>

#include "as_hex.h"
#include "as_trace.h"


/* the positions in "00-<trace id>-<span id>-<flags>" */
#define AS_TRACE_ID_AT     3
#define AS_TRACE_SPAN_AT   36
#define AS_TRACE_FLAGS_AT  53


static int
as_trace_digit(char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}


/* Reads n bytes from 2 * n digits.  Returns 0, or -1 if one is no digit. */
static int
as_trace_bytes(const char *text, uint8_t *bytes, size_t n)
{
    int     high, low;
    size_t  i;

    for (i = 0; i < n; i++) {
        high = as_trace_digit(text[2 * i]);
        low = as_trace_digit(text[2 * i + 1]);

        if (high < 0 || low < 0) {
            return -1;
        }

        bytes[i] = (uint8_t) (high << 4 | low);
    }

    return 0;
}


static bool
as_trace_is_zero(const uint8_t *bytes, size_t n)
{
    size_t  i;

    for (i = 0; i < n && bytes[i] == 0; i++) { /* void */ }

    return i == n;
}


/* Version ff is invalid; only a later version may be longer than 00. */
static bool
as_trace_has_form(const char *text, size_t len)
{
    uint8_t  version;

    if (len < AS_TRACE_TEXT_LEN
        || as_trace_bytes(text, &version, 1) != 0 || version == 0xff
        || text[AS_TRACE_ID_AT - 1] != '-'
        || text[AS_TRACE_SPAN_AT - 1] != '-'
        || text[AS_TRACE_FLAGS_AT - 1] != '-')
    {
        return false;
    }

    return len == AS_TRACE_TEXT_LEN
           || (version > 0 && text[AS_TRACE_TEXT_LEN] == '-');
}


int
as_trace_parse(const char *text, size_t len, as_trace_t *trace)
{
    if (as_trace_has_form(text, len)
        && as_trace_bytes(text + AS_TRACE_ID_AT, trace->id,
                          AS_TRACE_ID_LEN) == 0
        && as_trace_bytes(text + AS_TRACE_SPAN_AT, trace->span,
                          AS_TRACE_SPAN_LEN) == 0
        && as_trace_bytes(text + AS_TRACE_FLAGS_AT, &trace->flags, 1) == 0
        && !as_trace_is_zero(trace->id, AS_TRACE_ID_LEN)
        && !as_trace_is_zero(trace->span, AS_TRACE_SPAN_LEN))
    {
        trace->flags &= AS_TRACE_SAMPLED;
        return 0;
    }

    memset(trace, 0, sizeof(*trace));

    return -1;
}


void
as_trace_read(as_trace_t *trace, const char *text)
{
    (void) as_trace_parse(text == NULL ? "" : text,
                          text == NULL ? 0 : strlen(text), trace);
}


bool
as_trace_is_set(const as_trace_t *trace)
{
    return !as_trace_is_zero(trace->id, AS_TRACE_ID_LEN);
}


/* The low bit is set, so that no id is zero. */
static void
as_trace_random(uint8_t *bytes, size_t n, as_uuid_gen_t *gen)
{
    size_t    i;
    uint64_t  random = 0;

    for (i = 0; i < n; i++) {
        if (i % 8 == 0) {
            random = as_uuid_random(gen);
        }

        bytes[i] = (uint8_t) (random >> (56 - 8 * (i % 8)));
    }

    bytes[n - 1] |= 1;
}


void
as_trace_make(as_trace_t *trace, as_uuid_gen_t *gen)
{
    as_trace_random(trace->id, AS_TRACE_ID_LEN, gen);
    as_trace_random(trace->span, AS_TRACE_SPAN_LEN, gen);
    trace->flags = AS_TRACE_SAMPLED;
}


void
as_trace_child(as_trace_t *child, const as_trace_t *parent, as_uuid_gen_t *gen)
{
    *child = *parent;
    as_trace_random(child->span, AS_TRACE_SPAN_LEN, gen);
}


char *
as_trace_text(const as_trace_t *trace, char *text)
{
    memcpy(text, "00-", 3);
    text = as_trace_id_text(trace, text + 3);
    *text++ = '-';
    as_hex((uint8_t *) text, trace->span, AS_TRACE_SPAN_LEN);
    text += 2 * AS_TRACE_SPAN_LEN;
    *text++ = '-';
    as_hex((uint8_t *) text, &trace->flags, 1);

    return text + 2;
}


char *
as_trace_id_text(const as_trace_t *trace, char *text)
{
    as_hex((uint8_t *) text, trace->id, AS_TRACE_ID_LEN);

    return text + AS_TRACE_ID_TEXT_LEN;
}
