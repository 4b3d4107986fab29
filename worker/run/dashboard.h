/*
 * The worker's answers to the dashboard, as JSON.  Reads only.
 *
 * The overview is answered at once: the result of the last read of the
 * database, with its time.  A request for an old one starts a read for the
 * next request.  A search is a query of its own.  Both use a separate
 * connection; the overview takes at most 1/AS_DASHBOARD_SHARE of the time.
 */

#ifndef AS_DASHBOARD_H
#define AS_DASHBOARD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <jansson.h>

#include "as_uuid.h"
#include "db/db_thread.h"
#include "db/life.h"
#include "db/overview.h"
#include "run/consumer.h"
#include "run/worker.h"


#define AS_DASHBOARD_EVERY_MS  1000    /* between reads of the database */
#define AS_DASHBOARD_SHARE     20      /* a read takes at most this part (1/n)
                                          of the time */
#define AS_DASHBOARD_ASKED     800     /* bytes of a search */
#define AS_DASHBOARD_WAITING   8       /* searches and pages at a time */


typedef struct as_dashboard_s  as_dashboard_t;

typedef enum {
    AS_DASHBOARD_FIND = 0,             /* asked: a SKU or an id; its life */
    AS_DASHBOARD_PAGE                  /* asked: a product's id, or ""; the page
                                          of products after it */
} as_dashboard_kind_e;

/* Embedded in its owner, which keeps it until done was called. */
typedef struct as_dashboard_query_s  as_dashboard_query_t;

struct as_dashboard_query_s {
    as_dashboard_kind_e                 kind;
    char                                asked[AS_DASHBOARD_ASKED + 1];
    void                              (*done)(void *data);
    void                               *data;

    unsigned                            status;  /* of HTTP */
    json_t                             *answer;  /* json_decref() */

    /* private to dashboard.c */
    TAILQ_ENTRY(as_dashboard_query_s)   link;
    as_dashboard_t                     *dashboard;
    as_job_t                            job;
    as_life_t                           life;
    as_overview_t                       page;
};


/* NULL with errno. */
as_dashboard_t *as_dashboard_create(as_worker_t *worker,
    const as_consumer_t *consumer);

/* Ends all queries: their done is called. */
void as_dashboard_destroy(as_dashboard_t *dashboard);
void as_dashboard_reload(as_dashboard_t *dashboard);

/* NULL where memory is out; json_decref(). */
json_t *as_dashboard_overview(as_dashboard_t *dashboard);

/*
 * Begins a query; done is called later.  False where it is answered already:
 * what is asked is wrong, or too many queries wait.
 */
bool as_dashboard_query(as_dashboard_t *dashboard,
    as_dashboard_query_t *query);


#endif /* AS_DASHBOARD_H */
