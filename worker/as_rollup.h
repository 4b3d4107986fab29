/*
 * The ledger rolled up: old movements into their product's opening, chunk by
 * chunk along the time-ordered primary key.  After each chunk the sum of
 * every product is what it was.
 */

#ifndef AS_ROLLUP_H
#define AS_ROLLUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "as_db.h"
#include "as_uuid.h"


#define AS_ROLLUP_CHUNK  2000


typedef struct {
    uint8_t   cursor[AS_UUID_LEN];     /* done up to here */
    uint8_t   end[AS_UUID_LEN];        /* not this and later ones */
    uint8_t   keys_end[AS_UUID_LEN];   /* sales before it have no live key */

    /* of the last chunk */
    bool      done;                    /* there was none */
    uint64_t  rolled;
    uint64_t  kept;

    /* within a chunk */
    uint64_t  read;
    uint8_t   last[AS_UUID_LEN];
    void     *sums;
    size_t    nsums;
} as_rollup_t;


/* Times are Unix, in ms. */
void as_rollup_begin(as_rollup_t *rollup, int64_t before_ms,
    int64_t keys_before_ms);

/* One chunk, committed; the cursor moves on.  May be run again where it
 * failed. */
as_db_status_e as_rollup_chunk(as_db_t *db, as_rollup_t *rollup);


#endif /* AS_ROLLUP_H */
