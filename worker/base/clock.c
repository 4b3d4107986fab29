#include <stddef.h>
#include <time.h>

#include "base/clock.h"


static int64_t
as_clock_read(clockid_t id)
{
    struct timespec  ts;

    (void) clock_gettime(id, &ts);

    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


static int64_t
as_clock_system_unix(void *data)
{
    (void) data;

    return as_clock_read(CLOCK_REALTIME);
}


static int64_t
as_clock_system_mono(void *data)
{
    (void) data;

    return as_clock_read(CLOCK_MONOTONIC);
}


const as_clock_t *
as_clock_system(void)
{
    static const as_clock_t  clock = {
        as_clock_system_unix, as_clock_system_mono, NULL
    };

    return &clock;
}


int64_t
as_clock_unix_ms(const as_clock_t *clock)
{
    return clock->unix_ms(clock->data);
}


int64_t
as_clock_mono_ms(const as_clock_t *clock)
{
    return clock->mono_ms(clock->data);
}
