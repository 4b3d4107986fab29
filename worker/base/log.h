/*
 * The log: lines on stderr, as text or as JSON.  Safe from any thread.  No line
 * contains a secret or an SQL parameter.
 */

#ifndef AS_LOG_H
#define AS_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "as_trace.h"


typedef struct as_log_s  as_log_t;

typedef enum {
    AS_LOG_DEBUG = 0,
    AS_LOG_INFO,
    AS_LOG_WARN,
    AS_LOG_ERROR
} as_log_level_e;


/* Writes to fd, which the caller keeps and closes.  NULL with errno. */
as_log_t *as_log_create(int fd, as_log_level_e level, bool json);
void as_log_destroy(as_log_t *log);

/* Changes level and format, after SIGHUP. */
void as_log_set(as_log_t *log, as_log_level_e level, bool json);

bool as_log_wants(const as_log_t *log, as_log_level_e level);

/* part is the part of the worker that logs: "relay", "consumer". */
void as_log_write(as_log_t *log, as_log_level_e level, const char *part,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* The same for one order; the line contains its id, and that of its trace if it
 * has one. */
void as_log_order(as_log_t *log, as_log_level_e level, const char *part,
    const uint8_t order_id[16], const as_trace_t *trace, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));


#endif /* AS_LOG_H */
