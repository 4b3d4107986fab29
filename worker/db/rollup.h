/*
 * The roll-up of the ledger: adds old movements to the opening of their product
 * and deletes them, one chunk per transaction, while sales continue.
 */

#ifndef AS_ROLLUP_H
#define AS_ROLLUP_H

#include <stdbool.h>
#include <stdint.h>

#include "db/db.h"
#include "as_uuid.h"


typedef struct {
    int64_t   before_ms;               /* movements before this are folded, */
    int64_t   keys_ms;                 /* except sales with a key since this */
    bool      dry_run;

    uint8_t   cursor[AS_UUID_LEN];     /* zeros at the start */
    bool      more;
    uint64_t  folded;
    uint64_t  kept;                    /* not folded: a live key, an open order,
                                          or no opening */
} as_rollup_t;


/* The time of a movement, from its id (a UUID version 7). */
int64_t as_rollup_time(const uint8_t id[AS_UUID_LEN]);

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
