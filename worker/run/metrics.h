/*
 * The HTTP server on 127.0.0.1: /metrics (Prometheus text) and /healthz.
 */

#ifndef AS_METRICS_H
#define AS_METRICS_H

#include "run/consumer.h"
#include "base/text.h"
#include "run/worker.h"


typedef struct as_metrics_s  as_metrics_t;


/* NULL where metrics are off, or where the port is not available; then it logs
 * a line and the worker runs without metrics. */
as_metrics_t *as_metrics_create(as_worker_t *worker,
    const as_consumer_t *consumer);
void as_metrics_destroy(as_metrics_t *metrics);

void as_metrics_text_write(const as_worker_t *worker,
    const as_consumer_t *consumer, as_text_t *out);


#endif /* AS_METRICS_H */
