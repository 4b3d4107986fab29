/*
 * The log.
 */

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "as_uuid.h"


struct as_log_s {
    int          fd;
    atomic_int   level;
    atomic_bool  json;
};


static const char *const  as_log_names[] = {
    "debug", "info", "warn", "error"
};


as_log_t *
as_log_create(int fd, as_log_level_e level, bool json)
{
    as_log_t  *log;

    log = calloc(1, sizeof(*log));
    if (log == NULL) {
        return NULL;
    }

    log->fd = fd;
    as_log_set(log, level, json);

    return log;
}


void
as_log_destroy(as_log_t *log)
{
    free(log);
}


void
as_log_set(as_log_t *log, as_log_level_e level, bool json)
{
    atomic_store(&log->level, (int) level);
    atomic_store(&log->json, json);
}


bool
as_log_wants(const as_log_t *log, as_log_level_e level)
{
    return (int) level >= atomic_load(&log->level);
}


static void
as_log_time(char time[32])
{
    struct timespec  now;
    struct tm        tm;
    size_t           n;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    n = strftime(time, 32, "%Y-%m-%dT%H:%M:%S", &tm);

    time[n] = '.';
    time[n + 1] = (char) ('0' + now.tv_nsec / 100000000);
    time[n + 2] = (char) ('0' + now.tv_nsec / 10000000 % 10);
    time[n + 3] = (char) ('0' + now.tv_nsec / 1000000 % 10);
    time[n + 4] = 'Z';
    time[n + 5] = '\0';
}


/*
 * Replaces control characters, so that text from outside cannot forge a line.
 */
static void
as_log_plain(char *s, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if ((unsigned char) s[i] < 0x20 || s[i] == 0x7f) {
            s[i] = ' ';
        }
    }
}


static void
as_log_line(as_log_t *log, as_log_level_e level, const char *part,
    const char *order, const char *trace, const char *fmt, va_list args)
{
    char       time[32];
    as_text_t  message = AS_TEXT_EMPTY, line = AS_TEXT_EMPTY;

    as_log_time(time);
    as_text_vprintf(&message, fmt, args);

    if (atomic_load(&log->json)) {
        as_text_printf(&line, "{\"time\":\"%s\",\"level\":\"%s\","
                       "\"part\":\"%s\",", time, as_log_names[level], part);
        if (order != NULL) {
            as_text_printf(&line, "\"order_id\":\"%s\",", order);
        }
        if (trace[0] != '\0') {
            as_text_printf(&line, "\"trace_id\":\"%s\",", trace);
        }
        as_text_put(&line, "\"message\":");
        as_text_json_string(&line, as_text_get(&message), message.len);
        as_text_put(&line, "}\n");

    } else {
        if (message.data != NULL) {
            as_log_plain(message.data, message.len);
        }
        as_text_printf(&line, "%s %-5s %s: %s%s%s%s%s\n", time,
                       as_log_names[level], part, as_text_get(&message),
                       order == NULL ? "" : " order=",
                       order == NULL ? "" : order,
                       trace[0] == '\0' ? "" : " trace=", trace);
    }

    /* One write per line, so that lines of several threads do not mix.  A
     * failed write must not stop the work. */
    if (as_text_ok(&line) && write(log->fd, line.data, line.len) < 0) {
        line.len = 0;
    }

    as_text_free(&message);
    as_text_free(&line);
}


void
as_log_write(as_log_t *log, as_log_level_e level, const char *part,
    const char *fmt, ...)
{
    va_list  args;

    if (!as_log_wants(log, level)) {
        return;
    }

    va_start(args, fmt);
    as_log_line(log, level, part, NULL, "", fmt, args);
    va_end(args);
}


void
as_log_order(as_log_t *log, as_log_level_e level, const char *part,
    const uint8_t order_id[16], const as_trace_t *trace, const char *fmt, ...)
{
    char     order[AS_UUID_TEXT_LEN + 1];
    char     id[AS_TRACE_ID_TEXT_LEN + 1] = "";
    va_list  args;

    if (!as_log_wants(log, level)) {
        return;
    }

    *as_uuid_text(order_id, order) = '\0';

    if (as_trace_is_set(trace)) {
        *as_trace_id_text(trace, id) = '\0';
    }

    va_start(args, fmt);
    as_log_line(log, level, part, order, id, fmt, args);
    va_end(args);
}
