/*
 * The roll-up of the ledger: adds old movements to the opening of their product
 * and deletes them, one chunk per transaction, while sales continue.
 */

#ifndef AS_ROLLUP_H
#define AS_ROLLUP_H

#include <stdbool.h>
#include <stdint.h>

#include "db/db.h"
#include "db/ledger_cursor.h"


typedef struct {
    int64_t   before_ms;               /* movements before this are folded, */
    int64_t   keys_ms;                 /* except transactions with a key since
                                          this; older keys were removed before
                                          (as_ledger_forget) */
    bool      dry_run;

    uint8_t   cursor[AS_LEDGER_CURSOR_LEN];  /* zeros at the start */
    bool      more;
    uint64_t  folded;
    uint64_t  kept;                    /* not folded: a live key, an open hold
                                          or order, a young return, or no
                                          opening */
} as_rollup_t;


/*
 * The time of the oldest movement that is not an opening; 0 where there is
 * none.
 */
as_db_status_e as_rollup_first(as_db_t *db, int64_t *ms);

/*
 * Folds one chunk. stock = SUM(quantity) holds before and after.  A repeated
 * run continues where the last committed chunk ended.
 */
as_db_status_e as_rollup_step(as_db_t *db, as_rollup_t *rollup);


#endif /* AS_ROLLUP_H */
