/*
 * Logs what the database refuses to a part of the worker: at a limited rate,
 * and once more when it is over.
 */

#ifndef AS_REFUSAL_H
#define AS_REFUSAL_H

#include "base/log.h"
#include "base/repeat.h"
#include "db/db.h"


typedef struct {
    as_repeat_t  repeat;
} as_refusal_t;


/*
 * Records the result of a job. part is the part that logs; what begins the
 * message: "the outbox cannot be read".  A job without a connection neither
 * starts nor ends a refusal.
 */
void as_refusal_note(as_refusal_t *refusal, as_log_t *log, int64_t now_ms,
    const char *part, const char *what, as_db_status_e status,
    const char *error);


#endif /* AS_REFUSAL_H */
