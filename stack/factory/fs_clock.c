#include "fs_clock.h"

#include <stdio.h>
#include <time.h>

int64_t
fs_clock_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void
fs_clock_text(char *text, size_t size)
{
    struct timespec  ts;
    struct tm        tm;
    size_t           len;

    clock_gettime(CLOCK_REALTIME, &ts);
    gmtime_r(&ts.tv_sec, &tm);
    len = strftime(text, size, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + len, size - len, ".%06ldZ", ts.tv_nsec / 1000);
}
