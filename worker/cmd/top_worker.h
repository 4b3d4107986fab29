/*
 * What `top` shows of the worker, from its metrics.
 */

#ifndef AS_TOP_WORKER_H
#define AS_TOP_WORKER_H

#include <jansson.h>


/*
 * Reads Prometheus's text format: each metric of the worker by its name without
 * "autostock_worker_", as a number, or, where it has labels, as an object by
 * the value of the first.  NULL where the text has none.
 */
json_t *as_top_worker_metrics(const char *text);

/* As as_top_module(); before and now are of as_top_worker_metrics(). */
json_t *as_top_worker(const json_t *before, const json_t *now,
    double seconds);


#endif /* AS_TOP_WORKER_H */
