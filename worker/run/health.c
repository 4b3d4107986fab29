/*
 * Whether a peer is reachable.
 */

#include <inttypes.h>
#include <string.h>

#include "run/health.h"


#define AS_HEALTH_TOGETHER_MS  50


void
as_health_init(as_health_t *health, const char *name)
{
    memset(health, 0, sizeof(*health));
    health->name = name;
}


bool
as_health_down(as_health_t *health, as_log_t *log, int64_t now_ms,
    const char *reason)
{
    /* calls that fail together are one failure, so that the back-off grows
     * once */
    if (health->failures == 0
        || now_ms - health->failed_ms >= AS_HEALTH_TOGETHER_MS)
    {
        health->failures++;
        health->failed_ms = now_ms;
    }

    if (health->down) {
        return false;
    }

    health->down = true;
    health->since_ms = now_ms;
    as_log_write(log, AS_LOG_ERROR, health->name,
                 "%s%s; retrying until it answers again",
                 strncmp(reason, "refused: ", 9) == 0
                 || strncmp(reason, "unreachable: ", 13) == 0
                 ? "" : "unreachable: ", reason);

    return true;
}


bool
as_health_up(as_health_t *health, as_log_t *log, int64_t now_ms)
{
    health->ok_ms = now_ms;
    health->failures = 0;

    if (!health->down) {
        return false;
    }

    /* the level of the message that reported the outage */
    health->down = false;
    as_log_write(log, AS_LOG_ERROR, health->name,
                 "reachable again after %" PRId64 ".%" PRId64 " s",
                 (now_ms - health->since_ms) / 1000,
                 (now_ms - health->since_ms) % 1000 / 100);

    return true;
}


int64_t
as_health_wait_ms(const as_health_t *health, int64_t random)
{
    int64_t   wait;
    unsigned  i;

    for (wait = 100, i = 1; i < health->failures && wait < 5000; i++) {
        wait *= 2;
    }

    wait = wait > 5000 ? 5000 : wait;

    return wait / 2 + wait * random / 2000;
}
