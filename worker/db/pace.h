/*
 * The rate of a long command that works in chunks while sales continue: the
 * pause after a chunk follows the chunk's own time and the server's load.
 */

#ifndef AS_PACE_H
#define AS_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "db/db.h"


typedef struct {
    int64_t  began_us;
    double   load;                     /* share of looks at which another
                                          statement ran, 0 to 1 */
    bool     snapshot;
} as_pace_t;


/*
 * Call it once, before the first chunk: the server then counts as loaded.
 * snapshot: all chunks are read from one, which a failure ends.
 */
void as_pace_init(as_pace_t *pace, bool snapshot);

/* Call it before each chunk. */
void as_pace_begin(as_pace_t *pace);

/*
 * Call it after each chunk: waits.  Blocks.  On a server where other statements
 * always run, the pause is AS_PACE_PAUSE times the chunk's time; on an idle one
 * there is none.  A server that refuses to report its load counts as loaded,
 * and the result is OK; with a snapshot the result is the failure.
 */
as_db_status_e as_pace_wait(as_pace_t *pace, as_db_t *db);


#endif /* AS_PACE_H */
