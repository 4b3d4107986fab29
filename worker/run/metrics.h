/*
 * What can be watched: /metrics (Prometheus text) and /healthz on
 * 127.0.0.1.
 */

#ifndef AS_METRICS_H
#define AS_METRICS_H

#include "run/consumer.h"
#include "base/text.h"
#include "run/worker.h"


typedef struct as_metrics_s  as_metrics_t;


/* NULL where metrics are off, or (after a line in the log) the port cannot
 * be had: the work goes on without. */
as_metrics_t *as_metrics_create(as_worker_t *worker,
    const as_consumer_t *consumer);
void as_metrics_destroy(as_metrics_t *metrics);

void as_metrics_write(const as_worker_t *worker,
    const as_consumer_t *consumer, as_text_t *out);


#endif /* AS_METRICS_H */
