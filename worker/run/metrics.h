/*
 * The HTTP server on 127.0.0.1: /metrics (Prometheus text), /healthz, and with
 * AUTOSTOCK_DASHBOARD=on the dashboard's JSON:
 *
 *   /dashboard/overview          as_dashboard_overview()
 *   /dashboard/find?q=TEXT       the life of a SKU or an id
 *   /dashboard/products?after=ID all products, by SKU, in pages
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

/* Applies new settings, after SIGHUP, to the dashboard's connection. */
void as_metrics_reload(as_metrics_t *metrics);

/* Appends all metrics in Prometheus's text format. */
void as_metrics_text_write(const as_worker_t *worker,
    const as_consumer_t *consumer, as_text_t *out);


#endif /* AS_METRICS_H */
