/*
 * autostock-worker reconcile [--adjust] [--metrics FILE]
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/reconcile.h"
#include "cmd/reconcile_metrics.h"
#include "cmd/session.h"
#include "db/hold.h"
#include "db/stock.h"


#define AS_RECONCILE_TRIES  5          /* attempts of an adjustment after a lost
                                          connection */


static const as_option_t  as_command_reconcile_options[] = {
    { "adjust", NULL, "write an adjustment if stock and ledger differ; "
      "requires the operator's user" },
    { "all", NULL, "show all findings, not ten for each cause; JSON always "
    "shows all" },
    { "metrics", "FILE", "write the result to this file, for Prometheus's node "
      "exporter" },
    { NULL, NULL, NULL }
};


typedef struct {
    as_session_t    *session;
    as_reconcile_t   checks;
    as_findings_t    findings;
    as_progress_t    progress;
    bool             alone;
} as_command_reconcile_t;


static void
as_command_reconcile_lock_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_command_reconcile_t  *reconcile = data;

    (void) statement;
    (void) lengths;

    reconcile->alone = n == 1 && columns[0] != NULL && columns[0][0] == '1';
}


/* Prevents two parallel adjustments, which would adjust twice.  The lock
 * belongs to the connection and ends with it. */
static as_db_status_e
as_command_reconcile_lock(as_command_reconcile_t *reconcile)
{
    return as_db_exec(reconcile->session->db, "SELECT GET_LOCK(LEFT(CONCAT("
                      "'autostock-reconcile-', DATABASE()), 64), 0)",
                      as_command_reconcile_lock_row, reconcile);
}


static as_db_status_e
as_command_reconcile_look(as_command_reconcile_t *reconcile)
{
    const size_t    *counts;
    as_db_status_e   status;

    status = as_reconcile_ledger(reconcile->session->db, &reconcile->checks);

    if (status == AS_DB_OK) {
        status = as_reconcile_orders(reconcile->session->db,
                                     &reconcile->checks);
    }

    if (status == AS_DB_OK) {
        counts = reconcile->findings.counts;
        as_findings_say(&reconcile->findings, AS_DOCTOR_FINE, "books", "",
                        "%" PRIu64 " movements of %" PRIu64 " products "
                        "read%s", reconcile->checks.movements,
                        reconcile->checks.products,
                        counts[AS_DOCTOR_WRONG] + counts[AS_DOCTOR_WARNING]
                        == 0 ? ": stock, ledger and orders agree" : "");
    }

    return status;
}


static as_db_status_e
as_command_reconcile_mend(void *data, as_db_t *db)
{
    return as_stock_mend(db, data);
}


static as_db_status_e
as_command_reconcile_mend_held(void *data, as_db_t *db)
{
    const as_stock_mend_t  *mend = data;

    return as_hold_mend(db, mend->product_id);
}


static as_db_status_e
as_command_reconcile_one(as_command_reconcile_t *reconcile,
    const as_reconcile_gap_t *gap)
{
    int              i;
    as_db_status_e   status;
    as_stock_mend_t  mend;

    memcpy(mend.product_id, gap->product_id, AS_UUID_LEN);
    mend.quantity = gap->quantity;

    if (as_stock_id(mend.movement_id) != 0) {
        return AS_DB_ERROR;
    }

    status = AS_DB_GONE;
    for (i = 0; status == AS_DB_GONE && i < AS_RECONCILE_TRIES; i++) {
        status = as_session_db(reconcile->session, gap->held
                               ? as_command_reconcile_mend_held
                               : as_command_reconcile_mend, &mend);
    }

    return status;
}


/* Repairs what it can and removes it from the findings.  Returns the exit code
 * of the first failure. */
static int
as_command_reconcile_adjust(as_command_reconcile_t *reconcile)
{
    int              rc;
    size_t           i, held;
    as_reconcile_t  *checks = &reconcile->checks;
    as_db_status_e   status;

    as_findings_tell(&reconcile->findings);

    if (checks->ngaps == 0
        || !as_session_confirm(reconcile->session, "write %zu adjustments, so "
                               "that the ledger agrees with the stock, and the "
                               "held pieces with the open holds?",
                               checks->ngaps))
    {
        return AS_EXIT_OK;
    }

    for (i = 0, held = 0, rc = AS_EXIT_OK; i < checks->ngaps; i++) {
        status = as_command_reconcile_one(reconcile, &checks->gaps[i]);

        if (status != AS_DB_OK) {
            rc = as_session_db_failed(reconcile->session, status);
            break;
        }

        held += checks->gaps[i].held;
    }

    as_findings_mended(&reconcile->findings, AS_DOCTOR_WRONG, "stock",
                       i - held);
    as_findings_mended(&reconcile->findings, AS_DOCTOR_WRONG, "held", held);
    fprintf(stderr, "%zu of %zu adjustments are written\n", i, checks->ngaps);

    return rc;
}


static as_db_status_e
as_command_reconcile_begin(as_command_reconcile_t *reconcile)
{
    const as_options_t  *options = reconcile->session->options;

    as_findings_begin(&reconcile->findings, stdout, reconcile->session->json);
    as_progress_begin(&reconcile->progress, "movements read");
    reconcile->checks.findings = &reconcile->findings;
    reconcile->checks.progress = &reconcile->progress;

    if (as_options_get(options, "all") == NULL) {
        as_findings_group(&reconcile->findings);
    }

    return as_command_reconcile_look(reconcile);
}


/* A file that could not be written leaves an old result: that is a finding. */
static int
as_command_reconcile_metrics(as_command_reconcile_t *reconcile, int rc)
{
    const char  *file;

    file = as_options_get(reconcile->session->options, "metrics");

    if (file == NULL
        || as_reconcile_metrics_write(file, &reconcile->findings,
                                      &reconcile->checks,
                                      as_clock_unix_ms(as_clock_system())
                                      / 1000) == 0)
    {
        return rc;
    }

    return rc > AS_EXIT_FINDINGS ? rc : AS_EXIT_FINDINGS;
}


static int
as_command_reconcile_work(as_command_reconcile_t *reconcile, bool adjust)
{
    int              rc, left;
    as_db_status_e   status;

    status = adjust ? as_command_reconcile_lock(reconcile) : AS_DB_OK;

    if (status != AS_DB_OK) {
        return as_session_db_failed(reconcile->session, status);
    }

    if (adjust && !reconcile->alone) {
        fprintf(stderr, "another reconcile --adjust is running\n");
        return AS_EXIT_FINDINGS;
    }

    rc = AS_EXIT_OK;
    status = as_command_reconcile_begin(reconcile);

    if (status != AS_DB_OK) {
        as_findings_say(&reconcile->findings, AS_DOCTOR_UNREACHABLE,
                        "database", "run autostock-worker doctor",
                        "%s", as_db_error(reconcile->session->db));

    } else if (adjust) {
        rc = as_command_reconcile_adjust(reconcile);
    }

    left = as_findings_end(&reconcile->findings);
    rc = rc > left ? rc : left;

    /* otherwise the old file stays, with its time: an alert reports its age */
    return status == AS_DB_OK ? as_command_reconcile_metrics(reconcile, rc)
                              : rc;
}


static int
as_command_reconcile_run(const as_options_t *options)
{
    int                      rc;
    as_session_t             session;
    as_command_reconcile_t   reconcile;

    memset(&reconcile, 0, sizeof(reconcile));
    reconcile.session = &session;

    if (options->narguments != 0) {
        fprintf(stderr, "reconcile: expected no arguments, found \"%s\"\n",
                options->arguments[0]);
        return AS_EXIT_USAGE;
    }

    rc = as_session_open(&session, options, AS_NEED_DB, false);

    if (rc == AS_EXIT_OK) {
        reconcile.checks.callback_timeout_ms
            = session.settings->callback_timeout;
        reconcile.checks.watchdog_interval_ms
            = session.settings->watchdog_interval;
        rc = as_command_reconcile_work(&reconcile,
                 as_options_get(options, "adjust") != NULL);
    }

    free(reconcile.checks.gaps);
    as_session_close(&session);

    return rc;
}


const as_command_t  as_command_reconcile = {
    "reconcile", "", "compare stock, ledger and orders",
    "Reads the whole ledger in one snapshot, while sales continue.  Each\n"
    "finding has a remedy.  --adjust takes the stock as correct and writes an\n"
    "adjustment of the difference to the ledger, and sets the held pieces to\n"
    "those of the open holds; it does not report these as findings.\n"
    "For each cause, ten findings and the number of further ones are shown.\n"
    "Exits with 1 if there are findings.\n",
    as_command_reconcile_options, as_command_reconcile_run
};
