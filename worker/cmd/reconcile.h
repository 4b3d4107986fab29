/*
 * The checks of reconcile: ledger against stock, and orders against movements.
 * Each runs in one snapshot, chunk by chunk, while sales continue.
 */

#ifndef AS_RECONCILE_H
#define AS_RECONCILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/db.h"
#include "db/ledger_cursor.h"
#include "db/pace.h"
#include "cmd/findings.h"
#include "cmd/progress.h"
#include "as_uuid.h"


/* A product whose stock differs from the sum of its movements, or whose held
 * pieces differ from its open holds. */
typedef struct {
    uint8_t  product_id[AS_UUID_LEN];
    int64_t  quantity;                 /* missing in the ledger, or in held */
    bool     held;
} as_reconcile_gap_t;

typedef struct {
    as_findings_t       *findings;
    as_progress_t       *progress;
    int64_t              callback_timeout_ms;
    int64_t              watchdog_interval_ms;

    as_reconcile_gap_t  *gaps;         /* free() */
    size_t               ngaps;

    /* state while it runs */
    void                *sums;         /* of as_reconcile_sum_get(): the root of
                                          a tree of tsearch(3) */
    as_pace_t            pace;
    uint8_t              cursor[AS_LEDGER_CURSOR_LEN];
    uint8_t              last[AS_LEDGER_CURSOR_LEN];   /* of the chunk */
    uint64_t             movements;
    uint64_t             products;
    int                  more;
    int                  failed;       /* memory is out */
} as_reconcile_t;


/* Checks ledger and stock, and what needs a scan of the movements. */
as_db_status_e as_reconcile_ledger(as_db_t *db, as_reconcile_t *reconcile);

/* Checks the orders. */
as_db_status_e as_reconcile_orders(as_db_t *db, as_reconcile_t *reconcile);


#endif /* AS_RECONCILE_H */
