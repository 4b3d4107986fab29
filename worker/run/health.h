/*
 * Whether a peer (database, SNS, SQS, a factory) is reachable.  Logs one line
 * for each change.
 */

#ifndef AS_HEALTH_H
#define AS_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"


typedef struct {
    const char  *name;
    bool         down;
    int64_t      since_ms;             /* of the outage */
    int64_t      ok_ms;                /* last success; 0: none yet */
    unsigned     failures;             /* in a row */
    int64_t      failed_ms;            /* time of the last one counted */
} as_health_t;


void as_health_init(as_health_t *health, const char *name);

/* Records a failure, or a success.  True where the state changed. reason may
 * begin with "refused: " or "unreachable: "; without a prefix it counts as
 * unreachable. */
bool as_health_down(as_health_t *health, as_log_t *log, int64_t now_ms,
    const char *reason);
bool as_health_up(as_health_t *health, as_log_t *log, int64_t now_ms);

/* The wait before the next attempt: half to all of a bound that doubles from
 * 100 ms to 5 s. random is 0 to 999. */
int64_t as_health_wait_ms(const as_health_t *health, int64_t random);


#endif /* AS_HEALTH_H */
