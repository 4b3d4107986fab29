/*
 * The result of a reconciliation as a file of metrics.
 */

#ifndef AS_RECONCILE_METRICS_H
#define AS_RECONCILE_METRICS_H

#include <stdint.h>

#include "cmd/reconcile.h"


/*
 * Replaces the file.  now_s is Unix time.  Returns -1 after an error, which is
 * reported on stderr; the file is then as it was.
 */
int as_reconcile_metrics_write(const char *file, const as_findings_t *findings,
    const as_reconcile_t *checks, int64_t now_s);


#endif /* AS_RECONCILE_METRICS_H */
