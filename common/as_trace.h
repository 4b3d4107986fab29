/*
 * Trace contexts in the format of W3C's header "traceparent" (Trace Context,
 * version 00).  A context whose bytes are all zero means that there is none.
 */

#ifndef AS_TRACE_H
#define AS_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "as_uuid.h"


#define AS_TRACE_ID_LEN       16
#define AS_TRACE_SPAN_LEN     8
#define AS_TRACE_ID_TEXT_LEN  32
#define AS_TRACE_TEXT_LEN     55

#define AS_TRACE_SAMPLED      0x01


typedef struct {
    uint8_t  id[AS_TRACE_ID_LEN];
    uint8_t  span[AS_TRACE_SPAN_LEN];  /* the parent of the next span */
    uint8_t  flags;                    /* AS_TRACE_SAMPLED; others are 0 */
} as_trace_t;


/*
 * Reads a traceparent: lower-case digits only, ids that are not zero, exactly
 * 55 characters in version 00.  Of a later version, reads the fields of version
 * 00.  Returns 0; or -1 and sets trace to zero.
 */
int as_trace_parse(const char *text, size_t len, as_trace_t *trace);

/* The same for a C string or NULL; sets trace to zero if it is not valid. */
void as_trace_read(as_trace_t *trace, const char *text);

bool as_trace_is_set(const as_trace_t *trace);

/* A new trace, sampled. */
void as_trace_make(as_trace_t *trace, as_uuid_gen_t *gen);

/* A new span of the same trace. */
void as_trace_child(as_trace_t *child, const as_trace_t *parent,
    as_uuid_gen_t *gen);

/* Write AS_TRACE_TEXT_LEN or AS_TRACE_ID_TEXT_LEN characters without a
 * terminator; return their end. */
char *as_trace_text(const as_trace_t *trace, char *text);
char *as_trace_id_text(const as_trace_t *trace, char *text);


#endif /* AS_TRACE_H */
