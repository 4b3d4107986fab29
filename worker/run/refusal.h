/*
 * What the database refuses to a part of the worker: told, but not as often
 * as it comes, and told when it is over.
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
 * Notes how a job ended.  part is who speaks, what is the sentence's
 * beginning: "the outbox cannot be read".  A job that found no connection is
 * neither a refusal nor the end of one.
 */
void as_refusal_note(as_refusal_t *refusal, as_log_t *log, int64_t now_ms,
    const char *part, const char *what, as_db_status_e status,
    const char *error);


#endif /* AS_REFUSAL_H */
