/*
 * Reads what `top` shows, in rounds: nginx, the worker and the database at the
 * same time.  A part that does not answer does not delay the others.
 */

#ifndef AS_TOP_H
#define AS_TOP_H

#include <jansson.h>

#include "cmd/session.h"


typedef struct as_top_s  as_top_t;

/* Runs after a round, when nothing is awaited. */
typedef void (*as_top_done_pt)(void *data);

typedef struct {
    as_session_t    *session;          /* with loop and http */
    const char      *status_url;       /* of nginx; NULL: not shown */
    const char      *metrics_url;      /* of the worker; NULL: not shown */
    double           interval_s;       /* for the view */
    as_top_done_pt   done;
    void            *data;
} as_top_conf_t;


/* NULL with errno. */
as_top_t *as_top_create(const as_top_conf_t *conf);
void as_top_destroy(as_top_t *top);

/* Starts a round.  A part that has not answered the last one is not asked
 * again. */
void as_top_read(as_top_t *top);

/* What is known now: see docs/schemas/top.json; json_decref(). */
json_t *as_top_view(const as_top_t *top);

/* Whether a part is unreachable. */
bool as_top_failed(const json_t *view);


#endif /* AS_TOP_H */
