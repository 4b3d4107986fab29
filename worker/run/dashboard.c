/*
 * The worker's answers to the dashboard.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "as_version.h"
#include "db/record.h"
#include "run/backlog.h"
#include "run/dashboard.h"
#include "run/letters.h"


#define AS_DASHBOARD_PART  "dashboard"


struct as_dashboard_s {
    as_worker_t                 *worker;
    const as_consumer_t         *consumer;
    as_db_thread_t              *db_thread;
    as_letters_t                *letters;

    TAILQ_HEAD(, as_dashboard_query_s)  queries;
    unsigned                     waiting;

    /* the job that reads the overview */
    as_job_t                     job;
    as_overview_t                read;
    int64_t                      begun;
    bool                         running;

    /* the last one; times as as_loop_now(), 0: none yet */
    as_overview_t                overview;
    int64_t                      at;
    int64_t                      next;           /* not read again before */
    char                         error[AS_DB_ERROR_LEN];   /* of the last try */
};


/* Runs in the database thread. */
static as_db_status_e
as_dashboard_run(void *data, as_db_t *db)
{
    as_dashboard_t  *dashboard = data;
    as_db_status_e   status;

    status = as_overview_begin(db);

    return status == AS_DB_OK ? as_overview_read(db, &dashboard->read)
                              : status;
}


static void
as_dashboard_done(void *data, as_db_status_e status, const char *error)
{
    int64_t          now, took;
    as_dashboard_t  *dashboard = data;

    now = as_loop_now(dashboard->worker->loop);
    took = status == AS_DB_GONE
           ? 0 : AS_DASHBOARD_SHARE * (now - dashboard->begun);
    dashboard->next = now + (took > AS_DASHBOARD_EVERY_MS
                             ? took : AS_DASHBOARD_EVERY_MS);
    dashboard->running = false;

    /* shown as shop.error alone: a connection refused to the dashboard does not
     * stop the other parts */
    snprintf(dashboard->error, sizeof(dashboard->error), "%s", error);

    if (status == AS_DB_OK) {
        as_overview_free(&dashboard->overview);
        dashboard->overview = dashboard->read;
        memset(&dashboard->read, 0, sizeof(dashboard->read));
        dashboard->at = now;
    }
}


static void
as_dashboard_refresh(as_dashboard_t *dashboard)
{
    int64_t  now;

    as_letters_refresh(dashboard->letters);

    now = as_loop_now(dashboard->worker->loop);
    if (!dashboard->running && now >= dashboard->next) {
        dashboard->running = true;
        dashboard->begun = now;
        as_db_thread_submit(dashboard->db_thread, &dashboard->job);
    }
}


static void
as_dashboard_factory(void *data, const as_factory_view_t *view)
{
    json_t  *list = data;

    (void) json_array_append_new(list,
        json_pack("{s:o, s:b, s:I, s:I}", "factory",
                  as_record_text(view->name), "open", view->open, "waiting",
                  (json_int_t) view->waiting, "calls",
                  (json_int_t) view->calls));
}


static json_t *
as_dashboard_peer(const as_health_t *health, int64_t skew_ms)
{
    return json_pack("{s:s, s:b, s:o}", "peer", health->name, "up",
                     !health->down, "last_success", health->ok_ms == 0
                     ? json_null() : json_integer(health->ok_ms + skew_ms));
}


/* The worker's own state. */
static json_t *
as_dashboard_worker(const as_dashboard_t *dashboard, int64_t skew_ms)
{
    json_t             *factories;
    const as_worker_t  *worker = dashboard->worker;
    as_backlog_view_t   view;

    as_backlog_view(&worker->counters, as_loop_now(worker->loop), skew_ms,
                    &view);
    factories = json_array();
    as_factories_visit(as_consumer_factories(dashboard->consumer),
                       as_dashboard_factory, factories);

    return json_pack(
        "{s:s, s:s, s:[o, o, o], s:o, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f,"
        " s:I, s:I, s:I}",
        "name", worker->settings->worker_name, "version", AUTOSTOCK_VERSION,
        "peers", as_dashboard_peer(&worker->db, skew_ms),
        as_dashboard_peer(&worker->sns, skew_ms),
        as_dashboard_peer(&worker->sqs, skew_ms), "factories", factories,
        "pending", view.pending, "pending_oldest_s", view.pending_oldest_s,
        "published", view.published, "requested", view.requested,
        "overdue", view.overdue, "holds_open", view.holds_open,
        "holds_pieces", view.holds_pieces, "holds_due", view.holds_due,
        "queue_visible", (json_int_t) worker->counters.queue_visible,
        "queue_in_flight", (json_int_t) worker->counters.queue_in_flight,
        "dlq_visible", (json_int_t) worker->counters.dlq_visible);
}


static json_t *
as_dashboard_shop(const as_dashboard_t *dashboard, int64_t skew_ms)
{
    const as_overview_t  *overview = &dashboard->overview;

    return json_pack("{s:o, s:o, s:O?, s:b, s:O?, s:b, s:O?, s:b}",
                     "at", dashboard->at == 0 ? json_null()
                           : json_integer(dashboard->at + skew_ms),
                     "error", dashboard->error[0] == '\0' ? json_null()
                              : as_record_text(dashboard->error),
                     "products", overview->products,
                     "products_more", overview->products_more,
                     "orders", overview->orders,
                     "orders_more", overview->orders_more,
                     "holds", overview->holds,
                     "holds_more", overview->holds_more);
}


json_t *
as_dashboard_overview(as_dashboard_t *dashboard)
{
    int64_t     skew, unix_ms;
    as_loop_t  *loop = dashboard->worker->loop;

    as_dashboard_refresh(dashboard);
    unix_ms = as_loop_unix_ms(loop);
    skew = unix_ms - as_loop_now(loop);

    return json_pack("{s:I, s:o, s:o, s:o}", "now", (json_int_t) unix_ms,
                     "worker", as_dashboard_worker(dashboard, skew),
                     "shop", as_dashboard_shop(dashboard, skew),
                     "letters", as_letters_json(dashboard->letters, skew));
}


/* Queries */

/* Runs in the database thread. */
static as_db_status_e
as_dashboard_query_run(void *data, as_db_t *db)
{
    uint8_t                id[AS_UUID_LEN];
    as_db_status_e         status;
    as_dashboard_query_t  *query = data;

    status = as_overview_begin(db);
    if (status != AS_DB_OK) {
        return status;
    }

    if (query->kind == AS_DASHBOARD_FIND) {
        query->life.asked = query->asked;
        return as_life_find(db, &query->life);
    }

    return as_overview_page(db, as_uuid_parse(query->asked,
                                              strlen(query->asked), id) == 0
                                ? id : NULL,
                            &query->page);
}


static void
as_dashboard_query_fail(as_dashboard_query_t *query, unsigned status,
    const char *detail)
{
    query->status = status;
    query->answer = json_pack("{s:o}", "error", as_record_text(detail));
}


static void
as_dashboard_query_answer(as_dashboard_query_t *query)
{
    if (query->kind == AS_DASHBOARD_PAGE) {
        query->status = 200;
        query->answer = json_pack("{s:O?, s:b}", "products",
                                  query->page.products, "more",
                                  query->page.products_more);

    } else if (query->life.life == NULL) {
        as_dashboard_query_fail(query, 404, "no product has this SKU, and no "
                                "product, order, sale, hold or return this "
                                "id");

    } else {
        query->status = 200;
        query->answer = json_incref(query->life.life);
    }
}


static void
as_dashboard_query_end(as_dashboard_query_t *query)
{
    TAILQ_REMOVE(&query->dashboard->queries, query, link);
    query->dashboard->waiting--;
    json_decref(query->life.life);
    as_overview_free(&query->page);
    query->done(query->data);
}


static void
as_dashboard_query_done(void *data, as_db_status_e status, const char *error)
{
    as_dashboard_query_t  *query = data;

    if (status == AS_DB_OK) {
        as_dashboard_query_answer(query);
    } else {
        as_dashboard_query_fail(query, 503, error);
    }

    as_dashboard_query_end(query);
}


bool
as_dashboard_query(as_dashboard_t *dashboard, as_dashboard_query_t *query)
{
    uint8_t  id[AS_UUID_LEN];
    size_t   len;

    len = strlen(query->asked);

    if (query->kind == AS_DASHBOARD_FIND && len == 0) {
        as_dashboard_query_fail(query, 400, "the argument q must be a SKU or "
                                "an id");
        return false;
    }

    if (query->kind == AS_DASHBOARD_PAGE && len > 0
        && as_uuid_parse(query->asked, len, id) != 0)
    {
        as_dashboard_query_fail(query, 400, "the argument after must be a "
                                "product_id");
        return false;
    }

    if (dashboard->waiting == AS_DASHBOARD_WAITING) {
        as_dashboard_query_fail(query, 503, "too many searches wait: try again "
                                "later");
        return false;
    }

    query->dashboard = dashboard;
    query->job.run = as_dashboard_query_run;
    query->job.done = as_dashboard_query_done;
    query->job.data = query;
    TAILQ_INSERT_TAIL(&dashboard->queries, query, link);
    dashboard->waiting++;
    as_db_thread_submit(dashboard->db_thread, &query->job);

    return true;
}


/* Begin and end */

as_dashboard_t *
as_dashboard_create(as_worker_t *worker, const as_consumer_t *consumer)
{
    as_dashboard_t  *dashboard;

    dashboard = calloc(1, sizeof(*dashboard));
    if (dashboard == NULL) {
        return NULL;
    }

    TAILQ_INIT(&dashboard->queries);
    dashboard->worker = worker;
    dashboard->consumer = consumer;
    dashboard->job.run = as_dashboard_run;
    dashboard->job.done = as_dashboard_done;
    dashboard->job.data = dashboard;
    dashboard->letters = as_letters_create(worker);
    dashboard->db_thread = as_db_thread_create(AS_DASHBOARD_PART, worker->loop,
                                               worker->settings, worker->log);

    if (dashboard->letters == NULL || dashboard->db_thread == NULL) {
        as_dashboard_destroy(dashboard);
        return NULL;
    }

    return dashboard;
}


void
as_dashboard_destroy(as_dashboard_t *dashboard)
{
    as_dashboard_query_t  *query;

    if (dashboard == NULL) {
        return;
    }

    if (dashboard->db_thread != NULL) {
        as_db_thread_abort(dashboard->db_thread);
        as_db_thread_destroy(dashboard->db_thread);
    }

    /* the thread has ended: no job uses them */
    while ((query = TAILQ_FIRST(&dashboard->queries)) != NULL) {
        as_dashboard_query_fail(query, 503, "the worker stops");
        as_dashboard_query_end(query);
    }

    as_letters_destroy(dashboard->letters);
    as_overview_free(&dashboard->read);
    as_overview_free(&dashboard->overview);
    free(dashboard);
}


void
as_dashboard_reload(as_dashboard_t *dashboard)
{
    as_db_thread_reload(dashboard->db_thread, dashboard->worker->settings);
}
