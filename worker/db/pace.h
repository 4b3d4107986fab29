/*
 * The rate of a long command that works in chunks beside those who sell: the
 * pause after a chunk follows the chunk's own time and the server's load.
 */

#ifndef AS_PACE_H
#define AS_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "db/db.h"


typedef struct {
    int64_t  began_us;
    double   load;                     /* how often others were at work, 0 to
                                          1 */
    bool     snapshot;
} as_pace_t;


/*
 * Once, before the first chunk: the server counts as loaded.  snapshot: all
 * chunks are read from one, which a failure ends.
 */
void as_pace_init(as_pace_t *pace, bool snapshot);

/* Before each chunk. */
void as_pace_begin(as_pace_t *pace);

/*
 * After each chunk: waits.  A server where others are always at work gets a
 * pause of AS_PACE_PAUSE chunks, an idle one none.  Blocks.  OK where the
 * server refuses to report its load, but for a snapshot.
 */
as_db_status_e as_pace_wait(as_pace_t *pace, as_db_t *db);


#endif /* AS_PACE_H */
