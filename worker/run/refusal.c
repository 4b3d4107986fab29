/*
 * Logs what the database refuses.
 */

#include <inttypes.h>

#include "run/refusal.h"


void
as_refusal_note(as_refusal_t *refusal, as_log_t *log, int64_t now_ms,
    const char *part, const char *what, as_db_status_e status,
    const char *error)
{
    uint64_t  n;

    if (status == AS_DB_OK) {
        n = as_repeat_over(&refusal->repeat);

        /* the level of the message that reported the refusal */
        if (n > 0) {
            as_log_write(log, AS_LOG_ERROR, part, "%s: accepted again after %"
                         PRIu64 " refusals", what, n);
        }

        return;
    }

    if (status == AS_DB_GONE || !as_repeat(&refusal->repeat, now_ms, &n)) {
        return;
    }

    if (n == 0) {
        as_log_write(log, AS_LOG_ERROR, part, "%s: %s; retrying", what,
                     error);
    } else {
        as_log_write(log, AS_LOG_ERROR, part, "%s: %s; retrying (%" PRIu64 " "
                     "similar lines were omitted)", what, error, n);
    }
}
