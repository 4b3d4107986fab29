/*
 * The ledger rolled up: old movements folded into their product's opening,
 * a chunk a transaction, while sales go on.
 */

#ifndef AS_ROLLUP_H
#define AS_ROLLUP_H

#include <stdbool.h>
#include <stdint.h>

#include "db/db.h"
#include "as_uuid.h"


typedef struct {
    int64_t   before_ms;               /* movements before this are folded, */
    int64_t   keys_ms;                 /* but for sales with a key since */
    bool      dry_run;

    uint8_t   cursor[AS_UUID_LEN];     /* zeros to begin with */
    bool      more;
    uint64_t  folded;
    uint64_t  kept;                    /* with a key that lives, of an order
                                          that is open, without an opening */
} as_rollup_t;


/* The time of a movement, from its id (a UUID version 7). */
int64_t as_rollup_time(const uint8_t id[AS_UUID_LEN]);

/* The time of the oldest movement but the openings; 0 where there is none. */
as_db_status_e as_rollup_first(as_db_t *db, int64_t *ms);

/*
 * Folds one chunk.  Stock = SUM(quantity) holds before and after.  Run
 * again it goes on from where the last committed chunk ended.
 */
as_db_status_e as_rollup_step(as_db_t *db, as_rollup_t *rollup);


#endif /* AS_ROLLUP_H */
