/*
 * The result of a reconciliation, for the text file collector of Prometheus's
 * node exporter.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cmd/reconcile_metrics.h"


static void
as_reconcile_metrics_text(const as_findings_t *findings,
    const as_reconcile_t *checks, int64_t now_s, as_text_t *out)
{
    size_t                    i;
    static const char *const  levels[] = { "warning", "wrong", "unreachable" };
    static const int          ids[] = { AS_DOCTOR_WARNING, AS_DOCTOR_WRONG,
                                        AS_DOCTOR_UNREACHABLE };

    as_text_printf(out, "# HELP autostock_reconcile_findings Findings of the "
                   "last reconcile, without those that it adjusted.\n"
                   "# TYPE autostock_reconcile_findings gauge\n");

    for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        as_text_printf(out, "autostock_reconcile_findings{level=\"%s\"} %zu\n",
                       levels[i], findings->counts[ids[i]]);
    }

    as_text_printf(out, "# HELP autostock_reconcile_products Products whose "
                   "stock was compared.\n"
                   "# TYPE autostock_reconcile_products gauge\n"
                   "autostock_reconcile_products %" PRIu64 "\n"
                   "# HELP autostock_reconcile_last_run_seconds Unix time of "
                   "the last reconcile.\n"
                   "# TYPE autostock_reconcile_last_run_seconds gauge\n"
                   "autostock_reconcile_last_run_seconds %" PRId64 "\n",
                   checks->products, now_s);
}


/* The collector may read at any time: the file is complete or the old one. */
static int
as_reconcile_metrics_replace(const char *file, const char *temporary,
    const as_text_t *text)
{
    int    bad;
    FILE  *out;

    out = fopen(temporary, "we");
    if (out == NULL) {
        return -1;
    }

    bad = fwrite(as_text_get(text), 1, text->len, out) != text->len;
    bad |= fclose(out) != 0;

    if (bad || rename(temporary, file) != 0) {
        bad = errno;
        remove(temporary);
        errno = bad;
        return -1;
    }

    return 0;
}


int
as_reconcile_metrics_write(const char *file, const as_findings_t *findings,
    const as_reconcile_t *checks, int64_t now_s)
{
    int        rc;
    as_text_t  temporary = AS_TEXT_EMPTY, text = AS_TEXT_EMPTY;

    as_text_printf(&temporary, "%s.tmp", file);
    as_reconcile_metrics_text(findings, checks, now_s, &text);

    rc = as_reconcile_metrics_replace(file, as_text_get(&temporary), &text);

    if (rc != 0) {
        fprintf(stderr, "reconcile: --metrics: cannot write \"%s\": %s\n",
                file, strerror(errno));
    }

    as_text_free(&temporary);
    as_text_free(&text);

    return rc;
}
