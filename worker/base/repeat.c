/*
 * Limits repeated log lines.
 */

#include <string.h>

#include "base/repeat.h"


bool
as_repeat(as_repeat_t *repeat, int64_t now_ms, uint64_t *missed)
{
    repeat->n++;

    if (repeat->n > AS_REPEAT_FIRST && now_ms - repeat->at < AS_REPEAT_MS) {
        repeat->missed++;
        return false;
    }

    *missed = repeat->missed;
    repeat->missed = 0;
    repeat->at = now_ms;

    return true;
}


uint64_t
as_repeat_over(as_repeat_t *repeat)
{
    uint64_t  n = repeat->n;

    memset(repeat, 0, sizeof(*repeat));

    return n;
}
