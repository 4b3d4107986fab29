/*
 * Latencies in microseconds, kept in log-linear buckets: exact below 128 us,
 * within 1/64 above, up to 2^32 us (71 minutes).
 */

#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>
#include <stdio.h>


#define HISTOGRAM_SUB   64
#define HISTOGRAM_SIZE  (HISTOGRAM_SUB * 28)


typedef struct {
    uint64_t  count;
    uint64_t  sum;
    uint64_t  max;
    uint64_t  buckets[HISTOGRAM_SIZE];
} histogram_t;


static inline unsigned
histogram_index(uint64_t us)
{
    unsigned  shift;

    if (us > UINT32_MAX) {
        us = UINT32_MAX;
    }

    if (us < 2 * HISTOGRAM_SUB) {
        return (unsigned) us;
    }

    shift = 63 - (unsigned) __builtin_clzll(us) - 6;

    return shift * HISTOGRAM_SUB + (unsigned) (us >> shift);
}


/* The upper end of a bucket: never below the measured value. */
static inline uint64_t
histogram_value(unsigned index)
{
    unsigned  shift;

    if (index < 2 * HISTOGRAM_SUB) {
        return index;
    }

    shift = index / HISTOGRAM_SUB - 1;

    return (((uint64_t) (index % HISTOGRAM_SUB + HISTOGRAM_SUB) + 1) << shift)
           - 1;
}


static inline void
histogram_add(histogram_t *h, uint64_t us)
{
    h->count++;
    h->sum += us;
    h->buckets[histogram_index(us)]++;

    if (us > h->max) {
        h->max = us;
    }
}


static inline void
histogram_merge(histogram_t *h, const histogram_t *from)
{
    h->count += from->count;
    h->sum += from->sum;

    if (from->max > h->max) {
        h->max = from->max;
    }

    for (unsigned i = 0; i < HISTOGRAM_SIZE; i++) {
        h->buckets[i] += from->buckets[i];
    }
}


static inline uint64_t
histogram_percentile(const histogram_t *h, double percent)
{
    double    want;
    uint64_t  seen, value;

    want = (double) h->count * percent / 100;
    seen = 0;

    for (unsigned i = 0; i < HISTOGRAM_SIZE; i++) {
        seen += h->buckets[i];

        if (h->buckets[i] && (double) seen >= want) {
            value = histogram_value(i);
            return value < h->max ? value : h->max;
        }
    }

    return h->max;
}


/* The members of a JSON object, without its braces. */
static inline void
histogram_print(const histogram_t *h, FILE *out)
{
    fprintf(out, "\"mean_us\":%.1f,\"p50_us\":%llu,\"p90_us\":%llu,"
            "\"p99_us\":%llu,\"p999_us\":%llu,\"max_us\":%llu",
            h->count ? (double) h->sum / (double) h->count : 0,
            (unsigned long long) histogram_percentile(h, 50),
            (unsigned long long) histogram_percentile(h, 90),
            (unsigned long long) histogram_percentile(h, 99),
            (unsigned long long) histogram_percentile(h, 99.9),
            (unsigned long long) h->max);
}


#endif /* BENCH_HISTOGRAM_H */
